//! What of a call is in the log.

use futures::FutureExt as _;
use sequitur::base::ErrorKind;
use sequitur::config::LogParameters;
use sequitur::contract::{CallFailure, Origin, ToolCall, ToolOutput};
use serde_json::{Value, json};

use super::world::{Process, World, body, open, request, step};

fn client(n: usize) -> Origin {
    Origin::Client { session: format!("client {}", n % 7) }
}

/// One of ten kinds of calls; what each gives is not of interest here.
async fn mixed(process: &Process, n: usize) -> Option<Result<ToolOutput, CallFailure>> {
    let ten = ["alpha", "s__beta", "fail", "s__fail", "strict", "s__large", "panic", "analyze_intent"];
    let tool = ten.get(n % 10).copied().unwrap_or("gamma");
    match n % 10 {
        // The caller goes away.
        8 => process.registry.dispatch(request("hang", json!({}), client(n))).now_or_never(),
        9 => Some(process.registry.dispatch(request(tool, json!({"n": n}), step("r"))).await),
        7 => Some(process.registry.dispatch(request(tool, json!({"request": "list tables"}), client(n))).await),
        _ => Some(process.registry.dispatch(request(tool, json!({"m": n}), client(n))).await),
    }
}

#[tokio::test]
async fn of_five_hundred_mixed_calls_all_are_logged_from_start_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    futures::future::join_all((0..500).map(|n| mixed(&process, n))).await;
    let log = process.log(folder.path()).await;
    let sums = log.tools(None).await.unwrap();
    let ended: u64 = sums.iter().map(|sum| sum.calls + sum.step_calls).sum();
    assert_eq!(ended, 500, "calls that ended, and no others: {sums:?}");
    let of = |tool: &str| sums.iter().find(|sum| sum.tool == tool).expect("it was called");
    assert_eq!((of("gamma").step_calls, of("gamma").calls), (50, 0), "by steps, apart from the clients'");
    assert_eq!((of("alpha").successes, of("fail").successes, of("panic").successes), (50, 0, 0));
    assert!(of("s__large").result_bytes > 50 * 100_000);
    let calls = log.last_calls("client 0", 500).await.unwrap();
    let gone = calls.iter().find(|call| call.tool == "hang").expect("it was called");
    assert_eq!(gone.error_type, Some(ErrorKind::Interrupted));
    assert!(calls.iter().all(|call| call.duration_ms.is_some() && call.success.is_some()));
}

#[tokio::test]
async fn a_call_is_in_the_log_before_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let registry = process.registry.clone();
    let hangs = registry.dispatch(request("hang", json!({}), Origin::Client { session: "one".to_owned() }));
    tokio::pin!(hangs);
    assert!(hangs.as_mut().now_or_never().is_none());
    let row = process.last_logged(folder.path()).await;
    assert_eq!((row.tool.as_str(), row.success, row.duration_ms), ("hang", None, None));
}

#[tokio::test]
async fn a_row_tells_who_called_what_it_was_about_and_what_came_next() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    process.call("analyze_intent", json!({"request": "show me the sales table"})).await;
    let answer = process.call("alpha", json!({"table": "Sales"})).await;
    process.call("execute_workflow", json!({"template_id": "ready"})).await;
    process.call_bound("alpha", json!({})).await;
    let log = process.log(folder.path()).await;
    let id = answer.meta["sequitur/interaction_id"].as_str().expect("its id");
    let row = log.call(id).await.unwrap().expect("the call");
    assert_eq!(row.origin, Origin::Client { session: "one".to_owned() });
    assert_eq!((row.tool.as_str(), row.success), ("alpha", Some(true)));
    assert_eq!(row.parameters, json!({"table": "Sales"}));
    assert_eq!(row.table.as_deref(), Some("Sales"));
    assert_eq!(row.user_intent.as_deref(), Some("show me the sales table"));
    assert_eq!(row.followed_by.as_deref(), Some("workflow:ready"));
    let bound = log.last_calls("bound", 1).await.unwrap().remove(0);
    assert_eq!(bound.model.as_deref(), Some("Retail"));
}

