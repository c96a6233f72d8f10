//! What all runs of one process share.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alarms::Alarms;
use super::driver::{Handle, Message};
use super::handle::Settings;
use super::webhook::Webhooks;
use crate::base::slots::Slots;
use crate::base::{Clock, Entropy, ErrorKind};
use crate::config::Redaction;
use crate::contract::CallTool;
use crate::expr;
use crate::machine::{CallFacts, StepError, webhook_facts};
use crate::store::Store;
use crate::workflow::plan::{Plan, PlanStep};

/// Named secrets. Their values never reach the store or the log.
#[derive(Clone, Default)]
pub struct Secrets {
    values: Arc<BTreeMap<String, String>>,
    redaction: Redaction,
}

/// Characters of an error that are kept.
const MAX_TOLD: usize = 2_000;

impl Secrets {
    /// Secrets by name, and what takes them out of texts.
    #[must_use]
    pub fn new(values: BTreeMap<String, String>, redaction: Redaction) -> Self {
        Self { values: Arc::new(values), redaction }
    }

    /// Whether there is one of this name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// An error as it is told: redacted first, then cut, or a secret at the cut would leave its beginning.
    pub(super) fn told(&self, error: StepError) -> StepError {
        let clean = self.redaction.redact(&error.message).unwrap_or(error.message);
        StepError { message: clean.chars().take(MAX_TOLD).collect(), ..error }
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// What all runs of one process share.
pub(super) struct Shared {
    pub(super) store: Store,
    /// This process's id in the store.
    pub(super) process: Arc<str>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) secrets: Secrets,
    pub(super) step_slots: Slots,
    pub(super) run_slots: Slots,
    /// What other processes may have seen stand still before they take a run.
    pub(super) lease: Duration,
    /// The lease is being renewed.
    pub(super) leased: AtomicBool,
    /// Folders that file tools may use.
    pub(super) roots: Vec<PathBuf>,
    pub(super) tasks: TaskTracker,
    /// Fires when the process ends.
    pub(super) stopping: CancellationToken,
    /// What runs wait for by the clock.
    pub(super) alarms: Alarms,
    tools: OnceLock<Arc<dyn CallTool>>,
    webhooks: OnceLock<Arc<Webhooks>>,
    runs: Mutex<Runs>,
    /// Plans of runs that are driven here, by hash: runs of one template share one.
    plans: Mutex<HashMap<Arc<str>, Weak<Plan>>>,
}

/// Runs as this process sees them.
#[derive(Default)]
struct Runs {
    driven: HashMap<Arc<str>, Handle>,
    /// Being made or taken over: nobody else here may do the same.
    coming: HashSet<Arc<str>>,
    /// Could not be driven here; left to others.
    left: HashSet<Arc<str>>,
}

/// A run that is about to be driven here.
pub(super) struct Reserved {
    shared: Arc<Shared>,
    run: Arc<str>,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.shared.lock().coming.remove(&self.run);
    }
}

