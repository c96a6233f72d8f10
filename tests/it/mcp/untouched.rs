//! A server's answer reaches the client as it came, whatever the protocol of
//! today knows of it.

use std::sync::Arc;

use futures::future::BoxFuture;
use sequitur::base::{ManualEntropy, SystemClock};
use sequitur::config::{NextSteps, Redaction};
use sequitur::contract::{Annotations, CallFailure, ToolCall, ToolDefinition, ToolOutput};
use sequitur::registry::{Finished, ListSettings, Listed, Observer, Provider, RegistryParts, Started, ToolSet};
use serde_json::{Value, json};

use super::support::Client;

/// A server whose answers have what no revision of the protocol knows yet.
struct Odd;

fn blocks() -> Value {
    json!([
        {"type": "text", "text": "caf\u{e9} \u{1F600} \"q\" \n", "annotations": {"priority": 0.1, "x": null}, "later": [1]},
        {"type": "hologram", "layers": [{"z": 3.000_000_000_000_000_4, "n": 18_446_744_073_709_551_615_u64}], "_meta": {"a": {}}},
        {"type": "resource_link", "uri": "x://y", "name": "n", "size": 12, "colour": "blue"},
        {"unheard": "of"},
    ])
}

fn structured() -> Value {
    json!({"z": 1, "a": {"b": [null, true, 1e300, -0.0, ""]}, "success": "a word of the server's own"})
}

impl Provider for Odd {
    fn tools(&self) -> Vec<Listed> {
        let tool = |name: &str, next_steps: NextSteps| {
            let definition = ToolDefinition {
                name: format!("odd__{name}"),
                title: None,
                description: String::new(),
                input_schema: json!({"type": "object"}),
                output_schema: Some(json!({"type": "object", "required": ["z"]})),
                annotations: Annotations::default(),
            };
            Listed { next_steps, ..Listed::new(definition, ToolSet::Server) }
        };
        let texts = ["whole", "structured", "empty", "failed", "scalar", "large", "secret"];
        let mut tools: Vec<Listed> = texts.into_iter().map(|name| tool(name, NextSteps::Text)).collect();
        tools.extend([tool("meta", NextSteps::Meta), tool("off", NextSteps::Off)]);
        tools
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let list = |value: Value| value.as_array().cloned().unwrap_or_default();
        let whole = ToolOutput {
            structured: Some(structured()),
            content: list(blocks()),
            meta: object(json!({"server/own": {"deep": [1, 2]}, "progressToken": 4})),
            extra: object(json!({"nextThing": {"kept": true}, "resultType": "complete", "nothing": null})),
            ..ToolOutput::default()
        };
        let output = match call.name.as_str() {
            "odd__structured" => ToolOutput::structured(structured()),
            "odd__empty" => ToolOutput::default(),
            "odd__failed" => ToolOutput { is_error: true, ..whole },
            "odd__scalar" => ToolOutput::structured(json!("{\"jsonrpc\":\"2.0\"}")),
            "odd__large" => ToolOutput {
                content: vec![json!({"type": "text", "text": "x\"".repeat(4 << 20)})],
                ..ToolOutput::default()
            },
            "odd__secret" => ToolOutput {
                content: vec![json!({"type": "text", "text": "the key is hunter22\"x, twice hunter22\"x"})],
                ..ToolOutput::default()
            },
            _ => whole,
        };
        Box::pin(async move { Ok(output) })
    }
}

/// Always proposes the same.
struct Proposes;

impl Observer for Proposes {
    fn started(&self, _call: &Started) {}

    fn finished(&self, _call: &Started, _end: &Finished<'_>) -> Option<Vec<Value>> {
        Some(vec![json!({"tool": "next", "reason": "r"})])
    }
}

async fn client(modern: bool) -> Client {
    let parts = RegistryParts {
        observer: Arc::new(Proposes),
        redaction: Redaction::new(&["hunter22\"x".to_owned()]),
        list: ListSettings::default(),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(ManualEntropy::new(1)),
    };
    let mut client = Client::connect_with(Some(Arc::new(Odd)), parts);
    if !modern {
        client.initialize("2025-11-25").await;
    }
    client
}

