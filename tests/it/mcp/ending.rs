//! The end of the input and the signal to end: within 2 s, whatever runs.

use std::time::Duration;

use sequitur::mcp::Ended;
use serde_json::json;

use super::support::Client;

/// What hosts wait before they kill.
const BUDGET: Duration = Duration::from_secs(2);

#[tokio::test(start_paused = true)]
async fn the_end_of_the_input_ends_serving_at_once_when_nothing_runs() {
    for open_session in [false, true] {
        let mut client = if open_session { Client::legacy().await } else { Client::connect() };
        client.close_input().await;
        let ended = tokio::time::timeout(Duration::from_millis(10), client.ended()).await;
        assert_eq!(ended, Ok(Ended::InputClosed));
    }
}

#[tokio::test(start_paused = true)]
async fn requests_piped_in_before_the_end_of_the_input_are_answered() {
    let mut client = Client::connect();
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    client.request("initialize", params).await;
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    for _ in 0..20 {
        client.request("tools/call", json!({"name": "echo", "arguments": {"text": "x"}})).await;
    }
    // The last line has no end: a script's last line often has none.
    client.send_bytes(br#"{"jsonrpc":"2.0","id":"last","method":"tools/list"}"#).await;
    client.close_input().await;
    let mut ids = Vec::new();
    while let Some(answer) = client.next().await {
        ids.push(answer["id"].clone());
    }
    assert_eq!(ids.len(), 22);
    assert!(ids.contains(&json!("last")));
    assert_eq!(client.ended().await, Ended::InputClosed);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_input_cancels_what_runs_and_ends_within_two_seconds() {
    let mut client = Client::legacy().await;
    let hang = client.request("tools/call", json!({"name": "hang", "arguments": {}})).await;
    client.close_input().await;
    let seen = std::sync::Arc::clone(&client.seen);
    let all = async {
        let answer = client.next().await.expect("what ends in order is still answered");
        assert_eq!(answer["id"], hang);
        client.ended().await
    };
    assert_eq!(tokio::time::timeout(BUDGET, all).await, Ok(Ended::InputClosed));
    assert!(seen.cancelled.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_does_not_listen_is_dropped_within_two_seconds() {
    for by_signal in [false, true] {
        let mut client = Client::legacy().await;
        client.request("tools/call", json!({"name": "hang_deaf", "arguments": {}})).await;
        client.ask("ping", json!({})).await;
        if by_signal {
            client.shutdown.cancel();
        } else {
            client.close_input().await;
        }
        let seen = std::sync::Arc::clone(&client.seen);
        let ended = tokio::time::timeout(BUDGET, client.ended()).await.expect("within the budget");
        assert_eq!(ended, if by_signal { Ended::Shutdown } else { Ended::InputClosed });
        assert!(seen.dropped.is_cancelled());
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_that_goes_on_does_not_hold_up_the_end() {
    let mut client = Client::legacy().await;
    let id = client.request("tools/call", json!({"name": "hang_deaf", "arguments": {}})).await;
    client.ask("ping", json!({})).await;
    let params = json!({"requestId": id});
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})).await;
    client.close_input().await;
    assert_eq!(tokio::time::timeout(BUDGET, client.ended()).await, Ok(Ended::InputClosed));
}

#[tokio::test(start_paused = true)]
async fn the_signal_to_end_ends_serving_before_and_in_a_session() {
    for open_session in [false, true] {
        let client = if open_session { Client::legacy().await } else { Client::connect() };
        client.shutdown.cancel();
        let ended = tokio::time::timeout(Duration::from_millis(10), client.ended()).await;
        assert_eq!(ended, Ok(Ended::Shutdown));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_does_not_hold_up_the_end() {
    let mut client = Client::legacy().await;
    // More answers than the stream holds.
    for _ in 0..100 {
        client.request("tools/list", json!({})).await;
    }
    client.shutdown.cancel();
    let serving = &mut client.serving;
    let ended = tokio::time::timeout(BUDGET, serving).await.expect("within the budget").expect("no panic");
    assert_eq!(ended.expect("an orderly end"), Ended::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_ends_serving() {
    let serving = Client::legacy().await.hang_up();
    let ended = tokio::time::timeout(BUDGET, serving).await.expect("within the budget").expect("no panic");
    assert!(matches!(ended, Ok(Ended::InputClosed | Ended::OutputClosed)));
}
