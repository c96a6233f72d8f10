//! Waits, signals and questions through the engine and its store: kept by the
//! log, across processes, once.

use std::sync::Arc;
use std::time::Duration;

use sequitur::engine::{Delivered, Request, Settings, Signal, Until};
use sequitur::machine::{RunStatus, State, StepPath, Via};
use sequitur::workflow::load_value;
use sequitur::workflow::plan::{Plan, Source};
use serde_json::{Value, json};

use super::world::{Process, Tools, soon};

fn plan(steps: Value) -> Plan {
    let mut definition = json!({"template_id": "waits", "template_name": "Waits"});
    definition["steps"] = steps;
    let loaded = load_value(&definition, Source::User, "test").unwrap_or_else(|rejected| panic!("{rejected}"));
    (*loaded.plan).clone()
}

fn for_event(event: &str) -> Plan {
    plan(json!([{"step_id": "paid", "type": "wait", "event": event}]))
}

fn signal(event: &str, run: Option<&str>, payload: Value) -> Signal {
    Signal { event: event.to_owned(), run: run.map(ToOwned::to_owned), payload, signal_id: None }
}

async fn start(folder: &std::path::Path, id: &str) -> Process {
    Process::start(folder, id, Tools::new()).await
}

async fn until(process: &Process, run: &str, status: RunStatus) -> State {
    soon(async {
        loop {
            let state = process.engine.state(run).await.unwrap();
            if state.status() == status {
                return state;
            }
            process.engine.wait(run, Until::Change, Duration::from_millis(200), &mut |_| {}).await.unwrap();
        }
    })
    .await
}

async fn result(process: &Process, state: &State, step: &str) -> Value {
    let body = state.steps[&StepPath::from(step)].result.clone().unwrap();
    process.engine.value(&state.run, &body).await.unwrap()
}

fn answer(task: &str, answer: Value) -> Request {
    Request::Answer { task: task.to_owned(), answer, via: Via::Cli }
}

#[tokio::test]
async fn a_timer_survives_its_process_and_fires_late_but_once() {
    let folder = tempfile::tempdir().unwrap();
    let one = start(folder.path(), "one").await;
    let run = one.run(plan(json!([{"step_id": "a", "type": "wait", "seconds": 0.3}]))).await;
    let state = until(&one, &run, RunStatus::Waiting).await;
    let row = one.engine.row(&run).await.unwrap();
    let waits = one.engine.waits_for(&row).unwrap();
    assert_eq!((&waits[0]["kind"], &waits[0]["step_id"]), (&json!("timer"), &json!("a")));
    assert!(waits[0]["until"].as_str().unwrap().ends_with('Z'), "{waits}");
    let since = state.waiting().next().unwrap().1.since;
    one.dies().await;

    let two = start(folder.path(), "two").await;
    assert_eq!(two.engine.adopt_all().await.unwrap(), 1);
    let state = two.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Completed);
    let ended = state.steps[&StepPath::from("a")].finished_at.unwrap();
    assert!(ended.since(since) >= Duration::from_millis(300), "not before its instant");
    let left = result(&two, &state, "a").await;
    assert!(left["waited_seconds"].as_f64().unwrap() >= 0.3 && left["payload"].is_null(), "{left}");
    two.dies().await;
}

#[tokio::test]
async fn a_wait_is_waited_on_with_its_run_when_its_instant_comes_in_time_and_else_answered_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let one = start(folder.path(), "one").await;
    let short = one.run(plan(json!([{"step_id": "a", "type": "wait", "seconds": 0.1}]))).await;
    assert_eq!(one.settled(&short).await.status(), RunStatus::Completed);
    let long = one.run(plan(json!([{"step_id": "a", "type": "wait", "seconds": 86_400}]))).await;
    assert_eq!(soon(one.settled(&long)).await.status(), RunStatus::Waiting);
    one.dies().await;
}

