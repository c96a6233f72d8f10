//! One input, one state: which events happened and which commands follow.
//!
//! [`decide`] answers an input; [`settle`] answers a state: what follows from it
//! with nothing coming from outside (steps that cannot run any more, the end of
//! the run). Neither changes the state; [`super::turn`] folds what they return.

use super::command::{CallFacts, Command, Concluded, Evaluated, Input, InputKind, Timer};
use super::container;
use super::event::{Answered, Event, EventKind, SkipReason, StepError, StepPath, Via};
use super::kinds::{action, wait};
use super::outstanding::may_call;
use super::readiness::{Verdict, verdict};
use super::state::State;
use super::status::{RunStatus, StepStatus};
use crate::base::{ErrorKind, Timestamp};

/// What an input led to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// For the log.
    pub events: Vec<EventKind>,
    /// For the driver, once the events are durable.
    pub commands: Vec<Command>,
}

impl Decision {
    pub(super) fn event(kind: EventKind) -> Self {
        Self { events: vec![kind], commands: Vec::new() }
    }
}

/// An input that does not fit the state; nothing happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The run's status does not allow it.
    #[error("the run is `{status}`: it cannot be {asked}")]
    Status {
        /// The status.
        status: RunStatus,
        /// What was asked, as a participle.
        asked: &'static str,
    },
    /// It keeps as many signals as a run may.
    #[error("the run keeps {} signals that no wait has taken: no more are accepted", super::waits::MAX_SIGNALS)]
    TooManySignals,
    /// The question takes another kind of answer.
    #[error("question `{task}` does not take this answer")]
    Unfit {
        /// The question.
        task: String,
    },
    /// No such question is open.
    #[error("no question `{task}` is open in this run")]
    NoTask {
        /// The question that was named.
        task: String,
    },
}

impl Refused {
    /// For the answer's `error_type`.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Status { .. } | Self::NoTask { .. } => ErrorKind::Conflict,
            Self::TooManySignals => ErrorKind::LimitExceeded,
            Self::Unfit { .. } => ErrorKind::InvalidInput,
        }
    }
}

/// What `input` leads to. Inputs that come too late (a reply after a cancel, a
/// timer that was overtaken) lead to nothing.
pub fn decide(state: &State, input: &Input) -> Result<Decision, Refused> {
    let status = state.status();
    match &input.kind {
        InputKind::Placed => {
            Ok(if status == RunStatus::Pending { Decision::event(EventKind::RunStarted) } else { Decision::default() })
        }
        InputKind::Adopted => Ok(adopted(state, input.now)),
        InputKind::Evaluated { path, outcome } => Ok(evaluated(state, path, outcome, input.now)),
        InputKind::Iterated { path, outcome } => Ok(container::iterated(state, path, outcome)),
        InputKind::Concluded { path, outcome } => Ok(if state.waiting_step(path).is_some() {
            wait::concluded(state, path, outcome)
        } else {
            container::concluded(state, path, outcome)
        }),
        InputKind::OutputsEvaluated { outputs, warnings } => Ok(if wants_outputs(state) {
            Decision::event(EventKind::RunCompleted { outputs: outputs.clone(), warnings: warnings.clone() })
        } else {
            Decision::default()
        }),
        InputKind::Granted { path, facts } => Ok(granted(state, path, facts, input.now)),
        InputKind::CallFinished { path, attempt, outcome, jitter } => {
            Ok(action::call_finished(state, path, *attempt, outcome, *jitter, input.now))
        }
        InputKind::TimerFired(timer) => Ok(timer_fired(state, timer, input.now)),
        InputKind::Pause { .. } if status.is_terminal() || state.ending() => {
            Err(Refused::Status { status, asked: "paused" })
        }
        InputKind::Pause { .. } if state.pause.is_some() => Ok(Decision::default()),
        InputKind::Pause { reason } => Ok(Decision::event(EventKind::RunPaused { reason: reason.clone() })),
        InputKind::Resume if status.is_terminal() || state.ending() => {
            Err(Refused::Status { status, asked: "resumed" })
        }
        InputKind::Resume if state.pause.is_none() => Ok(Decision::default()),
        InputKind::Resume => Ok(Decision::event(EventKind::RunResumed)),
        InputKind::Cancel { .. } if status.is_terminal() => Err(Refused::Status { status, asked: "cancelled" }),
        InputKind::Cancel { .. } if state.ending() => Ok(Decision::default()),
        InputKind::Cancel { reason, compensate } => Ok(Decision {
            events: vec![EventKind::CancelRequested { reason: reason.clone(), compensate: *compensate }],
            commands: state.calls_in_flight().cloned().map(Command::CancelCall).collect(),
        }),
        InputKind::Answer { task, answer, via } => answered(state, task, answer, *via),
        InputKind::Signal { name, payload, kept } => wait::signalled(state, name, payload, *kept),
    }
}

