//! Webhooks as steps: what goes out, what an end means for the run, and what
//! becomes of one whose process is gone.

use std::sync::Arc;

use sequitur::base::{ErrorKind, SystemClock};
use sequitur::engine::Request;
use sequitur::engine::webhook::Webhooks;
use sequitur::machine::{RunStatus, State, StepStatus, Via};
use sequitur::workflow::plan::Plan;
use serde_json::{Value, json};

use super::world::{Process, Tools, soon};
use crate::receiver::{OK, Receiver, Reply};

/// A plan of one webhook, with what else the step says.
fn hook(request: &Value, more: &Value) -> Plan {
    let mut kind = request.clone();
    kind["type"] = json!("webhook");
    let mut step = json!({"id": "tell", "name": "tell", "kind": kind});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let plan = json!({
        "template_id": "hook", "name": "Hook", "version": "1", "source": "user", "steps": [step],
        "outputs": {"answer": "{{ tell }}"},
    });
    serde_json::from_value(plan).unwrap()
}

async fn process(folder: &std::path::Path, id: &str, hosts: &[&str]) -> Process {
    let process = Process::with_secret(folder, id, Tools::new(), "HOOK", "hunter2hunter2").await;
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    process.engine.set_webhooks(Webhooks::new(&hosts, Arc::new(SystemClock::new())).unwrap());
    process
}

