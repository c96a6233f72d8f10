//! Takes over runs whose process is gone or stands still (P5), and brings runs
//! that are driven here what other processes ask of them.
//!
//! A look costs one question to the store and one to each other owner's lock;
//! rows are read again only when somebody has written. What a process cannot go
//! on with is set aside and not looked at each time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;

use super::bodies::Bodies;
use super::compiled::Compiled;
use super::driver::Driver;
use super::error::EngineError;
use super::handle::Engine;
use super::journal::{self, Journal};
use super::lease::Watch;
use super::needs::{self, Lack};
use crate::base::ErrorKind;
use crate::config::AutoResume;
use crate::machine::{self, Event, EventKind, InputKind, RunStatus, State, StepPath};
use crate::store::{ChangeToken, Claim, OpenRun, RunRow};
use crate::workflow::plan::{Plan, StepKind};

/// How often a process looks for runs to take over.
const LOOK: Duration = Duration::from_millis(500);
/// How often it looks whether another process has written.
const NOTICE: Duration = Duration::from_millis(50);
/// The same while it drives nothing.
const NOTICE_IDLE: Duration = Duration::from_millis(250);
/// A run that was silent for longer is not gone on with unasked.
const SILENT: Duration = Duration::from_hours(1);
/// Runs that are read and claimed at once: their commits go together.
const AT_ONCE: usize = 32;
/// How long a run is set aside at first and at last; the time doubles.
const ASIDE: Duration = Duration::from_secs(1);
const ASIDE_MOST: Duration = Duration::from_mins(5);

/// Whether and how this process takes runs over.
pub(super) struct Adoption {
    auto_resume: AutoResume,
    begun: AtomicBool,
    looking: Mutex<Looking>,
}

struct Looking {
    watch: Watch,
    aside: HashMap<Arc<str>, Aside>,
    /// Tools whose sources are being asked for them.
    sought: HashSet<String>,
}

/// A run that this process could not go on with.
struct Aside {
    /// Of this owner; of the next it may be able to.
    epoch: u64,
    /// Until then, on the monotonic clock.
    until: Duration,
    times: u32,
}

/// The open runs as they were last read.
#[derive(Default)]
struct Known {
    at: ChangeToken,
    runs: Vec<OpenRun>,
    /// This process itself has changed something about them.
    stale: bool,
}

impl Adoption {
    pub(super) fn new(auto_resume: AutoResume, lease: Duration) -> Self {
        let looking = Looking { watch: Watch::new(lease), aside: HashMap::new(), sought: HashSet::new() };
        Self { auto_resume, begun: AtomicBool::new(false), looking: Mutex::new(looking) }
    }

