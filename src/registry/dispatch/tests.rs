use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Registry, RegistryParts};
use crate::base::slots::Slots;
use crate::base::{ErrorKind, ManualClock, ManualEntropy};
use crate::config::{NextSteps, Redaction};
use crate::contract::{Annotations, Binding, CallFailure, CallTool as _, Origin, ToolCall, ToolDefinition, ToolOutput};
use crate::registry::{Finished, ListSettings, Listed, Observer, Provider, Started, ToolSet};

/// Tools that do what their names say.
struct Fake(ToolSet);

impl Provider for Fake {
    fn tools(&self) -> Vec<Listed> {
        let tool = |name: &str, schema: Value| {
            let mut listed = Listed::new(
                ToolDefinition {
                    name: format!("{}{name}", if self.0.is_ours() { "" } else { "s__" }),
                    title: None,
                    description: String::new(),
                    input_schema: schema,
                    output_schema: None,
                    annotations: Annotations::default(),
                },
                self.0,
            );
            listed.aliases = vec![("measure_name".to_owned(), "measure".to_owned())];
            listed
        };
        let open = json!({"type": "object"});
        let strict = json!({
            "type": "object", "additionalProperties": false, "required": ["measure"],
            "properties": {"measure": {"type": "string"}, "table": {"type": "string"}}
        });
        vec![
            tool("echo", open.clone()),
            tool("strict", strict),
            tool("panic", open.clone()),
            tool("hang", open.clone()),
            tool("ends_when_told", open.clone()),
            tool("bind", open.clone()),
            tool("text", open.clone()),
            tool("fail", open),
        ]
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        assert!(call.name != "panic", "at once");
        Box::pin(async move {
            match call.name.trim_start_matches("s__") {
                "hang" => std::future::pending().await,
                "ends_when_told" => {
                    call.cancel.cancelled().await;
                    Ok(ToolOutput::structured(json!({"success": true, "ended": "in order"})))
                }
                "bind" => Ok(ToolOutput {
                    binds: Some(Binding {
                        model_path: "/m".to_owned(),
                        model_name: "Retail".to_owned(),
                        fingerprint: String::new(),
                    }),
                    ..ToolOutput::structured(json!({"success": true}))
                }),
                "text" => {
                    let content = vec![json!({"type": "text", "text": "hi", "odd": 1})];
                    Ok(ToolOutput { content, ..ToolOutput::default() })
                }
                "fail" => Err(CallFailure::new(ErrorKind::Unavailable, "the server is gone")),
                _ => Ok(ToolOutput::structured(json!({
                    "success": true, "arguments": call.arguments, "model": call.binding.map(|b| b.model_name),
                }))),
            }
        })
    }
}

#[derive(Default)]
struct Log(Mutex<Vec<Value>>);

impl Observer for Log {
    fn started(&self, call: &Started) {
        let line = json!({"started": call.tool, "parameters": call.parameters, "id": call.id.0});
        self.0.lock().expect("not poisoned").push(line);
    }

    fn finished(&self, call: &Started, end: &Finished<'_>) -> Option<Vec<Value>> {
        let line = json!({
            "finished": call.tool, "error": end.error_kind, "model": end.model, "table": end.table, "id": call.id.0,
        });
        self.0.lock().expect("not poisoned").push(line);
        Some(vec![json!({"tool": "next"})])
    }
}

fn registry(set: ToolSet) -> (Registry, Arc<Log>) {
    let log = Arc::new(Log::default());
    let registry = Registry::new(RegistryParts {
        observer: log.clone(),
        redaction: Redaction::new(&["hunter22".to_owned()]),
        list: ListSettings::default(),
        clock: Arc::new(ManualClock::default()),
        entropy: Arc::new(ManualEntropy::new(1)),
    });
    registry.add(Arc::new(Fake(set)));
    (registry, log)
}

fn call(name: &str, arguments: &Value) -> ToolCall {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    ToolCall::new(name, arguments, Origin::Client { session: "one".to_owned() })
}

fn step(name: &str) -> ToolCall {
    let origin = Origin::Step { session: Some("one".to_owned()), run: "r".to_owned(), step: "s".to_owned() };
    ToolCall { origin, ..call(name, &json!({})) }
}

fn body(output: &ToolOutput) -> Value {
    output.structured.clone().unwrap_or_default()
}