fn step(state: &State) -> (StepStatus, Option<ErrorKind>) {
    let step = &state.steps["tell"];
    (step.status, step.error.as_ref().map(|error| error.kind))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_receiver_answers_is_the_result_and_no_secret_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::answering(&[Reply::Says("201 Created", "x-echo: hunter2hunter2\r\n", r#"{"id":7}"#)]);
    let process = process(folder.path(), "one", &["127.0.0.1"]).await;
    let request = json!({
        "method": "PUT", "url": receiver.url("/orders?by={{ params.by }}"),
        "headers": {"Authorization": "Bearer {{ secrets.HOOK }}"}, "body": {"by": "{{ params.by }}"},
    });
    let parameters = json!({"by": 3}).as_object().unwrap().clone();
    let mut plan = hook(&request, &json!({}));
    plan.parameters = serde_json::from_value(json!([{"name": "by", "schema": {"type": "integer"}}])).unwrap();
    let run = process.run_with(plan, parameters).await;
    let state = soon(process.settled(&run)).await;
    assert_eq!(state.status(), RunStatus::Completed, "{:?}", state.steps["tell"].error);
    let answer = process.engine.value(&run, state.steps["tell"].result.as_ref().unwrap()).await.unwrap();
    assert_eq!((&answer["status"], &answer["body"]), (&json!(201), &json!({"id": 7})));
    assert_eq!(answer["headers"]["x-echo"], "<redacted>");
    let asked = receiver.requests().pop().unwrap();
    assert!(asked.starts_with("PUT /orders?by=3 HTTP/1.1\r\n") && asked.ends_with(r#"{"by":3}"#), "{asked}");
    assert!(asked.contains("authorization: Bearer hunter2hunter2\r\n"), "{asked}");
    assert_eq!(receiver.keys(), [state.steps["tell"].key.as_deref().unwrap()]);
    process.dies().await;
    let database = std::fs::read(folder.path().join("sequitur.db")).unwrap();
    assert!(!database.windows(14).any(|window| window == b"hunter2hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_not_ready_is_asked_again_under_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let busy = Reply::Says("503 Service Unavailable", "retry-after: 0\r\n", "{}");
    let receiver = Receiver::answering(&[busy.clone(), busy, OK]);
    let process = process(folder.path(), "one", &["127.0.0.1"]).await;
    let retry = json!({"max_retries": 3, "delay_seconds": 0.0, "backoff_multiplier": 1.0, "max_delay_seconds": 0.0});
    let run = process.run(hook(&json!({"url": receiver.url("/")}), &json!({"retry": retry}))).await;
    let state = soon(process.settled(&run)).await;
    assert_eq!((state.status(), state.steps["tell"].attempts), (RunStatus::Completed, 3));
    let keys = receiver.keys();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    process.dies().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_are_kinds_of_errors() {
    let folder = tempfile::tempdir().unwrap();
    let process = process(folder.path(), "one", &["127.0.0.1"]).await;
    for (status, kind) in [
        ("404 Not Found", ErrorKind::NotFound),
        ("401 Unauthorized", ErrorKind::Auth),
        ("429 Too Many Requests", ErrorKind::RateLimited),
        ("500 Internal Server Error", ErrorKind::ToolError),
    ] {
        let receiver = Receiver::answering(&[Reply::Says(status, "", "{}")]);
        let run = process.run(hook(&json!({"url": receiver.url("/")}), &json!({}))).await;
        let state = soon(process.settled(&run)).await;
        assert_eq!((state.status(), step(&state)), (RunStatus::Failed, (StepStatus::Failed, Some(kind))), "{status}");
    }
    let receiver = Receiver::answering(&[Reply::Says("404 Not Found", "", "{}")]);
    let run = process.run(hook(&json!({"url": receiver.url("/"), "expect_status": [200, 404]}), &json!({}))).await;
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_method_says_whether_a_lost_request_is_repeated_or_asked_about() {
    let safe = json!({"idempotent": true});
    let cases = [
        ("PUT", json!({}), true),
        ("DELETE", json!({}), true),
        ("GET", json!({}), true),
        ("POST", json!({}), false),
        ("PATCH", json!({}), false),
        ("POST", safe, true),
        ("PUT", json!({"idempotent": false}), false),
    ];
    for (method, more, repeated) in cases {
        let folder = tempfile::tempdir().unwrap();
        let receiver = Receiver::answering(&[Reply::Nothing, OK]);
        let first = process(folder.path(), "one", &["127.0.0.1"]).await;
        let run = first.run(hook(&json!({"method": method, "url": receiver.url("/")}), &more)).await;
        receiver.asked(1);
        first.dies().await;

        let second = process(folder.path(), "two", &["127.0.0.1"]).await;
        assert_eq!(second.engine.adopt_all().await.unwrap(), 1);
        let state = soon(second.settled(&run)).await;
        if repeated {
            assert_eq!(state.status(), RunStatus::Completed, "{method} {more}");
        } else {
            assert_eq!(step(&state).0, StepStatus::Interrupted, "{method} {more}");
            assert_eq!(receiver.requests().len(), 1, "{method} {more}");
            let task = state.tasks.keys().next().unwrap().clone();
            second
                .engine
                .ask(&run, Request::Answer { task, answer: json!({"action": "retry"}), via: Via::Cli })
                .await
                .unwrap();
            assert_eq!(soon(second.settled(&run)).await.status(), RunStatus::Completed);
        }
        let keys = receiver.keys();
        assert!(keys.len() == 2 && keys[0] == keys[1], "{method} {more}: {keys:?}");
        second.dies().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_an_answer_in_time_is_unknown_only_where_a_repeat_could_do_harm() {
    let folder = tempfile::tempdir().unwrap();
    let process = process(folder.path(), "one", &["127.0.0.1"]).await;
    for (method, ends) in [("GET", StepStatus::Failed), ("POST", StepStatus::Interrupted)] {
        let receiver = Receiver::answering(&[Reply::Nothing]);
        let request = json!({"method": method, "url": receiver.url("/")});
        let run = process.run(hook(&request, &json!({"timeout_seconds": 0.1}))).await;
        let state = soon(process.settled(&run)).await;
        assert_eq!(step(&state), (ends, Some(ErrorKind::Timeout)), "{method}");
    }
    process.dies().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_gives_a_safe_request_up_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::answering(&[Reply::Nothing]);
    let process = process(folder.path(), "one", &["127.0.0.1"]).await;
    let run = process.run(hook(&json!({"method": "GET", "url": receiver.url("/")}), &json!({}))).await;
    receiver.asked(1);
    process.engine.ask(&run, Request::Cancel { reason: None, compensate: true }).await.unwrap();
    let state = soon(process.settled(&run)).await;
    assert_eq!(state.status(), RunStatus::Cancelled);
    assert!(state.unresolved().is_empty() && state.duration(state.finished_at.unwrap()).as_secs() < 4);
    process.dies().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_nobody_listed_are_not_reached() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::answering(&[OK]);
    let port = receiver.address.port();
    // `localhost` is listed, and what hides behind other spellings of it is not.
    let process = process(folder.path(), "one", &["localhost", "*.internal.example"]).await;
    for url in [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/".to_owned(),
        format!("http://127.0.0.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://10.0.0.8/".to_owned(),
        "http://192.168.1.1/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        "http://user:word@localhost/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "{{ 'http://127.0.0.1' }}".to_owned(),
    ] {
        let run = process.run(hook(&json!({"method": "GET", "url": url}), &json!({}))).await;
        let state = soon(process.settled(&run)).await;
        assert_eq!(step(&state), (StepStatus::Failed, Some(ErrorKind::InvalidInput)), "{url}");
    }
    assert!(receiver.requests().is_empty());
    let run = process.run(hook(&json!({"url": format!("http://localhost:{port}/")}), &json!({}))).await;
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_may_not_send_there_leaves_the_run_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::answering(&[Reply::Nothing, OK]);
    let first = process(folder.path(), "one", &["127.0.0.1"]).await;
    let run = first.run(hook(&json!({"method": "PUT", "url": receiver.url("/")}), &json!({}))).await;
    receiver.asked(1);
    first.dies().await;
    let other = process(folder.path(), "two", &["elsewhere.example"]).await;
    assert_eq!(other.engine.adopt_all().await.unwrap(), 0);
    let third = process(folder.path(), "three", &["127.0.0.1"]).await;
    assert_eq!(third.engine.adopt_all().await.unwrap(), 1);
    assert_eq!(soon(third.settled(&run)).await.status(), RunStatus::Completed);
    other.dies().await;
    third.dies().await;
}