    fn looking(&self) -> MutexGuard<'_, Looking> {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A run that may be taken over.
#[derive(Clone)]
struct Candidate {
    run: OpenRun,
    /// Its owner lives and stands still.
    stalled: bool,
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
            let (mut told, mut known) = (None, Known::default());
            while !engine.shared.stopping.is_cancelled() {
                let fault = engine.look(&mut known).await.err().map(|error| error.to_string());
                if let Some(error) = fault.as_ref().filter(|_| fault != told) {
                    tracing::error!(error, "looking for runs to take over; told once");
                }
                told = fault;
                tokio::select! {
                    () = tokio::time::sleep(LOOK.min(engine.shared.lease / 4)) => {}
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

    /// Takes over every run that can be, now; how many.
    pub async fn adopt_all(&self) -> Result<usize, EngineError> {
        self.look(&mut Known::default()).await
    }

    async fn look(&self, known: &mut Known) -> Result<usize, EngineError> {
        let store = &self.shared.store;
        let changed = store.changed_since(known.at).await?;
        if changed.is_some() || known.stale {
            known.runs = store.open_runs().await?;
            known.at = changed.unwrap_or(known.at);
        }
        let candidates = self.candidates(&known.runs);
        known.stale = !candidates.is_empty();
        if candidates.is_empty() {
            return Ok(0);
        }
        let taken = futures::stream::iter(candidates)
            .map(|candidate| async move {
                let run = candidate.run.run.clone();
                self.adopt(&candidate, Wanted::Found).await.unwrap_or_else(|error| {
                    tracing::error!(%run, %error, "the run cannot be taken over");
                    self.set_aside(&candidate.run, false);
                    false
                })
            })
            .buffer_unordered(AT_ONCE)
            .filter(|taken| std::future::ready(*taken));
        let taken = taken.count().await;
        if taken > 0 {
            self.deliver().await?;
        }
        Ok(taken)
    }

    /// Takes one run over for a request that names it; `true` when it is driven
    /// here afterwards.
    pub async fn adopt_run(&self, run: &str) -> Result<bool, EngineError> {
        if self.shared.handle(run).is_some() {
            return Ok(true);
        }
        self.shared.try_again(run);
        self.adoption.looking().aside.remove(run);
        let open = self.shared.store.open_runs().await?;
        let Some(candidate) = self.candidates(&open).into_iter().find(|candidate| &*candidate.run.run == run) else {
            return Ok(false);
        };
        let taken = self.adopt(&candidate, Wanted::Asked).await?;
        if taken {
            self.deliver().await?;
        }
        Ok(taken)
    }

    /// Of the open runs those that nobody drives and that are not set aside.
    fn candidates(&self, open: &[OpenRun]) -> Vec<Candidate> {
        let shared = &self.shared;
        let now = shared.clock.monotonic();
        let mut owners: HashMap<Arc<str>, bool> = HashMap::new();
        let mut alive = |run: &OpenRun| {
            let Some(owner) = run.owner.as_ref().filter(|owner| **owner != shared.process) else { return false };
            // A lock that cannot be looked at may be held.
            *owners.entry(owner.clone()).or_insert_with(|| shared.store.is_alive(owner).unwrap_or(true))
        };
        let (living, free): (Vec<&OpenRun>, Vec<&OpenRun>) = open.iter().partition(|run| alive(run));
        let mut looking = self.adoption.looking();
        looking.watch.look(now, living.iter().copied());
        let known: HashSet<&str> = open.iter().map(|run| &*run.run).collect();
        looking.aside.retain(|run, _| known.contains(&**run));
        let stalled = living.into_iter().filter(|run| looking.watch.stalled(run)).map(|run| (run, true));
        let aside = |run: &OpenRun| {
            looking.aside.get(&run.run).is_some_and(|aside| aside.epoch == run.epoch && now < aside.until)
        };
        free.into_iter()
            .map(|run| (run, false))
            .chain(stalled)
            .filter(|(run, _)| shared.handle(&run.run).is_none() && !shared.is_left(&run.run) && !aside(run))
            .map(|(run, stalled)| Candidate { run: run.clone(), stalled })
            .collect()
    }

    /// Does not look at a run for some time: for ever (as long as its owner is the
    /// same) where this process's configuration does not fit it.
    fn set_aside(&self, run: &OpenRun, for_ever: bool) {
        let now = self.shared.clock.monotonic();
        let mut looking = self.adoption.looking();
        let before = looking.aside.get(&run.run).filter(|aside| aside.epoch == run.epoch);
        let times = before.map_or(0, |aside| aside.times + 1);
        let wait = ASIDE.saturating_mul(1 << times.min(16)).min(ASIDE_MOST);
        let until = if for_ever { Duration::MAX } else { now + wait };
        looking.aside.insert(run.run.clone(), Aside { epoch: run.epoch, until, times });
    }

    async fn adopt(&self, candidate: &Candidate, wanted: Wanted) -> Result<bool, EngineError> {
        let store = &self.shared.store;
        let Candidate { run: open, stalled } = candidate;
        let run = &open.run;
        let Some(_reserved) = self.shared.reserve(run) else { return Ok(self.shared.handle(run).is_some()) };
        let row = store.run(run).await?.ok_or_else(|| EngineError::no_run(run))?;
        if row.projection.status.is_terminal() || self.shared.is_left(run) {
            return Ok(false);
        }
        // Before anything is read of the log: most runs that are not ours fail here.
        if let Some(needs) = &row.needs
            && self.lacks(open, needs::lack(needs, &self.shared))
        {
            return Ok(false);
        }
        // All that can fail comes before the claim: an owner that lives and does
        // not drive would keep the run from everybody.
        let Read { plan, state, compiled, pins } = match self.read(&row).await {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Internal => {
                self.shared.leave_alone(run.clone());
                let owner = open.owner.as_deref();
                store.hold(run, &self.shared.process, owner, open.epoch, journal::another_process()).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        if row.needs.is_none() && self.lacks(open, needs::lack(&needs::of(&plan, "", &self.shared), &self.shared)) {
            return Ok(false);
        }
        if wanted == Wanted::Found
            && let Some(url) = self.webhook_elsewhere(&plan)
        {
            tracing::debug!(%run, url, "left for a process whose configuration lists that host");
            self.set_aside(open, true);
            return Ok(false);
        }
        // Who asks for this very run has a call repeated with the tool as it is now.
        if wanted == Wanted::Found
            && let Some(tool) = self.changed_in_flight(&state, &pins)
        {
            tracing::debug!(%run, tool, "left for a process whose tool is as it was when it was called");
            self.set_aside(open, false);
            return Ok(false);
        }
        let (owner, process) = (open.owner.as_deref(), &self.shared.process);
        let claim = match owner.filter(|_| *stalled) {
            Some(owner) => store.claim_stalled(run, process, owner, open.epoch, open.renewals).await?,
            None => store.claim(run, process, owner, open.epoch).await?,
        };
        let epoch = match claim {
            Claim::Claimed(epoch) => epoch,
            Claim::OwnerAlive | Claim::Lost | Claim::Ended => return Ok(false),
        };
        let status = state.status();
        let why = if *stalled { "its process stood still" } else { "its process is gone" };
        tracing::info!(%run, %status, why, "taken over");
        let first = self.first_inputs(&row, status);
        // An owner that stood still may have woken and written before the claim.
        let (state, seen) = if *stalled {
            let row = store.run(run).await?.ok_or_else(|| EngineError::no_run(run))?;
            (journal::load(store, run, plan).await?, row.inbox_seen)
        } else {
            (state, row.inbox_seen)
        };
        let journal = Journal::new(store.clone(), run.clone(), self.shared.process.clone(), epoch, state.events, seen);
        let bodies = Bodies::new(store.clone(), run.clone());
        Driver::spawn(&self.shared, state, bodies, journal, first, compiled);
        Ok(true)
    }

    /// Whether this process lacks something of what a run needs, which then is set aside.
    fn lacks(&self, run: &OpenRun, lack: Lack) -> bool {
        if lack.is_empty() {
            return false;
        }
        tracing::debug!(run = %run.run, missing = ?lack.told(), "left for a process that has what it needs");
        self.set_aside(run, !lack.configured.is_empty());
        if lack.configured.is_empty() {
            self.seek(run, lack.tools);
        }
        true
    }

    fn first_inputs(&self, row: &RunRow, status: RunStatus) -> Vec<InputKind> {
        let silent = self.shared.clock.now().since(row.projection.updated_at) > SILENT;
        let goes_on = match self.adoption.auto_resume {
            AutoResume::All => true,
            AutoResume::Never => false,
            AutoResume::Safe => !silent,
        };
        let mut first = vec![InputKind::Adopted];
        if !goes_on && matches!(status, RunStatus::Pending | RunStatus::Running | RunStatus::Waiting) {
            let reason = if silent { "its process ended over an hour ago" } else { "its process ended" };
            first.insert(0, InputKind::Pause { reason: reason.to_owned() });
        }
        first
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
        machine::repeated_when_adopted(state)
            .filter_map(|step| Some((pins.get(&step.path)?, &step.ready.as_ref()?.tool)))
            .find(|(pin, tool)| tools.pinned(tool).is_none_or(|now| now.pin != **pin))
            .map(|(_, tool)| tool.clone())
    }

    /// Has the servers asked that may have these tools; the run is looked at again
    /// when they have answered. Nobody waits: a server may hang.
    fn seek(&self, run: &OpenRun, missing: Vec<String>) {
        let names: Vec<String> = {
            let mut looking = self.adoption.looking();
            missing.into_iter().filter(|name| looking.sought.insert(name.clone())).collect()
        };
        if names.is_empty() {
            return;
        }
        let (engine, tools, run) = (self.clone(), self.shared.tools(), run.run.clone());
        self.shared.tasks.spawn(async move {
            tokio::select! {
                () = tools.seek(&names) => {}
                () = engine.shared.stopping.cancelled() => return,
            }
            let mut looking = engine.adoption.looking();
            looking.sought.retain(|name| !names.contains(name));
            // Those that are still missing are sought again when the time is over.
            if names.iter().all(|name| tools.definition(name).is_some()) {
                looking.aside.remove(&run);
            }
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
