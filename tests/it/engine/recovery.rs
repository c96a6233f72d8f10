//! Runs whose process is gone.

use sequitur::config::AutoResume;
use sequitur::engine::{Request, Settings};
use sequitur::machine::{RunStatus, StepStatus, Via};
use serde_json::json;

use super::world::{Process, Tools, plan};

#[tokio::test]
async fn another_process_goes_on_and_repeats_no_completed_step() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([
        {"id": "a", "tool": "echo", "parameters": {"n": 1}, "exports": {"n": "{{ result.n }}"}},
        {"id": "b", "tool": "gate", "depends_on": ["a"], "parameters": {"z": {"y": 1.0, "b": "{{ a }}"}, "a": [0.1]}},
        {"id": "c", "tool": "unsafe_echo", "depends_on": ["b"], "parameters": {"n": "{{ context.n }}"}},
    ]);
    let run = first.run(plan(steps, json!({"outputs": {"n": "{{ c.n }}"}}))).await;
    tools.called("gate", 1).await;
    first.dies().await;

    let second = Process::start(folder.path(), "two", tools.clone()).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 1);
    tools.called("gate", 2).await;
    tools.gate.add_permits(2);
    let state = second.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Completed);
    assert_eq!(tools.calls("echo").len(), 1);
    assert_eq!(tools.calls("unsafe_echo").len(), 1);
    let calls = tools.calls("gate");
    assert_eq!(calls[0].key, calls[1].key);
    let sent = |call: usize| calls[call].arguments.to_string();
    assert_eq!(
        (sent(0), sent(1)),
        (r#"{"z":{"y":1.0,"b":{"n":1}},"a":[0.1]}"#.to_owned(), sent(0)),
        "equal to the byte"
    );
    let outputs = second.engine.value(&run, state.outputs.as_ref().unwrap()).await.unwrap();
    assert_eq!(outputs, json!({"n": 1}));
    second.dies().await;
}

#[tokio::test]
async fn an_interrupted_unsafe_step_asks_and_is_called_again_only_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "unsafe_hang"}]), json!({}))).await;
    tools.called("unsafe_hang", 1).await;
    first.dies().await;

    let second = Process::start(folder.path(), "two", tools.clone()).await;
    second.engine.adopt_all().await.unwrap();
    let state = second.settled(&run).await;
    assert_eq!((state.status(), state.steps["a"].status), (RunStatus::Paused, StepStatus::Interrupted));
    second.engine.ask(&run, Request::Resume).await.unwrap();
    assert_eq!(second.settled(&run).await.status(), RunStatus::Paused);
    assert_eq!(tools.calls("unsafe_hang").len(), 1);
    let task = state.tasks.keys().next().unwrap().clone();
    second.engine.ask(&run, Request::Answer { task, answer: json!({"action": "retry"}), via: Via::Cli }).await.unwrap();
    tools.called("unsafe_hang", 2).await;
    let calls = tools.calls("unsafe_hang");
    assert_eq!(calls[0].key, calls[1].key);
    second.dies().await;
}

#[tokio::test]
async fn a_living_process_keeps_its_runs_and_hears_a_cancel_from_another() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    first.engine.begin_adoption();
    let run = first.run(plan(json!([{"id": "a", "tool": "hang"}]), json!({}))).await;
    tools.called("hang", 1).await;

    let second = Process::start(folder.path(), "two", tools.clone()).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 0);
    assert!(!second.engine.adopt_run(&run).await.unwrap());
    second.engine.ask(&run, Request::Cancel { reason: None, compensate: true }).await.unwrap();
    assert_eq!(second.settled(&run).await.status(), RunStatus::Cancelled);
    first.dies().await;
    second.dies().await;
}

#[tokio::test]
async fn what_is_asked_of_a_run_of_another_process_has_happened_when_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    first.engine.begin_adoption();
    let run = first.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    tools.called("gate", 1).await;
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    second.engine.ask(&run, Request::Pause { reason: "lunch".into() }).await.unwrap();
    assert_eq!(second.status(&run).await, RunStatus::Paused);
    second.engine.ask(&run, Request::Resume).await.unwrap();
    assert_eq!(second.status(&run).await, RunStatus::Running);
    first.dies().await;
    second.dies().await;
}

#[tokio::test]
async fn a_process_without_the_tools_leaves_the_run_alone() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "missing_tool", "depends_on": ["a"]}]);
    let run = first.run(plan(steps, json!({}))).await;
    tools.called("gate", 1).await;
    first.dies().await;
    let second = Process::start(folder.path(), "two", tools).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 0);
    assert_eq!(second.status(&run).await, RunStatus::Running);
    second.dies().await;
}

#[tokio::test]
async fn who_may_have_a_missing_tool_is_asked_for_it_and_then_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "late", "depends_on": ["a"]}]);
    let run = first.run(plan(steps, json!({}))).await;
    tools.called("gate", 1).await;
    first.dies().await;
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    tools.gate.add_permits(1);
    second.engine.begin_adoption();
    assert_eq!(second.settled(&run).await.status(), RunStatus::Completed);
    assert_eq!(tools.calls("late").len(), 1);
    second.dies().await;
}

#[tokio::test]
async fn a_call_in_flight_is_not_repeated_with_a_changed_tool_unless_somebody_asks_for_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    tools.called("gate", 1).await;
    first.dies().await;
    "Opens another gate.".clone_into(&mut tools.description.lock().unwrap());
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 0);
    assert!(second.engine.adopt_run(&run).await.unwrap());
    tools.gate.add_permits(1);
    assert_eq!(second.settled(&run).await.status(), RunStatus::Completed);
    second.dies().await;
}

#[tokio::test]
async fn with_auto_resume_never_a_run_is_taken_over_paused() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    tools.called("gate", 1).await;
    first.dies().await;
    let settings = Settings { auto_resume: AutoResume::Never, ..Settings::default() };
    let second = Process::with(folder.path(), "two", tools.clone(), settings).await;
    second.engine.adopt_all().await.unwrap();
    assert_eq!(second.settled(&run).await.status(), RunStatus::Paused);
    assert_eq!(tools.calls("gate").len(), 1);
    second.dies().await;
}
