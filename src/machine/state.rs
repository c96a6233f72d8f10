//! The state of one run: what its log adds up to.
//!
//! Results are references; an iteration of a loop whose steps are over leaves
//! them and nothing else, so the state of a run with 100,000 instances is small.
//! Statuses that people see are derived here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{BodyRef, StepError, StepPath};
use super::layout::Layout;
use super::place::{Place, number};
use super::status::{RunStatus, StepStatus};
use super::step::StepState;
use super::steps::Steps;
use super::waits::Waiting;
use crate::base::{ErrorKind, Timestamp};
use crate::contract::Binding;
use crate::workflow::plan::{Mode, OnUnknown, Plan, PlanStep};

/// Step instances of one run, at most.
pub const MAX_INSTANCES: usize = 100_000;

/// Bytes of results of one run, at most.
pub const MAX_RESULT_BYTES: u64 = 1 << 30;

/// What an outermost step counts for progress: enough to be divided among the
/// iterations of nested loops, and exact as a float for 2,000 steps.
const WEIGHT: u64 = 1 << 32;

/// An open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The step it is about.
    pub path: StepPath,
    /// Asked then.
    pub opened_at: Timestamp,
}

/// A call that was cancelled without a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unresolved {
    /// The step.
    pub step_id: String,
    /// The tool that was called.
    pub tool: String,
    /// The key it was called with.
    pub key: String,
}

/// What a run's log adds up to.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The run's id.
    pub run: Arc<str>,
    /// The plan it keeps.
    pub plan: Arc<Plan>,
    /// Its parameters, an object.
    pub parameters: BodyRef,
    /// The shared context.
    pub context: IndexMap<String, BodyRef>,
    /// The session that asked for it.
    pub session: Option<String>,
    /// What it is bound to.
    pub binding: Option<Binding>,
    /// The run whose results were copied.
    pub forked_from: Option<String>,
    /// Length of its own timeout.
    pub timeout_ms: u64,
    /// What to do with an unsafe call without a reply, where the step does not say.
    pub on_unknown: OnUnknown,
    /// Step instances, in file order; those of finished iterations are gone.
    pub steps: Steps,
    /// Open questions by id.
    pub tasks: IndexMap<String, Task>,
    /// Signals that no wait has taken, by event, oldest first.
    pub signals: BTreeMap<String, BTreeMap<u64, BodyRef>>,
    /// Created then.
    pub created_at: Timestamp,
    /// Got its first place then.
    pub started_at: Option<Timestamp>,
    /// Ended then.
    pub finished_at: Option<Timestamp>,
    /// The pause that was asked for.
    pub pause: Option<String>,
    /// The cancel that was asked for: reason, compensate.
    pub cancel: Option<(Option<String>, bool)>,
    /// Its time was up.
    pub timed_out: bool,
    /// Since then it is ending.
    pub ending_since: Option<Timestamp>,
    /// The first failure that `abort` made the run's.
    pub failure: Option<(StepPath, StepError)>,
    /// A terminal status, once there is one.
    pub end: Option<RunStatus>,
    /// Why it failed.
    pub error: Option<StepError>,
    /// Its outputs.
    pub outputs: Option<BodyRef>,
    /// Outputs that could not be evaluated.
    pub warnings: Vec<String>,
    /// Number of events folded in.
    pub events: u64,

    /// The plan as the state needs it.
    pub(super) layout: Arc<Layout>,
    /// Pending, unblocked, input not settled.
    pub(super) unblocked: BTreeSet<Place>,
    /// Input settled, no call in flight.
    pub(super) queued: BTreeSet<Place>,
    /// Calls in flight.
    pub(super) in_flight: BTreeSet<Place>,
    /// Between two attempts.
    pub(super) retrying: BTreeSet<Place>,
    /// Steps that wait for something outside.
    pub(super) waiting: BTreeSet<Place>,
    /// Of them, those that a signal can wake.
    pub(super) listening: BTreeSet<Place>,
    /// Of them, those whose result is to be made.
    pub(super) woken: BTreeSet<Place>,
    /// Signals that were ever kept.
    pub(super) signals_received: u64,
    /// Their branch is not taken, or their container is over without having begun.
    pub(super) orphans: BTreeSet<Place>,
    /// Containers that have begun, with nothing open in them.
    pub(super) idle: BTreeSet<Place>,
    /// Loops over items that have more of them.
    pub(super) spawning: BTreeSet<Place>,
    /// Iterations whose steps are over.
    pub(super) over: BTreeSet<(Place, u32)>,
    /// Containers that have begun and in which nothing more begins for a failure.
    pub(super) failing: BTreeSet<Place>,
    /// Bytes of the results so far, those of finished iterations included.
    pub(super) result_bytes: u64,
    /// Instances made so far.
    pub(super) created: usize,
    /// Of those kept, the ones that are not finished.
    pub(super) open: usize,
    /// All instances by status, those no longer kept included.
    pub(super) counts: [usize; StepStatus::ALL.len()],
    /// What is done, as progress counts it.
    pub(super) granted: u64,
    /// The node that ended last.
    pub(super) last_ended: Option<usize>,
    /// Time it has been active, up to `active_since`.
    pub(super) active: Duration,
    /// Active from then on.
    pub(super) active_since: Option<Timestamp>,
    /// The last event's time.
    pub(super) last_at: Timestamp,
}

