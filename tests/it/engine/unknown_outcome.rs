//! Calls of a server that bring no reply, from the tool that runs a workflow to
//! the tool that answers the question, over the registry and the engine.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use sequitur::base::{ErrorKind, ManualEntropy, SystemClock};
use sequitur::config::Redaction;
use sequitur::contract::{Annotations, CallFailure, CallTool, Origin, ToolCall, ToolDefinition, ToolOutput};
use sequitur::engine::{Secrets, Settings};
use sequitur::registry::{ListSettings, Listed, NoObserver, Provider, Registry, RegistryParts, ToolSet};
use sequitur::tools::{ALL, OwnTools, Services, Unavailable};
use sequitur::workflow::plan::OnUnknown;
use serde_json::{Value, json};

use super::world::Process;

/// What a call of the server comes to. Past the script's end it is done.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Sent, and no reply.
    Lost,
    /// The server was gone before it was sent.
    Unsent,
    /// Refused by the tool.
    Refused,
}

/// A server with a tool of each kind: `bank__pay` is not safe to repeat.
#[derive(Default)]
struct Bank {
    script: Mutex<VecDeque<Act>>,
    keys: Mutex<Vec<String>>,
}

struct Of(Arc<Bank>);

impl Provider for Of {
    fn tools(&self) -> Vec<Listed> {
        let tool = |name: &str, read_only: bool, idempotent: bool| {
            let definition = ToolDefinition {
                name: format!("bank__{name}"),
                title: None,
                description: String::new(),
                input_schema: json!({"type": "object"}),
                output_schema: None,
                annotations: Annotations {
                    read_only_hint: Some(read_only),
                    idempotent_hint: Some(idempotent),
                    ..Annotations::default()
                },
            };
            Listed::new(definition, ToolSet::Server)
        };
        vec![tool("pay", false, false), tool("put", false, true), tool("balance", true, false)]
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        self.0.keys.lock().unwrap().push(call.idempotency_key.clone().unwrap_or_default());
        let act = self.0.script.lock().unwrap().pop_front();
        Box::pin(async move {
            let gone = CallFailure::new(ErrorKind::Unavailable, "the server is gone");
            match act {
                Some(Act::Lost) => Err(CallFailure { outcome_unknown: true, ..gone }),
                Some(Act::Unsent) => Err(gone),
                Some(Act::Refused) => {
                    let content = vec![json!({"type": "text", "text": "no such account"})];
                    Ok(ToolOutput { content, is_error: true, ..ToolOutput::default() })
                }
                None => Ok(ToolOutput::structured(json!({"receipt": 1}))),
            }
        })
    }

    fn keeps_time(&self) -> bool {
        true
    }
}

/// A process with the bank behind it.
struct Desk {
    registry: Arc<Registry>,
    bank: Arc<Bank>,
    process: Process,
}

fn person() -> Origin {
    Origin::Cli { session: "cli".to_owned() }
}

fn agent() -> Origin {
    Origin::Client { session: "agent".to_owned() }
}

impl Desk {
    async fn new(folder: &Path, script: &[Act]) -> Self {
        Self::with(folder, script, Settings::default(), false).await
    }

    async fn with(folder: &Path, script: &[Act], settings: Settings, relay: bool) -> Self {
        let process = Process::without_tools(folder, "one", settings, Secrets::default()).await;
        let bank = Arc::new(Bank { script: Mutex::new(script.iter().copied().collect()), keys: Mutex::default() });
        let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(ManualEntropy::new(7)));
        let registry = Arc::new(Registry::new(RegistryParts {
            observer: Arc::new(NoObserver),
            redaction: Redaction::default(),
            list: ListSettings::default(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        }));
        let nothing = Unavailable { kind: ErrorKind::StoreUnavailable, error: String::new(), hint: None };
        let services = Services {
            engine: Ok(process.engine.clone()),
            agent_may_relay: relay,
            ..Services::offline(clock, entropy, nothing)
        };
        let tools: Arc<dyn CallTool> = registry.clone();
        assert!(services.tools.set(Arc::downgrade(&tools)).is_ok(), "set once");
        registry.add(Arc::new(OwnTools::new(ALL, Arc::new(services))));
        registry.add(Arc::new(Of(bank.clone())));
        process.engine.set_tools(tools);
        Self { registry, bank, process }
    }

    async fn call(&self, tool: &str, arguments: &Value, origin: Origin) -> Value {
        let call = ToolCall::new(tool, arguments.as_object().cloned().unwrap_or_default(), origin);
        self.registry.dispatch(call).await.unwrap().structured.unwrap_or_default()
    }

    /// Runs a workflow of one step, `pay`, that is `step`.
    async fn run(&self, step: Value) -> Value {
        self.run_with(step, json!({})).await
    }

