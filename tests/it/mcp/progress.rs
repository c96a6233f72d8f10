//! Progress: rising, below 100 until the end, never silent, never late.

use serde_json::{Value, json};

use super::support::{Client, modern};

async fn with_progress(client: &mut Client, tool: &str, arguments: Value, is_modern: bool) -> (Vec<Value>, Value) {
    let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": "tok"}});
    let params = if is_modern { modern(params, "one") } else { params };
    let id = client.request("tools/call", params).await;
    let mut reports = Vec::new();
    loop {
        let message = client.next().await.expect("a message");
        if message.get("id") == Some(&json!(id)) {
            return (reports, message);
        }
        assert_eq!(message["method"], "notifications/progress");
        assert_eq!(message["params"]["progressToken"], "tok");
        reports.push(message["params"].clone());
    }
}

fn numbers(reports: &[Value]) -> Vec<f64> {
    reports.iter().filter_map(|report| report["progress"].as_f64()).collect()
}

#[tokio::test]
async fn every_change_is_reported_rising_to_one_hundred_before_the_answer_in_both_eras() {
    for is_modern in [false, true] {
        let mut client = if is_modern { Client::connect() } else { Client::legacy().await };
        let (reports, answer) = with_progress(&mut client, "steps", json!({"count": 5}), is_modern).await;
        assert_eq!(answer["result"]["isError"], false);
        let numbers = numbers(&reports);
        assert_eq!(numbers.len(), 6, "five changes and the end: {numbers:?}");
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
        assert!((numbers[0] - 20.0).abs() < 1e-9 && (numbers[5] - 100.0).abs() < 1e-9, "{numbers:?}");
        assert!(numbers[4] < 100.0, "below the end until the end: {numbers:?}");
        assert!(reports.iter().all(|report| report["total"] == 100.0));
        assert_eq!(reports[0]["message"], "step 1/5, 0 s");
    }
}

#[tokio::test]
async fn a_secret_in_a_report_is_taken_out() {
    let mut client = Client::legacy().await;
    let (reports, _) = with_progress(&mut client, "steps", json!({"count": 7}), false).await;
    assert_eq!(reports[2]["message"], "<redacted>, 0 s");
}

#[tokio::test(start_paused = true)]
async fn a_silent_call_is_reported_every_two_seconds() {
    let mut client = Client::legacy().await;
    let (reports, _) = with_progress(&mut client, "silent", json!({}), false).await;
    let numbers = numbers(&reports);
    assert_eq!(numbers.len(), 4, "at 2, 4 and 6 s, and the end: {numbers:?}");
    assert!(numbers[2] < 1.0, "nothing is known of the true percentage: {numbers:?}");
    assert_eq!(reports[0]["message"], "`silent` is running, 0 s");
}

#[tokio::test]
async fn nothing_is_reported_after_the_answer_or_without_a_token() {
    let mut client = Client::legacy().await;
    with_progress(&mut client, "steps", json!({"count": 200}), false).await;
    client.call("steps", json!({"count": 3})).await;
    client.ask("ping", json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_does_not_report_one_hundred_and_a_cancelled_one_falls_silent() {
    let mut client = Client::legacy().await;
    let (reports, _) = with_progress(&mut client, "fail", json!({}), false).await;
    assert_eq!(reports, [json!(null); 0]);
    let params = json!({"name": "hang", "arguments": {}, "_meta": {"progressToken": 7}});
    let id = client.request("tools/call", params).await;
    assert_eq!(client.next().await.expect("a report")["params"]["progressToken"], 7);
    let params = json!({"requestId": id});
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})).await;
    client.seen.cancelled.cancelled().await;
    tokio::time::advance(std::time::Duration::from_secs(20)).await;
    client.ask("ping", json!({})).await;
}