/// What follows from the state alone. To be asked again after each fold, until
/// nothing does.
#[must_use]
pub fn settle(state: &State) -> Vec<EventKind> {
    if state.end.is_some() {
        return Vec::new();
    }
    if state.ending() {
        return if state.in_flight.is_empty() { end_early(state) } else { Vec::new() };
    }
    if !state.may_start() {
        return Vec::new();
    }
    // In this order, one group at a time: each is asked again after the fold.
    let mut events = wait::takes(state);
    if events.is_empty() {
        events = container::over(state);
    }
    if events.is_empty() {
        events.extend(orphaned(state));
    }
    if events.is_empty() && (state.failure.is_some() || !state.failing.is_empty()) {
        events.extend(abandoned(state));
    }
    if events.is_empty() {
        events.extend(ruled_out(state));
    }
    if events.is_empty() {
        events.extend(container::follows(state));
    }
    if events.is_empty()
        && state.open == 0
        && let Some((path, error)) = &state.failure
    {
        events.push(EventKind::RunFailed { step: Some(path.clone()), error: error.clone() });
    }
    events
}

/// Whether only the outputs are missing.
pub(super) fn wants_outputs(state: &State) -> bool {
    state.may_start() && state.failure.is_none() && state.open == 0
}

/// Steps of branches that are not taken, and of containers that did not run.
fn orphaned(state: &State) -> impl Iterator<Item = EventKind> {
    let orphans = state.orphans.iter().filter_map(|place| state.steps.at(place));
    orphans.map(|step| EventKind::StepSkipped { path: step.path.clone(), reason: SkipReason::NotTaken })
}

/// Steps that their dependencies rule out.
fn ruled_out(state: &State) -> impl Iterator<Item = EventKind> {
    state.unblocked.iter().filter_map(|place| {
        let Verdict::Skip(reason) = verdict(state, place) else { return None };
        Some(EventKind::StepSkipped { path: state.steps.at(place)?.path.clone(), reason })
    })
}

/// In lists that fail: steps that never started are skipped, those between two
/// attempts have had their last.
fn abandoned(state: &State) -> impl Iterator<Item = EventKind> {
    state.steps.iter().filter_map(|(path, step)| match step.status {
        StepStatus::Pending if step.attempts == 0 => {
            if state.goes_on(&step.place) {
                return None;
            }
            let reason = match verdict(state, &step.place) {
                Verdict::Skip(reason) => reason,
                Verdict::Run | Verdict::Ask => SkipReason::RunAborted,
            };
            Some(EventKind::StepSkipped { path: path.clone(), reason })
        }
        // It has no effect to wait for; what woke it is still made its result.
        StepStatus::Waiting
            if !state.goes_on(&step.place) && step.waits.as_ref().is_some_and(|waits| waits.woken.is_none()) =>
        {
            Some(EventKind::StepCutShort { path: path.clone() })
        }
        StepStatus::Retrying if !state.goes_on(&step.place) => {
            let error = step.error.clone()?;
            Some(EventKind::StepFailed { path: path.clone(), error, handling: action::handling(state, path) })
        }
        StepStatus::Pending
        | StepStatus::Running
        | StepStatus::Retrying
        | StepStatus::Waiting
        | StepStatus::Interrupted
        | StepStatus::Completed
        | StepStatus::Failed
        | StepStatus::Skipped
        | StepStatus::Cancelled
        | StepStatus::Compensating
        | StepStatus::Compensated => None,
    })
}

/// The end of a cancelled or timed-out run whose calls are settled.
fn end_early(state: &State) -> Vec<EventKind> {
    let mut events: Vec<EventKind> = state
        .steps
        .iter()
        .filter(|(_, step)| !step.status.is_finished())
        .map(|(path, step)| EventKind::StepCancelled {
            path: path.clone(),
            outcome_unknown: step.status == StepStatus::Interrupted,
        })
        .collect();
    events.push(if state.cancel.is_some() { EventKind::RunCancelled } else { EventKind::RunTimedOut });
    events
}

fn adopted(state: &State, now: Timestamp) -> Decision {
    if state.end.is_some() {
        return Decision::default();
    }
    let settled = state.calls_in_flight().filter_map(|path| {
        let step = state.steps.get(path)?;
        let error = StepError::new(
            ErrorKind::Interrupted,
            "the process ended while the call was in flight; whether it took effect is not known",
        );
        Some(if state.ending() {
            EventKind::StepCancelled { path: path.clone(), outcome_unknown: !step.repeat_safe }
        } else if action::may_repeat(state, path) {
            EventKind::StepRetrying { path: path.clone(), error, not_before: now, after_unknown: true }
        } else {
            action::unsafe_unknown(state, path, step.attempts, error)
        })
    });
    Decision { events: std::iter::once(EventKind::RunAdopted).chain(settled).collect(), commands: Vec::new() }
}

