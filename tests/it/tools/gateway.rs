//! Tools that are not listed: found by words, called by name, answered and
//! recorded as themselves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use sequitur::base::ErrorKind;
use sequitur::contract::{Annotations, CallFailure, Origin, Progress, ToolCall, ToolDefinition, ToolOutput};
use sequitur::registry::{Listed, Provider, ToolSet};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::recorder::{Process, World, body, next_steps, open, request, step};

/// A server's tools; what they were called with.
#[derive(Default)]
struct Server(Mutex<Vec<ToolCall>>);

struct Of(Arc<Server>);

impl Provider for Of {
    fn tools(&self) -> Vec<Listed> {
        let tool = |name: &str, description: &str, read_only: Option<bool>| {
            let definition = ToolDefinition {
                name: format!("shop__{name}"),
                title: None,
                description: description.to_owned(),
                input_schema: json!({"type": "object", "properties": {"id": {"type": "integer"}}}),
                output_schema: None,
                annotations: Annotations { read_only_hint: read_only, ..Annotations::default() },
            };
            Listed { hidden: true, ..Listed::new(definition, ToolSet::Server) }
        };
        vec![
            tool("list_orders", "Lists the orders of a customer.", Some(true)),
            tool("cancel_order", "Cancels an order.", Some(false)),
            tool("ship", "Ships.", None),
            tool("slow", "Takes its time.", Some(true)),
            tool("gone", "Never answers.", None),
        ]
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        self.0.0.lock().unwrap().push(call.clone());
        Box::pin(async move {
            match call.name.as_str() {
                "shop__slow" => {
                    if let Some(progress) = &call.progress {
                        progress(Progress { progress: 1.0, total: Some(2.0), message: None });
                    }
                    call.cancel.cancelled().await;
                    Ok(ToolOutput::structured(json!({"ended": "in order"})))
                }
                "shop__gone" => {
                    let failure = CallFailure::new(ErrorKind::Unavailable, "the server is gone");
                    Err(CallFailure { outcome_unknown: true, ..failure })
                }
                _ => Ok(ToolOutput {
                    content: vec![json!({"type": "odd", "x": call.arguments})],
                    extra: json!({"later": 1}).as_object().cloned().unwrap_or_default(),
                    ..ToolOutput::structured(json!({"success": false, "big": "y".repeat(50_000)}))
                }),
            }
        })
    }
}

async fn process(folder: &std::path::Path) -> (Process, Arc<Server>) {
    let process = World::new(folder).start().await;
    let server = Arc::new(Server::default());
    process.registry.add(Arc::new(Of(server.clone())));
    (process, server)
}

#[tokio::test]
async fn tools_are_found_by_words_listed_or_not_with_what_calls_them() {
    let folder = tempfile::tempdir().unwrap();
    let (process, _) = process(folder.path()).await;
    let output = process.call("find_tools", json!({"query": "orders of a customer"})).await;
    let answer = super::answer(&process, "find_tools", &output);
    assert_eq!(answer["tools"][0]["name"], "shop__list_orders");
    assert_eq!(answer["tools"][0]["description"], "Lists the orders of a customer.");
    assert_eq!(answer["tools"][0]["input_schema"]["properties"], json!({"id": {"type": "integer"}}));
    assert_eq!(answer["tools"][0]["call_with"], "call_tool");
    assert!(answer["tools"][0]["score"].as_f64().is_some_and(|score| score > 0.5));
    assert_eq!(next_steps(&output)[0]["tool"], "shop__list_orders");
    let write = body(&process.call("find_tools", json!({"query": "shop__ship", "limit": 1})).await);
    assert_eq!(write["tools"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&write["tools"][0]["call_with"], &write["tools"][0]["score"]),
        (&json!("call_tool_write"), &json!(1.0))
    );
    let own = body(&process.call("find_tools", json!({"query": "find call tools", "limit": 20})).await);
    let names: Vec<&str> = own["tools"].as_array().unwrap().iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert!(names.iter().all(|name| !name.contains("call_tool") && *name != "find_tools"), "{names:?}");
    let none = body(&process.call("find_tools", json!({"query": "zeppelin"})).await);
    assert_eq!((&none["success"], &none["tools"], &none["total"]), (&json!(true), &json!([]), &json!(0)));
}

#[tokio::test]
async fn an_answer_with_many_long_tools_stays_within_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let (process, _) = process(folder.path()).await;
    let all = body(&process.call("find_tools", json!({"query": "", "limit": 20})).await);
    assert!(all.to_string().len() <= 16_000 && all.get("truncated").is_none());
    assert!(all["total"].as_u64() > all["tools"].as_array().map(|tools| tools.len() as u64));
}

#[tokio::test]
async fn a_tool_that_reads_is_called_and_answers_and_is_recorded_as_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (process, server) = process(folder.path()).await;
    let asked = json!({"name": "shop__list_orders", "arguments": {"id": 7, "odd": null}});
    let output = process.call("call_tool", asked).await;
    assert!(output.untouched && !output.is_error);
    assert_eq!(body(&output)["big"].as_str().map(str::len), Some(50_000), "nothing is cut");
    assert_eq!(body(&output)["success"], false);
    assert_eq!(output.content[0], json!({"type": "odd", "x": {"id": 7, "odd": null}}));
    assert_eq!(output.extra["later"], 1);
    assert!(output.meta["sequitur/interaction_id"].is_string());
    let origin = server.0.lock().unwrap()[0].origin.clone();
    assert_eq!(origin, Origin::Client { session: "one".to_owned() });
    process.recorder.flush().await.unwrap();
    let calls = open(folder.path()).last_calls("one", 9).await.unwrap();
    assert_eq!(calls.iter().map(|call| call.tool.as_str()).collect::<Vec<_>>(), ["shop__list_orders"]);
}

