//! What can happen to a run: the rows of its log.
//!
//! Events are stored for as long as the run is, so a variant or field is never
//! renamed; new fields have a default. A change of meaning is a new variant and
//! a higher [`CURRENT_VERSION`].

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::waits::{Waits, Woken};
use crate::base::json::sha256_hex;
use crate::base::{ErrorKind, Timestamp};
use crate::contract::Binding;
use crate::workflow::plan::OnUnknown;

/// The version written with every event of this build.
pub const CURRENT_VERSION: u32 = 3;

/// One row of a run's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it was decided.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// A value kept in the table of bodies: `{hash, bytes}`. The body is
/// compact JSON text in UTF-8, its keys in the order in which they came; `hash`
/// is its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BodyRef {
    /// SHA-256, hexadecimal.
    pub hash: Arc<str>,
    /// Length of the text.
    pub bytes: u64,
}

impl BodyRef {
    /// The reference of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { hash: sha256_hex(text.as_bytes()).into(), bytes: text.len() as u64 }
    }
}

/// A step instance: `review`, or with enclosing loops `publish[0].post`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepPath(pub Arc<str>);

impl StepPath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for StepPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StepPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for StepPath {
    fn from(path: &str) -> Self {
        Self(path.into())
    }
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// The kind, for retry and handlers.
    pub kind: ErrorKind,
    /// A sentence, secrets redacted.
    pub message: String,
}

