//! Runs from start to end in one process.

use sequitur::base::ErrorKind;
use sequitur::engine::{Request, Settings};
use sequitur::machine::{RunStatus, StepStatus, Via};
use serde_json::json;

use super::world::{Process, Tools, plan, request};

#[tokio::test]
async fn results_flow_into_parameters_exports_and_outputs_with_their_types() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    let plan = plan(
        json!([
            {"id": "a", "tool": "echo", "parameters": {"n": "{{ params.n }}", "list": [1, 2]},
             "exports": {"twice": "{{ result.n * 2 }}"}},
            {"id": "b", "tool": "echo", "depends_on": ["a"],
             "parameters": {"got": "{{ a.list }}", "text": "n is {{ a.n }}", "twice": "{{ context.twice }}"}},
        ]),
        json!({
            "parameters": [{"name": "n", "schema": {"type": "integer"}}],
            "outputs": {"answer": "{{ b.twice }}", "gone": "{{ b.nothing }}"},
        }),
    );
    let run = process.run_with(plan, json!({"n": 21}).as_object().unwrap().clone()).await;
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Completed);
    assert_eq!(tools.calls("echo")[1].arguments, json!({"got": [1, 2], "text": "n is 21", "twice": 42}));
    let outputs = process.engine.value(&run, state.outputs.as_ref().unwrap()).await.unwrap();
    assert_eq!(outputs, json!({"answer": 42, "gone": null}));
    assert_eq!(state.warnings.len(), 1, "{:?}", state.warnings);
    assert!(state.warnings[0].starts_with("output `gone` could not be evaluated"));
    process.dies().await;
}

#[tokio::test]
async fn a_chain_costs_one_commit_a_step() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let steps: Vec<_> = (0..20)
        .map(|n| {
            let before: Vec<String> = (n > 0).then(|| format!("s{}", n - 1)).into_iter().collect();
            json!({"id": format!("s{n}"), "tool": "echo", "depends_on": before})
        })
        .collect();
    let before = process.store.stats().commits;
    let run = process.run(plan(json!(steps), json!({}))).await;
    assert_eq!(process.settled(&run).await.status(), RunStatus::Completed);
    // One for the creation, one that starts the first step, one for each completion.
    assert_eq!(process.store.stats().commits - before, 22);
    process.dies().await;
}

#[tokio::test]
async fn two_hundred_parallel_steps_take_few_commits() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { max_parallel_steps: 200, ..Settings::default() };
    let process = Process::with(folder.path(), "one", Tools::new(), settings).await;
    let steps: Vec<_> = (0..200).map(|n| json!({"id": format!("s{n}"), "tool": "echo"})).collect();
    let before = process.store.stats().commits;
    let run = process.run(plan(json!(steps), json!({"max_parallel_steps": 200}))).await;
    assert_eq!(process.settled(&run).await.status(), RunStatus::Completed);
    let commits = process.store.stats().commits - before;
    assert!(commits <= 25, "{commits} commits");
    process.dies().await;
}

#[tokio::test]
async fn a_failing_step_is_retried_under_one_key_and_then_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    let retry = json!({"max_retries": 3, "delay_seconds": 0.01, "backoff_multiplier": 2.0, "max_delay_seconds": 0.05});
    let run = process.run(plan(json!([{"id": "a", "tool": "flaky", "retry": retry}]), json!({}))).await;
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Completed);
    assert_eq!(state.steps["a"].attempts, 3);
    let calls = tools.calls("flaky");
    assert!(calls[0].key.is_some() && calls.iter().all(|call| call.key == calls[0].key));
    process.dies().await;
}

#[tokio::test]
async fn abort_leaves_only_always_and_on_failure_steps_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let plan = plan(
        json!([
            {"id": "bad", "tool": "fail"},
            {"id": "next", "tool": "echo", "depends_on": ["bad"]},
            {"id": "tidy", "tool": "echo", "depends_on": ["bad"], "condition": "always"},
            {"id": "tell", "tool": "echo", "depends_on": ["bad"], "condition": "on_failure",
             "parameters": {"why": "{{ steps.bad.error.message }}"}},
        ]),
        json!({}),
    );
    let run = process.run(plan).await;
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Failed);
    let statuses: Vec<StepStatus> = state.steps.values().map(|step| step.status).collect();
    assert_eq!(statuses, [StepStatus::Failed, StepStatus::Skipped, StepStatus::Completed, StepStatus::Completed]);
    process.dies().await;
}

#[tokio::test]
async fn a_false_condition_skips_and_an_undefined_one_fails_closed() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let plan = plan(
        json!([
            {"id": "a", "tool": "echo", "parameters": {"n": 1}},
            {"id": "no", "tool": "echo", "depends_on": ["a"], "condition": {"when": "a.n > 5"}},
            {"id": "undefined", "tool": "echo", "depends_on": ["a"], "condition": {"when": "a.missing > 5"},
             "on_error": "continue"},
        ]),
        json!({}),
    );
    let run = process.run(plan).await;
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Completed);
    assert_eq!(state.steps["no"].status, StepStatus::Skipped);
    assert_eq!(state.steps["undefined"].status, StepStatus::Failed);
    assert_eq!(state.steps["undefined"].attempts, 0);
    process.dies().await;
}

#[tokio::test]
async fn a_paused_run_starts_nothing_until_it_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "echo", "depends_on": ["a"]}]);
    let run = process.run(plan(steps, json!({}))).await;
    tools.called("gate", 1).await;
    process.engine.ask(&run, Request::Pause { reason: "lunch".into() }).await.unwrap();
    tools.gate.add_permits(1);
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Paused);
    assert!(tools.calls("echo").is_empty());
    process.engine.ask(&run, Request::Resume).await.unwrap();
    assert_eq!(process.settled(&run).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test]