    async fn run_with(&self, mut step: Value, rest: Value) -> Value {
        step["step_id"] = json!("pay");
        let mut definition = json!({
            "template_id": "pay", "template_name": "Pay", "steps": [step], "outputs": {"receipt": "{{ pay.receipt }}"},
        });
        definition.as_object_mut().unwrap().extend(rest.as_object().cloned().unwrap_or_default());
        self.call("execute_workflow", &json!({"definition": definition}), person()).await
    }

    async fn respond(&self, run: &Value, answer: Value, origin: Origin) -> Value {
        let task = &run["pending_tasks"][0]["task_id"];
        let arguments = json!({"workflow_id": run["workflow_id"], "task_id": task, "answer": answer});
        self.call("respond_to_task", &arguments, origin).await
    }

    fn keys(&self) -> Vec<String> {
        self.bank.keys.lock().unwrap().clone()
    }

    async fn ends(self) {
        self.process.dies().await;
    }
}

fn retries(n: u32) -> Value {
    json!({"max_retries": n, "delay_seconds": 0.001, "max_delay_seconds": 0.001})
}

#[tokio::test]
async fn an_unsafe_call_without_a_reply_asks_whatever_retry_says_and_the_question_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path(), &[Act::Lost]).await;
    let run = desk.run(json!({"tool": "bank__pay", "retry": retries(5)})).await;
    assert_eq!((&run["status"], &run["success"]), (&json!("paused"), &json!(true)));
    let task = &run["pending_tasks"][0];
    assert_eq!(
        (&task["kind"], &task["step_id"], &task["assignee"]),
        (&json!("interrupted"), &json!("pay"), &json!("human"))
    );
    assert_eq!(task["answer_schema"]["properties"]["action"]["enum"], json!(["retry", "done", "fail"]));
    assert!(task["prompt"].as_str().is_some_and(|prompt| prompt.contains("bank__pay")), "{task}");
    assert_eq!(run["step_results"]["pay"]["status"], "interrupted");
    let status = desk.call("get_workflow_status", &json!({"workflow_id": run["workflow_id"]}), agent()).await;
    assert_eq!(status["status"]["pending_tasks"][0], *task);
    assert_eq!(desk.keys().len(), 1);
    desk.ends().await;
}

#[tokio::test]
async fn each_of_the_three_answers_does_what_it_says() {
    for (answer, calls, status, receipt) in [
        (json!({"action": "retry"}), 2, "completed", json!(1)),
        (json!({"action": "done", "result": {"receipt": 7}}), 1, "completed", json!(7)),
        (json!({"action": "fail"}), 1, "failed", Value::Null),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::new(folder.path(), &[Act::Lost]).await;
        let run = desk.run(json!({"tool": "bank__pay"})).await;
        let wrong = desk.respond(&run, json!({"action": "pray"}), person()).await;
        assert_eq!((&wrong["error_type"], wrong["answer_schema"].is_object()), (&json!("invalid_input"), true));
        let refused = desk.respond(&run, answer.clone(), agent()).await;
        assert_eq!(refused["error_type"], "human_required", "an agent may not");
        assert!(refused["command"].as_str().is_some_and(|command| command.starts_with("sequitur respond ")));
        let ended = desk.respond(&run, answer.clone(), person()).await;
        assert_eq!((&ended["status"], &ended["outputs"]["receipt"]), (&json!(status), &receipt), "{answer}: {ended}");
        let step = &ended["step_results"]["pay"];
        assert_eq!((&step["answered_via"], &step["attempts"]), (&json!("cli"), &json!(calls)));
        if status == "failed" {
            assert_eq!((&step["error"]["kind"], &ended["success"]), (&json!("interrupted"), &json!(false)));
        }
        let keys = desk.keys();
        assert!(keys.len() == calls && keys.iter().all(|key| *key == keys[0] && key.len() == 32), "{keys:?}");
        let late = desk.respond(&run, answer, person()).await;
        assert_eq!(late["error_type"], "conflict");
        desk.ends().await;
    }
}

#[tokio::test]
async fn an_agent_may_answer_where_the_configuration_says_so_and_may_be_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::with(folder.path(), &[Act::Lost, Act::Lost], Settings::default(), true).await;
    let run = desk.run(json!({"tool": "bank__pay"})).await;
    let again = desk.respond(&run, json!({"action": "retry"}), agent()).await;
    assert_eq!(again["status"], "paused");
    assert_ne!(again["pending_tasks"][0]["task_id"], run["pending_tasks"][0]["task_id"]);
    let ended = desk.respond(&again, json!({"action": "retry"}), agent()).await;
    assert_eq!(
        (&ended["status"], &ended["step_results"]["pay"]["answered_via"]),
        (&json!("completed"), &json!("agent"))
    );
    desk.ends().await;
}

