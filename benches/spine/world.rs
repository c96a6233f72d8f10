//! A process with a store in a folder and a tool that does nothing, put
//! together as the binary is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sequitur::base::json::Object;
use sequitur::base::{Clock as _, SystemClock, SystemEntropy};
use sequitur::config::Redaction;
use sequitur::contract::{Annotations, CallFailure, ToolCall, ToolDefinition, ToolOutput};
use sequitur::engine::{Engine, EngineParts, RunRequest, Secrets, Settings, Until};
use sequitur::machine::RunStatus;
use sequitur::registry::{ListSettings, Listed, NoObserver, Provider, Registry, RegistryParts, ToolSet};
use sequitur::store::{NewProcess, Store, StoreOptions};
use sequitur::workflow::plan::Plan;
use serde_json::{Value, json};

/// A tool that answers with what it was given under another name, so that
/// arguments and result are two texts, as they are for most tools.
struct NoOp;

impl Provider for NoOp {
    fn tools(&self) -> Vec<Listed> {
        let definition = ToolDefinition {
            name: "no_op".to_owned(),
            title: None,
            description: "Does nothing.".to_owned(),
            input_schema: json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}),
            output_schema: None,
            annotations: Annotations { read_only_hint: Some(true), ..Annotations::default() },
        };
        vec![Listed::new(definition, ToolSet::Pack)]
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        let n = call.arguments.get("n").cloned().unwrap_or_default();
        Box::pin(async move { Ok(ToolOutput::structured(json!({"done": n}))) })
    }
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Arc<SystemClock>,
    engine: Engine,
    runtime: tokio::runtime::Runtime,
}

impl World {
    pub(crate) fn new(folder: &Path, max_parallel_steps: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let clock = Arc::new(SystemClock::new());
        let store = Store::open(folder, StoreOptions::default()).unwrap();
        let new = NewProcess {
            id: "bench".into(),
            kind: "bench".to_owned(),
            pid: std::process::id(),
            build: "bench".to_owned(),
            started_at: clock.now(),
        };
        runtime.block_on(store.register_process(new)).unwrap();
        let registry = Arc::new(Registry::new(RegistryParts {
            observer: Arc::new(NoObserver),
            redaction: Redaction::default(),
            list: ListSettings::default(),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
        }));
        registry.add(Arc::new(NoOp));
        let engine = Engine::new(EngineParts {
            store: store.clone(),
            process: "bench".into(),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            secrets: Secrets::new(BTreeMap::new(), Redaction::default()),
            settings: Settings { max_parallel_steps, ..Settings::default() },
        });
        engine.set_tools(registry);
        {
            let _inside = runtime.enter();
            engine.begin_adoption();
        }
        Self { store, clock, engine, runtime }
    }

    /// Runs a plan to its end; the run's id and the time from the request to the end.
    pub(crate) fn run(&self, plan: &Arc<Plan>) -> (Arc<str>, Duration) {
        let request = RunRequest {
            plan: plan.clone(),
            parameters: Object::new(),
            context: Object::new(),
            session: None,
            binding: None,
            idempotency_key: None,
        };
        let begun = self.clock.monotonic();
        let ended = self.runtime.block_on(async {
            let run = self.engine.start(request).await.unwrap().run;
            self.engine.wait(&run, Until::Done, Duration::from_mins(5), &mut |_| {}).await.unwrap();
            run
        });
        let took = self.clock.monotonic().saturating_sub(begun);
        let row = self.runtime.block_on(self.engine.row(&ended)).unwrap();
        assert_eq!(row.projection.status, RunStatus::Completed);
        (ended, took)
    }

    pub(crate) fn end(self) {
        self.runtime.block_on(async {
            self.engine.stop().await;
            self.store.close().await.unwrap();
        });
    }
}

/// Steps `s0`, `s1`, ... of the tool, each after the one before or all at once.
pub(crate) fn plan(steps: usize, chained: bool) -> Arc<Plan> {
    let step = |n: usize| {
        let before: Vec<usize> = if chained { n.checked_sub(1).into_iter().collect() } else { Vec::new() };
        json!({"id": format!("s{n}"), "name": format!("Step {n}"), "depends_on": before,
               "kind": {"type": "action", "tool": "no_op", "parameters": {"n": n}}})
    };
    let steps: Vec<Value> = (0..steps).map(step).collect();
    let whole = json!({"template_id": "bench", "name": "Bench", "version": "1", "source": "user",
                       "max_parallel_steps": steps.len(), "steps": steps});
    Arc::new(serde_json::from_value(whole).unwrap())
}
