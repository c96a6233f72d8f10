//! The state of one run: what its log adds up to.
//!
//! Results are references; the state of a run of 2,000 steps is small and never
//! copied. Statuses that people see are derived here and nowhere else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{BodyRef, Handling, StepError, StepPath};
use crate::base::Timestamp;
use crate::contract::Binding;
use crate::workflow::plan::{OnUnknown, Plan, PlanStep};

/// A run's status as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Exists, has no place yet.
    Pending,
    /// Some step can go on.
    Running,
    /// Asked to pause, or an interrupted step's question is open.
    Paused,
    /// Every step that could go on waits for something outside.
    Waiting,
    /// Ending after a cancel.
    Cancelling,
    /// Being undone.
    Compensating,
    /// Ended well.
    Completed,
    /// Ended by a failure.
    Failed,
    /// Ended by a cancel.
    Cancelled,
    /// Ended by its own timeout.
    TimedOut,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Running,
        Self::Paused,
        Self::Waiting,
        Self::Cancelling,
        Self::Compensating,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
    ];

    /// The name in answers and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Waiting => "waiting",
            Self::Cancelling => "cancelling",
            Self::Compensating => "compensating",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }

    /// Reads a name back.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether it never changes again.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::TimedOut)
    }
}

impl std::fmt::Display for RunStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A step instance's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Not begun.
    Pending,
    /// A call is in flight.
    Running,
    /// An attempt failed, another follows.
    Retrying,
    /// Waits for something outside.
    Waiting,
    /// Sent, no reply: a person chooses.
    Interrupted,
    /// Ended well.
    Completed,
    /// Failed for good.
    Failed,
    /// Did not run.
    Skipped,
    /// Ended with its run.
    Cancelled,
    /// Being undone.
    Compensating,
    /// Undone.
    Compensated,
}

impl StepStatus {
    /// Every status.
    pub const ALL: [Self; 11] = [
        Self::Pending,
        Self::Running,
        Self::Retrying,
        Self::Waiting,
        Self::Interrupted,
        Self::Completed,
        Self::Failed,
        Self::Skipped,
        Self::Cancelled,
        Self::Compensating,
        Self::Compensated,
    ];

    /// The name in answers and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Waiting => "waiting",
            Self::Interrupted => "interrupted",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Compensating => "compensating",
            Self::Compensated => "compensated",
        }
    }

    /// Whether dependents may count on it.
    #[must_use]
    pub fn is_finished(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Skipped | Self::Cancelled | Self::Compensating | Self::Compensated
        )
    }
}

impl std::fmt::Display for StepStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A step's settled input.
#[derive(Debug, Clone, PartialEq)]
pub struct Ready {
    /// Resolved arguments, secrets as markers.
    pub parameters: BodyRef,
    /// The tool.
    pub tool: String,
    /// Per attempt.
    pub timeout_ms: Option<u64>,
}

/// One step instance.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// Its node in the plan.
    pub index: usize,
    /// Where it stands.
    pub status: StepStatus,
    /// Dependencies that are not finished.
    pub blocked_by: usize,
    /// Its input, once settled.
    pub ready: Option<Ready>,
    /// Attempts sent.
    pub attempts: u32,
    /// Attempts that failed and count against `max_retries`.
    pub failures: u32,
    /// The key of its calls.
    pub key: Option<Arc<str>>,
    /// As recorded when the last attempt was sent.
    pub repeat_safe: bool,
    /// Its result.
    pub result: Option<BodyRef>,
    /// Its last error.
    pub error: Option<StepError>,
    /// What `on_error` made of a failure.
    pub handling: Option<Handling>,
    /// Its first attempt was sent then.
    pub started_at: Option<Timestamp>,
    /// It ended then.
    pub finished_at: Option<Timestamp>,
    /// The next attempt is not made before this.
    pub not_before: Option<Timestamp>,
    /// It was cancelled while an unsafe call had no reply.
    pub outcome_unknown: bool,
    /// How an interruption was answered.
    pub answered_via: Option<super::event::Via>,
}

