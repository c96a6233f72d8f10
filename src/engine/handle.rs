//! The engine's door: start a run, ask something of one, watch it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use super::adopt::Adoption;
use super::bodies::Bodies;
use super::compiled::Compiled;
use super::driver::{Driver, Message};
use super::error::EngineError;
use super::inbox::Request;
use super::journal::{self, Journal};
use super::needs;
use super::shared::{Secrets, Shared};
use super::snapshot::Snapshot;
use super::webhook::Webhooks;
use crate::base::json::{Object, canonical, sha256_hex};
use crate::base::{Clock, Entropy, ErrorKind};
use crate::config::AutoResume;
use crate::contract::{Binding, CallTool};
use crate::expr::{Known, NoResults, Scope, Template};
use crate::machine::{self, Event, EventKind, RunStatus, State};
use crate::store::{Body, Creation, Idempotency, InboxRow, NewRun, Post, Posted, Store, StoreError};
use crate::workflow::plan::{OnUnknown, Plan};

/// What another process has to take a row in, and how often it is looked at.
const TAKEN_WAIT: Duration = Duration::from_secs(2);
const TAKEN_LOOK: Duration = Duration::from_millis(20);

/// What an engine is made of.
pub struct EngineParts {
    /// Where runs are kept.
    pub store: Store,
    /// The id under which this process has registered with it.
    pub process: Arc<str>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Named secrets.
    pub secrets: Secrets,
    /// Bounds and defaults.
    pub settings: Settings,
}

/// Bounds and defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Root runs that are running in this process.
    pub max_concurrent_workflows: usize,
    /// Steps in flight in this process.
    pub max_parallel_steps: usize,
    /// A run's timeout is at least its estimate times this.
    pub workflow_timeout_multiplier: f64,
    /// For unsafe calls without a reply, where neither step nor template says.
    pub on_unknown: OnUnknown,
    /// What becomes of runs whose process is gone.
    pub auto_resume: AutoResume,
    /// A process whose lease stood still for so long may lose its runs.
    pub lease: Duration,
    /// Folders that file tools may use.
    pub roots: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_concurrent_workflows: 10,
            max_parallel_steps: 10,
            workflow_timeout_multiplier: 1.5,
            on_unknown: OnUnknown::Ask,
            auto_resume: AutoResume::Safe,
            lease: Duration::from_secs(10),
            roots: Vec::new(),
        }
    }
}

/// A run that is asked for. The parameters are bound.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// What is run.
    pub plan: Arc<Plan>,
    /// Its parameters.
    pub parameters: Object,
    /// Laid over the plan's start values of the context.
    pub context: Object,
    /// The session that asks.
    pub session: Option<String>,
    /// The model that the session has connected.
    pub binding: Option<Binding>,
    /// Makes a repeated request the same run.
    pub idempotency_key: Option<String>,
}

/// A run that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its id.
    pub run: Arc<str>,
    /// The same request was made before.
    pub existing: bool,
}

/// Runs workflows.
#[derive(Clone)]
pub struct Engine {
    pub(super) shared: Arc<Shared>,
    pub(super) adoption: Arc<Adoption>,
    settings: Settings,
}

impl Engine {
    /// An engine without tools: [`Engine::set_tools`] before the first run.
    #[must_use]
    pub fn new(parts: EngineParts) -> Self {
        let EngineParts { store, process, clock, entropy, secrets, settings } = parts;
        Self {
            shared: Arc::new(Shared::new(store, process, clock, entropy, secrets, &settings)),
            adoption: Arc::new(Adoption::new(settings.auto_resume, settings.lease)),
            settings,
        }
    }

    /// The tools that steps call.
    pub fn set_tools(&self, tools: Arc<dyn CallTool>) {
        self.shared.set_tools(tools);
    }

    /// Where webhooks may go. Without it, nowhere.
    pub fn set_webhooks(&self, webhooks: Webhooks) {
        self.shared.set_webhooks(Arc::new(webhooks));
    }

