//! Leases, and what a run needs of the process that takes it over (P4, P5).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sequitur::engine::Settings;
use sequitur::machine::{RunStatus, StepStatus};
use sequitur::store::Claim;
use serde_json::json;

use super::world::{Process, Tools, plan, soon};

/// A process whose lease is not renewed as far as a test can see.
fn still() -> Settings {
    Settings { lease: Duration::from_hours(4), ..Settings::default() }
}

fn short() -> Settings {
    Settings { lease: Duration::from_millis(200), ..Settings::default() }
}

/// Until the process drives nothing.
async fn drives_nothing(process: &Process) {
    while !process.engine.driven().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_process_that_stands_still_loses_its_run_and_writes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Tools::new(), Tools::new());
    let first = Process::with(folder.path(), "one", old.clone(), still()).await;
    let steps = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "unsafe_echo", "depends_on": ["a"]}]);
    let run = first.run(plan(steps, json!({}))).await;
    old.called("gate", 1).await;

    let second = Process::with(folder.path(), "two", new.clone(), short()).await;
    second.engine.begin_adoption();
    // What it had begun is in flight for the next owner: a safe call is made again.
    soon(new.called("gate", 1)).await;
    assert_eq!(second.engine.row(&run).await.unwrap().owner.as_deref(), Some("two"));
    let before = second.store.load_events(&run).await.unwrap();
    assert_eq!(before.iter().filter(|event| event.kind == "run_adopted").count(), 1);

    // The old owner wakes with its reply: it writes nothing and lets go.
    old.gate.add_permits(1);
    soon(drives_nothing(&first)).await;
    assert_eq!(second.store.load_events(&run).await.unwrap(), before);
    assert_eq!(old.calls("unsafe_echo").len(), 0);
    new.gate.add_permits(1);
    assert_eq!(soon(second.settled(&run)).await.status(), RunStatus::Completed);
    assert_eq!(new.calls("unsafe_echo").len(), 1);
    first.dies().await;
    second.dies().await;
}

#[tokio::test]
async fn an_owner_that_lost_its_run_finds_out_with_the_next_renewal_and_stops_its_calls() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::with(folder.path(), "one", tools.clone(), short()).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "unsafe_hang"}]), json!({}))).await;
    tools.called("unsafe_hang", 1).await;
    let second = Process::with(folder.path(), "two", tools.clone(), still()).await;
    soon(async {
        loop {
            let seen = second.store.open_runs().await.unwrap().remove(0);
            let claim = second.store.claim_stalled(&run, "two", "one", seen.epoch, seen.renewals).await.unwrap();
            if let Claim::Claimed(_) = claim {
                return;
            }
        }
    })
    .await;
    soon(drives_nothing(&first)).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 1, "it is this process's own, and nobody drives it");
    let state = soon(second.settled(&run)).await;
    assert_eq!((state.status(), state.steps["a"].status), (RunStatus::Paused, StepStatus::Interrupted));
    first.dies().await;
    second.dies().await;
}

#[tokio::test]
async fn a_run_is_left_to_a_process_that_has_its_roots_and_what_is_missing_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let rooted = |roots: &[&str]| Settings { roots: roots.iter().map(PathBuf::from).collect(), ..Settings::default() };
    let first = Process::with(folder.path(), "one", tools.clone(), rooted(&["/data/models"])).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    tools.called("gate", 1).await;
    first.dies().await;

    let second = Process::with(folder.path(), "two", tools.clone(), rooted(&["/data/other"])).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 0);
    assert!(!second.engine.adopt_run(&run).await.unwrap());
    let row = second.engine.row(&run).await.unwrap();
    let waits = second.engine.waits_for(&row).unwrap();
    assert_eq!((&waits[0]["kind"], &waits[0]["missing"]), (&json!("process"), &json!(["root `/data/models`"])));

    let third = Process::with(folder.path(), "three", tools.clone(), rooted(&["/data"])).await;
    assert_eq!(third.engine.adopt_all().await.unwrap(), 1);
    tools.gate.add_permits(2);
    assert_eq!(soon(third.settled(&run)).await.status(), RunStatus::Completed);
    second.dies().await;
    third.dies().await;
}

#[tokio::test]
async fn a_run_is_left_to_a_process_that_knows_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::with_secret(folder.path(), "one", tools.clone(), "TOKEN", "long enough").await;
    let steps = json!([{"id": "a", "tool": "gate", "parameters": {"token": "{{ secrets.TOKEN }}"}}]);
    let run = first.run(plan(steps, json!({}))).await;
    tools.called("gate", 1).await;
    first.dies().await;
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 0);
    let waits = second.engine.waits_for(&second.engine.row(&run).await.unwrap()).unwrap();
    assert_eq!(waits[0]["missing"], json!(["secret `TOKEN`"]));
    let third = Process::with_secret(folder.path(), "three", tools.clone(), "TOKEN", "another one").await;
    assert_eq!(third.engine.adopt_all().await.unwrap(), 1);
    second.dies().await;
    third.dies().await;
}

#[tokio::test]
async fn a_run_whose_server_is_started_differently_here_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let tools = |launch: &str| {
        let tools = Tools::new();
        launch.clone_into(&mut tools.launch.lock().unwrap());
        tools
    };
    let first = Process::start(folder.path(), "one", tools("a")).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "crm__list"}]), json!({}))).await;
    let needs = first.engine.row(&run).await.unwrap().needs.unwrap();
    assert_eq!(needs.servers, [("crm".to_owned(), "a".to_owned())].into());
    let hung = first.run(plan(json!([{"id": "b", "tool": "crm__hang"}]), json!({}))).await;
    first.dies().await;
    let second = Process::start(folder.path(), "two", tools("b")).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 0);
    let third = Process::start(folder.path(), "three", tools("a")).await;
    assert!(third.engine.adopt_run(&hung).await.unwrap());
    second.dies().await;
    third.dies().await;
}

#[tokio::test]
async fn a_call_that_its_step_has_repeated_is_not_repeated_with_a_changed_tool() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([{"id": "a", "tool": "unsafe_hang", "on_unknown": "retry"}]);
    let run = first.run(plan(steps, json!({}))).await;
    tools.called("unsafe_hang", 1).await;
    first.dies().await;
    "Does something else.".clone_into(&mut tools.description.lock().unwrap());
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 0);
    assert!(second.engine.adopt_run(&run).await.unwrap(), "who asks for it has it repeated");
    second.dies().await;
}

#[tokio::test]
async fn many_runs_are_taken_over_at_once_and_each_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let many = Settings { max_concurrent_workflows: 100, max_parallel_steps: 100, ..Settings::default() };
    let first = Process::with(folder.path(), "one", tools.clone(), many.clone()).await;
    let whole = Arc::new(plan(json!([{"id": "a", "tool": "gate"}]), json!({})));
    let mut runs = Vec::new();
    for _ in 0..50 {
        runs.push(first.run((*whole).clone()).await);
    }
    tools.called("gate", 50).await;
    first.dies().await;
    let second = Process::with(folder.path(), "two", tools.clone(), many).await;
    let before = second.store.stats().commits;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 50);
    assert!(second.store.stats().commits - before < 100, "claims share commits");
    tools.gate.add_permits(100);
    for run in runs {
        assert_eq!(soon(second.settled(&run)).await.status(), RunStatus::Completed);
    }
    second.dies().await;
}