fn evaluated(state: &State, path: &StepPath, outcome: &Evaluated, now: Timestamp) -> Decision {
    let Some(step) = state.steps.get(path) else { return Decision::default() };
    let wanted = step.status == StepStatus::Pending && step.ready.is_none();
    // An evaluation before this one, in the same turn, may have failed the list.
    if !wanted || !state.may_start() || !state.goes_on(&step.place) {
        return Decision::default();
    }
    let path = path.clone();
    Decision::event(match outcome {
        Evaluated::Run { parameters, timeout_ms } => EventKind::StepReady {
            tool: action::tool(state, &path),
            path,
            parameters: parameters.clone(),
            timeout_ms: *timeout_ms,
        },
        Evaluated::Done(Concluded { result, .. }) if let Some(error) = state.too_much(result) => {
            EventKind::StepFailed { handling: action::handling(state, &path), path, error }
        }
        Evaluated::Done(Concluded { result, exports }) => {
            EventKind::StepComputed { path, result: result.clone(), exports: exports.clone() }
        }
        Evaluated::Wait(input) => wait::begins(state, &path, input, now),
        Evaluated::Open(opened) => match container::beyond_limit(state, step, opened) {
            Some(error) => EventKind::StepFailed { handling: action::handling(state, &path), path, error },
            None => EventKind::StepOpened { path, opened: opened.clone() },
        },
        Evaluated::Skip(reason) => EventKind::StepSkipped { path, reason: *reason },
        Evaluated::Fail(error) => {
            EventKind::StepFailed { handling: action::handling(state, &path), path, error: error.clone() }
        }
    })
}

fn granted(state: &State, path: &StepPath, facts: &Result<CallFacts, StepError>, now: Timestamp) -> Decision {
    let give_back = || Decision { events: Vec::new(), commands: vec![Command::Return(path.clone())] };
    let Some(step) = state.steps.get(path) else { return give_back() };
    let goes_on = state.goes_on(&step.place);
    let due = match step.status {
        // With an attempt behind it, a person has chosen `retry`.
        StepStatus::Pending => step.ready.is_some() && (goes_on || step.attempts > 0),
        StepStatus::Retrying => goes_on && step.not_before.is_none_or(|at| at <= now),
        StepStatus::Running
        | StepStatus::Waiting
        | StepStatus::Interrupted
        | StepStatus::Completed
        | StepStatus::Failed
        | StepStatus::Skipped
        | StepStatus::Cancelled
        | StepStatus::Compensating
        | StepStatus::Compensated => false,
    };
    if !due || !state.may_start() || !may_call(state, &step.place) {
        return give_back();
    }
    match facts {
        Ok(facts) => action::start(state, path, facts),
        Err(error) => {
            let mut decision = action::failed(state, path, error.clone(), None, 1.0, now);
            decision.commands.push(Command::Return(path.clone()));
            decision
        }
    }
}

fn timer_fired(state: &State, timer: &Timer, now: Timestamp) -> Decision {
    match timer {
        // The step is due now: `outstanding` asks for its permit.
        Timer::Retry(_) => Decision::default(),
        Timer::Wait(path) => wait::fired(state, path, now),
        Timer::Run => {
            if state.end.is_some() || state.ending() || state.started_at.is_none() || !state.time_left(now).is_zero() {
                return Decision::default();
            }
            Decision {
                events: vec![EventKind::TimeoutReached],
                commands: state.calls_in_flight().cloned().map(Command::CancelCall).collect(),
            }
        }
        Timer::Grace => {
            if !state.ending() {
                return Decision::default();
            }
            let events = state.calls_in_flight().filter_map(|path| {
                let step = state.steps.get(path)?;
                Some(EventKind::StepCancelled { path: path.clone(), outcome_unknown: !step.repeat_safe })
            });
            Decision { events: events.collect(), commands: Vec::new() }
        }
    }
}

fn answered(state: &State, task: &str, answer: &Answered, via: Via) -> Result<Decision, Refused> {
    let status = state.status();
    if status.is_terminal() || state.ending() {
        return Err(Refused::Status { status, asked: "answered" });
    }
    let Some(open) = state.tasks.get(task) else { return Err(Refused::NoTask { task: task.to_owned() }) };
    let path = open.path.clone();
    match (answer, state.waiting_step(&path)) {
        (Answered::Given { answer }, Some(waiting)) if waiting.woken.is_none() => {
            return Ok(wait::answered(&path, answer, via));
        }
        (Answered::Given { .. }, _) | (_, Some(_)) => return Err(Refused::Unfit { task: task.to_owned() }),
        (Answered::Retry | Answered::Done { .. } | Answered::Fail, None) => {}
    }
    let mut events = vec![EventKind::InterruptionAnswered {
        task: task.to_owned(),
        path: path.clone(),
        answer: answer.clone(),
        via,
    }];
    if *answer == Answered::Fail {
        let error = state.steps.get(&path).and_then(|step| step.error.clone());
        let error = error.unwrap_or_else(|| StepError::new(ErrorKind::Interrupted, "a person said that it failed"));
        events.push(EventKind::StepFailed {
            handling: action::handling(state, &path),
            error: StepError { kind: ErrorKind::Interrupted, ..error },
            path,
        });
    }
    Ok(Decision { events, commands: Vec::new() })
}

/// Stamps what was decided.
pub(super) fn stamp(kinds: Vec<EventKind>, at: Timestamp) -> impl Iterator<Item = Event> {
    kinds.into_iter().map(move |kind| Event { at, kind })
}