#[tokio::test]
async fn a_call_is_recorded_from_start_to_end_and_answers_with_its_id_and_next_steps() {
    let (registry, log) = registry(ToolSet::Pack);
    let output =
        registry.dispatch(call("strict", &json!({"measure": "hunter22", "table": "Sales"}))).await.expect("an output");
    let log = log.0.lock().expect("not poisoned").clone();
    assert_eq!(log[0]["parameters"], json!({"measure": "<redacted>", "table": "Sales"}));
    assert_eq!((&log[1]["error"], &log[1]["table"]), (&Value::Null, &json!("Sales")));
    assert_eq!(log[0]["id"], log[1]["id"]);
    assert_eq!(output.meta["sequitur/interaction_id"], log[0]["id"]);
    assert_eq!(body(&output)["_next_steps"], json!([{"tool": "next"}]));
}

#[tokio::test]
async fn wrong_arguments_are_an_error_result_with_a_hint_and_do_not_reach_the_tool() {
    let (registry, log) = registry(ToolSet::Pack);
    let output = registry.dispatch(call("strict", &json!({"mesure": "x"}))).await.expect("an output");
    let body = body(&output);
    assert!(output.is_error);
    assert_eq!(
        (&body["success"], &body["error_type"], &body["retryable"]),
        (&json!(false), &json!("invalid_input"), &json!(false))
    );
    assert_eq!(body["hint"], "did you mean `measure` instead of `mesure`?");
    assert_eq!(body["example_call"], json!({"name": "strict", "arguments": {"measure": "..."}}));
    assert_eq!(body["_next_steps"], json!([{"tool": "next"}]));
    assert_eq!(log.0.lock().expect("not poisoned")[1]["error"], "invalid_input");
}

#[tokio::test]
async fn an_alias_and_a_null_for_an_optional_argument_are_accepted_by_our_own_tools() {
    let (registry, _) = registry(ToolSet::Pack);
    let output =
        registry.dispatch(call("strict", &json!({"measure_name": "m", "table": null}))).await.expect("an output");
    assert_eq!(body(&output)["arguments"], json!({"measure": "m"}));
}