async fn result(client: &mut Client, tool: &str, modern: bool) -> Value {
    let params = json!({"name": format!("odd__{tool}"), "arguments": {}});
    let answer = if modern {
        client.ask_modern("tools/call", params, "one").await
    } else {
        client.ask("tools/call", params).await
    };
    answer["result"].clone()
}

#[tokio::test]
async fn everything_in_a_servers_answer_reaches_the_client_with_one_block_more_in_both_eras() {
    for modern in [false, true] {
        let mut client = client(modern).await;
        for (tool, is_error) in [("whole", false), ("failed", true)] {
            let mut result = result(&mut client, tool, modern).await;
            let result = result.as_object_mut().expect("an object");
            assert_eq!(result.shift_remove("resultType"), modern.then(|| json!("complete")));
            let mut meta = result.shift_remove("_meta").expect("metadata");
            let meta = meta.as_object_mut().expect("an object");
            assert!(meta.shift_remove("sequitur/interaction_id").is_some_and(|id| id.is_string()));
            let steps = json!([{"tool": "next", "reason": "r"}]);
            assert_eq!(meta.shift_remove("sequitur/next_steps"), Some(steps.clone()));
            assert_eq!(Value::Object(meta.clone()), json!({"server/own": {"deep": [1, 2]}, "progressToken": 4}));
            let mut content = blocks();
            if tool == "whole" {
                // The second call has the same steps: they are not said again.
                let said = json!({"_next_steps": steps}).to_string();
                content.as_array_mut().expect("a list").push(json!({"type": "text", "text": said}));
            }
            let rest = json!({
                "content": content, "structuredContent": structured(), "isError": is_error,
                "nextThing": {"kept": true}, "nothing": null,
            });
            assert_eq!(Value::Object(result.clone()), rest);
        }
    }
}

#[tokio::test]
async fn the_very_text_of_numbers_and_the_order_of_keys_stay() {
    let mut client = client(false).await;
    client.request("tools/call", json!({"name": "odd__off", "arguments": {}})).await;
    let line = client.next_line().await;
    for part in [blocks(), structured()] {
        assert!(line.contains(&part.to_string()), "{part} is not in {line}");
    }
    assert!(!line.contains("next_steps"), "they are switched off");
}

#[tokio::test]
async fn no_block_is_made_for_an_answer_without_one() {
    let mut client = client(false).await;
    let structured_alone = result(&mut client, "structured", false).await;
    assert_eq!((&structured_alone["content"], &structured_alone["structuredContent"]), (&json!([]), &structured()));
    assert!(structured_alone["_meta"]["sequitur/next_steps"].is_array());
    let scalar = result(&mut client, "scalar", false).await;
    assert_eq!(scalar["structuredContent"], "{\"jsonrpc\":\"2.0\"}");
    let empty = result(&mut client, "empty", false).await;
    assert_eq!(empty["content"].as_array().map(Vec::len), Some(1), "beside nothing there is room for the next steps");
    let meta = result(&mut client, "meta", false).await;
    assert_eq!((&meta["content"], meta["_meta"]["sequitur/next_steps"].is_array()), (&blocks(), true));
}

#[tokio::test]
async fn an_answer_of_many_megabytes_passes_and_the_next_call_is_answered() {
    let mut client = client(true).await;
    let large = result(&mut client, "large", true).await;
    assert_eq!(large["content"][0]["text"].as_str().map(str::len), Some(8 << 20));
    assert_eq!(result(&mut client, "off", true).await["structuredContent"], structured());
}

#[tokio::test]
async fn a_secret_of_the_configuration_is_taken_out_and_nothing_else() {
    let mut client = client(false).await;
    let text = result(&mut client, "secret", false).await["content"][0]["text"].clone();
    assert_eq!(text, "the key is <redacted>, twice <redacted>");
}