#[tokio::test]
async fn signals_to_a_run_are_kept_across_its_process_and_taken_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let one = start(folder.path(), "one").await;
    let steps = json!([
        {"step_id": "first", "type": "wait", "event": "go"},
        {"step_id": "a", "type": "wait", "event": "paid", "depends_on": ["first"]},
        {"step_id": "b", "type": "wait", "event": "paid", "depends_on": ["a"]},
    ]);
    let run = one.run(plan(steps)).await;
    until(&one, &run, RunStatus::Waiting).await;
    for amount in [1, 2, 3] {
        let delivered = one.engine.signal(signal("paid", Some(&run), json!({"amount": amount}))).await.unwrap();
        assert_eq!(delivered.waits, 1);
    }
    one.dies().await;
    let two = start(folder.path(), "two").await;
    // The signal is eligible to adopt the run it is for.
    two.engine.signal(signal("go", Some(&run), Value::Null)).await.unwrap();
    let state = until(&two, &run, RunStatus::Completed).await;
    assert_eq!(result(&two, &state, "a").await["payload"], json!({"amount": 1}));
    assert_eq!(result(&two, &state, "b").await["payload"], json!({"amount": 2}));
    let late = two.engine.signal(signal("paid", Some(&run), Value::Null)).await.unwrap();
    assert_eq!(late, Delivered { ended: Some(RunStatus::Completed), ..Delivered::default() });
    two.dies().await;
}

#[tokio::test]
async fn a_signal_to_nobody_in_particular_reaches_open_waits_of_every_process_and_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (start(folder.path(), "one").await, start(folder.path(), "two").await);
    one.engine.begin_adoption();
    two.engine.begin_adoption();
    let nobody = one.engine.signal(signal("paid", None, json!(0))).await.unwrap();
    assert_eq!(nobody, Delivered::default());
    let (here, there) = (one.run(for_event("paid")).await, two.run(for_event("paid")).await);
    let other = one.run(for_event("shipped")).await;
    for (process, run) in [(&one, &here), (&two, &there), (&one, &other)] {
        until(process, run, RunStatus::Waiting).await;
    }
    let delivered = one.engine.signal(signal("paid", None, json!(7))).await.unwrap();
    assert_eq!((delivered.waits, delivered.runs.len()), (2, 2));
    for (process, run) in [(&one, &here), (&two, &there)] {
        let state = until(process, run, RunStatus::Completed).await;
        assert_eq!(result(process, &state, "paid").await["payload"], json!(7));
    }
    assert_eq!(one.status(&other).await, RunStatus::Waiting);
    let again = one.engine.signal(signal("paid", None, json!(8))).await.unwrap();
    assert_eq!(again.waits, 0, "a wait that is over is not counted");
    one.dies().await;
    two.dies().await;
}

#[tokio::test]
async fn a_signal_with_an_id_is_delivered_once_also_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let one = start(folder.path(), "one").await;
    let run = one.run(for_event("paid")).await;
    until(&one, &run, RunStatus::Waiting).await;
    let with_id =
        |event: &str, run: Option<&str>| Signal { signal_id: Some("s-1".into()), ..signal(event, run, json!(1)) };
    // The same id for one run and for all are two signals.
    assert_eq!(one.engine.signal(with_id("other", Some(&run))).await.unwrap().waits, 1);
    assert!(one.engine.signal(with_id("other", Some(&run))).await.unwrap().repeated);
    assert!(!one.engine.signal(with_id("nobody", None)).await.unwrap().repeated);
    one.dies().await;
    let two = start(folder.path(), "two").await;
    assert!(two.engine.signal(with_id("paid", Some(&run))).await.unwrap().repeated);
    assert!(two.engine.signal(with_id("paid", None)).await.unwrap().repeated);
    two.engine.adopt_all().await.unwrap();
    assert_eq!(until(&two, &run, RunStatus::Waiting).await.signals["other"].len(), 1);
    two.dies().await;
}

