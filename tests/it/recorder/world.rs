//! A process with a learning log in a folder, and tools that do what their names say.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sequitur::base::{Entropy as _, ErrorKind, ManualClock, ManualEntropy};
use sequitur::config::{Intelligence, Redaction, Retention};
use sequitur::contract::{Annotations, Binding, CallFailure, CallTool, Origin, ToolCall, ToolDefinition, ToolOutput};
use sequitur::intelligence::Entry;
use sequitur::registry::{
    ListSettings, Listed, LogUnavailable, Provider, Recorder, RecorderParts, Registry, RegistryParts, Startable,
    ToolSet, Workflows,
};
use sequitur::store::{InteractionRow, LearningStore};
use sequitur::tools::{ALL, Advice, ModelNamesOf, OwnTools, Services, Unavailable};
use serde_json::{Value, json};

/// Names of fakes; a server's have `s__` before them.
const FAKES: [&str; 9] = ["alpha", "beta", "gamma", "strict", "fail", "panic", "hang", "large", "rename"];

struct Fakes(ToolSet);

impl Provider for Fakes {
    fn tools(&self) -> Vec<Listed> {
        let prefix = if self.0.is_ours() { "" } else { "s__" };
        let tool = |name: &str| {
            let schema = match name {
                "strict" => json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}),
                _ => json!({"type": "object"}),
            };
            let definition = ToolDefinition {
                name: format!("{prefix}{name}"),
                title: None,
                description: format!("Does {name}."),
                input_schema: schema,
                output_schema: None,
                annotations: Annotations { read_only_hint: Some(true), ..Annotations::default() },
            };
            Listed::new(definition, self.0)
        };
        FAKES.iter().map(|name| tool(name)).collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        // A server says in a block what it says in structured content.
        let text = (!self.0.is_ours()).then(|| json!({"type": "text", "text": r#"{"success":true}"#}));
        Box::pin(async move {
            match call.name.trim_start_matches("s__") {
                "fail" => Err(CallFailure::new(ErrorKind::Unavailable, "it is gone")),
                "panic" => panic!("as its name says"),
                "hang" => std::future::pending().await,
                "large" => Ok(ToolOutput::structured(json!({"success": true, "text": "x".repeat(100_000)}))),
                _ => {
                    let content = text.into_iter().collect();
                    Ok(ToolOutput { content, ..ToolOutput::structured(json!({"success": true})) })
                }
            }
        })
    }
}

/// What a process is started with.
pub(crate) struct World {
    pub(crate) intelligence: Intelligence,
    pub(crate) retention: Retention,
    pub(crate) log: Result<PathBuf, LogUnavailable>,
    pub(crate) workflows: Workflows,
    pub(crate) switched_off: Vec<String>,
    pub(crate) model_names: ModelNamesOf,
}

impl World {
    /// The defaults, with the log in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let workflow = |id: &str, tools: &[&str]| Startable {
            entry: Entry::new(id, &["depth"]),
            tools: tools.iter().map(|&tool| tool.to_owned()).collect(),
        };
        let there = vec![workflow("ready", &["alpha"]), workflow("not_ready", &["alpha", "no_such_tool"])];
        Self {
            intelligence: Intelligence::default(),
            retention: Retention::default(),
            log: Ok(folder.join("learning.db")),
            workflows: Arc::new(move || there.clone()),
            switched_off: Vec::new(),
            model_names: Arc::new(|_| None),
        }
    }

    /// A process whose log is open.
    pub(crate) async fn start(self) -> Process {
        let process = self.build();
        process.recorder.clone().start().await;
        process
    }

    /// A process whose log is still to be opened.
    pub(crate) fn build(self) -> Process {
        let clock = Arc::new(ManualClock::default());
        let recorder = Arc::new(Recorder::new(RecorderParts {
            intelligence: self.intelligence,
            retention: self.retention,
            log: self.log,
            runs: None,
            workflows: self.workflows,
            switched_off: self.switched_off,
            clock: clock.clone(),
        }));
        // No id comes twice, whichever process of a test makes it.
        let seed = sequitur::base::SystemEntropy.bits();
        let entropy = || Arc::new(ManualEntropy::new(u64::try_from(seed >> 64).unwrap()));
        let registry = Arc::new(Registry::new(RegistryParts {
            observer: recorder.clone(),
            redaction: Redaction::new(&["hunter22".to_owned()]),
            list: ListSettings::default(),
            clock: clock.clone(),
            entropy: entropy(),
        }));
        let unavailable = Unavailable { kind: ErrorKind::StoreUnavailable, error: "no store".to_owned(), hint: None };
        let offline = Services::offline(clock.clone(), entropy(), unavailable);
        let advice = Advice { recorder: recorder.clone(), model_names: self.model_names };
        let services = Arc::new(Services { advice, ..offline });
        let tools: Arc<dyn CallTool> = registry.clone();
        assert!(services.tools.set(Arc::downgrade(&tools)).is_ok(), "set once");
        registry.add(Arc::new(OwnTools::new(ALL, services)));
        registry.add(Arc::new(Fakes(ToolSet::Pack)));
        registry.add(Arc::new(Fakes(ToolSet::Server)));
        recorder.attach(&registry);
        Process { registry, recorder, clock }
    }
}