impl StepState {
    fn new(index: usize, blocked_by: usize) -> Self {
        Self {
            index,
            status: StepStatus::Pending,
            blocked_by,
            ready: None,
            attempts: 0,
            failures: 0,
            key: None,
            repeat_safe: false,
            result: None,
            error: None,
            handling: None,
            started_at: None,
            finished_at: None,
            not_before: None,
            outcome_unknown: false,
            answered_via: None,
        }
    }

    /// From the first sending to the end.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some(self.finished_at?.since(self.started_at?))
    }
}

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
    /// Step instances, in file order.
    pub steps: IndexMap<StepPath, StepState>,
    /// Open questions by id.
    pub tasks: IndexMap<String, Task>,
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

    /// Dependents of each node.
    pub(super) dependents: Arc<[Vec<usize>]>,
    /// Pending, unblocked, input not settled.
    pub(super) unblocked: BTreeSet<usize>,
    /// Input settled, no call in flight.
    pub(super) queued: BTreeSet<usize>,
    /// Calls in flight.
    pub(super) in_flight: BTreeSet<usize>,
    /// Between two attempts.
    pub(super) retrying: BTreeSet<usize>,
    /// Finished instances.
    pub(super) finished: usize,
    /// Of them, those that ended with their run.
    pub(super) cancelled: usize,
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
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        for (index, step) in plan.steps.iter().enumerate() {
            for &dependency in &step.depends_on {
                dependents[dependency].push(index);
            }
        }
        let steps: IndexMap<StepPath, StepState> = plan
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| (StepPath::from(step.id.as_str()), StepState::new(index, step.depends_on.len())))
            .collect();
        let unblocked = steps.values().filter(|step| step.blocked_by == 0).map(|step| step.index).collect();
        Self {
            run,
            plan,
            parameters,
            context: IndexMap::new(),
            session: None,
            binding: None,
            forked_from: None,
            timeout_ms: 0,
            on_unknown: OnUnknown::Ask,
            steps,
            tasks: IndexMap::new(),
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
            dependents: dependents.into(),
            unblocked,
            queued: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            retrying: BTreeSet::new(),
            finished: 0,
            cancelled: 0,
            active: Duration::ZERO,
            active_since: None,
            last_at: at,
        }
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
        if self.pause.is_some() || !self.tasks.is_empty() {
            return RunStatus::Paused;
        }
        if self.started_at.is_none() {
            return RunStatus::Pending;
        }
        RunStatus::Running
    }

    /// A cancel or the run's timeout is being carried out.
    #[must_use]
    pub fn ending(&self) -> bool {
        self.end.is_none() && (self.cancel.is_some() || self.timed_out)
    }

    /// Whether anything new may start.
    #[must_use]
    pub fn may_start(&self) -> bool {
        self.status() == RunStatus::Running
    }

    /// The plan's node of an instance.
    #[must_use]
    pub fn node(&self, path: &StepPath) -> Option<&PlanStep> {
        self.plan.steps.get(self.steps.get(path)?.index)
    }

    /// The instance of a node outside loops.
    pub(super) fn at(&self, index: usize) -> Option<(&StepPath, &StepState)> {
        self.steps.get_index(index)
    }

    /// Paths of calls in flight.
    pub fn calls_in_flight(&self) -> impl Iterator<Item = &StepPath> {
        self.in_flight.iter().filter_map(|&index| self.at(index).map(|(path, _)| path))
    }

    /// Finished steps over all steps, in percent; 100 only at a completed end.
    #[must_use]
    pub fn progress_percentage(&self) -> f64 {
        if self.end == Some(RunStatus::Completed) {
            return 100.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 100,000 instances")]
        let share = (self.finished - self.cancelled) as f64 / self.steps.len().max(1) as f64;
        // The last step may be done while the outputs are not.
        (share * 100.0).min(99.9)
    }

    /// How many steps have this status.
    #[must_use]
    pub fn count(&self, status: StepStatus) -> usize {
        self.steps.values().filter(|step| step.status == status).count()
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
