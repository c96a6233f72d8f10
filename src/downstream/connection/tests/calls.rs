//! Calls that are answered.

use std::sync::Mutex;

use super::*;
use crate::base::ErrorKind;
use crate::contract::{Progress, ProgressSink};

/// A sink and what it took.
fn sink() -> (ProgressSink, Arc<Mutex<Vec<Progress>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    (Arc::new(move |progress| kept.lock().unwrap().push(progress)), seen)
}

#[tokio::test(start_paused = true)]
async fn a_call_carries_name_arguments_and_key_and_its_result_passes_untouched() {
    let result = json!({
        "later": {"z": [1, {"y": null}], "a": 1.0},
        "content": [
            {"type": "text", "text": "é\u{2028}\u{0}", "annotations": {"audience": ["user"], "priority": 0.300_000_000_000_000_04}},
            {"type": "image", "data": "AAAA", "mimeType": "image/png", "_meta": {"k": 1}},
            {"type": "hologram", "rays": [18_446_744_073_709_551_615_u64, -9_007_199_254_740_993_i64]},
        ],
        "structuredContent": {"b": 1, "a": {"b": [], "a": {}}},
        "_meta": {"io.example/x": {"y": true}},
        "isError": false,
    });
    let (connection, mut server) = legacy().await;
    let play = async {
        let asked = server.next().await;
        let params = json!({
            "name": "do.it",
            "arguments": {"b": [1.5, null], "a": "x"},
            "_meta": {"sequitur/idempotency_key": "k-1"},
        });
        assert_eq!(asked["params"].to_string(), params.to_string());
        server.answer(&asked["id"], result.clone()).await;
    };
    let (arguments, cancel) = (object(json!({"b": [1.5, null], "a": "x"})), CancellationToken::new());
    let request = Request {
        tool: "do.it",
        arguments: &arguments,
        idempotency_key: Some("k-1"),
        progress: None,
        cancel: &cancel,
        timeout: Some(Duration::from_secs(1)),
    };
    let (output, ()) = tokio::join!(connection.call(request), play);
    let output = output.unwrap();
    // Compared as text: the order of fields and the spelling of numbers count too.
    assert_eq!(Value::Array(output.content).to_string(), result["content"].to_string());
    assert_eq!(output.structured.unwrap().to_string(), result["structuredContent"].to_string());
    assert_eq!(Value::Object(output.meta).to_string(), result["_meta"].to_string());
    assert_eq!(Value::Object(output.extra).to_string(), json!({"later": result["later"]}).to_string());
    assert!(!output.is_error);
}

#[tokio::test(start_paused = true)]
async fn a_line_of_a_log_that_names_the_id_of_a_call_does_not_answer_it() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let id = server.asked("tools/call").await;
        server.send(json!({"level": "debug", "msg": "called", "id": id})).await;
        server.answer(&id, text("done")).await;
    };
    let (output, ()) = tokio::join!(call(&connection, "t"), play);
    assert_eq!(text_of(&output.unwrap()), "done");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_anything_special_has_no_metadata_in_the_legacy_era() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let asked = server.next().await;
        assert_eq!(asked["params"], json!({"name": "t", "arguments": {}}));
        server.answer(&asked["id"], json!({"isError": true, "content": []})).await;
    };
    let (output, ()) = tokio::join!(call(&connection, "t"), play);
    assert_eq!(output.unwrap().error_kind(), Some(ErrorKind::ToolError));
}

