//! A process with a store in a folder and tools that keep a ledger.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use sequitur::base::json::Object;
use sequitur::base::slots::Slots;
use sequitur::base::{ErrorKind, ManualEntropy, SystemClock};
use sequitur::config::Redaction;
use sequitur::contract::{Annotations, CallFailure, CallTool, ToolCall, ToolDefinition, ToolOutput};
use sequitur::engine::{Engine, EngineParts, RunRequest, Secrets, Settings, Until};
use sequitur::machine::{RunStatus, State};
use sequitur::store::{NewProcess, Store, StoreOptions};
use sequitur::workflow::plan::Plan;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A call as a tool saw it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) tool: String,
    pub(crate) arguments: Value,
    pub(crate) key: Option<String>,
    /// The call came with a place in its tool's pool.
    pub(crate) placed: bool,
}

/// Tools by name: `echo` answers its arguments; `unsafe_echo` the same without
/// being safe to repeat; `fail` fails; `flaky` fails twice; `hang` and
/// `unsafe_hang` never answer; `gate` answers when a permit is there; `late` is
/// there once it was sought. `missing..` are not there. `crm__..` are a server's.
pub(crate) struct Tools {
    pub(crate) ledger: Mutex<Vec<Entry>>,
    pub(crate) gate: Semaphore,
    /// The places that calls of `gate` share.
    pub(crate) pool: Option<Slots>,
    /// What the tools say of themselves.
    pub(crate) description: Mutex<String>,
    pub(crate) late: AtomicBool,
    /// The server of `starting` has started.
    pub(crate) started: CancellationToken,
    /// How the server `crm` is started.
    pub(crate) launch: Mutex<String>,
}

impl Tools {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::plain(None))
    }

    /// The same with so many places for `gate`.
    pub(crate) fn with_pool(places: usize) -> Arc<Self> {
        Arc::new(Self::plain(Some(Slots::new(places))))
    }

    fn plain(pool: Option<Slots>) -> Self {
        Self {
            ledger: Mutex::default(),
            gate: Semaphore::new(0),
            pool,
            description: Mutex::default(),
            late: AtomicBool::new(false),
            started: CancellationToken::new(),
            launch: Mutex::default(),
        }
    }

    pub(crate) fn calls(&self, tool: &str) -> Vec<Entry> {
        self.ledger.lock().unwrap().iter().filter(|entry| entry.tool == tool).cloned().collect()
    }

    /// Until a tool was called `times` times.
    pub(crate) async fn called(&self, tool: &str, times: usize) {
        while self.calls(tool).len() < times {
            tokio::task::yield_now().await;
        }
    }
}

impl CallTool for Tools {
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        Box::pin(async move {
            self.ledger.lock().unwrap().push(Entry {
                tool: call.name.clone(),
                arguments: Value::Object(call.arguments.clone()),
                key: call.idempotency_key.clone(),
                placed: call.permit.is_some(),
            });
            let error = |kind: &str, text: &str| {
                let body = json!({"success": false, "error": text, "error_type": kind});
                Ok(ToolOutput { is_error: true, ..ToolOutput::structured(body) })
            };
            match call.name.as_str() {
                "echo" | "unsafe_echo" | "late" | "starting" => {
                    Ok(ToolOutput::structured(Value::Object(call.arguments)))
                }
                "fail" => error("tool_error", "it failed"),
                "flaky" if self.calls("flaky").len() <= 2 => error("unavailable", "not yet"),
                "flaky" => Ok(ToolOutput::structured(json!({"ok": true}))),
                "crm__list" => Ok(ToolOutput::structured(json!([]))),
                "hang" | "unsafe_hang" | "crm__hang" => {
                    call.cancel.cancelled().await;
                    let failure = CallFailure::new(ErrorKind::Interrupted, "cancelled");
                    Err(CallFailure { outcome_unknown: true, ..failure })
                }
                "gate" => {
                    self.gate.acquire().await.unwrap().forget();
                    Ok(ToolOutput::structured(json!({"passed": true})))
                }
                other => Err(CallFailure::new(ErrorKind::NotFound, format!("no tool `{other}`"))),
            }
        })
    }

    fn ready(&self, name: &str) -> Option<BoxFuture<'static, ()>> {
        let started = self.started.clone();
        (name == "starting" && !started.is_cancelled()).then(|| Box::pin(started.cancelled_owned()) as BoxFuture<'_, _>)
    }

    fn definition(&self, name: &str) -> Option<ToolDefinition> {
        if name.starts_with("missing") || (name == "late" && !self.late.load(Ordering::SeqCst)) {
            return None;
        }
        let read_only_hint = Some(!name.starts_with("unsafe"));
        Some(ToolDefinition {
            name: name.to_owned(),
            title: None,
            description: self.description.lock().unwrap().clone(),
            input_schema: json!({"type": "object"}),
            output_schema: None,
            annotations: Annotations { read_only_hint, ..Annotations::default() },
        })
    }

    fn pool(&self, name: &str) -> Option<Slots> {
        self.pool.clone().filter(|_| name == "gate")
    }

    fn server_of(&self, tool: &str) -> Option<String> {
        tool.split_once("__").map(|(server, _)| server.to_owned())
    }

    fn launch(&self, server: &str) -> Option<String> {
        (server == "crm").then(|| self.launch.lock().unwrap().clone())
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn seek<'s>(&'s self, names: &'s [String]) -> BoxFuture<'s, ()> {
        Box::pin(async move {
            if names.iter().any(|name| name == "late") {
                self.late.store(true, Ordering::SeqCst);
            }
        })
    }
}

