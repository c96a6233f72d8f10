//! `action`: calls a tool. The order when a call fails (section 5 of the
//! semantics): outcome unknown, retry, `on_error`.

use std::time::Duration;

use crate::base::json::sha256_hex;
use crate::base::{ErrorKind, Timestamp};
use crate::machine::command::{CallFacts, CallOutcome, Command};
use crate::machine::decide::Decision;
use crate::machine::event::{EventKind, Handling, StepError, StepPath};
use crate::machine::retry;
use crate::machine::state::State;
use crate::machine::status::StepStatus;
use crate::machine::step::StepState;
use crate::workflow::plan::{OnError, OnUnknown, StepKind};

/// The tool an instance calls.
pub(in crate::machine) fn tool(state: &State, path: &StepPath) -> String {
    match state.node(path).map(|node| &node.kind) {
        Some(StepKind::Action(call)) => call.tool.clone(),
        Some(StepKind::Webhook(_)) => super::webhook::NAME.to_owned(),
        _ => String::new(),
    }
}

/// What `on_error` makes of a failure.
pub(in crate::machine) fn handling(state: &State, path: &StepPath) -> Handling {
    match state.node(path).map(|node| &node.on_error) {
        Some(OnError::Continue) => Handling::Continue,
        Some(OnError::Skip) => Handling::Skip,
        // The others are refused before a run begins (`kinds::unsupported`).
        Some(OnError::Abort | OnError::Compensate | OnError::Fallback(_) | OnError::Handlers(_)) | None => {
            Handling::Abort
        }
    }
}

/// Whether a call without a reply may be made again without asking.
pub(in crate::machine) fn may_repeat(state: &State, path: &StepPath) -> bool {
    state.steps.get(path).is_some_and(|step| step.repeat_safe) || policy(state, path) == OnUnknown::Retry
}

/// Steps whose calls are in flight and are made again unasked when another
/// process takes the run over.
pub fn repeated_when_adopted(state: &State) -> impl Iterator<Item = &StepState> {
    let in_flight = state.calls_in_flight().filter(|path| !state.ending() && may_repeat(state, path));
    in_flight.filter_map(|path| state.steps.get(path))
}

/// What to do with an unsafe call without a reply.
fn policy(state: &State, path: &StepPath) -> OnUnknown {
    if names_interrupted(state, path) {
        return OnUnknown::Retry;
    }
    state.node(path).map_or(OnUnknown::Ask, |node| node.on_unknown.unwrap_or(state.on_unknown))
}

/// Whether the step's `retryable_errors` names the kind that an unknown outcome has.
fn names_interrupted(state: &State, path: &StepPath) -> bool {
    let named = state.node(path).and_then(|node| node.retry.as_ref()?.retryable_errors.as_ref());
    named.is_some_and(|kinds| kinds.contains(&ErrorKind::Interrupted))
}

/// Sends an attempt.
pub(in crate::machine) fn start(state: &State, path: &StepPath, facts: &CallFacts) -> Decision {
    let Some(step) = state.steps.get(path) else { return Decision::default() };
    let attempt = step.attempts + 1;
    let said = state.node(path).and_then(|node| node.idempotent);
    let key = step.key.clone().unwrap_or_else(|| key(&state.run, path));
    Decision {
        events: vec![EventKind::StepStarted {
            path: path.clone(),
            attempt,
            key,
            repeat_safe: said.unwrap_or(false) || facts.repeat_safe,
            pin: facts.pin.clone(),
        }],
        commands: vec![Command::Call { path: path.clone(), attempt }],
    }
}

/// The idempotency key of an instance's forward calls: equal for every attempt.
fn key(run: &str, path: &StepPath) -> std::sync::Arc<str> {
    let whole = sha256_hex(format!("{run}\n{path}\nforward\n0").as_bytes());
    whole[..32].into()
}

/// A call ended.
pub(in crate::machine) fn call_finished(
    state: &State,
    path: &StepPath,
    attempt: u32,
    outcome: &CallOutcome,
    jitter: f64,
    now: Timestamp,
) -> Decision {
    let current = state.steps.get(path).filter(|step| step.status == StepStatus::Running && step.attempts == attempt);
    let Some(step) = current else { return Decision::default() };
    match outcome {
        // The call took effect: it is not made again for this.
        CallOutcome::Completed { result, .. } if let Some(error) = state.too_much(result) => {
            Decision::event(EventKind::StepFailed { path: path.clone(), error, handling: handling(state, path) })
        }
        CallOutcome::Completed { result, exports, binds } => Decision {
            events: vec![EventKind::StepCompleted {
                path: path.clone(),
                result: result.clone(),
                exports: exports.clone(),
                binds: binds.clone(),
            }],
            commands: Vec::new(),
        },
        CallOutcome::Unknown { .. } if state.ending() => Decision {
            events: vec![EventKind::StepCancelled { path: path.clone(), outcome_unknown: !step.repeat_safe }],
            commands: Vec::new(),
        },
        CallOutcome::Unknown { error } if !may_repeat(state, path) => {
            Decision { events: vec![unsafe_unknown(state, path, attempt, error.clone())], commands: Vec::new() }
        }
        CallOutcome::Unknown { error } => {
            let kind = if names_interrupted(state, path) { ErrorKind::Interrupted } else { error.kind };
            failed(state, path, StepError { kind, ..error.clone() }, None, jitter, now)
        }
        CallOutcome::Failed { error, retry_after } => failed(state, path, error.clone(), *retry_after, jitter, now),
    }
}

/// An unsafe call without a reply: ask, or fail past retry.
pub(in crate::machine) fn unsafe_unknown(state: &State, path: &StepPath, attempt: u32, error: StepError) -> EventKind {
    if policy(state, path) == OnUnknown::Ask {
        return EventKind::StepInterrupted { path: path.clone(), error, task: format!("{path}#{attempt}") };
    }
    EventKind::StepFailed {
        path: path.clone(),
        error: StepError { kind: ErrorKind::Interrupted, ..error },
        handling: handling(state, path),
    }
}

/// An attempt failed and its effect is known: retry, else `on_error`.
pub(in crate::machine) fn failed(
    state: &State,
    path: &StepPath,
    error: StepError,
    retry_after: Option<Duration>,
    jitter: f64,
    now: Timestamp,
) -> Decision {
    let Some(step) = state.steps.get(path) else { return Decision::default() };
    let goes_on = !state.ending() && state.goes_on(&step.place);
    let wait = state
        .node(path)
        .filter(|_| goes_on)
        .and_then(|node| retry::delay(node, &error, step.failures, jitter, retry_after));
    let event = match wait {
        Some(wait) => {
            let not_before = now.plus(wait);
            EventKind::StepRetrying { path: path.clone(), error, not_before, after_unknown: false }
        }
        None => EventKind::StepFailed { path: path.clone(), error, handling: handling(state, path) },
    };
    Decision { events: vec![event], commands: Vec::new() }
}