#[tokio::test]
async fn secrets_are_not_in_the_log_wherever_they_stood() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let secret = json!({"table": "hunter22", "deep": [{"url": "https://x/?k=hunter22"}], "api_key": "abc"});
    process.call("alpha", secret).await;
    process.call("analyze_intent", json!({"request": "what does hunter22 open?"})).await;
    process.call("execute_workflow", json!({"template_id": "hunter22"})).await;
    process.recorder.close().await.unwrap();
    let log = open(folder.path());
    let calls = log.last_calls("one", 3).await.unwrap();
    let expected =
        json!({"table": "<redacted>", "deep": [{"url": "https://x/?k=<redacted>"}], "api_key": "<redacted>"});
    assert_eq!((&calls[2].parameters, calls[2].table.as_deref()), (&expected, Some("<redacted>")));
    log.close().await.unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"hunter22"), "{}", path.display());
    }
}

#[tokio::test]
async fn of_the_parameters_as_much_is_kept_as_the_configuration_says() {
    for (keep, kept) in [(LogParameters::Names, json!({"request": null})), (LogParameters::None, Value::Null)] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(folder.path());
        world.retention.log_parameters = keep;
        let process = world.start().await;
        process.call("analyze_intent", json!({"request": "who earns most?"})).await;
        let row = process.last_logged(folder.path()).await;
        assert_eq!((row.parameters, row.user_intent), (kept, None), "a request is a parameter");
        process.call("alpha", json!({"table": "Salaries"})).await;
        assert_eq!(process.last_logged(folder.path()).await.table, None);
    }
}

#[tokio::test]
async fn of_a_step_with_record_none_the_log_has_neither_parameters_nor_table() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let call = request("alpha", json!({"table": "Salaries"}), step("r"));
    let answer = process.registry.dispatch(ToolCall { unrecorded: true, ..call }).await.expect("an output");
    let log = process.log(folder.path()).await;
    let id = answer.meta["sequitur/interaction_id"].as_str().expect("its id");
    let row = log.call(id).await.unwrap().expect("the call itself is logged");
    assert_eq!((row.success, row.parameters, row.table), (Some(true), Value::Null, None));
}

#[tokio::test]
async fn calls_made_before_the_log_is_open_are_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).build();
    process.calls(&["alpha", "beta"]).await;
    process.recorder.clone().start().await;
    process.calls(&["gamma"]).await;
    let calls = process.log(folder.path()).await.last_calls("one", 9).await.unwrap();
    let names: Vec<&str> = calls.iter().map(|call| call.tool.as_str()).collect();
    assert_eq!(names, ["gamma", "beta", "alpha"]);
}

#[tokio::test]
async fn calls_older_than_the_limit_are_forgotten_at_the_start_and_once_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let world = || {
        let mut world = World::new(folder.path());
        world.retention.interactions_days = sequitur::config::Days::new(2);
        world
    };
    let process = world().start().await;
    let old = process.call("alpha", json!({})).await.meta["sequitur/interaction_id"].clone();
    process.clock.advance(std::time::Duration::from_hours(72));
    process.call("beta", json!({})).await;
    // The pruning was queued with that call's end.
    process.call("gamma", json!({})).await;
    let log = process.log(folder.path()).await;
    assert_eq!(log.call(old.as_str().expect("an id")).await.unwrap(), None);
    let left: Vec<String> = log.last_calls("one", 9).await.unwrap().into_iter().map(|call| call.tool).collect();
    assert_eq!(left, ["gamma", "beta"]);
}

#[tokio::test]
async fn a_failed_call_of_a_step_is_logged_with_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let failure = process.call_as("fail", json!({}), step("r")).await.expect_err("a step gets the failure");
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    process.call("alpha", json!({})).await;
    let sums = process.log(folder.path()).await.tools(None).await.unwrap();
    let failed = sums.iter().find(|sum| sum.tool == "fail").expect("it was called");
    assert_eq!((failed.step_calls, failed.calls), (1, 0));
    assert_eq!(body(&process.call("alpha", json!({})).await)["success"], true);
}
