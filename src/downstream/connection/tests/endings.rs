//! Calls that are not answered, and sessions that end.

use super::*;
use crate::base::ErrorKind;

/// A call that is cancelled by `cancel`.
async fn call_until(connection: &Connection, cancel: &CancellationToken) -> Result<ToolOutput, CallFailure> {
    let arguments = Object::new();
    let request =
        Request { tool: "t", arguments: &arguments, idempotency_key: None, progress: None, cancel, timeout: None };
    connection.call(request).await.map_err(|failed| failed.failure)
}

fn facts(failure: &CallFailure) -> (ErrorKind, bool) {
    (failure.kind, failure.outcome_unknown)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_answered_in_time_is_stopped_and_its_late_answer_dropped() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let asked = server.next().await;
        let expected = json!({
            "jsonrpc": "2.0",
            "method": "notifications/cancelled",
            "params": {"requestId": asked["id"], "reason": "no answer in the time allowed"},
        });
        assert_eq!(server.next().await, expected);
        server.answer(&asked["id"], text("late")).await;
        let id = server.asked("tools/call").await;
        server.answer(&id, text("next")).await;
    };
    let ask = async {
        let failure = call_within(&connection, "t", Some(Duration::from_secs(3))).await.unwrap_err();
        assert_eq!(facts(&failure), (ErrorKind::Timeout, true));
        assert_eq!(failure.message, "server `box` did not answer `t` within 3 s; it was told to stop");
        assert_eq!(text_of(&call(&connection, "t").await.unwrap()), "next");
    };
    tokio::join!(ask, play);
}