async fn a_cancel_ends_calls_in_flight_and_tells_what_is_unresolved() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([
        {"id": "safe", "tool": "hang"},
        {"id": "risky", "tool": "unsafe_hang"},
        {"id": "after", "tool": "echo", "depends_on": ["safe"]},
    ]);
    let run = process.run(plan(steps, json!({}))).await;
    tools.called("hang", 1).await;
    tools.called("unsafe_hang", 1).await;
    process.engine.ask(&run, Request::Cancel { reason: Some("enough".into()), compensate: true }).await.unwrap();
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Cancelled);
    let unresolved = state.unresolved();
    assert_eq!(unresolved.len(), 1);
    assert_eq!((unresolved[0].step_id.as_str(), unresolved[0].tool.as_str()), ("risky", "unsafe_hang"));
    assert!(tools.calls("echo").is_empty());
    let again = process.engine.ask(&run, Request::Resume).await.unwrap_err();
    assert_eq!(again.to_string(), "the run is `cancelled`: it cannot be resumed");
    process.dies().await;
}

#[tokio::test]
async fn an_unsafe_call_that_times_out_asks_and_each_answer_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    for (answer, status) in [
        (json!({"action": "done", "result": {"id": 7}}), RunStatus::Completed),
        (json!({"action": "fail"}), RunStatus::Failed),
    ] {
        let steps = json!([
            {"id": "a", "tool": "unsafe_hang", "timeout_seconds": 0.05, "exports": {"made": "{{ result.id }}"}},
            {"id": "b", "tool": "echo", "depends_on": ["a"], "parameters": {"id": "{{ a.id }}"}},
        ]);
        let run = process.run(plan(steps, json!({}))).await;
        let state = process.settled(&run).await;
        assert_eq!(state.status(), RunStatus::Paused);
        let open = process.store.open_tasks(Some(&run)).await.unwrap();
        let task = open[0].1.id.clone();
        process.engine.ask(&run, Request::Answer { task: task.clone(), answer, via: Via::Cli }).await.unwrap();
        let state = process.settled(&run).await;
        assert_eq!(state.status(), status);
        assert_eq!(state.steps["a"].answered_via, Some(Via::Cli));
        let late = Request::Answer { task, answer: json!({"action": "retry"}), via: Via::Cli };
        assert_eq!(process.engine.ask(&run, late).await.unwrap_err().kind(), ErrorKind::Conflict);
    }
    assert_eq!(tools.calls("echo")[0].arguments, json!({"id": 7}));
    process.dies().await;
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_run_and_another_request_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let same = || plan(json!([{"id": "a", "tool": "echo"}]), json!({}));
    let with_key = |plan| {
        let request = request(plan, serde_json::Map::new());
        sequitur::engine::RunRequest { idempotency_key: Some("k".into()), ..request }
    };
    let first = process.engine.start(with_key(same())).await.unwrap();
    let second = process.engine.start(with_key(same())).await.unwrap();
    assert_eq!((first.existing, second.existing), (false, true));
    assert_eq!(first.run, second.run);
    let other = plan(json!([{"id": "b", "tool": "echo"}]), json!({}));
    assert_eq!(process.engine.start(with_key(other)).await.unwrap_err().kind(), ErrorKind::Conflict);
    process.dies().await;
}

#[tokio::test]
async fn runs_beyond_the_bound_wait_for_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let settings = Settings { max_concurrent_workflows: 1, ..Settings::default() };
    let process = Process::with(folder.path(), "one", tools.clone(), settings).await;
    let first = process.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    tools.called("gate", 1).await;
    let second = process.run(plan(json!([{"id": "a", "tool": "echo"}]), json!({}))).await;
    assert_eq!(process.status(&second).await, RunStatus::Pending);
    assert_eq!(process.engine.queued().0, 1);
    tools.gate.add_permits(1);
    assert_eq!(process.settled(&first).await.status(), RunStatus::Completed);
    assert_eq!(process.settled(&second).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test]
async fn a_plan_with_kinds_that_do_not_run_yet_is_refused_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let mut waits = plan(json!([{"id": "a", "tool": "echo"}]), json!({}));
    waits.steps[0].kind =
        serde_json::from_value(json!({"type": "workflow", "template_id": "t", "parameters": {}})).unwrap();
    let refused = process.engine.start(request(waits, serde_json::Map::new())).await.unwrap_err();
    assert_eq!(refused.to_string(), "`test` cannot be run by this version: step `a` is of type `workflow`");
    process.dies().await;
}

#[tokio::test]
async fn a_secret_is_sent_but_neither_it_nor_an_answer_that_holds_it_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let value = "s3cr3t-value/with=signs";
    let process = Process::with_secret(folder.path(), "one", tools.clone(), "TOKEN", value).await;
    let steps = json!([
        {"id": "a", "tool": "echo", "parameters": {"auth": "Bearer {{ secrets.TOKEN }}"}},
        {"id": "b", "tool": "echo", "depends_on": ["a"], "parameters": {"seen": "{{ a.auth }}"}},
    ]);
    let run = process.run(plan(steps, json!({"outputs": {"seen": "{{ b.seen }}"}}))).await;
    assert_eq!(process.settled(&run).await.status(), RunStatus::Completed);
    assert_eq!(tools.calls("echo")[0].arguments, json!({"auth": format!("Bearer {value}")}));
    assert_eq!(tools.calls("echo")[1].arguments, json!({"seen": "Bearer <redacted>"}));
    process.dies().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(value.len()).any(|window| window == value.as_bytes());
            assert!(!found, "{} holds the secret", path.display());
        }
    }
}