impl StepError {
    /// A step error.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind: kind.step_kind(), message: message.into() }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// The run exists from here on.
    RunCreated {
        /// The run's id.
        run: Arc<str>,
        /// The plan it keeps.
        plan: BodyRef,
        /// Bound parameters, an object.
        parameters: BodyRef,
        /// Start values of the context.
        #[serde(default)]
        context: IndexMap<String, BodyRef>,
        /// The session that asked for it.
        #[serde(default)]
        session: Option<String>,
        /// The model that the session had connected.
        #[serde(default)]
        binding: Option<Binding>,
        /// The run whose results were copied.
        #[serde(default)]
        forked_from: Option<String>,
        /// Length of the run's own timeout.
        timeout_ms: u64,
        /// What to do with an unsafe call without a reply, where the step does not say.
        #[serde(default)]
        on_unknown: OnUnknown,
    },
    /// It got a place among the running ones.
    RunStarted,
    /// A step's dependencies are finished and its input is settled.
    StepReady {
        /// The instance.
        path: StepPath,
        /// Resolved arguments, secrets as markers.
        parameters: BodyRef,
        /// The tool.
        tool: String,
        /// Per attempt, from sending.
        #[serde(default)]
        timeout_ms: Option<u64>,
    },
    /// An attempt is about to be sent. Committed before the call goes out.
    StepStarted {
        /// The instance.
        path: StepPath,
        /// 1 for the first.
        attempt: u32,
        /// Equal for every attempt of the same arguments.
        key: Arc<str>,
        /// Whether a repeat is safe, as known when it was sent.
        repeat_safe: bool,
        /// The tool's definition hash at that time.
        #[serde(default)]
        pin: Option<String>,
    },
    /// An attempt brought a result.
    StepCompleted {
        /// The instance.
        path: StepPath,
        /// The result.
        result: BodyRef,
        /// Context values set by it.
        #[serde(default)]
        exports: IndexMap<String, BodyRef>,
        /// What the run is bound to from now on.
        #[serde(default)]
        binds: Option<Binding>,
    },
    /// An attempt failed and another follows.
    StepRetrying {
        /// The instance.
        path: StepPath,
        /// Why.
        error: StepError,
        /// The next attempt is not made before this.
        not_before: Timestamp,
        /// The outcome was unknown and the call is safe to repeat.
        #[serde(default)]
        after_unknown: bool,
    },
    /// The step failed for good.
    StepFailed {
        /// The instance.
        path: StepPath,
        /// Why.
        error: StepError,
        /// What its `on_error` makes of it.
        handling: Handling,
    },
    /// The step will not run.
    StepSkipped {
        /// The instance.
        path: StepPath,
        /// Why.
        reason: SkipReason,
    },
    /// A call was sent, no reply came, and a repeat is not safe: a person chooses.
    StepInterrupted {
        /// The instance.
        path: StepPath,
        /// What is known.
        error: StepError,
        /// The question's id.
        task: String,
    },
    /// A person chose.
    InterruptionAnswered {
        /// The question's id.
        task: String,
        /// The instance.
        path: StepPath,
        /// The choice.
        answer: Answered,
        /// How it came.
        via: Via,
    },
    /// The step ended with its run.
    StepCancelled {
        /// The instance.
        path: StepPath,
        /// The call was sent, is not safe to repeat, and no reply came.
        #[serde(default)]
        outcome_unknown: bool,
    },
    /// A step that calls nothing has its value.
    StepComputed {
        /// The instance.
        path: StepPath,
        /// The value.
        result: BodyRef,
        /// Context values set by it.
        #[serde(default)]
        exports: IndexMap<String, BodyRef>,
    },
    /// A container has begun: what its own expressions yield, for good.
    StepOpened {
        /// The instance.
        path: StepPath,
        /// As what.
        opened: Opened,
    },
    /// A loop goes into its next iteration; its steps exist from here on.
    IterationStarted {
        /// The loop's instance.
        path: StepPath,
        /// From 0.
        index: u32,
    },
    /// Every step of an iteration has ended. What the loop's result holds of it
    /// are their results, by reference.
    IterationFinished {
        /// The loop's instance.
        path: StepPath,
        /// From 0.
        index: u32,
    },
    /// A `while` goes into no further iteration.
    IterationsEnded {
        /// The loop's instance.
        path: StepPath,
        /// Its condition was not asked again.
        max_iterations_reached: bool,
    },
    /// A container ended before all of it was done, because what is around it failed.
    StepCutShort {
        /// The instance.
        path: StepPath,
    },
    /// The step waits for something outside.
    StepWaiting {
        /// The instance.
        path: StepPath,
        /// For what.
        waits: Waits,
    },
    /// It waits no more; its result is to be made.
    StepWoken {
        /// The instance.
        path: StepPath,
        /// Why.
        by: Woken,
    },
    /// Who was asked was reminded.
    TaskReminded {
        /// The instance.
        path: StepPath,
    },
    /// Nobody answered by the deadline: another is asked.
    TaskEscalated {
        /// The instance.
        path: StepPath,
        /// Who is asked now.
        assignee: String,
        /// To be answered by then.
        deadline: Timestamp,
    },
    /// A signal came, for the next wait that takes it.
    SignalReceived {
        /// The event's name.
        name: String,
        /// What came with it.
        payload: BodyRef,
    },
    /// Another process took it over. The time in which nobody drove it does not
    /// count against its timeout.
    RunAdopted,
    /// Nothing new starts until it is resumed.
    RunPaused {
        /// Who asked, or what was found.
        reason: String,
    },
    /// It goes on.
    RunResumed,
    /// It ends as soon as calls in flight are settled.
    CancelRequested {
        /// The asker's words.
        #[serde(default)]
        reason: Option<String>,
        /// Whether completed steps that declare it are undone.
        compensate: bool,
    },
    /// Its time is up; it ends as soon as calls in flight are settled.
    TimeoutReached,
    /// The end.
    RunCompleted {
        /// The outputs, an object.
        outputs: BodyRef,
        /// Outputs that could not be evaluated, each with its reason.
        #[serde(default)]
        warnings: Vec<String>,
    },
    /// The end.
    RunFailed {
        /// The step that failed first.
        #[serde(default)]
        step: Option<StepPath>,
        /// Why.
        error: StepError,
    },
    /// The end.
    RunCancelled,
    /// The end.
    RunTimedOut,
}

