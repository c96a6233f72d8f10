//! Takes over runs whose process is gone, and brings runs that are driven here
//! what other processes ask of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::bodies::Bodies;
use super::compiled::Compiled;
use super::driver::Driver;
use super::error::EngineError;
use super::handle::Engine;
use super::journal::{self, Journal};
use crate::base::ErrorKind;
use crate::config::AutoResume;
use crate::machine::{self, Event, EventKind, InputKind, RunStatus, State, StepPath, StepStatus};
use crate::store::{ChangeToken, Claim, Claimable, RunRow};
use crate::workflow::plan::{Plan, StepKind};

/// How often a process looks for runs that nobody alive owns.
const LOOK: Duration = Duration::from_secs(1);
/// How often it looks whether another process has written.
const NOTICE: Duration = Duration::from_millis(50);
/// The same while it drives nothing.
const NOTICE_IDLE: Duration = Duration::from_millis(250);
/// A run that was silent for longer is not gone on with unasked.
const SILENT: Duration = Duration::from_hours(1);

/// Whether this process takes runs over.
pub(super) struct Adoption {
    auto_resume: AutoResume,
    begun: AtomicBool,
    /// Tools whose sources are being asked for them.
    sought: Mutex<HashSet<String>>,
}

impl Adoption {
    pub(super) fn new(auto_resume: AutoResume) -> Self {
        Self { auto_resume, begun: AtomicBool::new(false), sought: Mutex::default() }
    }

    fn sought(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.sought.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who wants a run to be taken over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Nobody in particular: it was found.
    Found,
    /// A request that names it.
    Asked,
}

impl Engine {
    /// From now on this process takes over runs whose process is gone: at once,
    /// and then as they come. A second call does nothing.
    pub fn begin_adoption(&self) {
        if self.adoption.begun.swap(true, Ordering::SeqCst) {
            return;
        }
        let engine = self.clone();
        self.shared.tasks.spawn(async move {
            let mut told = None;
            while !engine.shared.stopping.is_cancelled() {
                let fault = engine.adopt_all().await.err().map(|error| error.to_string());
                if let Some(error) = fault.as_ref().filter(|_| fault != told) {
                    tracing::error!(error, "looking for runs to take over; told once");
                }
                told = fault;
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = engine.shared.stopping.cancelled() => return,
                }
            }
        });
        self.begin_notice();
    }