#[tokio::test(start_paused = true)]
async fn progress_does_not_buy_time() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let asked = server.next().await;
        let cancelled = loop {
            tokio::select! {
                message = server.next() => break message,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            server.notify("notifications/progress", json!({"progressToken": asked["id"], "progress": 1})).await;
        };
        assert_eq!(cancelled["method"], "notifications/cancelled");
    };
    let (arguments, cancel) = (Object::new(), CancellationToken::new());
    let request = Request {
        tool: "t",
        arguments: &arguments,
        idempotency_key: None,
        progress: Some(Arc::new(|_| {})),
        cancel: &cancel,
        timeout: Some(Duration::from_secs(5)),
    };
    let (failure, ()) = tokio::join!(connection.call(request), play);
    assert_eq!(failure.unwrap_err().failure.kind, ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn the_time_counts_from_when_the_request_was_written() {
    let (opening, mut server, _) = meet_with(400);
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_legacy());
    let connection = connection.unwrap();
    let arguments = object(json!({"fills": "x".repeat(1_000)}));
    let cancel = CancellationToken::new();
    let request = |tool| Request {
        tool,
        arguments: &arguments,
        idempotency_key: None,
        progress: None,
        cancel: &cancel,
        timeout: Some(Duration::from_secs(10)),
    };
    let play = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        let id = server.asked("tools/call").await;
        // 15 s after the call began, but 7 s after it was written.
        tokio::time::sleep(Duration::from_secs(7)).await;
        server.answer(&id, text("in time")).await;
    };
    let (output, ()) = tokio::join!(connection.call(request("t")), play);
    assert_eq!(text_of(&output.unwrap()), "in time");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_the_pipe_does_not_take_is_taken_back_and_known_not_to_have_happened() {
    let (opening, mut server, _) = meet_with(400);
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_legacy());
    let connection = connection.unwrap();
    let (arguments, cancel) = (object(json!({"fills": "x".repeat(1_000)})), CancellationToken::new());
    let large = Request {
        tool: "large",
        arguments: &arguments,
        idempotency_key: None,
        progress: None,
        cancel: &cancel,
        timeout: Some(Duration::from_secs(20)),
    };
    let later = async {
        // When the pipe is full already.
        tokio::time::sleep(Duration::from_secs(1)).await;
        call_within(&connection, "small", Some(Duration::from_secs(5))).await
    };
    let (large, small) = tokio::join!(connection.call(large), later);
    // Half of it is in the pipe.
    assert_eq!(facts(&large.unwrap_err().failure), (ErrorKind::Timeout, true));
    let small = small.unwrap_err();
    assert_eq!(facts(&small), (ErrorKind::Timeout, false));
    assert_eq!(small.message, "server `box` took no request for 5 s, so `small` was not sent");
    // The server wakes up and sees the one, never the other.
    assert_eq!(server.next().await["params"]["name"], "large");
    assert_eq!(server.next().await["method"], "notifications/cancelled");
    drop(connection);
    assert_eq!(server.maybe_next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_is_told_to_the_server_and_may_still_be_answered() {
    let (connection, mut server) = legacy().await;
    let cancel = CancellationToken::new();
    let play = async {
        let id = server.asked("tools/call").await;
        cancel.cancel();
        let expected = json!({
            "jsonrpc": "2.0",
            "method": "notifications/cancelled",
            "params": {"requestId": id, "reason": "cancelled by the caller"},
        });
        assert_eq!(server.next().await, expected);
        server.answer(&id, text("done anyway")).await;
    };
    let (output, ()) = tokio::join!(call_until(&connection, &cancel), play);
    assert_eq!(text_of(&output.unwrap()), "done anyway");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_that_is_answered_with_an_error_or_not_at_all_is_unknown() {
    let (connection, mut server) = legacy().await;
    let cancel = CancellationToken::new();
    let play = async {
        let id = server.asked("tools/call").await;
        cancel.cancel();
        server.asked("notifications/cancelled").await;
        server.refuse(&id, 0, "Request cancelled").await;
    };
    let (failure, ()) = tokio::join!(call_until(&connection, &cancel), play);
    assert_eq!(facts(&failure.unwrap_err()), (ErrorKind::ToolError, true));

    let cancel = CancellationToken::new();
    let play = async {
        server.asked("tools/call").await;
        cancel.cancel();
        server.asked("notifications/cancelled").await;
    };
    let (failure, ()) = tokio::join!(call_until(&connection, &cancel), play);
    let failure = failure.unwrap_err();
    assert_eq!(facts(&failure), (ErrorKind::Interrupted, true));
    assert_eq!(failure.message, "`t` was cancelled, and server `box` did not say how far it came");

    let cancel = CancellationToken::new();
    cancel.cancel();
    let failure = call_until(&connection, &cancel).await.unwrap_err();
    assert_eq!(facts(&failure), (ErrorKind::Interrupted, false));
    // Nothing of it was written, neither the call nor its cancellation.
    drop(connection);
    assert_eq!(server.maybe_next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_is_told_to_the_server() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let id = server.asked("tools/call").await;
        (id, tokio::time::sleep(Duration::from_secs(1)).await)
    };
    let id = tokio::select! {
        _ = call(&connection, "t") => panic!("answered by nobody"),
        (id, ()) = play => id,
    };
    let told = server.next().await;
    assert_eq!(told["method"], "notifications/cancelled");
    assert_eq!(told["params"], json!({"requestId": id, "reason": "its caller is gone"}));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_leaves_what_it_was_given_unknown_and_the_rest_known() {
    let (connection, mut server) = legacy().await;
    let play = async {
        server.asked("tools/call").await;
        drop(server);
    };
    let (failure, ()) = tokio::join!(call(&connection, "t"), play);
    let failure = failure.unwrap_err();
    assert_eq!(facts(&failure), (ErrorKind::Unavailable, true));
    assert_eq!(failure.message, "server `box` ended before it answered `t`");
    connection.closed().await;
    let failure = call(&connection, "t").await.unwrap_err();
    assert_eq!(facts(&failure), (ErrorKind::Unavailable, false));
    assert_eq!(failure.message, "server `box` has ended, so `t` was not sent");
    let failure = connection.tools(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(facts(&failure), (ErrorKind::Unavailable, false));
}

#[tokio::test(start_paused = true)]
async fn of_many_calls_written_at_once_only_those_that_the_pipe_took_are_unknown() {
    let (opening, mut server, _) = meet_with(400);
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_legacy());
    let connection = connection.unwrap();
    let Server { input: _hangs, output } = server;
    let die = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(output);
    };
    let calls = futures::future::join_all((0..20).map(|_| call(&connection, "t")));
    let (calls, ()) = tokio::join!(calls, die);
    let failures: Vec<_> = calls.iter().map(|done| facts(done.as_ref().unwrap_err())).collect();
    assert!(failures.iter().all(|(kind, _)| *kind == ErrorKind::Unavailable), "{failures:?}");
    let unknown = failures.iter().filter(|(_, unknown)| *unknown).count();
    assert!((1..=6).contains(&unknown), "{unknown}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_written_before_the_end_counts() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let id = server.asked("tools/call").await;
        // The last line has no end: the server died over it.
        let line = json!({"jsonrpc": "2.0", "id": id, "result": text("last words")}).to_string();
        server.output.write_all(line.as_bytes()).await.unwrap();
        drop(server);
    };
    let (output, ()) = tokio::join!(call(&connection, "t"), play);
    assert_eq!(text_of(&output.unwrap()), "last words");
    connection.closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_no_more_ends_the_session_but_may_answer_what_it_has() {
    let (connection, mut server) = legacy().await;
    let first = async {
        let output = call(&connection, "first").await;
        assert_eq!(text_of(&output.unwrap()), "still there");
    };
    let play = async {
        let id = server.asked("tools/call").await;
        let Server { input, mut output } = server;
        drop(input);
        // Written to nobody, and the pipe says so.
        let second = call(&connection, "second").await.unwrap_err();
        assert_eq!(facts(&second), (ErrorKind::Unavailable, false));
        assert!(connection.is_closed());
        let early = tokio::time::timeout(Duration::from_hours(1), connection.closed()).await;
        assert!(early.is_err(), "what is closed now answers nothing");
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": text("still there")});
        output.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        connection.closed().await;
        output
    };
    let ((), _output) = tokio::join!(first, play);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_answered_was_sent_whatever_the_answer_says_and_one_after_the_end_was_not() {
    let (connection, mut server) = legacy().await;
    let arguments = Object::new();
    let cancel = CancellationToken::new();
    let request = || Request {
        tool: "t",
        arguments: &arguments,
        idempotency_key: None,
        progress: None,
        cancel: &cancel,
        timeout: None,
    };
    let play = async {
        let id = server.asked("tools/call").await;
        let Server { input, mut output } = server;
        drop(input);
        assert!(connection.call(request()).await.unwrap_err().unsent, "it was written to nobody");
        let error = json!({"code": -32_000, "message": "shutting down", "data": {"status": 503}});
        let answer = json!({"jsonrpc": "2.0", "id": id, "error": error});
        output.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        output
    };
    let (failed, _output) = tokio::join!(connection.call(request()), play);
    let failed = failed.unwrap_err();
    assert_eq!(facts(&failed.failure), (ErrorKind::Unavailable, false));
    assert!(connection.is_closed() && !failed.unsent);
}

#[tokio::test(start_paused = true)]
async fn closing_closes_both_pipes_and_fails_who_waits() {
    let (connection, mut server) = legacy().await;
    let play = async {
        server.asked("tools/call").await;
        connection.close().await;
        assert!(connection.is_closed());
        assert_eq!(server.maybe_next().await, None);
        assert!(server.output.write_all(b"x").await.is_err());
    };
    let (failure, ()) = tokio::join!(call(&connection, "t"), play);
    assert_eq!(facts(&failure.unwrap_err()), (ErrorKind::Unavailable, true));
    connection.closed().await;
    connection.close().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_a_session_closes_both_pipes() {
    for (connection, mut server) in [legacy().await, modern().await] {
        drop(connection);
        assert_eq!(server.maybe_next().await, None);
        assert!(server.output.write_all(b"x").await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_and_never_reads_does_not_fill_our_memory() {
    let (opening, mut server, _) = meet_with(400);
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_legacy());
    let connection = connection.unwrap();
    for id in 0..5_000 {
        server.send(json!({"jsonrpc": "2.0", "id": id, "method": "ping"})).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let closing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(connection);
    };
    let reading = async {
        let mut replies = 0;
        while server.maybe_next().await.is_some() {
            replies += 1;
        }
        replies
    };
    let (replies, ()) = tokio::join!(reading, closing);
    assert!((1_000..3_500).contains(&replies), "{replies}");
}

#[tokio::test(start_paused = true)]
async fn a_request_of_the_servers_with_an_id_that_is_none_is_not_answered() {
    let (_connection, mut server) = legacy().await;
    for id in [json!("x".repeat(257)), json!({"a": 1}), json!([1]), json!(true), json!("x".repeat(256)), json!(7)] {
        server.send(json!({"jsonrpc": "2.0", "id": id, "method": "ping"})).await;
    }
    assert_eq!(server.next().await["id"], "x".repeat(256));
    assert_eq!(server.next().await["id"], 7);
}