impl Shared {
    pub(super) fn new(
        store: Store,
        process: Arc<str>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        secrets: Secrets,
        settings: &Settings,
    ) -> Self {
        Self {
            store,
            process,
            clock,
            entropy,
            secrets,
            step_slots: Slots::new(settings.max_parallel_steps.max(1)),
            run_slots: Slots::new(settings.max_concurrent_workflows.max(1)),
            lease: settings.lease,
            leased: AtomicBool::new(false),
            roots: settings.roots.clone(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            alarms: Alarms::default(),
            tools: OnceLock::new(),
            webhooks: OnceLock::new(),
            runs: Mutex::default(),
            plans: Mutex::default(),
        }
    }

    /// The tools are built after the engine, for they use it.
    pub(super) fn set_tools(&self, tools: Arc<dyn CallTool>) {
        if self.tools.set(tools).is_err() {
            tracing::error!("the engine's tools were set twice; the first stay");
        }
    }

    pub(super) fn tools(&self) -> Arc<dyn CallTool> {
        self.tools.get().cloned().unwrap_or_else(|| Arc::new(NoTools))
    }

    pub(super) fn set_webhooks(&self, webhooks: Arc<Webhooks>) {
        if self.webhooks.set(webhooks).is_err() {
            tracing::error!("the engine's webhooks were set twice; the first stay");
        }
    }

    /// The way out for webhooks; before it is set, to nowhere.
    pub(super) fn webhooks(&self) -> Result<Arc<Webhooks>, StepError> {
        let none =
            || StepError::new(ErrorKind::InvalidInput, "webhooks may go nowhere: `security.webhook_hosts` lists none");
        self.webhooks.get().cloned().ok_or_else(none)
    }

    /// What is known of what a step calls, or why it cannot be called.
    pub(super) fn facts_of(&self, node: Option<&PlanStep>, tool: &str) -> Result<CallFacts, StepError> {
        node.and_then(webhook_facts).map_or_else(|| self.facts(tool), Ok)
    }

    /// What is known of a tool now, or why it cannot be called.
    pub(super) fn facts(&self, tool: &str) -> Result<CallFacts, StepError> {
        let tools = self.tools();
        let Some(pinned) = tools.pinned(tool) else {
            let absence = tools.absence(tool);
            return Err(StepError::new(absence.kind, absence.message));
        };
        Ok(CallFacts { repeat_safe: pinned.repeat_safe, pin: Some(pinned.pin) })
    }

    /// Arguments with secrets in the place of their markers.
    pub(super) fn reveal(&self, value: &Value) -> Result<Value, StepError> {
        if !expr::has_secret(value) {
            return Ok(value.clone());
        }
        expr::reveal(value, &|name| self.secrets.values.get(name).cloned())
            .map_err(|error| StepError::new(ErrorKind::Auth, error.to_string()))
    }

    /// A result as it may be recorded. A tool that answers with a secret it was
    /// sent must not bring it into the store.
    pub(super) fn without_secrets(&self, result: Arc<Value>, text: Arc<str>) -> (Arc<Value>, Arc<str>) {
        let Some(clean) = self.secrets.redaction.redact(&text) else { return (result, text) };
        if let Ok(value) = serde_json::from_str::<Value>(&clean) {
            return (Arc::new(value), clean.into());
        }
        // What was cut out reached beyond a string: nothing of it is kept.
        let value = Value::String(crate::config::REDACTED.to_owned());
        let text = value.to_string().into();
        (Arc::new(value), text)
    }

    /// The same of what a person or another program sends.
    pub(super) fn clean(&self, value: Value) -> Value {
        let text: Arc<str> = value.to_string().into();
        let (clean, _) = self.without_secrets(Arc::new(value), text);
        Arc::unwrap_or_clone(clean)
    }

    pub(super) fn redact(&self, error: StepError) -> StepError {
        self.secrets.told(error)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn handle(&self, run: &str) -> Option<Handle> {
        self.lock().driven.get(run).cloned()
    }

    pub(super) fn remember(&self, run: Arc<str>, handle: Handle) {
        self.lock().driven.insert(run, handle);
    }

    pub(super) fn forget(&self, run: &str) {
        self.lock().driven.remove(run);
    }

    /// Keeps all others here from driving a run; none when one does already.
    pub(super) fn reserve(self: &Arc<Self>, run: &Arc<str>) -> Option<Reserved> {
        let mut runs = self.lock();
        if runs.driven.contains_key(run) || !runs.coming.insert(run.clone()) {
            return None;
        }
        Some(Reserved { shared: self.clone(), run: run.clone() })
    }

    /// Whether a run is just being made or taken over here.
    pub(super) fn is_coming(&self, run: &str) -> bool {
        self.lock().coming.contains(run)
    }

    /// A run that cannot be driven here is not tried again unasked.
    pub(super) fn leave_alone(&self, run: Arc<str>) {
        self.lock().left.insert(run);
    }

    pub(super) fn is_left(&self, run: &str) -> bool {
        self.lock().left.contains(run)
    }

    /// A person asks for it again.
    pub(super) fn try_again(&self, run: &str) {
        self.lock().left.remove(run);
    }

    /// Runs that are driven here.
    pub(super) fn driven(&self) -> Vec<Arc<str>> {
        let mut runs: Vec<Arc<str>> = self.lock().driven.keys().cloned().collect();
        runs.sort_unstable();
        runs
    }

    /// The same, each with the epoch under which it is owned.
    pub(super) fn epochs(&self) -> Vec<(Arc<str>, u64)> {
        self.lock().driven.iter().map(|(run, handle)| (run.clone(), handle.epoch)).collect()
    }

    /// Lets go of a run that another process owns by now.
    pub(super) fn taken_over(&self, run: &str) {
        if let Some(handle) = self.handle(run) {
            // A run that has just ended takes no messages.
            handle.messages.send(Message::TakenOver).ok();
        }
    }

    /// A plan that a run here has already, by its hash.
    pub(super) fn plan(&self, hash: &str) -> Option<Arc<Plan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(hash)?.upgrade()
    }

    /// Keeps a plan for as long as a run has it.
    pub(super) fn share_plan(&self, hash: Arc<str>, plan: &Arc<Plan>) {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|_, plan| plan.strong_count() > 0);
        plans.insert(hash, Arc::downgrade(plan));
    }

    /// Stops driving, all runs at once.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
        for handle in self.lock().driven.values() {
            // A task that has ended takes no messages.
            handle.messages.send(Message::Stop).ok();
        }
        self.tasks.close();
    }
}

/// Before the tools are set.
struct NoTools;

impl CallTool for NoTools {
    fn call(
        &self,
        call: crate::contract::ToolCall,
    ) -> futures::future::BoxFuture<'_, Result<crate::contract::ToolOutput, crate::contract::CallFailure>> {
        let message = format!("there is no tool `{}`", call.name);
        Box::pin(async move { Err(crate::contract::CallFailure::new(ErrorKind::NotFound, message)) })
    }

    fn definition(&self, _name: &str) -> Option<crate::contract::ToolDefinition> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