#[tokio::test]
async fn an_unknown_name_is_told_the_nearest_names() {
    let (registry, _) = registry(ToolSet::Pack);
    let failure = registry.dispatch(call("stric", &json!({}))).await.expect_err("no such tool");
    assert_eq!(failure.kind, ErrorKind::NotFound);
    assert_eq!(failure.message, "there is no tool `stric`");
    assert_eq!(failure.hint.as_deref(), Some("did you mean `strict`?"));
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_next_call_works() {
    let (registry, log) = registry(ToolSet::Pack);
    let output = registry.dispatch(call("panic", &json!({}))).await.expect("an output");
    assert_eq!(body(&output)["error_type"], "internal");
    assert_eq!(log.0.lock().expect("not poisoned")[1]["error"], "internal");
    assert!(!registry.dispatch(call("echo", &json!({}))).await.expect("an output").is_error);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_call_whose_outcome_is_then_unknown() {
    let (registry, _) = registry(ToolSet::Pack);
    let deadline = Some(Duration::from_secs(3));
    let failure = registry.dispatch(ToolCall { timeout: deadline, ..step("hang") }).await.expect_err("no answer");
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Timeout, true));
    let output = registry.dispatch(ToolCall { timeout: deadline, ..step("ends_when_told") }).await.expect("an output");
    assert_eq!(body(&output)["ended"], "in order");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_may_end_in_order_and_is_dropped_when_it_does_not() {
    let (registry, log) = registry(ToolSet::Pack);
    let told = call("ends_when_told", &json!({}));
    told.cancel.cancel();
    assert_eq!(body(&registry.dispatch(told).await.expect("an output"))["ended"], "in order");
    let hangs = call("hang", &json!({}));
    hangs.cancel.cancel();
    let output = registry.dispatch(hangs).await.expect("an output");
    assert_eq!(body(&output)["error_type"], "interrupted");
    assert_eq!(log.0.lock().expect("not poisoned").len(), 4);
}

#[tokio::test]
async fn a_call_whose_caller_goes_away_is_recorded_as_interrupted() {
    let (registry, log) = registry(ToolSet::Pack);
    let pending = futures::FutureExt::now_or_never(registry.dispatch(call("hang", &json!({}))));
    assert!(pending.is_none());
    assert_eq!(log.0.lock().expect("not poisoned")[1]["error"], "interrupted");
}

#[tokio::test]
async fn a_session_stays_bound_and_steps_and_other_sessions_are_not() {
    let (registry, log) = registry(ToolSet::Pack);
    registry.dispatch(call("bind", &json!({}))).await.expect("an output");
    let bound = registry.dispatch(call("echo", &json!({}))).await.expect("an output");
    assert_eq!(body(&bound)["model"], "Retail");
    assert_eq!(log.0.lock().expect("not poisoned")[3]["model"], "Retail");
    let other = ToolCall { origin: Origin::Client { session: "two".to_owned() }, ..call("echo", &json!({})) };
    assert_eq!(body(&registry.dispatch(other).await.expect("an output"))["model"], Value::Null);
    let by_step = registry.dispatch(step("echo")).await.expect("an output");
    assert_eq!(body(&by_step)["model"], Value::Null);
    assert_eq!(body(&by_step).get("_next_steps"), None);
}

#[tokio::test]
async fn a_failed_call_is_an_error_result_to_a_client_and_a_failure_to_a_step() {
    let (registry, _) = registry(ToolSet::Server);
    let output = registry.dispatch(call("s__fail", &json!({}))).await.expect("an output");
    assert_eq!(body(&output)["error"], "the server is gone");
    assert_eq!(body(&output)["_next_steps"], json!([{"tool": "next"}]));
    assert_eq!(registry.dispatch(step("s__fail")).await.expect_err("a failure").kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_servers_answer_passes_untouched_with_next_steps_beside_it() {
    let (registry, _) = registry(ToolSet::Server);
    let output = registry.dispatch(call("s__echo", &json!({"a": null}))).await.expect("an output");
    assert_eq!(body(&output), json!({"success": true, "arguments": {"a": null}, "model": null}));
    assert_eq!(output.meta["sequitur/next_steps"], json!([{"tool": "next"}]));
    assert_eq!((output.content.len(), output.untouched), (0, true), "a block would hide what is structured");
    let text = |output: &ToolOutput| output.content.clone();
    let first = registry.dispatch(call("s__text", &json!({}))).await.expect("an output");
    let said = json!({"type": "text", "text": "hi", "odd": 1});
    assert_eq!(text(&first), [said.clone(), json!({"type": "text", "text": r#"{"_next_steps":[{"tool":"next"}]}"#})]);
    let again = registry.dispatch(call("s__text", &json!({}))).await.expect("an output");
    assert_eq!(text(&again), [said], "the same was said before");
}

#[test]
fn of_two_tools_with_one_name_the_earlier_stays_and_the_later_is_told() {
    let (registry, _) = registry(ToolSet::Pack);
    registry.add(Arc::new(Fake(ToolSet::Pack)));
    assert_eq!(registry.names().len(), 8);
    assert_eq!(registry.refused().len(), 8);
}

/// A server's tools, which come when they are told to.
struct Server {
    names: Mutex<Vec<&'static str>>,
    changes: watch::Sender<u64>,
    next_steps: NextSteps,
}

impl Server {
    fn new(names: &[&'static str]) -> Arc<Self> {
        Arc::new(Self {
            names: Mutex::new(names.to_vec()),
            changes: watch::Sender::new(0),
            next_steps: NextSteps::Text,
        })
    }

    fn has(&self, names: &[&'static str]) {
        *self.names.lock().expect("not poisoned") = names.to_vec();
        self.changes.send_modify(|n| *n += 1);
    }
}

/// Cheap to share.
struct Of(Arc<Server>);

impl Provider for Of {
    fn tools(&self) -> Vec<Listed> {
        let names = self.0.names.lock().expect("not poisoned").clone();
        let definition = |name: &str| ToolDefinition {
            name: name.to_owned(),
            title: None,
            description: String::new(),
            input_schema: json!({"type": "object"}),
            output_schema: None,
            annotations: Annotations::default(),
        };
        let next_steps = self.0.next_steps;
        names.iter().map(|name| Listed { next_steps, ..Listed::new(definition(name), ToolSet::Server) }).collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        Box::pin(async move { Ok(ToolOutput::structured(json!({"name": call.name}))) })
    }

    fn changed(&self) -> Option<watch::Receiver<u64>> {
        Some(self.0.changes.subscribe())
    }
}

fn with_server(server: &Arc<Server>) -> Registry {
    let (registry, _) = registry(ToolSet::Pack);
    registry.add(Arc::new(Of(Arc::clone(server))));
    registry
}

#[tokio::test]
async fn the_list_changes_with_its_sources_and_tells_so_once_it_was_asked_for() {
    let server = Server::new(&["s__a"]);
    let registry = with_server(&server);
    let mut changed = registry.changed();
    let follow = registry.follow();
    tokio::pin!(follow);
    server.has(&["s__a", "s__b"]);
    assert!(futures::poll!(&mut follow).is_pending());
    assert!(!changed.has_changed().expect("open"), "nobody has a list yet");
    let has = |name: &str| registry.list().listed.iter().any(|tool| tool.name == name);
    assert!(has("s__b"));
    server.has(&["s__b", "s__c"]);
    assert!(futures::poll!(&mut follow).is_pending());
    assert!(changed.has_changed().expect("open"));
    changed.mark_unchanged();
    assert!(has("s__c") && !has("s__a"));
    server.has(&["s__b", "s__c"]);
    assert!(futures::poll!(&mut follow).is_pending());
    assert!(!changed.has_changed().expect("open"), "the same tools are no news");
}

#[tokio::test]
async fn where_next_steps_of_a_server_go_is_for_its_configuration_to_say() {
    for (next_steps, in_meta) in [(NextSteps::Meta, true), (NextSteps::Off, false)] {
        let server = Arc::new(Server { next_steps, ..Arc::into_inner(Server::new(&["s__a"])).expect("one") });
        let output = with_server(&server).dispatch(call("s__a", &json!({}))).await.expect("an output");
        assert_eq!((output.content.len(), output.meta.contains_key("sequitur/next_steps")), (0, in_meta));
        assert!(output.untouched);
    }
}

/// A source that has to be asked before it knows its tool, holds another back,
/// keeps the time of calls itself and has a pool.
struct Late(Mutex<bool>, Slots);

impl Provider for Late {
    fn tools(&self) -> Vec<Listed> {
        let definition = ToolDefinition {
            name: "late__tool".to_owned(),
            title: None,
            description: String::new(),
            input_schema: json!({"type": "object"}),
            output_schema: None,
            annotations: Annotations::default(),
        };
        let known = *self.0.lock().expect("not poisoned");
        known.then(|| Listed::new(definition, ToolSet::Server)).into_iter().collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        Box::pin(async move {
            tokio::time::sleep(call.timeout.unwrap_or_default() * 2).await;
            Err(CallFailure::new(ErrorKind::Timeout, "not sent in time"))
        })
    }

    fn pool(&self, name: &str) -> Option<Slots> {
        (name == "late__tool").then(|| self.1.clone())
    }

    fn refusal(&self, name: &str) -> Option<CallFailure> {
        (name == "late__changed").then(|| CallFailure::new(ErrorKind::Quarantined, "it changed").with_hint("accept it"))
    }

    fn seek<'p>(&'p self, names: &'p [String]) -> BoxFuture<'p, ()> {
        Box::pin(async move {
            if names.iter().any(|name| name.starts_with("late__")) {
                *self.0.lock().expect("not poisoned") = true;
            }
        })
    }

    fn keeps_time(&self) -> bool {
        true
    }
}

fn with_late() -> Registry {
    let (registry, _) = registry(ToolSet::Core);
    registry.add(Arc::new(Late(Mutex::new(false), Slots::new(2))));
    registry
}

#[tokio::test]
async fn a_tool_that_is_held_back_is_refused_with_its_sources_reason() {
    let registry = with_late();
    let answer = registry.dispatch(call("late__changed", &json!({}))).await.unwrap();
    let body = body(&answer);
    assert_eq!((&body["error_type"], &body["hint"]), (&json!("quarantined"), &json!("accept it")));
    assert!(body.get("_next_steps").is_some() && answer.is_error);
    let failure = registry.dispatch(step("late__changed")).await.unwrap_err();
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Quarantined, false));
    assert_eq!(registry.absence("late__changed").kind, ErrorKind::Quarantined);
    assert_eq!(registry.absence("nobody__knows").kind, ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_call_asks_the_sources_that_may_have_its_tool_and_a_source_may_keep_the_time_itself() {
    let registry = with_late();
    assert!(registry.pool("late__tool").is_none());
    let mut late = step("late__tool");
    late.timeout = Some(Duration::from_secs(1));
    let failure = registry.dispatch(late).await.unwrap_err();
    assert_eq!(failure.message, "not sent in time");
    assert!(!failure.outcome_unknown && registry.pool("late__tool").is_some());
}
