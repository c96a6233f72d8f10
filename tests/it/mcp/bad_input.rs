//! Lines that are no messages, too long, too early or wrong inside.

use serde_json::json;

use super::support::Client;

#[tokio::test]
async fn a_notification_or_answer_before_the_session_is_dropped_and_not_fatal() {
    let mut client = Client::connect();
    for early in [
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
        json!({"jsonrpc": "2.0", "method": "something/else"}),
        json!({"jsonrpc": "2.0", "id": 9, "result": {}}),
        json!({"jsonrpc": "2.0", "id": 9, "error": {"code": 1, "message": "x"}}),
    ] {
        client.send(&early).await;
    }
    assert_eq!(client.initialize("2025-11-25").await["result"]["serverInfo"]["name"], "sequitur");
}

#[tokio::test]
async fn a_notification_between_a_probe_and_the_session_is_dropped_too() {
    let mut client = Client::connect();
    client.ask_modern("server/discover", json!({}), "one").await;
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})).await;
    assert!(client.ask_modern("tools/list", json!({}), "one").await["result"].is_object());
}

#[tokio::test]
async fn requests_before_the_session_are_answered_and_not_fatal() {
    let mut client = Client::connect();
    assert!(client.ask("ping", json!({})).await["result"].is_object());
    assert_eq!(client.ask("tools/list", json!({})).await["error"]["code"], -32602);
    assert_eq!(client.ask("initialize", json!({"protocolVersion": 1})).await["error"]["code"], -32602);
    assert_eq!(client.ask("no/such", json!({})).await["error"]["code"], -32601);
    assert!(client.initialize("2025-11-25").await["result"].is_object());
}

#[tokio::test]
async fn malformed_parameters_are_invalid_params_in_both_eras() {
    let mut legacy = Client::legacy().await;
    for params in [json!({}), json!([]), json!({"name": 7}), json!({"name": "echo", "arguments": "x"})] {
        let error = legacy.ask("tools/call", params).await["error"].clone();
        assert_eq!(error["code"], -32602);
        assert!(error["message"].as_str().is_some_and(|text| text.contains("`tools/call`")), "{error}");
    }
    assert_eq!(legacy.ask("tools/list", json!({"cursor": "x"})).await["error"]["code"], -32602);
    assert_eq!(legacy.ask("no/such", json!({})).await["error"]["code"], -32601);
    let mut modern = Client::connect();
    assert_eq!(modern.ask_modern("tools/call", json!({"name": 7}), "one").await["error"]["code"], -32602);
    assert!(modern.ask_modern("tools/list", json!({}), "one").await["result"].is_object());
}

#[tokio::test]
async fn malformed_lines_are_answered_and_the_session_goes_on() {
    for in_session in [false, true] {
        let mut client = if in_session { Client::legacy().await } else { Client::connect() };
        for (line, code) in [
            ("{not json", -32700),
            ("\u{0}\u{1}", -32700),
            ("[]", -32600),
            ("42", -32600),
            (r#"{"jsonrpc":"1.0","id":5,"method":"ping"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":5}"#, -32600),
        ] {
            client.send_line(line).await;
            let answer = client.next().await.expect("an answer");
            assert_eq!(answer["error"]["code"], code, "{line}");
            let expected = line.contains(r#""id":5"#).then_some(5);
            assert_eq!(answer.get("id").and_then(serde_json::Value::as_i64), expected, "{line}");
        }
        client.send_bytes(b"\xff\xfe\n").await;
        assert_eq!(client.next().await.expect("an answer")["error"]["code"], -32700);
        client.send_line("").await;
        assert!(client.ask("ping", json!({})).await["result"].is_object());
    }
}

#[tokio::test]
async fn a_message_in_pieces_is_one_message() {
    let mut client = Client::legacy().await;
    let line = json!({"jsonrpc": "2.0", "id": "p", "method": "ping"}).to_string() + "\r\n";
    for piece in line.as_bytes().chunks(5) {
        client.send_bytes(piece).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.next().await.expect("an answer")["id"], "p");
}

#[tokio::test]
async fn ten_megabytes_of_arguments_work() {
    let mut client = Client::legacy().await;
    let answer = client.call("echo", json!({"text": "x".repeat(10 * 1024 * 1024)})).await;
    assert_eq!(answer["result"]["structuredContent"]["length"], 10 * 1024 * 1024);
}

#[tokio::test]
async fn a_line_over_the_limit_is_answered_with_its_id_and_the_next_one_is_read() {
    let mut client = Client::legacy().await;
    let text = "x".repeat(17 * 1024 * 1024);
    let params = json!({"name": "echo", "arguments": {"text": text}});
    let error = client.ask("tools/call", params.clone()).await["error"].clone();
    assert_eq!((&error["code"], &error["message"]), (&json!(-32600), &json!("the message is longer than 16 MiB")));
    client.send(&json!({"params": params, "method": "tools/call", "jsonrpc": "2.0", "id": "late"})).await;
    assert_eq!(client.next().await.expect("an answer")["id"], "late");
    client.send_line(&"y".repeat(17 * 1024 * 1024)).await;
    assert_eq!(client.next().await.expect("an answer").get("id"), None);
    client.ask("ping", json!({})).await;
}

#[tokio::test]
async fn deep_nesting_is_refused_with_the_requests_id() {
    let mut client = Client::legacy().await;
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let line = |depth| {
        format!(
            r#"{{"jsonrpc":"2.0","id":"deep","method":"tools/call","params":{{"name":"echo","arguments":{{"text":{}}}}}}}"#,
            nested(depth)
        )
    };
    client.send_line(&line(100_000)).await;
    let answer = client.next().await.expect("an answer");
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("deep"), &json!(-32600)));
    client.send_line(&line(100)).await;
    let answer = client.next().await.expect("an answer");
    assert_eq!(answer["result"]["structuredContent"]["error_type"], "invalid_input");
}

#[tokio::test]
async fn an_id_that_is_in_use_does_not_answer_the_request_that_uses_it() {
    let mut client = Client::legacy().await;
    let hang =
        json!({"jsonrpc": "2.0", "id": "same", "method": "tools/call", "params": {"name": "hang", "arguments": {}}});
    client.send(&hang).await;
    client.send(&hang).await;
    let answer = client.next().await.expect("an answer");
    assert_eq!((answer.get("id"), &answer["error"]["code"]), (None, &json!(-32600)));
}
