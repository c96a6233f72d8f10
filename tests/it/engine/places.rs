//! Places among the running runs and permits of steps: none is held for nothing.

use std::time::Duration;

use sequitur::engine::{Request, Settings};
use sequitur::machine::{RunStatus, StepStatus};
use serde_json::json;

use super::world::{Process, Tools, plan, soon};

fn pause() -> Request {
    Request::Pause { reason: "lunch".into() }
}

#[tokio::test]
async fn paused_runs_that_are_taken_over_hold_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "echo", "depends_on": ["a"]}]);
    let paused = first.run(plan(steps, json!({}))).await;
    tools.called("gate", 1).await;
    first.engine.ask(&paused, pause()).await.unwrap();
    tools.gate.add_permits(1);
    while first.engine.state(&paused).await.unwrap().steps["a"].status != StepStatus::Completed {
        tokio::task::yield_now().await;
    }
    first.dies().await;

    let settings = Settings { max_concurrent_workflows: 1, ..Settings::default() };
    let second = Process::with(folder.path(), "two", tools, settings).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 1);
    let run = second.run(plan(json!([{"id": "a", "tool": "echo"}]), json!({}))).await;
    assert_eq!(soon(second.settled(&run)).await.status(), RunStatus::Completed);
    second.dies().await;
}

#[tokio::test]
async fn a_run_that_is_paused_in_line_leaves_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let settings = Settings { max_concurrent_workflows: 1, ..Settings::default() };
    let process = Process::with(folder.path(), "one", tools.clone(), settings).await;
    let first = process.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    tools.called("gate", 1).await;
    let echo = || plan(json!([{"id": "a", "tool": "echo"}]), json!({}));
    let paused = process.run(echo()).await;
    process.engine.ask(&paused, pause()).await.unwrap();
    let third = process.run(echo()).await;
    tools.gate.add_permits(1);
    assert_eq!(soon(process.settled(&first)).await.status(), RunStatus::Completed);
    assert_eq!(soon(process.settled(&third)).await.status(), RunStatus::Completed);
    process.engine.ask(&paused, Request::Resume).await.unwrap();
    assert_eq!(soon(process.settled(&paused)).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test]
async fn a_step_between_two_attempts_holds_no_permit() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let settings = Settings { max_parallel_steps: 1, ..Settings::default() };
    let process = Process::with(folder.path(), "one", tools.clone(), settings).await;
    let retry = json!({"max_retries": 9, "delay_seconds": 86400.0, "backoff_multiplier": 1.0,
                       "max_delay_seconds": 86400.0});
    let failing = process.run(plan(json!([{"id": "a", "tool": "fail", "retry": retry}]), json!({}))).await;
    while process.engine.state(&failing).await.unwrap().steps["a"].status != StepStatus::Retrying {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let run = process.run(plan(json!([{"id": "a", "tool": "echo"}]), json!({}))).await;
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test]
async fn steps_that_wait_for_a_full_server_hold_no_place_of_the_process_and_start_when_it_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::with_pool(1);
    let settings = Settings { max_parallel_steps: 2, ..Settings::default() };
    let process = Process::with(folder.path(), "one", tools.clone(), settings).await;
    let gates = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "gate"}, {"id": "c", "tool": "gate"}]);
    let waiting = process.run(plan(gates, json!({}))).await;
    tools.called("gate", 1).await;
    let run = process.run(plan(json!([{"id": "a", "tool": "echo"}]), json!({}))).await;
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed);
    let started = process.engine.state(&waiting).await.unwrap();
    let running = started.steps.values().filter(|step| step.status == StepStatus::Running).count();
    assert_eq!((running, tools.calls("gate").len()), (1, 1), "no step is recorded as started before it has its place");
    tools.gate.add_permits(3);
    assert_eq!(soon(process.settled(&waiting)).await.status(), RunStatus::Completed);
    assert!(tools.calls("gate").iter().all(|call| call.placed) && tools.calls("echo").iter().all(|call| !call.placed));
    let pool = tools.pool.clone().unwrap();
    assert!(pool.take().is_some() && pool.waiting() == 0, "all is given back");
    process.dies().await;
}