#[tokio::test]
async fn each_of_the_two_calls_only_its_own_kind() {
    let folder = tempfile::tempdir().unwrap();
    let (process, server) = process(folder.path()).await;
    for name in ["shop__cancel_order", "shop__ship"] {
        let asked = json!({"name": name, "arguments": {"id": 1}});
        let output = process.call("call_tool", asked.clone()).await;
        let refused = body(&output);
        assert_eq!((output.is_error, &refused["error_type"]), (true, &json!("invalid_input")));
        assert_eq!(refused["hint"], "call it with `call_tool_write`");
        assert_eq!(refused["example_call"], json!({"name": "call_tool_write", "arguments": asked}));
        assert!(refused["_next_steps"].is_array());
        assert!(server.0.lock().unwrap().is_empty(), "it was not called");
        assert!(!process.call("call_tool_write", asked).await.is_error);
        server.0.lock().unwrap().clear();
    }
    let output = process.call("call_tool_write", json!({"name": "shop__list_orders"})).await;
    assert_eq!(body(&output)["hint"], "call it with `call_tool`");
    let of_ours = process.call("call_tool", json!({"name": "list_workflow_templates"})).await;
    assert!(body(&of_ours)["templates"].is_array() && body(&of_ours)["_next_steps"].is_array());
    let gateway = process.call("call_tool_write", json!({"name": "call_tool", "arguments": {"name": "x"}})).await;
    assert_eq!((body(&gateway)["error_type"].clone(), gateway.is_error), (json!("invalid_input"), true));
}

#[tokio::test]
async fn wrong_names_and_arguments_are_told_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let (process, _) = process(folder.path()).await;
    let unknown = body(&process.call("call_tool", json!({"name": "shop__list_order"})).await);
    assert_eq!((&unknown["error_type"], &unknown["success"]), (&json!("not_found"), &json!(false)));
    let hint = unknown["hint"].as_str().unwrap();
    assert!(hint.starts_with("did you mean `shop__list_orders`"), "{hint}");
    let wrong = body(&process.call("call_tool", json!({"name": "shop__list_orders", "arguments": {"id": "x"}})).await);
    assert_eq!(wrong["error_type"], "invalid_input");
    assert_eq!(wrong["example_call"]["name"], "shop__list_orders");
    let nameless = body(&process.call("call_tool", json!({"tool": "shop__ship"})).await);
    assert_eq!(nameless["error_type"], "invalid_input");
    assert_eq!(process.last_logged(folder.path()).await.tool, "call_tool", "what never reached a tool is its own");
}

#[tokio::test(start_paused = true)]
async fn progress_cancellation_and_time_are_those_of_the_tool() {
    let folder = tempfile::tempdir().unwrap();
    let (process, _) = process(folder.path()).await;
    let reports = Arc::new(Mutex::new(Vec::new()));
    let sink = reports.clone();
    let cancel = CancellationToken::new();
    let mut call = request("call_tool", json!({"name": "shop__slow"}), Origin::Client { session: "one".to_owned() });
    call.cancel = cancel.clone();
    call.progress = Some(Arc::new(move |report: Progress| {
        sink.lock().unwrap().push(report.progress);
        cancel.cancel();
    }));
    let output = process.registry.dispatch(call).await.unwrap();
    assert_eq!(body(&output), json!({"ended": "in order"}));
    assert_eq!(*reports.lock().unwrap(), [1.0]);

    let asked = json!({"name": "shop__slow"});
    let late = ToolCall { timeout: Some(Duration::from_secs(3)), ..request("call_tool", asked, step("r")) };
    assert_eq!(body(&process.registry.dispatch(late).await.unwrap()), json!({"ended": "in order"}));
}

#[tokio::test]
async fn for_a_step_the_key_goes_along_and_an_unknown_outcome_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (process, server) = process(folder.path()).await;
    let asked = json!({"name": "shop__gone", "arguments": {}});
    let call = ToolCall { idempotency_key: Some("k".to_owned()), ..request("call_tool_write", asked, step("r")) };
    let failure = process.registry.dispatch(call).await.unwrap_err();
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Unavailable, true));
    let seen = server.0.lock().unwrap()[0].clone();
    assert_eq!((seen.idempotency_key.as_deref(), seen.origin), (Some("k"), step("r")));
}

#[tokio::test]
async fn the_gateway_is_listed_when_something_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let listed = |process: &Process, name: &str| process.registry.list().listed.iter().any(|tool| tool.name == name);
    assert!(!listed(&process, "find_tools"), "all is listed");
    process.registry.add(Arc::new(Large));
    for (name, is_listed) in [("big__one", false), ("find_tools", true), ("call_tool", true), ("call_tool_write", true)]
    {
        assert_eq!(listed(&process, name), is_listed, "{name}");
    }
}

/// A tool that is too large for the list.
struct Large;

impl Provider for Large {
    fn tools(&self) -> Vec<Listed> {
        let definition = ToolDefinition {
            name: "big__one".to_owned(),
            title: None,
            description: "d".repeat(60_000),
            input_schema: Value::Object(serde_json::Map::new()),
            output_schema: None,
            annotations: Annotations::default(),
        };
        vec![Listed::new(definition, ToolSet::Server)]
    }

    fn call(&self, _call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        Box::pin(std::future::ready(Ok(ToolOutput::default())))
    }
}