/// One process.
pub(crate) struct Process {
    pub(crate) engine: Engine,
    pub(crate) store: Store,
}

impl Process {
    pub(crate) async fn start(folder: &Path, id: &str, tools: Arc<Tools>) -> Self {
        Self::with(folder, id, tools, Settings::default()).await
    }

    pub(crate) async fn with(folder: &Path, id: &str, tools: Arc<Tools>, settings: Settings) -> Self {
        let none = Secrets::new(BTreeMap::new(), Redaction::default());
        Self::whole(folder, id, tools, settings, none).await
    }

    pub(crate) async fn with_secret(folder: &Path, id: &str, tools: Arc<Tools>, name: &str, value: &str) -> Self {
        let values = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let secrets = Secrets::new(values, Redaction::new(&[value.to_owned()]));
        Self::whole(folder, id, tools, Settings::default(), secrets).await
    }

    async fn whole(folder: &Path, id: &str, tools: Arc<Tools>, settings: Settings, secrets: Secrets) -> Self {
        let process = Self::without_tools(folder, id, settings, secrets).await;
        process.engine.set_tools(tools);
        process
    }

    /// Before its engine is given the tools that steps call.
    pub(crate) async fn without_tools(folder: &Path, id: &str, settings: Settings, secrets: Secrets) -> Self {
        let store = Store::open(folder, StoreOptions::default()).unwrap();
        let clock = Arc::new(SystemClock::new());
        let new = NewProcess {
            id: id.into(),
            kind: "test".to_owned(),
            pid: 1,
            build: "test".to_owned(),
            started_at: sequitur::base::Timestamp(0),
        };
        store.register_process(new).await.unwrap();
        let engine = Engine::new(EngineParts {
            store: store.clone(),
            process: id.into(),
            clock,
            entropy: Arc::new(ManualEntropy::new(id.bytes().map(u64::from).sum())),
            secrets,
            settings,
        });
        Self { engine, store }
    }

    /// The process is gone: nothing more is decided, its lock is free.
    pub(crate) async fn dies(self) {
        self.engine.stop().await;
        self.store.close().await.unwrap();
    }

    pub(crate) async fn run(&self, plan: Plan) -> Arc<str> {
        self.run_with(plan, Object::new()).await
    }

    pub(crate) async fn run_with(&self, plan: Plan, parameters: Object) -> Arc<str> {
        self.engine.start(request(plan, parameters)).await.unwrap().run
    }

    /// Until the run no longer goes on by itself.
    pub(crate) async fn settled(&self, run: &str) -> State {
        self.engine.wait(run, Until::Done, Duration::from_secs(30), &mut |_| {}).await.unwrap();
        self.engine.state(run).await.unwrap()
    }

    pub(crate) async fn status(&self, run: &str) -> RunStatus {
        self.engine.row(run).await.unwrap().projection.status
    }
}

pub(crate) fn request(plan: Plan, parameters: Object) -> RunRequest {
    RunRequest {
        plan: Arc::new(plan),
        parameters,
        context: Object::new(),
        session: None,
        binding: None,
        idempotency_key: None,
    }
}

/// A plan of action steps. Each has `id` and `tool`, and what else it says.
#[expect(clippy::needless_pass_by_value, reason = "tests write both in place")]
pub(crate) fn plan(steps: Value, rest: Value) -> Plan {
    let mut steps = steps;
    let ids: Vec<String> =
        steps.as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap().to_owned()).collect();
    for step in steps.as_array_mut().unwrap() {
        let step = step.as_object_mut().unwrap();
        let tool = step.remove("tool").unwrap();
        let parameters = step.remove("parameters").unwrap_or_else(|| json!({}));
        step.insert("kind".into(), json!({"type": "action", "tool": tool, "parameters": parameters}));
        step.insert("name".into(), step["id"].clone());
        if let Some(Value::Array(named)) = step.get_mut("depends_on") {
            for one in named {
                *one = json!(ids.iter().position(|id| one == id).unwrap());
            }
        }
    }
    let mut whole = json!({
        "template_id": "test", "name": "Test", "version": "1", "source": "user", "steps": steps,
    });
    whole.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

/// What must come to pass within seconds.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future).await.unwrap()
}