#[tokio::test]
async fn a_direct_call_goes_before_the_steps_that_wait_for_the_same_server() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::with_pool(1);
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    let gates = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "gate"}]);
    let run = process.run(plan(gates, json!({}))).await;
    tools.called("gate", 1).await;
    let pool = tools.pool.clone().unwrap();
    while pool.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let direct = pool.hold(true);
    tokio::pin!(direct);
    assert!(futures::poll!(&mut direct).is_pending());
    tools.gate.add_permits(2);
    let place = soon(direct).await;
    assert_eq!(tools.calls("gate").len(), 1);
    drop(place);
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test]
async fn a_cancelled_run_leaves_the_line_of_a_full_server() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::with_pool(1);
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    let pool = tools.pool.clone().unwrap();
    let busy = pool.take().unwrap();
    let run = process.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    while pool.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    process.engine.ask(&run, Request::Cancel { reason: None, compensate: true }).await.unwrap();
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Cancelled);
    assert_eq!(pool.waiting(), 0);
    drop(busy);
    assert_eq!(tools.calls("gate").len(), 0);
    process.dies().await;
}

#[tokio::test]
async fn a_step_whose_server_is_still_starting_holds_nothing_and_waits_as_long_as_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::with_pool(1);
    let settings = Settings { max_parallel_steps: 1, ..Settings::default() };
    let process = Process::with(folder.path(), "one", tools.clone(), settings).await;
    let starting = process.run(plan(json!([{"id": "a", "tool": "starting"}]), json!({}))).await;
    let impatient = json!([{"id": "a", "tool": "starting", "timeout_seconds": 0.05}]);
    let impatient = process.run(plan(impatient, json!({}))).await;
    let run = process.run(plan(json!([{"id": "a", "tool": "echo"}]), json!({}))).await;
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed, "others go on");
    let failed = soon(process.settled(&impatient)).await;
    let error = failed.steps["a"].error.clone().unwrap();
    assert_eq!(error.message, "the call of `starting` was not sent within 0.05 s: its server is still starting");
    assert_eq!(process.engine.state(&starting).await.unwrap().steps["a"].status, StepStatus::Pending);
    assert!(tools.calls("starting").is_empty());
    tools.started.cancel();
    assert_eq!(soon(process.settled(&starting)).await.status(), RunStatus::Completed);
    assert_eq!(tools.calls("starting").len(), 1);
    process.dies().await;
}

#[tokio::test]
async fn in_a_bounded_run_a_step_that_waits_for_a_full_server_holds_no_other_back() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::with_pool(1);
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "gate"}, {"id": "c", "tool": "echo"}]);
    let run = process.run(plan(steps, json!({"max_parallel_steps": 2}))).await;
    soon(tools.called("gate", 1)).await;
    soon(tools.called("echo", 1)).await;
    assert_eq!(tools.calls("gate").len(), 1);
    tools.gate.add_permits(2);
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test]
async fn of_runs_that_wait_the_one_of_higher_priority_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let settings = Settings { max_concurrent_workflows: 1, ..Settings::default() };
    let process = Process::with(folder.path(), "one", tools.clone(), settings).await;
    let first = process.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    soon(tools.called("gate", 1)).await;
    let mut runs = vec![first];
    for (waiting, priority) in (1..).zip(["background", "medium", "critical"]) {
        let steps = json!([{"id": "a", "tool": "echo", "parameters": {"priority": priority}}]);
        runs.push(process.run(plan(steps, json!({"priority": priority}))).await);
        while process.engine.queued().0 < waiting {
            tokio::task::yield_now().await;
        }
    }
    tools.gate.add_permits(1);
    for run in runs {
        assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed);
    }
    let order: Vec<_> = tools.calls("echo").iter().map(|call| call.arguments["priority"].clone()).collect();
    assert_eq!(order, ["critical", "medium", "background"]);
    process.dies().await;
}
