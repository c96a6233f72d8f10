//! The store's promises, one named test each, and what it does with bad input.

mod commits;
mod opening;
mod promises;
mod reading;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Batch, Body, Changes, Creation, EventRow, Idempotency, Needs, NewProcess, NewRun, OpenRun, Outcome, Post,
    RunProjection, StepRow, Store, StoreOptions, TaskRow,
};
use crate::base::Timestamp;
use crate::machine::{RunStatus, StepPath, StepStatus};
use crate::workflow::plan::{Mode, Priority, Source};

const OWNER: &str = "owner-1";

fn options() -> StoreOptions {
    StoreOptions { busy_timeout: Duration::from_millis(50), ..StoreOptions::default() }
}

fn open(folder: &Path) -> Store {
    Store::open(folder, options()).unwrap()
}

fn event(kind: &'static str, step: Option<&str>, data: &Value) -> EventRow {
    EventRow { at: Timestamp(1_000), version: 1, kind: kind.into(), step: step.map(Arc::from), data: data.to_string() }
}

fn projection(status: RunStatus) -> RunProjection {
    RunProjection {
        status,
        progress: 0.0,
        steps_total: 2,
        steps_completed: 0,
        steps_failed: 0,
        steps_skipped: 0,
        started_at: None,
        finished_at: status.is_terminal().then_some(Timestamp(9_000)),
        updated_at: Timestamp(1_000),
        waiting_for: None,
        error: None,
        failed_step: None,
        outputs: None,
        warnings: Vec::new(),
        binding: None,
    }
}

fn changes(status: RunStatus, events: Vec<EventRow>) -> Changes {
    Changes {
        events,
        bodies: Vec::new(),
        run: projection(status),
        steps: Vec::new(),
        tasks_opened: Vec::new(),
        tasks_closed: Vec::new(),
        tasks_escalated: Vec::new(),
        waits_opened: Vec::new(),
        waits_closed: Vec::new(),
    }
}

fn new_run(id: &str) -> NewRun {
    let parameters = Body::new(r#"{"region":"north"}"#);
    NewRun {
        id: id.into(),
        template_id: "review".to_owned(),
        template_name: "Review".to_owned(),
        template_version: "1.0".to_owned(),
        source: Source::User,
        mode: Mode::Parallel,
        priority: Priority::High,
        plan: Body::new(r#"{"template_id":"review"}"#),
        parameters: parameters.at.clone(),
        session: Some("session".to_owned()),
        parent: None,
        forked_from: None,
        idempotency: None,
        owner: Some(OWNER.into()),
        needs: Needs { secrets: ["TOKEN".to_owned()].into(), ..Needs::default() },
        created_at: Timestamp(1_000),
        changes: Changes {
            bodies: vec![parameters],
            ..changes(RunStatus::Pending, vec![event("run_created", None, &json!({"run": id}))])
        },
    }
}

fn keyed(id: &str, key: &str, request_hash: &str) -> NewRun {
    let idempotency = Some(Idempotency { key: key.to_owned(), request_hash: request_hash.to_owned() });
    NewRun { idempotency, ..new_run(id) }
}

/// A turn of an owned run with one event.
fn turn(run: &str, expected_seq: u64) -> Batch {
    Batch {
        run: run.into(),
        owner: OWNER.into(),
        epoch: 1,
        expected_seq,
        inbox_seen: 0,
        starts_work: false,
        changes: changes(RunStatus::Running, vec![event("step_completed", Some("a"), &json!({"n": expected_seq}))]),
    }
}

/// The last turn of a run.
fn last_turn(run: &str, expected_seq: u64) -> Batch {
    let changes = changes(RunStatus::Completed, vec![event("run_completed", None, &json!({}))]);
    Batch { changes, ..turn(run, expected_seq) }
}

fn step(path: &str, ordinal: u32, status: StepStatus) -> StepRow {
    StepRow {
        path: StepPath::from(path),
        ordinal,
        step_id: path.to_owned(),
        name: format!("Step {path}"),
        tool: Some("crm__list".to_owned()),
        status,
        attempts: 1,
        started_at: Some(Timestamp(2_000)),
        finished_at: None,
        result: None,
        error: None,
        key: Some("key".into()),
        outcome_unknown: false,
        answered_via: None,
    }
}

fn task(id: &str) -> TaskRow {
    TaskRow {
        id: id.to_owned(),
        step: StepPath::from("a"),
        kind: "interrupted".to_owned(),
        assignee: "human".to_owned(),
        prompt: "Did it happen?".to_owned(),
        answer_schema: json!({"type": "object"}),
        opened_at: Timestamp(3_000),
        deadline: None,
    }
}

fn post(run: &str, kind: &str) -> Post {
    Post {
        run: run.to_owned(),
        kind: kind.to_owned(),
        task: None,
        payload: json!({"reason": "changed my mind"}),
        at: Timestamp(4_000),
        from_process: None,
    }
}

fn process(id: &str) -> NewProcess {
    NewProcess {
        id: id.into(),
        kind: "serve".to_owned(),
        pid: 4711,
        build: "0.1.0".to_owned(),
        started_at: Timestamp(500),
    }
}

async fn created(store: &Store, run: &str) {
    assert_eq!(store.create_run(new_run(run)).await.unwrap(), Creation::Created { epoch: 1, seq: 1 });
}

async fn committed(store: &Store, batch: Batch) -> u64 {
    let outcome = store.commit(batch).await.unwrap();
    let Outcome::Committed { seq, .. } = outcome else { panic!("not committed: {outcome:?}") };
    seq
}

/// Open runs that nobody alive owns.
async fn claimable(store: &Store) -> Vec<OpenRun> {
    let dead = |run: &OpenRun| !run.owner.as_ref().is_some_and(|owner| store.is_alive(owner).unwrap());
    store.open_runs().await.unwrap().into_iter().filter(dead).collect()
}