#[tokio::test]
async fn bad_signals_are_refused_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let one = start(folder.path(), "one").await;
    let no_run = one.engine.signal(signal("paid", Some("nobody"), Value::Null)).await.unwrap_err();
    assert!(no_run.to_string().contains("nobody"), "{no_run}");
    for wrong in [signal("", None, Value::Null), signal(&"x".repeat(201), None, Value::Null)] {
        let error = one.engine.signal(wrong).await.unwrap_err();
        assert!(error.to_string().contains("it has 1 to 200"), "{error}");
    }
    let large = one.engine.signal(signal("paid", None, json!("x".repeat(2 << 20)))).await.unwrap_err();
    assert!(large.to_string().contains("the limit is 1048576"), "{large}");
    one.dies().await;
}

#[tokio::test]
async fn an_answer_is_kept_across_processes_the_first_wins_and_a_mebibyte_is_none_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let one = start(folder.path(), "one").await;
    let steps = json!([
        {"step_id": "ask", "type": "human_task", "prompt": "Why?", "answer_schema": {"type": "string"}},
        {"step_id": "length", "type": "transform", "depends_on": ["ask"], "input": "{{ len(ask) }}"},
    ]);
    let run = one.run(plan(steps)).await;
    until(&one, &run, RunStatus::Waiting).await;
    let open = one.store.open_tasks(Some(&run)).await.unwrap();
    assert_eq!((open[0].1.id.as_str(), open[0].1.prompt.as_str()), ("ask", "Why?"));
    one.dies().await;
    let two = start(folder.path(), "two").await;
    two.engine.ask(&run, answer("ask", json!("x".repeat(1 << 20)))).await.unwrap();
    let state = until(&two, &run, RunStatus::Completed).await;
    assert_eq!(result(&two, &state, "length").await, json!(1 << 20));
    assert_eq!(state.steps[&StepPath::from("ask")].answered_via, Some(Via::Cli));
    let again = two.engine.ask(&run, answer("ask", json!("late"))).await.unwrap_err();
    assert_eq!(again.kind(), sequitur::base::ErrorKind::Conflict, "{again}");
    assert!(two.store.open_tasks(None).await.unwrap().is_empty());
    two.dies().await;
}

#[tokio::test]
async fn of_two_answers_at_the_same_time_one_is_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (start(folder.path(), "one").await, start(folder.path(), "two").await);
    let run =
        one.run(plan(json!([{"step_id": "ask", "type": "human_task", "prompt": "?", "answer_schema": {}}]))).await;
    until(&one, &run, RunStatus::Waiting).await;
    let (first, second) =
        tokio::join!(one.engine.ask(&run, answer("ask", json!(1))), two.engine.ask(&run, answer("ask", json!(2))));
    assert_eq!(usize::from(first.is_ok()) + usize::from(second.is_ok()), 1, "{first:?} {second:?}");
    let lost = first.err().or(second.err()).unwrap();
    assert_eq!(lost.kind(), sequitur::base::ErrorKind::Conflict);
    one.dies().await;
    two.dies().await;
}

#[tokio::test]
async fn a_thousand_runs_that_wait_hold_no_place_and_go_on_within_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { max_concurrent_workflows: 2, ..Settings::default() };
    let one = Process::with(folder.path(), "one", Tools::new(), settings).await;
    let mut runs: Vec<Arc<str>> = Vec::new();
    let far = plan(json!([{"step_id": "a", "type": "wait", "seconds": 86_400}]));
    for _ in 0..500 {
        runs.push(one.run(for_event("go")).await);
        runs.push(one.run(far.clone()).await);
    }
    tokio::time::timeout(Duration::from_mins(1), async {
        for run in &runs {
            until(&one, run, RunStatus::Waiting).await;
        }
    })
    .await
    .unwrap();
    let beside = one.run(super::world::plan(json!([{"id": "e", "tool": "echo"}]), json!({}))).await;
    assert_eq!(soon(one.settled(&beside)).await.status(), RunStatus::Completed, "there is a place for it");
    let delivered = one.engine.signal(signal("go", None, json!(1))).await.unwrap();
    assert_eq!(delivered.waits, 500);
    tokio::time::timeout(Duration::from_mins(1), async {
        for run in runs.iter().step_by(2) {
            until(&one, run, RunStatus::Completed).await;
        }
    })
    .await
    .unwrap();
    one.dies().await;
}
