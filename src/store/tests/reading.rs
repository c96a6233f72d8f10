//! What comes back is what went in.

use indexmap::IndexMap;
use serde_json::json;

use super::{OWNER, changes, committed, created, event, last_turn, new_run, open, step, task, turn};
use crate::base::{ErrorKind, Timestamp};
use crate::contract::Binding;
use crate::machine::{BodyRef, Event, EventKind, RunStatus, StepError, StepPath, StepStatus, Via};
use crate::store::{Batch, Body, Changes, EventRow, Fault, NewRun, RunFilter, StepRow};

#[tokio::test]
async fn a_run_its_steps_and_its_questions_read_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let new = NewRun {
        parent: Some(("r0".to_owned(), StepPath::from("child[2]"))),
        forked_from: Some("r-1".to_owned()),
        ..super::keyed("r1", "k", "h")
    };
    assert!(store.create_run(new.clone()).await.is_ok());
    let result = Body::new(r#"{"orders":[]}"#);
    let mut written = changes(RunStatus::Paused, vec![event("step_failed", Some("b"), &json!({"x": "ä\u{0}"}))]);
    written.bodies = vec![result.clone(), result.clone()];
    written.run.progress = 33.25;
    written.run.started_at = Some(Timestamp(1_500));
    written.run.waiting_for = Some(json!([{"kind": "task", "step_id": "a"}]));
    written.run.error = Some(StepError::new(ErrorKind::Timeout, "no answer in 30 s"));
    written.run.failed_step = Some(StepPath::from("b"));
    written.run.outputs = Some(result.at.clone());
    written.run.warnings = vec!["output `x` is undefined".to_owned()];
    written.run.binding = Some(Binding {
        model_path: "/m/retail".to_owned(),
        model_name: "Retail".to_owned(),
        fingerprint: "f".to_owned(),
    });
    written.steps = vec![
        StepRow {
            error: Some(StepError::new(ErrorKind::ToolError, "boom")),
            outcome_unknown: true,
            ..step("b", 1, StepStatus::Failed)
        },
        StepRow {
            result: Some(result.at.clone()),
            finished_at: Some(Timestamp(2_500)),
            answered_via: Some(Via::Cli),
            ..step("a", 0, StepStatus::Completed)
        },
    ];
    written.tasks_opened = vec![crate::store::TaskRow { deadline: Some(Timestamp(9_999)), ..task("t1") }];
    committed(&store, Batch { changes: written.clone(), ..turn("r1", 1) }).await;

    // By another handle: nothing comes from the cache.
    let reader = open(folder.path());
    let run = reader.run("r1").await.unwrap().unwrap();
    assert_eq!(run.projection, written.run);
    assert_eq!((run.parent, run.forked_from, run.idempotency_key), (new.parent, new.forked_from, Some("k".to_owned())));
    assert_eq!((run.source, run.mode, run.priority), (new.source, new.mode, new.priority));
    assert_eq!((run.owner.as_deref(), run.epoch, run.seq, run.inbox_seen), (Some(OWNER), 1, 2, 0));
    assert_eq!((run.plan, run.parameters), (new.plan.at.hash, new.parameters));
    written.steps.reverse();
    assert_eq!(reader.steps("r1").await.unwrap(), written.steps);
    assert_eq!(reader.step("r1", "b").await.unwrap().as_ref(), written.steps.get(1));
    assert_eq!(reader.step("r1", "c").await.unwrap(), None);
    assert_eq!(reader.open_tasks(Some("r1")).await.unwrap(), [("r1".into(), written.tasks_opened[0].clone())]);
    assert_eq!(reader.open_tasks(Some("r2")).await.unwrap(), []);
    assert_eq!(reader.load_events("r1").await.unwrap()[1..], written.events);
    assert_eq!(reader.body("r1", &result.at.hash).await.unwrap(), Some(result.text));
}

#[tokio::test]
async fn a_step_is_written_again_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    for (seq, status) in [(1, StepStatus::Running), (2, StepStatus::Completed)] {
        let changes = Changes { steps: vec![step("a", 0, status)], ..turn("r1", seq).changes };
        committed(&store, Batch { changes, ..turn("r1", seq) }).await;
    }
    assert_eq!(store.steps("r1").await.unwrap(), [step("a", 0, StepStatus::Completed)]);
}