impl EventKind {
    /// The name stored with the row.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunCreated { .. } => "run_created",
            Self::RunStarted => "run_started",
            Self::StepReady { .. } => "step_ready",
            Self::StepStarted { .. } => "step_started",
            Self::StepCompleted { .. } => "step_completed",
            Self::StepRetrying { .. } => "step_retrying",
            Self::StepFailed { .. } => "step_failed",
            Self::StepSkipped { .. } => "step_skipped",
            Self::StepInterrupted { .. } => "step_interrupted",
            Self::InterruptionAnswered { .. } => "interruption_answered",
            Self::StepCancelled { .. } => "step_cancelled",
            Self::StepComputed { .. } => "step_computed",
            Self::StepOpened { .. } => "step_opened",
            Self::IterationStarted { .. } => "iteration_started",
            Self::IterationFinished { .. } => "iteration_finished",
            Self::IterationsEnded { .. } => "iterations_ended",
            Self::StepCutShort { .. } => "step_cut_short",
            Self::StepWaiting { .. } => "step_waiting",
            Self::StepWoken { .. } => "step_woken",
            Self::TaskReminded { .. } => "task_reminded",
            Self::TaskEscalated { .. } => "task_escalated",
            Self::SignalReceived { .. } => "signal_received",
            Self::RunAdopted => "run_adopted",
            Self::RunPaused { .. } => "run_paused",
            Self::RunResumed => "run_resumed",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::TimeoutReached => "timeout_reached",
            Self::RunCompleted { .. } => "run_completed",
            Self::RunFailed { .. } => "run_failed",
            Self::RunCancelled => "run_cancelled",
            Self::RunTimedOut => "run_timed_out",
        }
    }

    /// The step instance it is about.
    #[must_use]
    pub fn path(&self) -> Option<&StepPath> {
        match self {
            Self::StepReady { path, .. }
            | Self::StepStarted { path, .. }
            | Self::StepCompleted { path, .. }
            | Self::StepRetrying { path, .. }
            | Self::StepFailed { path, .. }
            | Self::StepSkipped { path, .. }
            | Self::StepInterrupted { path, .. }
            | Self::InterruptionAnswered { path, .. }
            | Self::StepCancelled { path, .. }
            | Self::StepComputed { path, .. }
            | Self::StepOpened { path, .. }
            | Self::IterationStarted { path, .. }
            | Self::IterationFinished { path, .. }
            | Self::IterationsEnded { path, .. }
            | Self::StepWaiting { path, .. }
            | Self::StepWoken { path, .. }
            | Self::TaskReminded { path }
            | Self::TaskEscalated { path, .. }
            | Self::StepCutShort { path } => Some(path),
            Self::RunCreated { .. }
            | Self::RunStarted
            | Self::SignalReceived { .. }
            | Self::RunAdopted
            | Self::RunPaused { .. }
            | Self::RunResumed
            | Self::CancelRequested { .. }
            | Self::TimeoutReached
            | Self::RunCompleted { .. }
            | Self::RunFailed { .. }
            | Self::RunCancelled
            | Self::RunTimedOut => None,
        }
    }
}

/// What `on_error` made of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// Nothing new starts; the run will fail.
    Abort,
    /// The step stays failed; the run goes on.
    Continue,
    /// The step counts as skipped; the run goes on.
    Skip,
}

/// Why a step did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its condition is false.
    ConditionFalse,
    /// All its dependencies were skipped.
    DependenciesSkipped,
    /// A dependency failed.
    DependencyFailed,
    /// `on_failure`, and nothing failed.
    NothingFailed,
    /// The run, or a container around it, was already failing.
    RunAborted,
    /// Its branch was not taken, or the container it is in did not run.
    NotTaken,
}

/// As what a container has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Opened {
    /// With the branch that is taken.
    Condition {
        /// From 0; none when no `if` held: then `else` is taken.
        #[serde(default)]
        branch: Option<u32>,
    },
    /// With its children side by side.
    Parallel {
        /// Calls in flight in it at once.
        #[serde(default)]
        max_concurrency: Option<u32>,
    },
    /// Over these items.
    ForEach {
        /// A list.
        items: BodyRef,
        /// Its length.
        count: u32,
        /// Iterations at once.
        #[serde(default)]
        max_concurrency: Option<u32>,
    },
    /// As long as its condition holds.
    While {
        /// Iterations at most.
        max_iterations: u32,
    },
}

/// An answer: one of three to an interrupted step's question, or the one that a
/// step waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Answered {
    /// Call again, under the same key.
    Retry,
    /// It did happen; this is the result.
    Done {
        /// The result given, JSON null when none was.
        result: BodyRef,
        /// Exports evaluated from it.
        #[serde(default)]
        exports: IndexMap<String, BodyRef>,
    },
    /// Treat it as failed.
    Fail,
    /// What a step that asks was told. Never of an interruption.
    Given {
        /// The answer.
        answer: BodyRef,
    },
}

/// How an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The client's own form.
    Form,
    /// The command line.
    Cli,
    /// The calling model.
    Agent,
}
