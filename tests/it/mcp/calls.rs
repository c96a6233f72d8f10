//! Calls that fail, are cancelled, or come all at once.

use std::collections::BTreeSet;

use serde_json::json;

use super::support::Client;

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error_that_tells_the_nearest_name() {
    let mut client = Client::legacy().await;
    let error = client.call("ecko", json!({})).await["error"].clone();
    assert_eq!(error["code"], -32602);
    assert_eq!(error["message"], "there is no tool `ecko`: did you mean `echo`?");
}

#[tokio::test]
async fn wrong_arguments_are_a_tool_error_with_guidance() {
    let mut client = Client::legacy().await;
    let result = client.call("echo", json!({"txt": "hi"})).await["result"].clone();
    assert_eq!(result["isError"], true);
    let body = &result["structuredContent"];
    assert_eq!((&body["success"], &body["error_type"]), (&json!(false), &json!("invalid_input")));
    assert_eq!(body["hint"], "did you mean `text` instead of `txt`?");
    assert_eq!(client.calls(), [""; 0], "the tool was not called");
    let missing = client.ask("tools/call", json!({"name": "echo"})).await["result"].clone();
    assert_eq!(missing["structuredContent"]["error_type"], "invalid_input");
}

#[tokio::test]
async fn a_failing_tool_is_an_error_result() {
    let mut client = Client::legacy().await;
    let result = client.call("fail", json!({})).await["result"].clone();
    assert_eq!((&result["isError"], &result["structuredContent"]["error"]), (&json!(true), &json!("no")));
}

#[tokio::test]
async fn a_panicking_tool_is_an_error_result_and_the_server_lives() {
    let mut client = Client::legacy().await;
    let result = client.call("panic", json!({})).await["result"].clone();
    assert_eq!(result["structuredContent"]["error_type"], "internal");
    assert_eq!(client.call("echo", json!({"text": "still here"})).await["result"]["isError"], false);
}

#[tokio::test]
async fn a_cancelled_call_is_told_to_end_and_is_not_answered() {
    let mut client = Client::legacy().await;
    let id = client.request("tools/call", json!({"name": "hang", "arguments": {}})).await;
    client.call("echo", json!({"text": "meanwhile"})).await;
    let params = json!({"requestId": id, "reason": "changed my mind"});
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})).await;
    client.seen.cancelled.cancelled().await;
    // `ask` fails if the cancelled call is answered in between.
    client.ask("ping", json!({})).await;
    client.call("echo", json!({"text": "after"})).await;
}

#[tokio::test]
async fn ten_thousand_requests_in_one_burst_are_all_answered() {
    const COUNT: usize = 10_000;
    let mut client = Client::legacy().await;
    let mut burst = String::new();
    for n in 0..COUNT {
        let id = format!("r{n}");
        let message = match n % 3 {
            0 => json!({"jsonrpc": "2.0", "id": id, "method": "ping"}),
            1 => {
                json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "x"}}})
            }
            _ => json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "nothing"}}),
        };
        burst += &message.to_string();
        burst.push('\n');
    }
    let answers = client.send_while_reading(burst.as_bytes(), COUNT).await;
    let answered: BTreeSet<&str> = answers.iter().filter_map(|answer| answer["id"].as_str()).collect();
    assert_eq!(answered.len(), COUNT);
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_long_do_not_hold_up_the_others() {
    let mut client = Client::legacy().await;
    for _ in 0..1_000 {
        client.request("tools/call", json!({"name": "hang", "arguments": {}})).await;
    }
    let answer = client.call("echo", json!({"text": "through"})).await;
    assert_eq!(answer["result"]["structuredContent"]["text"], "through");
}