impl State {
    /// A run that has just been created, before its first event.
    #[must_use]
    pub(super) fn new(run: Arc<str>, plan: Arc<Plan>, parameters: BodyRef, at: Timestamp) -> Self {
        let layout = Arc::new(Layout::of(&plan));
        let mut state = Self {
            run,
            plan,
            parameters,
            context: IndexMap::new(),
            session: None,
            binding: None,
            forked_from: None,
            timeout_ms: 0,
            on_unknown: OnUnknown::Ask,
            steps: Steps::default(),
            tasks: IndexMap::new(),
            signals: BTreeMap::new(),
            created_at: at,
            started_at: None,
            finished_at: None,
            pause: None,
            cancel: None,
            timed_out: false,
            ending_since: None,
            failure: None,
            end: None,
            error: None,
            outputs: None,
            warnings: Vec::new(),
            events: 0,
            layout,
            unblocked: BTreeSet::new(),
            queued: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            retrying: BTreeSet::new(),
            waiting: BTreeSet::new(),
            listening: BTreeSet::new(),
            woken: BTreeSet::new(),
            signals_received: 0,
            orphans: BTreeSet::new(),
            idle: BTreeSet::new(),
            spawning: BTreeSet::new(),
            over: BTreeSet::new(),
            failing: BTreeSet::new(),
            result_bytes: 0,
            created: 0,
            open: 0,
            counts: [0; StepStatus::ALL.len()],
            granted: 0,
            last_ended: None,
            active: Duration::ZERO,
            active_since: None,
            last_at: at,
        };
        state.open_frame(&[], "", WEIGHT);
        state
    }

    /// Makes the instances of a list: the outermost one, or a loop's in one
    /// iteration. `each` is what one node counts for progress.
    pub(super) fn open_frame(&mut self, frame: &[u32], prefix: &str, each: u64) {
        let layout = self.layout.clone();
        let nodes = frame.iter().rev().nth(1).map_or(layout.outermost(), |&of| layout.body(of as usize));
        for &node in nodes {
            let Some(step) = self.plan.steps.get(node) else { continue };
            let path = StepPath(format!("{prefix}{}", step.id).into());
            let weight = each.saturating_mul(layout.size(node));
            let place = Place::within(frame, node);
            self.steps.insert(StepState::new(path, place, number(self.created), weight));
            self.created += 1;
        }
        self.open += nodes.len();
        self.counts[StepStatus::Pending.ordinal()] += nodes.len();
        for &node in nodes {
            self.link(&Place::within(frame, node));
        }
    }