#[tokio::test(start_paused = true)]
async fn all_hundred_reports_of_progress_come_in_order_and_before_the_result() {
    for (connection, mut server) in [legacy().await, modern().await] {
        let (progress, seen) = sink();
        let play = async {
            let asked = server.next().await;
            let token = &asked["params"]["_meta"]["progressToken"];
            // All in one piece, so that whoever tells them late tells them too late.
            let mut lines = String::new();
            for n in 1..=100 {
                let params = json!({"progressToken": token, "progress": n, "total": 100, "message": format!("{n}")});
                lines += &json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}).to_string();
                lines.push('\n');
            }
            lines += &json!({"jsonrpc": "2.0", "id": asked["id"], "result": text("done")}).to_string();
            server.line(&lines).await;
        };
        let (arguments, cancel) = (Object::new(), CancellationToken::new());
        let request = Request {
            tool: "t",
            arguments: &arguments,
            idempotency_key: None,
            progress: Some(progress),
            cancel: &cancel,
            timeout: None,
        };
        let ask = async {
            let output = connection.call(request).await.unwrap();
            (output, seen.lock().unwrap().clone())
        };
        let ((output, seen), ()) = tokio::join!(ask, play);
        assert_eq!(text_of(&output), "done");
        let expected: Vec<_> = (1..=100)
            .map(|n| Progress { progress: f64::from(n), total: Some(100.0), message: Some(n.to_string()) })
            .collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn progress_reaches_the_call_that_it_is_of_and_no_other() {
    let (connection, mut server) = legacy().await;
    let (one, one_seen) = sink();
    let (other, other_seen) = sink();
    let (arguments, cancel) = (Object::new(), CancellationToken::new());
    let request = |tool, progress| Request {
        tool,
        arguments: &arguments,
        idempotency_key: None,
        progress: Some(progress),
        cancel: &cancel,
        timeout: None,
    };
    let play = async {
        let (first, second) = (server.next().await, server.next().await);
        let told =
            |asked: &Value, n: f64| json!({"progressToken": asked["params"]["_meta"]["progressToken"], "progress": n});
        server.notify("notifications/progress", told(&second, 2.0)).await;
        server.notify("notifications/progress", told(&first, 1.0)).await;
        server.notify("notifications/progress", json!({"progressToken": 1, "progress": 9})).await;
        server.notify("notifications/progress", json!({"progressToken": first["id"]})).await;
        server.answer(&first["id"], text("x")).await;
        // Late progress is nobody's.
        server.notify("notifications/progress", told(&first, 3.0)).await;
        server.answer(&second["id"], text("x")).await;
    };
    let (a, b, ()) = tokio::join!(connection.call(request("a", one)), connection.call(request("b", other)), play);
    assert!(a.is_ok() && b.is_ok());
    let numbers = |seen: &Mutex<Vec<Progress>>| seen.lock().unwrap().iter().map(|one| one.progress).collect::<Vec<_>>();
    assert_eq!((numbers(&one_seen), numbers(&other_seen)), (vec![1.0], vec![2.0]));
}

#[tokio::test(start_paused = true)]
async fn answers_come_in_any_order_twice_as_text_or_to_nobody() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let (first, second) = (server.asked("tools/call").await, server.asked("tools/call").await);
        server.answer(&json!(999_999_999), text("nobody's")).await;
        server.answer(&json!("what"), text("nobody's")).await;
        server.answer(&json!(0), text("an old one's")).await;
        server.answer(&second, text("second")).await;
        server.answer(&second, text("second again")).await;
        server.answer(&json!(first.to_string()), text("first")).await;
        server.refuse(&first, 1, "late").await;
        let third = server.asked("tools/call").await;
        server.answer(&third, text("third")).await;
    };
    let ask = async {
        let (first, second) = tokio::join!(call(&connection, "a"), call(&connection, "b"));
        assert_eq!(text_of(&first.unwrap()), "first");
        assert_eq!(text_of(&second.unwrap()), "second");
        assert_eq!(text_of(&call(&connection, "c").await.unwrap()), "third");
    };
    tokio::join!(ask, play);
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_answers_is_taken_apart() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let (first, second) = (server.asked("tools/call").await, server.asked("tools/call").await);
        server
            .send(json!([
                {"jsonrpc": "2.0", "id": first, "result": text("one")},
                {"jsonrpc": "2.0", "id": second, "result": text("two")},
            ]))
            .await;
    };
    let (a, b, ()) = tokio::join!(call(&connection, "a"), call(&connection, "b"), play);
    assert_eq!((text_of(&a.unwrap()), text_of(&b.unwrap())), ("one", "two"));
}

