//! What comes into the core and what it asks for.

use std::time::Duration;

use indexmap::IndexMap;

use super::event::{Answered, BodyRef, Opened, SkipReason, StepError, StepPath, Via};
use super::waits::WaitInput;
use crate::base::Timestamp;
use crate::contract::Binding;

/// One input, with the time it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Wall-clock time.
    pub now: Timestamp,
    /// What came.
    pub kind: InputKind,
}

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub enum InputKind {
    /// The run got a place among the running ones.
    Placed,
    /// A process took the run over: calls that were in flight have no reply.
    Adopted,
    /// The answer to [`Command::Evaluate`].
    Evaluated {
        /// The instance.
        path: StepPath,
        /// What its expressions yield.
        outcome: Evaluated,
    },
    /// The answer to [`Command::Iterate`].
    Iterated {
        /// The loop's instance.
        path: StepPath,
        /// What its condition yields.
        outcome: Result<bool, StepError>,
    },
    /// The answer to [`Command::Conclude`].
    Concluded {
        /// The container's instance.
        path: StepPath,
        /// What comes of it.
        outcome: Result<Concluded, StepError>,
    },
    /// The answer to [`Command::EvaluateOutputs`].
    OutputsEvaluated {
        /// The outputs, an object.
        outputs: BodyRef,
        /// Outputs that could not be evaluated.
        warnings: Vec<String>,
    },
    /// The answer to [`Command::Acquire`]: every permit is held.
    Granted {
        /// The instance.
        path: StepPath,
        /// What is known of the tool now, or why it cannot be called.
        facts: Result<CallFacts, StepError>,
    },
    /// The end of a [`Command::Call`].
    CallFinished {
        /// The instance.
        path: StepPath,
        /// Which attempt.
        attempt: u32,
        /// How it ended.
        outcome: CallOutcome,
        /// In `[0, 1)`, for the delay before a retry.
        jitter: f64,
    },
    /// A timer that [`Command::StartTimer`] set.
    TimerFired(Timer),
    /// A person or client asks for a pause.
    Pause {
        /// In their words.
        reason: String,
    },
    /// And for going on.
    Resume,
    /// And for the end.
    Cancel {
        /// In their words.
        reason: Option<String>,
        /// Whether to undo.
        compensate: bool,
    },
    /// An answer to an open question.
    Answer {
        /// The question.
        task: String,
        /// The choice.
        answer: Answered,
        /// How it came.
        via: Via,
    },
    /// A signal.
    Signal {
        /// The event's name.
        name: String,
        /// What came with it.
        payload: BodyRef,
        /// Kept until a wait takes it; else only for the waits that are open.
        kept: bool,
    },
}

/// What a step's expressions yield when its dependencies are finished.
#[derive(Debug, Clone, PartialEq)]
pub enum Evaluated {
    /// It runs with these arguments.
    Run {
        /// Resolved arguments, an object, secrets as markers.
        parameters: BodyRef,
        /// Per attempt.
        timeout_ms: Option<u64>,
    },
    /// It calls nothing: this is its value.
    Done(Concluded),
    /// It waits.
    Wait(WaitInput),
    /// It is a container and begins.
    Open(Opened),
    /// It does not run.
    Skip(SkipReason),
    /// An expression failed.
    Fail(StepError),
}

/// What comes of a container whose steps are over, or of a step that calls nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Concluded {
    /// Its result; of a loop without the list of iterations, which the state has.
    pub result: BodyRef,
    /// Context values evaluated from it.
    pub exports: IndexMap<String, BodyRef>,
}

/// What is known of a tool when a call is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFacts {
    /// By its annotations.
    pub repeat_safe: bool,
    /// Its definition's hash.
    pub pin: Option<String>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum CallOutcome {
    /// With a result.
    Completed {
        /// The result.
        result: BodyRef,
        /// Context values evaluated from it.
        exports: IndexMap<String, BodyRef>,
        /// What the run is bound to from now on.
        binds: Option<Binding>,
    },
    /// With a failure whose effect is known.
    Failed {
        /// Why.
        error: StepError,
        /// The other side's wish.
        retry_after: Option<Duration>,
    },
    /// Sent, and no reply came.
    Unknown {
        /// What is known.
        error: StepError,
    },
}

/// What the driver does once the events are durable.
///
/// [`Command::Evaluate`], [`Command::Iterate`], [`Command::Conclude`] and
/// [`Command::EvaluateOutputs`] are carried out at once and in memory, before the batch is committed, so that a chain costs one commit
/// a step. Every command may come again: it is known by its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// Evaluate a step's condition, arguments and numbers.
    Evaluate(StepPath),
    /// Evaluate whether a `while` goes into another iteration.
    Iterate(StepPath),
    /// Make the result of a container whose steps are over, or of a wait that is.
    Conclude(StepPath),
    /// Evaluate the outputs.
    EvaluateOutputs,
    /// Get a place among the running runs.
    AcquirePlace,
    /// Get every permit for the step's tool.
    Acquire(StepPath),
    /// Give a permit back: the step may not start now.
    Return(StepPath),
    /// Send an attempt.
    Call {
        /// The instance.
        path: StepPath,
        /// Which attempt.
        attempt: u32,
    },
    /// Ask for an orderly end of the call in flight.
    CancelCall(StepPath),
    /// Wake the run up.
    StartTimer {
        /// Which timer.
        timer: Timer,
        /// When.
        at: Timestamp,
    },
}

/// What a run waits for by the clock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The next attempt of a step.
    Retry(StepPath),
    /// The instant that a step waits for.
    Wait(StepPath),
    /// The run's own timeout.
    Run,
    /// The end of the five seconds that calls in flight have after a cancel.
    Grace,
}