/// A running process.
pub(crate) struct Process {
    pub(crate) registry: Arc<Registry>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Process {
    /// A call of the client `one`, a second after whatever was before.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> ToolOutput {
        let origin = Origin::Client { session: "one".to_owned() };
        self.call_as(tool, arguments, origin).await.expect("a client gets an output")
    }

    pub(crate) async fn call_as(
        &self,
        tool: &str,
        arguments: Value,
        origin: Origin,
    ) -> Result<ToolOutput, CallFailure> {
        self.clock.advance(Duration::from_secs(1));
        self.registry.dispatch(request(tool, arguments, origin)).await
    }

    /// The call of a client whose session is bound to a model.
    pub(crate) async fn call_bound(&self, tool: &str, arguments: Value) -> ToolOutput {
        let binding = Binding { model_path: "/m".into(), model_name: "Retail".into(), fingerprint: String::new() };
        let origin = Origin::Client { session: "bound".to_owned() };
        let call = ToolCall { binding: Some(binding), ..request(tool, arguments, origin) };
        self.registry.dispatch(call).await.expect("a client gets an output")
    }

    /// Calls each in turn.
    pub(crate) async fn calls(&self, tools: &[&str]) -> ToolOutput {
        let mut last = ToolOutput::default();
        for tool in tools {
            last = self.call(tool, json!({})).await;
        }
        last
    }

    /// The figures as the tool answers them.
    pub(crate) async fn analytics(&self) -> Value {
        body(&self.call("get_learning_analytics", json!({})).await)["analytics"].clone()
    }

    /// The log as another program sees it, after all that was noted is written.
    pub(crate) async fn log(&self, folder: &Path) -> LearningStore {
        self.recorder.flush().await.unwrap();
        open(folder)
    }

    /// The last call of the client `one` as the log has it.
    pub(crate) async fn last_logged(&self, folder: &Path) -> InteractionRow {
        self.log(folder).await.last_calls("one", 1).await.unwrap().remove(0)
    }
}

pub(crate) fn open(folder: &Path) -> LearningStore {
    LearningStore::open(&folder.join("learning.db"), Duration::from_secs(5)).unwrap()
}

pub(crate) fn request(tool: &str, arguments: Value, origin: Origin) -> ToolCall {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    ToolCall::new(tool, arguments, origin)
}

pub(crate) fn step(run: &str) -> Origin {
    Origin::Step { session: Some("one".to_owned()), run: run.to_owned(), step: "s".to_owned() }
}

pub(crate) fn body(output: &ToolOutput) -> Value {
    output.structured.clone().unwrap_or_default()
}

/// The next steps of an answer of ours.
pub(crate) fn next_steps(output: &ToolOutput) -> Vec<Value> {
    body(output)["_next_steps"].as_array().expect("next steps").clone()
}

/// The tools or workflows that they name.
pub(crate) fn named(steps: &[Value]) -> Vec<String> {
    let name = |step: &Value| step["tool"].as_str().or(step["workflow"].as_str()).expect("a name").to_owned();
    steps.iter().map(name).collect()
}