#[tokio::test]
async fn on_unknown_fail_fails_past_retry_and_goes_on_to_on_error() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path(), &[Act::Lost, Act::Lost]).await;
    let step = json!({"tool": "bank__pay", "on_unknown": "fail", "retry": retries(5)});
    let run = desk.run(step.clone()).await;
    assert_eq!((&run["status"], &run["error_type"]), (&json!("failed"), &json!("interrupted")));
    assert_eq!((&run["failed_step"]["kind"], desk.keys().len()), (&json!("interrupted"), 1));
    let mut goes_on = step;
    goes_on["on_error"] = json!("continue");
    let run = desk.run(goes_on).await;
    assert_eq!((&run["status"], &run["steps_failed"]), (&json!("completed"), &json!(1)));
    desk.ends().await;
}

#[tokio::test]
async fn on_unknown_retry_makes_it_a_plain_failure_that_retry_repeats_under_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path(), &[Act::Lost, Act::Lost]).await;
    let run = desk.run(json!({"tool": "bank__pay", "on_unknown": "retry", "retry": retries(2)})).await;
    assert_eq!((&run["status"], &run["step_results"]["pay"]["attempts"]), (&json!("completed"), &json!(3)));
    let keys = desk.keys();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    desk.ends().await;
}

#[tokio::test]
async fn the_step_has_its_say_before_the_template_and_the_template_before_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { on_unknown: OnUnknown::Fail, ..Settings::default() };
    let desk = Desk::with(folder.path(), &[Act::Lost; 4], settings, false).await;
    let plain = json!({"tool": "bank__pay"});
    assert_eq!(desk.run(plain.clone()).await["status"], "failed");
    assert_eq!(desk.run_with(plain, json!({"on_unknown": "ask"})).await["status"], "paused");
    let says = json!({"tool": "bank__pay", "on_unknown": "fail"});
    assert_eq!(desk.run_with(says, json!({"on_unknown": "ask"})).await["status"], "failed");
    // To name the kind among the errors that are retried is to say `retry`.
    let mut named = retries(1);
    named["retryable_errors"] = json!(["interrupted"]);
    assert_eq!(desk.run(json!({"tool": "bank__pay", "retry": named})).await["status"], "completed");
    desk.ends().await;
}

#[tokio::test]
async fn what_is_safe_to_repeat_fails_plainly_and_is_repeated_by_retry() {
    for step in [
        json!({"tool": "bank__balance"}),
        json!({"tool": "bank__put"}),
        json!({"tool": "bank__pay", "idempotent": true}),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::new(folder.path(), &[Act::Lost, Act::Lost]).await;
        let failed = desk.run(step.clone()).await;
        assert_eq!((&failed["status"], &failed["error_type"]), (&json!("failed"), &json!("unavailable")), "{step}");
        let mut again = step;
        again["retry"] = retries(1);
        assert_eq!(desk.run(again).await["status"], "completed");
        let keys = desk.keys();
        assert_eq!(keys[1], keys[2], "one step of one run");
        assert_ne!(keys[0], keys[1], "another run");
        desk.ends().await;
    }
}

#[tokio::test]
async fn a_call_that_was_never_sent_or_was_answered_with_an_error_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path(), &[Act::Unsent, Act::Refused, Act::Unsent]).await;
    let step = json!({"tool": "bank__pay"});
    assert_eq!(desk.run(step.clone()).await["error_type"], "unavailable");
    let refused = desk.run(step.clone()).await;
    assert_eq!(
        (&refused["error_type"], &refused["failed_step"]["message"]),
        (&json!("tool_error"), &json!("no such account"))
    );
    let mut again = step;
    again["retry"] = retries(1);
    assert_eq!(desk.run(again).await["status"], "completed");
    let keys = desk.keys();
    assert_eq!(keys[2], keys[3]);
    desk.ends().await;
}

#[tokio::test]
async fn steps_of_a_loop_have_keys_of_their_own_that_stay_over_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path(), &[Act::Unsent]).await;
    let child = json!({"step_id": "each", "tool": "bank__pay", "parameters": {"n": "{{ item }}"}, "retry": retries(3)});
    let definition = json!({"template_id": "loop", "template_name": "Loop", "mode": "sequential",
        "steps": [{"step_id": "all", "type": "loop", "for_each": [1, 2], "steps": [child]}]});
    let run = desk.call("execute_workflow", &json!({"definition": definition}), person()).await;
    assert_eq!(run["status"], "completed", "{run}");
    let keys = desk.keys();
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
    desk.ends().await;
}