    /// Makes a run. Once this has answered, the run exists until retention or a
    /// person deletes it, and it is being driven.
    pub async fn start(&self, request: RunRequest) -> Result<Started, EngineError> {
        if self.shared.stopping.is_cancelled() {
            return Err(EngineError::stopping());
        }
        let unsupported = machine::unsupported(&request.plan);
        if !unsupported.is_empty() {
            return Err(EngineError::new(
                ErrorKind::InvalidInput,
                format!("`{}` cannot be run by this version: {}", request.plan.template_id, unsupported.join("; ")),
            )
            .hint("this version runs `action`, `webhook`, `condition`, `parallel`, `loop`, `wait`, `human_task` and `transform` steps with condition, depends_on, retry, timeout, exports and on_error: abort, continue or skip"));
        }
        let now = self.shared.clock.now();
        let run: Arc<str> = self.shared.entropy.uuid(now).into();
        let mut bodies = Bodies::new(self.shared.store.clone(), run.clone());
        let context = start_context(&request)?;
        let parameters = Value::Object(request.parameters);
        let plan = Body::new(plan_text(&request.plan)?);
        let compiled = Compiled::of(&request.plan).map_err(EngineError::internal)?;
        let kind = EventKind::RunCreated {
            run: run.clone(),
            plan: plan.at.clone(),
            parameters: bodies.put(&Arc::new(parameters.clone())),
            context: context.iter().map(|(name, value)| (name.clone(), bodies.put(&Arc::new(value.clone())))).collect(),
            session: request.session.clone(),
            binding: request.binding.clone(),
            forked_from: None,
            timeout_ms: self.timeout_ms(&request.plan),
            on_unknown: self.settings.on_unknown,
        };
        let created = Event { at: now, kind };
        let state = State::created(request.plan.clone(), &created).map_err(|error| EngineError::log(&error))?;
        let mut changes = journal::changes(&state, &[created], &[], &bodies)?;
        changes.steps = state.steps.values().filter_map(|step| journal::step_row(&state, step)).collect();
        let owner = self.shared.process.clone();
        let new = NewRun {
            id: run.clone(),
            template_id: request.plan.template_id.clone(),
            template_name: request.plan.name.clone(),
            template_version: request.plan.version.clone(),
            source: request.plan.source,
            mode: request.plan.mode,
            priority: request.plan.priority,
            parameters: state.parameters.clone(),
            session: request.session,
            parent: None,
            forked_from: None,
            idempotency: request
                .idempotency_key
                .map(|key| Idempotency { key, request_hash: request_hash(&plan, &parameters, &context) }),
            owner: Some(owner.clone()),
            needs: needs::of(&request.plan, &plan.text, &self.shared),
            created_at: now,
            plan,
            changes,
        };
        let (shared, made) = (self.shared.clone(), run.clone());
        let reserved = self.shared.reserve(&run);
        // A task of its own: a caller who goes away meanwhile takes nothing back.
        let creation = self.shared.tasks.spawn(async move {
            let creation = shared.store.create_run(new).await?;
            if let Creation::Created { epoch, seq } = creation {
                bodies.committed();
                let journal = Journal::new(shared.store.clone(), made, owner, epoch, seq, 0);
                Driver::spawn(&shared, state, bodies, journal, Vec::new(), compiled);
            }
            drop(reserved);
            Ok::<Creation, StoreError>(creation)
        });
        match creation.await.map_err(|error| EngineError::internal(error.to_string()))?? {
            Creation::Created { .. } => Ok(Started { run, existing: false }),
            Creation::Existing { run } => Ok(Started { run: run.into(), existing: true }),
            Creation::KeyConflict { run } => Err(EngineError::new(
                ErrorKind::Conflict,
                format!("the idempotency key was used for another request, whose run is `{run}`"),
            )
            .hint("use the key only for the same template, parameters and context; or another key")),
        }
    }