#[tokio::test(start_paused = true)]
async fn an_error_keeps_its_kind_its_words_and_when_to_come_back() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let id = server.asked("tools/call").await;
        let error = json!({"code": -32_000, "message": "slow down", "data": {"status": 429, "retryAfter": 2.5}});
        server.send(json!({"jsonrpc": "2.0", "id": id, "error": error})).await;
        let id = server.asked("tools/call").await;
        server.refuse(&id, -32_602, "`path` is missing").await;
    };
    let ask = async {
        let failure = call(&connection, "read").await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::RateLimited);
        assert_eq!(failure.retry_after, Some(Duration::from_millis(2_500)));
        assert_eq!(failure.message, "server `box` refused `read`: slow down");
        assert!(!failure.outcome_unknown);
        let failure = call(&connection, "read").await.unwrap_err();
        assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::InvalidInput, false));
    };
    tokio::join!(ask, play);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_given_to_the_caller_is_a_failure_and_the_session_lives_on() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let id = server.asked("tools/call").await;
        let long = "x".repeat(17 << 20);
        server.line(&format!(r#"{{"jsonrpc":"2.0","result":{{"id":1,"x":"{long}"}},"id":{id}}}"#)).await;
        let id = server.asked("tools/call").await;
        server.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{}{}}}"#, "[".repeat(200), "]".repeat(200))).await;
        let id = server.asked("tools/call").await;
        server.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"a":NaN}}}}"#)).await;
        let id = server.asked("tools/call").await;
        server.answer(&id, json!({"content": "text"})).await;
        let id = server.asked("tools/call").await;
        server.answer(&id, Value::Null).await;
        let id = server.asked("tools/call").await;
        server.answer(&id, text("fine")).await;
    };
    let ask = async {
        let mut failures = Vec::new();
        for _ in 0..5 {
            let failure = call(&connection, "t").await.unwrap_err();
            failures.push((failure.kind, failure.outcome_unknown, failure.message));
        }
        let told = |text: &str| format!("server `box` answered `t` with {text}");
        assert_eq!(
            failures,
            [
                (ErrorKind::ResultTooLarge, false, told("more than 16 MiB")),
                (ErrorKind::ResultTooLarge, false, told("a result that is nested too deeply to be read")),
                (ErrorKind::ToolError, true, told("a line that cannot be read")),
                (ErrorKind::ToolError, false, told("something that is no tool's result: its `content` is no list")),
                (ErrorKind::ToolError, false, told("something that is no tool's result: it is no object")),
            ]
        );
        assert_eq!(text_of(&call(&connection, "t").await.unwrap()), "fine");
    };
    tokio::join!(ask, play);
}

#[tokio::test(start_paused = true)]
async fn a_modern_server_that_wants_a_form_or_makes_a_task_is_told_plainly() {
    let (connection, mut server) = modern().await;
    let play = async {
        let id = server.asked("tools/call").await;
        server.answer(&id, json!({"resultType": "input_required", "inputRequests": {}, "requestState": "x"})).await;
        let id = server.asked("tools/call").await;
        server.answer(&id, json!({"resultType": "task", "taskId": "1", "status": "working"})).await;
        let id = server.asked("tools/call").await;
        let error = json!({"code": -32_021, "message": "needs elicitation", "data": {"requiredCapabilities": {}}});
        server.send(json!({"jsonrpc": "2.0", "id": id, "error": error})).await;
    };
    let ask = async {
        let form = call(&connection, "t").await.unwrap_err();
        assert_eq!((form.kind, form.outcome_unknown), (ErrorKind::ToolError, false));
        assert_eq!(form.message, "server `box` wants to ask a person before it goes on with `t`");
        assert!(form.hint.unwrap().starts_with("forms and other requests of servers are not passed on yet"));
        let task = call(&connection, "t").await.unwrap_err();
        assert_eq!((task.kind, task.outcome_unknown), (ErrorKind::ToolError, true));
        let missing = call(&connection, "t").await.unwrap_err();
        assert!(missing.hint.unwrap().starts_with("forms and other requests of servers are not passed on yet"));
    };
    tokio::join!(ask, play);
}

/// Counts how often it is written to.
struct Counting {
    inner: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl tokio::io::AsyncWrite for Counting {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        std::pin::Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_queue_are_written_at_once() {
    let (opening, mut server, _) = meet();
    let writes = Arc::new(AtomicUsize::new(0));
    let Opening { name, output, input, era, timeout, redaction, client_version, on_changed } = opening;
    let input = Counting { inner: input, writes: Arc::clone(&writes) };
    let opening = Opening { name, output, input, era, timeout, redaction, client_version, on_changed };
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_legacy());
    let connection = connection.unwrap();
    let before = writes.load(Ordering::SeqCst);
    let calls = futures::future::join_all((0..32).map(|_| call(&connection, "t")));
    let play = async {
        for _ in 0..32 {
            let id = server.asked("tools/call").await;
            server.answer(&id, text("x")).await;
        }
    };
    let (outputs, ()) = tokio::join!(calls, play);
    assert!(outputs.iter().all(Result::is_ok));
    assert_eq!(writes.load(Ordering::SeqCst) - before, 1);
}
