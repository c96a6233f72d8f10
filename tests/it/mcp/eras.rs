//! The handshake, the list and a call, in both eras.

use sequitur::mcp::Activity;
use serde_json::{Value, json};

use super::support::{Client, modern};

#[tokio::test]
async fn a_legacy_handshake_agrees_on_the_version_asked_for_and_names_the_server() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let answer = Client::connect().initialize(version).await;
        let result = &answer["result"];
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["serverInfo"]["name"], "sequitur");
        assert_eq!(result["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(result["instructions"].as_str().is_some_and(|text| text.contains("execute_workflow")));
        assert_eq!(result["capabilities"], json!({"tools": {"listChanged": true}}), "only what is there is advertised");
    }
}

#[tokio::test]
async fn a_handshake_never_agrees_above_the_last_version_that_has_one() {
    for version in ["2026-07-28", "2099-01-01"] {
        let answer = Client::connect().initialize(version).await;
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
    }
}

#[tokio::test]
async fn a_legacy_list_is_in_order_and_has_no_keys_of_the_modern_era() {
    let mut client = Client::legacy().await;
    let first = client.ask("tools/list", json!({})).await;
    let again = client.ask("tools/list", json!({})).await;
    assert_eq!(first["result"], again["result"]);
    let names: Vec<&str> =
        first["result"]["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str()).collect();
    assert_eq!(names[..2], ["echo", "steps"]);
    let echo = &first["result"]["tools"][0];
    assert_eq!(echo["inputSchema"]["required"], json!(["text"]));
    assert_eq!(echo["annotations"], json!({"readOnlyHint": true}));
    for key in ["resultType", "ttlMs", "cacheScope", "nextCursor"] {
        assert!(first["result"].get(key).is_none(), "{key}");
    }
}

#[tokio::test]
async fn a_legacy_call_answers_with_structured_content_and_the_same_json_as_text() {
    let mut client = Client::legacy().await;
    let result = client.call("echo", json!({"text": "hi"})).await["result"].clone();
    assert_eq!(result["structuredContent"], json!({"success": true, "text": "hi", "length": 2}));
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap_or_default()).expect("JSON");
    assert_eq!(text, result["structuredContent"]);
    assert_eq!((result["isError"].clone(), result.get("resultType")), (json!(false), None));
    assert!(result["_meta"]["sequitur/interaction_id"].is_string());
}

#[tokio::test]
async fn a_modern_client_discovers_lists_and_calls_without_a_handshake() {
    let mut client = Client::connect();
    let discovered = client.ask_modern("server/discover", json!({}), "one").await["result"].clone();
    assert_eq!(discovered["supportedVersions"].as_array().and_then(|all| all.last()), Some(&json!("2026-07-28")));
    assert_eq!(discovered["capabilities"], json!({"tools": {"listChanged": true}}));
    assert_eq!(discovered["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "sequitur");
    let list = client.ask_modern("tools/list", json!({}), "one").await["result"].clone();
    assert_eq!(list["resultType"], "complete");
    assert!(list["ttlMs"].is_u64() && list["cacheScope"].is_string(), "{list}");
    let result = client.ask_modern("tools/call", json!({"name": "echo", "arguments": {"text": "hi"}}), "one").await;
    assert_eq!(result["result"]["resultType"], "complete");
    assert_eq!(result["result"]["structuredContent"]["text"], "hi");
}

#[tokio::test]
async fn a_modern_call_may_be_the_first_thing_said() {
    let mut client = Client::connect();
    let answer = client.ask_modern("tools/call", json!({"name": "echo", "arguments": {"text": "hi"}}), "one").await;
    assert_eq!(answer["result"]["structuredContent"]["text"], "hi");
}

#[tokio::test]
async fn both_eras_are_told_the_same_tools() {
    let legacy = Client::legacy().await.ask("tools/list", json!({})).await;
    let modern = Client::connect().ask_modern("tools/list", json!({}), "one").await;
    assert_eq!(legacy["result"]["tools"], modern["result"]["tools"]);
}

#[tokio::test]
async fn an_unsupported_version_in_a_request_has_its_own_code() {
    let mut client = Client::connect();
    let mut params = modern(json!({}), "one");
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2031-01-01");
    assert_eq!(client.ask("tools/list", params).await["error"]["code"], -32022);
}

#[tokio::test]
async fn a_modern_request_without_its_metadata_is_refused_and_the_session_goes_on() {
    let mut client = Client::connect();
    client.ask_modern("tools/list", json!({}), "one").await;
    assert_eq!(client.ask("tools/list", json!({})).await["error"]["code"], -32602);
    assert!(client.ask_modern("tools/list", json!({}), "one").await["result"].is_object());
}

#[tokio::test]
async fn what_is_not_advertised_is_not_there() {
    let mut client = Client::legacy().await;
    assert_eq!(client.ask("logging/setLevel", json!({"level": "info"})).await["error"]["code"], -32601);
    assert!(client.ask("ping", json!({})).await["result"].is_object());
}

#[tokio::test]
async fn a_legacy_session_is_the_process_and_a_modern_one_also_the_clients_name() {
    let mut client = Client::legacy().await;
    client.call("bind", json!({})).await;
    let me = client.call("whoami", json!({})).await["result"]["structuredContent"].clone();
    assert_eq!((&me["session"], &me["model"]), (&json!("process-1"), &json!("Retail")));

    let mut client = Client::connect();
    let call = |name: &str| json!({"name": name, "arguments": {}});
    client.ask_modern("tools/call", call("bind"), "one").await;
    let one = client.ask_modern("tools/call", call("whoami"), "one").await["result"]["structuredContent"].clone();
    assert_eq!((&one["session"], &one["model"]), (&json!("process-1/one"), &json!("Retail")));
    let two = client.ask_modern("tools/call", call("whoami"), "two").await["result"]["structuredContent"].clone();
    assert_eq!((&two["session"], &two["model"]), (&json!("process-1/two"), &Value::Null));
}

#[tokio::test]
async fn a_probe_that_only_lists_starts_nothing() {
    let mut client = Client::connect();
    assert!(client.activity.lock().expect("not poisoned").is_empty(), "starting has no side effects");
    client.initialize("2025-11-25").await;
    client.ask("tools/list", json!({})).await;
    assert_eq!(*client.activity.lock().expect("not poisoned"), [Activity::FirstRequest]);
    client.call("echo", json!({"text": "x"})).await;
    client.call("echo", json!({"text": "x"})).await;
    assert_eq!(*client.activity.lock().expect("not poisoned"), [Activity::FirstRequest, Activity::FirstCall]);
}