#[tokio::test]
async fn a_body_can_be_read_before_it_is_committed_and_only_by_a_run_that_has_it_after() {
    let folder = tempfile::tempdir().unwrap();
    let (store, other) = (open(folder.path()), open(folder.path()));
    created(&store, "r1").await;
    created(&store, "r2").await;
    let body = Body::new(r#""secret of r1""#);
    let changes = Changes { bodies: vec![body.clone()], ..turn("r1", 1).changes };
    let commit = store.commit(Batch { changes, ..turn("r1", 1) });
    assert_eq!(store.body("r1", &body.at.hash).await.unwrap().as_ref(), Some(&body.text));
    assert!(commit.await.is_ok());
    assert_eq!(other.body("r2", &body.at.hash).await.unwrap(), None);
    assert_eq!(other.body("r1", &body.at.hash).await.unwrap(), Some(body.text));
}

#[tokio::test]
async fn runs_are_listed_open_first_then_the_last_finished_and_by_status() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for (at, id) in (1..).zip(["f1", "f2", "f3", "o1", "o2"]) {
        let run = NewRun { created_at: Timestamp(at), ..new_run(id) };
        assert!(store.create_run(run).await.is_ok());
    }
    for (id, end, status) in
        [("f3", 10, RunStatus::Completed), ("f1", 20, RunStatus::Failed), ("f2", 30, RunStatus::Completed)]
    {
        let mut batch = last_turn(id, 1);
        batch.changes.run.status = status;
        batch.changes.run.started_at = Some(Timestamp(0));
        batch.changes.run.finished_at = Some(Timestamp(end * 1_000));
        committed(&store, batch).await;
    }
    let list = async |statuses: &[RunStatus], open_limit, finished_limit| -> Vec<String> {
        let filter = RunFilter { statuses: statuses.to_vec(), open_limit, finished_limit };
        store.runs(filter).await.unwrap().into_iter().map(|run| run.id.to_string()).collect()
    };
    assert_eq!(list(&[], 10, 10).await, ["o2", "o1", "f2", "f1", "f3"]);
    assert_eq!(list(&[], 1, 2).await, ["o2", "f2", "f1"]);
    assert_eq!(list(&[RunStatus::Completed], 10, 10).await, ["f2", "f3"]);
    assert_eq!(list(&[RunStatus::Pending, RunStatus::Failed], 10, 10).await, ["o2", "o1", "f1"]);

    let usage = store.usage(None).await.unwrap();
    assert_eq!(
        (usage[0].template_id.as_str(), usage[0].finished, usage[0].completed, usage[0].open),
        ("review", 3, 2, 2)
    );
    assert_eq!((usage[0].success_rate(), usage[0].mean_seconds), (Some(2.0 / 3.0), Some(20.0)));
    let lately = store.usage(Some(Timestamp(20_000))).await.unwrap();
    assert_eq!((lately[0].finished, lately[0].completed, lately[0].mean_seconds), (2, 1, Some(25.0)));
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.runs, [(RunStatus::Pending, 2), (RunStatus::Completed, 2), (RunStatus::Failed, 1)]);
    assert_eq!((counts.schema_version, counts.open_tasks), (3, 0));
    assert!(counts.bytes > counts.free_bytes);
}

#[tokio::test]
async fn what_is_not_there_is_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.run("r1").await.unwrap(), None);
    assert_eq!(store.usage(None).await.unwrap(), []);
    for error in [
        store.load_events("r1").await.unwrap_err(),
        store.steps("r1").await.unwrap_err(),
        store.commit(turn("r1", 1)).await.unwrap_err(),
    ] {
        assert_eq!((error.fault, error.message.as_str()), (Fault::NotFound, "there is no run `r1`"));
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[test]
fn an_event_reads_back_from_its_row() {
    let kind = EventKind::StepCompleted {
        path: StepPath::from("publish[0].post"),
        result: BodyRef::of("{}"),
        exports: IndexMap::from([("x".to_owned(), BodyRef::of("1"))]),
        binds: None,
    };
    let event = Event { at: Timestamp(7), kind };
    let row = EventRow::of(&event).unwrap();
    assert_eq!((&*row.kind, row.step.as_deref()), ("step_completed", Some("publish[0].post")));
    assert_eq!(row.event().unwrap(), event);
}

#[test]
fn an_event_that_this_build_does_not_know_is_an_error_that_names_it() {
    let unknown = event("step_compensated", None, &json!({"type": "step_compensated"}));
    let error = unknown.event().unwrap_err().to_string();
    assert!(error.starts_with("event `step_compensated` of version 1 cannot be read by this build: unknown variant"));
    let newer = EventRow { version: 9, ..event("run_started", None, &json!({"type": "run_started"})) };
    assert_eq!(
        newer.event().unwrap_err().to_string(),
        "event `run_started` of version 9 cannot be read by this build: the newest version it knows is 3"
    );
}