    /// From now on requests that other processes write reach runs driven here.
    fn begin_notice(&self) {
        let engine = self.clone();
        self.shared.tasks.spawn(async move {
            let mut seen = ChangeToken::default();
            while !engine.shared.stopping.is_cancelled() {
                let wait = if engine.driven().is_empty() { NOTICE_IDLE } else { NOTICE };
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = engine.shared.stopping.cancelled() => return,
                }
                match engine.shared.store.changed_since(seen).await {
                    Ok(None) => continue,
                    Ok(Some(token)) => seen = token,
                    Err(error) => {
                        tracing::warn!(%error, "looking whether another process has written");
                        continue;
                    }
                }
                if let Err(error) = engine.deliver().await {
                    tracing::warn!(%error, "reading the inbox");
                }
            }
        });
    }

    /// Takes over every run that can be, now.
    pub async fn adopt_all(&self) -> Result<usize, EngineError> {
        let mut adopted = 0;
        for claimable in self.shared.store.claimable_by(&self.shared.process).await? {
            if self.shared.handle(&claimable.run).is_some() || self.shared.is_left(&claimable.run) {
                continue;
            }
            match self.adopt(&claimable, Wanted::Found).await {
                Ok(true) => adopted += 1,
                Ok(false) => {}
                Err(error) => tracing::error!(run = %claimable.run, %error, "the run cannot be taken over"),
            }
        }
        Ok(adopted)
    }

    /// Takes one run over for a request that names it; `true` when it is driven
    /// here afterwards.
    pub async fn adopt_run(&self, run: &str) -> Result<bool, EngineError> {
        if self.shared.handle(run).is_some() {
            return Ok(true);
        }
        self.shared.try_again(run);
        let claimable = self.shared.store.claimable_by(&self.shared.process).await?;
        match claimable.iter().find(|claimable| &*claimable.run == run) {
            Some(claimable) => self.adopt(claimable, Wanted::Asked).await,
            None => Ok(false),
        }
    }

    async fn adopt(&self, claimable: &Claimable, wanted: Wanted) -> Result<bool, EngineError> {
        let store = &self.shared.store;
        let run = &claimable.run;
        let Some(_reserved) = self.shared.reserve(run) else { return Ok(self.shared.handle(run).is_some()) };
        let row = store.run(run).await?.ok_or_else(|| EngineError::no_run(run))?;
        if row.projection.status.is_terminal() || self.shared.is_left(run) {
            return Ok(false);
        }
        // All that can fail comes before the claim: an owner that lives and does
        // not drive would keep the run from everybody.
        let Read { plan, state, compiled, pins } = match self.read(&row).await {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Internal => {
                self.shared.leave_alone(run.clone());
                let owner = claimable.owner.as_deref();
                store.hold(run, &self.shared.process, owner, claimable.epoch, journal::another_process()).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let missing = self.missing_tools(&plan);
        if !missing.is_empty() {
            tracing::debug!(%run, ?missing, "left for a process that has its tools");
            self.seek(missing);
            return Ok(false);
        }
        if wanted == Wanted::Found
            && let Some(url) = self.webhook_elsewhere(&plan)
        {
            tracing::debug!(%run, url, "left for a process whose configuration lists that host");
            return Ok(false);
        }
        // Who asks for this very run has a call repeated with the tool as it is now.
        if wanted == Wanted::Found
            && let Some(tool) = self.changed_in_flight(&state, &pins)
        {
            tracing::debug!(%run, tool, "left for a process whose tool is as it was when it was called");
            return Ok(false);
        }
        let epoch = match store.claim(run, &self.shared.process, claimable.owner.as_deref(), claimable.epoch).await? {
            Claim::Claimed(epoch) => epoch,
            Claim::OwnerAlive | Claim::Lost | Claim::Ended => return Ok(false),
        };
        let mut first = vec![InputKind::Adopted];
        let silent = self.shared.clock.now().since(row.projection.updated_at) > SILENT;
        let goes_on = match self.adoption.auto_resume {
            AutoResume::All => true,
            AutoResume::Never => false,
            AutoResume::Safe => !silent,
        };
        let status = state.status();
        if !goes_on && matches!(status, RunStatus::Pending | RunStatus::Running | RunStatus::Waiting) {
            let reason = if silent { "its process ended over an hour ago" } else { "its process ended" };
            first.insert(0, InputKind::Pause { reason: reason.to_owned() });
        }
        tracing::info!(%run, %status, "taken over from a process that is gone");
        let journal =
            Journal::new(store.clone(), run.clone(), self.shared.process.clone(), epoch, row.seq, row.inbox_seen);
        let bodies = Bodies::new(store.clone(), run.clone());
        Driver::spawn(&self.shared, state, bodies, journal, first, compiled);
        self.deliver().await?;
        Ok(true)
    }

    /// What a run is driven by. [`ErrorKind::Internal`] when this version cannot
    /// go on with it.
    async fn read(&self, row: &RunRow) -> Result<Read, EngineError> {
        let plan = self.plan(row).await?;
        let unsupported = machine::unsupported(&plan);
        if !unsupported.is_empty() {
            return Err(EngineError::internal(format!("this version cannot run it: {}", unsupported.join("; "))));
        }
        let log = journal::log(&self.shared.store, &row.id).await?;
        let state = journal::replay(plan.clone(), &row.id, &log)?;
        let compiled = Compiled::of(&plan).map_err(EngineError::internal)?;
        Ok(Read { plan, state, compiled, pins: pins(&log) })
    }

    /// A tool whose call is in flight and would be repeated, and which is not
    /// what it was when it was called.
    fn changed_in_flight(&self, state: &State, pins: &BTreeMap<StepPath, String>) -> Option<String> {
        let tools = self.shared.tools();
        let in_flight = state.steps.iter().filter(|(_, step)| step.status == StepStatus::Running && step.repeat_safe);
        in_flight
            .filter_map(|(path, step)| Some((pins.get(path)?, &step.ready.as_ref()?.tool)))
            .find(|(pin, tool)| tools.pinned(tool).is_none_or(|now| now.pin != **pin))
            .map(|(_, tool)| tool.clone())
    }

    /// Has the servers asked that may have these tools; the next look sees what
    /// came of it. Nobody waits: a server may hang.
    fn seek(&self, missing: Vec<String>) {
        let names: Vec<String> = {
            let mut sought = self.adoption.sought();
            missing.into_iter().filter(|name| sought.insert(name.clone())).collect()
        };
        if names.is_empty() {
            return;
        }
        let (engine, tools) = (self.clone(), self.shared.tools());
        self.shared.tasks.spawn(async move {
            tokio::select! {
                () = tools.seek(&names) => {}
                () = engine.shared.stopping.cancelled() => {}
            }
            engine.adoption.sought().retain(|name| !names.contains(name));
        });
    }

    /// Where a webhook of a plan goes that this process may not reach.
    fn webhook_elsewhere<'p>(&self, plan: &'p Plan) -> Option<&'p str> {
        let webhooks = self.shared.webhooks().ok();
        let urls = plan.steps.iter().filter_map(|step| {
            let StepKind::Webhook(request) = &step.kind else { return None };
            request.get("url")?.as_str()
        });
        // Where an expression leads is known when it is sent.
        let mut written = urls.filter(|url| !url.contains("{{"));
        written.find(|url| !webhooks.as_ref().is_some_and(|webhooks| webhooks.lists(url)))
    }

    /// Tools of a plan that this process does not have.
    fn missing_tools(&self, plan: &Plan) -> Vec<String> {
        let tools = self.shared.tools();
        let called = plan.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Action(call) => Some(call.tool.as_str()),
            StepKind::AgentTask { .. }
            | StepKind::Capability { .. }
            | StepKind::Condition { .. }
            | StepKind::Parallel { .. }
            | StepKind::Loop { .. }
            | StepKind::Wait(_)
            | StepKind::HumanTask { .. }
            | StepKind::Webhook(_)
            | StepKind::Workflow { .. }
            | StepKind::Transform { .. } => None,
        });
        called.filter(|tool| tools.definition(tool).is_none()).map(ToOwned::to_owned).collect()
    }
}

/// What a run is driven by.
struct Read {
    plan: Arc<Plan>,
    state: State,
    compiled: Compiled,
    pins: BTreeMap<StepPath, String>,
}

/// The definitions that calls were last made of.
fn pins(log: &[Event]) -> BTreeMap<StepPath, String> {
    let mut pins = BTreeMap::new();
    for event in log {
        if let EventKind::StepStarted { path, pin: Some(pin), .. } = &event.kind {
            pins.insert(path.clone(), pin.clone());
        }
    }
    pins
}