    /// The plan's own, else the larger of an hour and the estimate times the multiplier.
    fn timeout_ms(&self, plan: &Plan) -> u64 {
        let estimate = plan.estimated_duration_seconds.unwrap_or(0.0) * self.settings.workflow_timeout_multiplier;
        let seconds = plan.timeout_seconds.unwrap_or_else(|| estimate.max(3_600.0));
        let duration = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_hours(1));
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
    }

    /// What is shown of a run that is driven here.
    #[must_use]
    pub fn watch(&self, run: &str) -> Option<watch::Receiver<Snapshot>> {
        self.shared.handle(run).map(|handle| handle.snapshots)
    }

    /// Asks something of a run, whichever process drives it. Its commit is the
    /// acknowledgement; a run that is driven here has also decided on it.
    pub async fn ask(&self, run: &str, request: Request) -> Result<(), EngineError> {
        let request = match request {
            Request::Answer { task, answer, via } => Request::Answer { task, answer: self.shared.clean(answer), via },
            Request::Pause { .. } | Request::Resume | Request::Cancel { .. } | Request::Signal { .. } => request,
        };
        let task = match &request {
            Request::Answer { task, .. } => Some(task.clone()),
            Request::Pause { .. } | Request::Resume | Request::Cancel { .. } | Request::Signal { .. } => None,
        };
        let post = Post {
            run: run.to_owned(),
            kind: request.name().to_owned(),
            task: task.clone(),
            payload: serde_json::to_value(&request).map_err(|error| EngineError::internal(error.to_string()))?,
            at: self.shared.clock.now(),
            from_process: Some(self.shared.process.to_string()),
        };
        let row = match self.shared.store.post(post).await? {
            Posted::Accepted(row) => row,
            Posted::UnknownRun => return Err(EngineError::no_run(run)),
            Posted::RunEnded(status) => return Err(ended(&request, status)),
            Posted::UnknownTask => {
                let task = task.unwrap_or_default();
                return Err(EngineError::new(ErrorKind::NotFound, format!("run `{run}` never asked `{task}`"))
                    .hint("`get_workflow_status` shows the open questions under `pending_tasks`"));
            }
            Posted::TaskClosed => {
                let task = task.unwrap_or_default();
                return Err(EngineError::new(
                    ErrorKind::Conflict,
                    format!("question `{task}` of run `{run}` has been answered"),
                ));
            }
        };
        self.heard(run, row).await
    }

    /// Waits for what becomes of a row, where that can be known.
    pub(super) async fn heard(&self, run: &str, row: i64) -> Result<(), EngineError> {
        // After the row, so that what is taken over starts nothing before a cancel.
        if let Err(error) = self.adopt_run(run).await {
            tracing::warn!(run, %error, "the request is kept until a process takes the run over");
        }
        // It may just be taken over here for nobody in particular.
        let coming = async {
            while self.shared.is_coming(run) {
                tokio::time::sleep(TAKEN_LOOK).await;
            }
        };
        // A slow one takes the row in later: it is durable.
        tokio::time::timeout(TAKEN_WAIT, coming).await.ok();
        let Some(handle) = self.shared.handle(run) else { return self.taken_elsewhere(run, row).await };
        let (tell, told) = oneshot::channel();
        // A run that has just ended takes no messages: the row is durable all the same.
        if handle.messages.send(Message::Listen(row, tell)).is_err() {
            return Ok(());
        }
        if let Err(error) = self.deliver().await {
            tracing::warn!(run, %error, "reading the inbox");
        }
        match tokio::time::timeout(Duration::from_secs(5), told).await {
            Ok(Ok(decided)) => Ok(decided?),
            // The run's task ended, or the store is away: the row is durable.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    /// Gives the process that drives a run a moment to take a row in, so that who
    /// asked does not read the run as it was before.
    async fn taken_elsewhere(&self, run: &str, row: i64) -> Result<(), EngineError> {
        let taken = async {
            loop {
                let found = self.row(run).await?;
                let owner = found.owner.as_deref();
                let alive = owner.is_some_and(|owner| self.shared.store.is_alive(owner).unwrap_or(false));
                if found.inbox_seen >= row || found.projection.status.is_terminal() || !alive {
                    return Ok(());
                }
                tokio::time::sleep(TAKEN_LOOK).await;
            }
        };
        // The row is durable; a busy owner takes it later.
        tokio::time::timeout(TAKEN_WAIT, taken).await.unwrap_or(Ok(()))
    }

    /// Brings the runs that are driven here what the inbox holds for them.
    pub(super) async fn deliver(&self) -> Result<(), EngineError> {
        let mut by_run: IndexMap<Arc<str>, Vec<InboxRow>> = IndexMap::new();
        for row in self.shared.store.unseen_inbox(&self.shared.process).await? {
            by_run.entry(row.run.clone()).or_default().push(row);
        }
        for (run, rows) in by_run {
            if let Some(handle) = self.shared.handle(&run) {
                // A run that has ended takes no messages.
                handle.messages.send(Message::Inbox(journal::rows(rows))).ok();
            }
        }
        Ok(())
    }

    /// The store that runs are kept in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Runs that are driven here.
    #[must_use]
    pub fn driven(&self) -> Vec<Arc<str>> {
        self.shared.driven()
    }

    /// Runs that wait for a place, steps that wait for one of the process (not of a server).
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        (self.shared.run_slots.waiting(), self.shared.step_slots.waiting())
    }

    /// Stops driving. Runs stay as they were committed and go on in the next process.
    pub async fn stop(&self) {
        self.shared.stop();
        self.shared.tasks.wait().await;
    }
}

/// The plan's start values, evaluated over the parameters, with the
/// request's values over them.
fn start_context(request: &RunRequest) -> Result<Object, EngineError> {
    let known = Known::new().with_params(request.plan.parameters.iter().map(|parameter| parameter.name.clone()));
    let bad = |message: String| {
        EngineError::new(ErrorKind::InvalidInput, format!("the start values of the context: {message}"))
    };
    let template = Template::parse(&Value::Object(request.plan.context.clone()), &known)
        .map_err(|errors| bad(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let empty = Object::new();
    let scope = Scope::new(&request.parameters, &empty, &NoResults);
    let Value::Object(mut context) = template.render(&scope).map_err(|error| bad(error.to_string()))? else {
        return Err(bad("they are not an object".to_owned()));
    };
    context.extend(request.context.clone());
    Ok(context)
}

fn ended(request: &Request, status: RunStatus) -> EngineError {
    let asked = match request {
        Request::Pause { .. } => "paused",
        Request::Resume => "resumed",
        Request::Cancel { .. } => "cancelled",
        Request::Answer { .. } => "answered",
        Request::Signal { .. } => "signalled",
    };
    EngineError::new(ErrorKind::Conflict, format!("the run is `{status}`: it cannot be {asked}"))
        .hint("a run that has ended stays as it is: start the template again for a new one")
}

fn plan_text(plan: &Plan) -> Result<String, EngineError> {
    // Not canonical: the order of outputs and exports is the author's.
    serde_json::to_string(plan).map_err(|error| EngineError::internal(error.to_string()))
}

fn request_hash(plan: &Body, parameters: &Value, context: &Object) -> String {
    let context: IndexMap<&String, &Value> = context.iter().collect();
    sha256_hex(canonical(&json!({"plan": plan.at.hash, "parameters": parameters, "context": context})).as_bytes())
}