    /// Lets an instance wait for what it depends on, and for its container.
    fn link(&mut self, place: &Place) {
        let plan = self.plan.clone();
        let Some(node) = plan.steps.get(place.node()) else { return };
        let mut blocked_by = usize::from(self.container(place).is_some_and(|around| around.frame() == place.frame()));
        for &dependency in &node.depends_on {
            let before = place.sees(dependency, self.layout.loops(dependency));
            if let Some(before) = before.and_then(|before| self.steps.at_mut(&before))
                && !before.status.is_finished()
            {
                before.waiters.push(place.clone());
                blocked_by += 1;
            }
        }
        let Some(step) = self.steps.at_mut(place) else { return };
        step.blocked_by = blocked_by;
        if blocked_by == 0 {
            self.unblocked.insert(place.clone());
        }
    }

    /// The container around an instance.
    pub(super) fn container(&self, place: &Place) -> Option<Place> {
        let around = self.plan.steps.get(place.node())?.parent?;
        place.sees(around, self.layout.loops(around))
    }

    /// The status people see: the first of these that applies.
    #[must_use]
    pub fn status(&self) -> RunStatus {
        if let Some(end) = self.end {
            return end;
        }
        if self.ending() {
            return RunStatus::Cancelling;
        }
        if self.pause.is_some() || self.count(StepStatus::Interrupted) > 0 {
            return RunStatus::Paused;
        }
        if self.started_at.is_none() {
            return RunStatus::Pending;
        }
        if self.stands_still() { RunStatus::Waiting } else { RunStatus::Running }
    }

    /// Whether steps wait and nothing else can go on.
    fn stands_still(&self) -> bool {
        // What is ready in a sequential run stays where it is until the wait is over.
        let held = self.plan.mode == Mode::Sequential;
        !self.waiting.is_empty()
            && self.woken.is_empty()
            && self.in_flight.is_empty()
            && self.retrying.is_empty()
            && self.queued.is_empty()
            && (held || self.unblocked.is_empty())
            && self.orphans.is_empty()
            && self.over.is_empty()
            && self.idle.is_empty()
            && !self.spawning.iter().any(|place| super::container::spawns(self, place))
    }

    /// Whether the time in which it waits is its own: the template bounds its
    /// time, and a step waits by the clock. Waiting for people and events is not.
    pub(super) fn waits_on_its_own_time(&self) -> bool {
        let by_clock = |place: &Place| {
            let waits = self.steps.at(place).and_then(|step| step.waits.as_deref());
            waits.is_some_and(|waits| matches!(waits.on, super::waits::Waits::Timer { .. }))
        };
        self.plan.timeout_seconds.is_some() && self.waiting.iter().any(by_clock)
    }

    /// A step that waits, and what for.
    #[must_use]
    pub fn waiting_step(&self, path: &StepPath) -> Option<&Waiting> {
        let step = self.steps.get(path).filter(|step| step.status == StepStatus::Waiting)?;
        step.waits.as_deref()
    }

    /// The steps that wait, in the order of the file.
    pub fn waiting(&self) -> impl Iterator<Item = (&StepState, &Waiting)> {
        self.waiting.iter().filter_map(|place| {
            let step = self.steps.at(place)?;
            Some((step, step.waits.as_deref()?))
        })
    }

    /// A cancel or the run's timeout is being carried out.
    #[must_use]
    pub fn ending(&self) -> bool {
        self.end.is_none() && (self.cancel.is_some() || self.timed_out)
    }

    /// Whether anything new may start.
    #[must_use]
    pub fn may_start(&self) -> bool {
        matches!(self.status(), RunStatus::Running | RunStatus::Waiting)
    }

    /// The plan's node of an instance.
    #[must_use]
    pub fn node(&self, path: &StepPath) -> Option<&PlanStep> {
        self.plan.steps.get(self.steps.get(path)?.index)
    }

    /// The instance of a node as a step that stands at `place` sees it (without
    /// one: as outputs do): its own iteration's, or one of a list around it.
    #[must_use]
    pub fn seen_from(&self, place: Option<&Place>, node: usize) -> Option<&StepState> {
        let loops = self.layout.loops(node);
        let outside = (loops == 0).then(|| Place::within(&[], node));
        self.steps.at(&place.map_or(outside, |place| place.sees(node, loops))?)
    }

    /// The nodes that one iteration of a loop has instances of, in the order of
    /// [`super::Iterations`].
    #[must_use]
    pub fn body(&self, node: usize) -> &[usize] {
        self.layout.body(node)
    }

    /// The instances of one iteration.
    pub(super) fn iteration(&self, path: &StepPath, index: u32) -> impl Iterator<Item = &StepState> {
        let frame = self.steps.place(path).map(|place| place.iteration(index));
        frame.into_iter().flat_map(|frame| self.steps.of_frame(&frame).collect::<Vec<_>>())
    }

    /// How many loops stand around a node.
    #[must_use]
    pub fn loops_around(&self, node: usize) -> usize {
        self.layout.loops(node)
    }

    /// Instances in flight, between two attempts, or asked about: those first
    /// that are named first. Else the one that ended last.
    #[must_use]
    pub fn current_node(&self) -> Option<&PlanStep> {
        let asked = || self.tasks.values().next().and_then(|task| self.steps.get(&task.path)).map(|step| step.index);
        let first = |places: &BTreeSet<Place>| places.first().map(Place::node);
        let open = first(&self.in_flight).or_else(|| first(&self.retrying));
        let node = open.or_else(asked).or_else(|| first(&self.waiting)).or(self.last_ended);
        self.plan.steps.get(node?)
    }

    /// Paths of calls in flight.
    pub fn calls_in_flight(&self) -> impl Iterator<Item = &StepPath> {
        self.in_flight.iter().filter_map(|place| self.steps.at(place).map(|step| &step.path))
    }

    /// What is done of all there is, in percent; 100 only at a completed end. An
    /// iteration of a loop counts for its share of the loop, so it never falls
    /// when a loop turns out to be long.
    #[must_use]
    pub fn progress_percentage(&self) -> f64 {
        if self.end == Some(RunStatus::Completed) {
            return 100.0;
        }
        let all = (self.plan.steps.len().max(1) as u64).saturating_mul(WEIGHT);
        #[expect(clippy::cast_precision_loss, reason = "both are below 2^53")]
        let share = self.granted as f64 / all as f64;
        // The last step may be done while the outputs are not.
        (share * 100.0).min(99.9)
    }

    /// How many steps have this status, those of finished iterations included.
    #[must_use]
    pub fn count(&self, status: StepStatus) -> usize {
        self.counts[status.ordinal()]
    }

    /// Instances made so far.
    #[must_use]
    pub fn total_steps(&self) -> usize {
        self.created
    }

    /// Of them, finished ones.
    #[must_use]
    pub fn finished_steps(&self) -> usize {
        self.created - self.open
    }

    /// Why a result cannot be kept: the run's results would be too many.
    pub(super) fn too_much(&self, result: &BodyRef) -> Option<StepError> {
        let whole = self.result_bytes.saturating_add(result.bytes);
        (whole > MAX_RESULT_BYTES).then(|| {
            let most = MAX_RESULT_BYTES >> 20;
            StepError::new(ErrorKind::LimitExceeded, format!("the results of a run are at most {most} MiB in all"))
        })
    }

    /// What is left of the run's own timeout at `now`.
    #[must_use]
    pub fn time_left(&self, now: Timestamp) -> Duration {
        let active = self.active + self.active_since.map_or(Duration::ZERO, |since| now.since(since));
        Duration::from_millis(self.timeout_ms).saturating_sub(active)
    }

    /// From the first place to the end, or to `now`.
    #[must_use]
    pub fn duration(&self, now: Timestamp) -> Duration {
        self.started_at.map_or(Duration::ZERO, |started| self.finished_at.unwrap_or(now).since(started))
    }

    /// Calls that were cancelled without a reply.
    #[must_use]
    pub fn unresolved(&self) -> Vec<Unresolved> {
        self.steps
            .iter()
            .filter(|(_, step)| step.outcome_unknown)
            .map(|(path, step)| Unresolved {
                step_id: path.to_string(),
                tool: step.ready.as_ref().map(|ready| ready.tool.clone()).unwrap_or_default(),
                key: step.key.as_deref().unwrap_or_default().to_owned(),
            })
            .collect()
    }
}
