//! `wait`, `human_task` and an `action` that asks: a step that waits for an
//! instant, a signal or an answer. It holds nothing while it waits; what it
//! leaves is made once it is woken. `retry` is about calls: a wait fails once.

use std::time::Duration;

use crate::base::{ErrorKind, Timestamp};
use crate::machine::command::{Command, Concluded, Timer};
use crate::machine::decide::{Decision, Refused};
use crate::machine::event::{BodyRef, EventKind, StepError, StepPath, Via};
use crate::machine::kinds::action::handling;
use crate::machine::state::State;
use crate::machine::status::StepStatus;
use crate::machine::step::StepState;
use crate::machine::waits::{MAX_SIGNALS, WaitInput, Waiting, Waits, Woken};
use crate::workflow::plan::{PlanStep, StepKind};

/// A step begins to wait.
pub(in crate::machine) fn begins(state: &State, path: &StepPath, input: &WaitInput, now: Timestamp) -> EventKind {
    let after = |ms: u64| now.plus(Duration::from_millis(ms));
    let waits = match input {
        WaitInput::After { ms } => Waits::Timer { until: after(*ms) },
        WaitInput::At(until) => Waits::Timer { until: *until },
        WaitInput::Event { name, timeout_ms } => Waits::Event { name: name.clone(), until: timeout_ms.map(after) },
        WaitInput::Task { prompt, timeout_ms, reminder_ms } => Waits::Task {
            // A step asks one question; a call's has the attempt in its id.
            task: path.to_string(),
            assignee: state.node(path).map_or("human", assignee).to_owned(),
            prompt: prompt.clone(),
            deadline: timeout_ms.map(after),
            remind_at: reminder_ms.map(after),
        },
    };
    EventKind::StepWaiting { path: path.clone(), waits }
}

fn assignee(node: &PlanStep) -> &str {
    match &node.kind {
        StepKind::HumanTask { assignee, .. } => assignee,
        StepKind::Action(_)
        | StepKind::AgentTask { .. }
        | StepKind::Capability { .. }
        | StepKind::Condition { .. }
        | StepKind::Parallel { .. }
        | StepKind::Loop { .. }
        | StepKind::Wait(_)
        | StepKind::Webhook(_)
        | StepKind::Workflow { .. }
        | StepKind::Transform { .. } => "agent",
    }
}

/// Waits that take a signal which the run has kept, the longest open one first.
pub(in crate::machine) fn takes(state: &State) -> Vec<EventKind> {
    if state.signals.is_empty() || state.listening.is_empty() {
        return Vec::new();
    }
    let mut open: Vec<(&StepState, &Waiting)> = listening(state).collect();
    open.sort_by_key(|(_, waiting)| waiting.since);
    let mut left: std::collections::BTreeMap<&str, _> =
        state.signals.iter().map(|(name, kept)| (name.as_str(), kept.iter())).collect();
    let mut events = Vec::new();
    for (step, waiting) in open {
        let Some((number, payload)) = waiting.event().and_then(|name| left.get_mut(name)?.next()) else { continue };
        let by = Woken::Signal { number: Some(*number), payload: payload.clone() };
        events.push(EventKind::StepWoken { path: step.path.clone(), by });
    }
    events
}

fn listening(state: &State) -> impl Iterator<Item = (&StepState, &Waiting)> {
    state.listening.iter().filter_map(|place| {
        let step = state.steps.at(place)?;
        Some((step, step.waits.as_deref()?))
    })
}

/// A signal came: kept until a wait takes it, or for the waits that are open and for no others.
pub(in crate::machine) fn signalled(
    state: &State,
    name: &str,
    payload: &BodyRef,
    kept: bool,
) -> Result<Decision, Refused> {
    if state.end.is_some() || state.ending() {
        return Err(Refused::Status { status: state.status(), asked: "signalled" });
    }
    if kept {
        if state.signals.values().map(std::collections::BTreeMap::len).sum::<usize>() >= MAX_SIGNALS {
            return Err(Refused::TooManySignals);
        }
        return Ok(Decision::event(EventKind::SignalReceived { name: name.to_owned(), payload: payload.clone() }));
    }
    let open = listening(state).filter(|(_, waiting)| waiting.event() == Some(name));
    let woken = open.map(|(step, _)| EventKind::StepWoken {
        path: step.path.clone(),
        by: Woken::Signal { number: None, payload: payload.clone() },
    });
    Ok(Decision { events: woken.collect(), commands: Vec::new() })
}

/// An answer to the question of a step that waits for one.
pub(in crate::machine) fn answered(path: &StepPath, answer: &BodyRef, via: Via) -> Decision {
    Decision::event(EventKind::StepWoken { path: path.clone(), by: Woken::Answer { answer: answer.clone(), via } })
}

/// An instant that a step waits for may have come.
pub(in crate::machine) fn fired(state: &State, path: &StepPath, now: Timestamp) -> Decision {
    let waiting = state.steps.get(path).and_then(|step| step.waits.as_deref());
    let Some(waiting) = waiting.filter(|waiting| waiting.woken.is_none() && state.may_start()) else {
        return Decision::default();
    };
    let over = |until: &Timestamp| *until <= now;
    let path = path.clone();
    match &waiting.on {
        Waits::Timer { until } if over(until) => Decision::event(EventKind::StepWoken { path, by: Woken::Time }),
        Waits::Event { name, until: Some(until) } if over(until) => {
            let seconds = until.since(waiting.since).as_secs_f64();
            failed(state, path, format!("no `{name}` came within {seconds} s"))
        }
        Waits::Task { deadline: Some(deadline), assignee, .. } if over(deadline) => {
            past_deadline(state, path, waiting, assignee, *deadline, now)
        }
        Waits::Task { remind_at: Some(at), .. } if over(at) && !waiting.reminded => {
            Decision::event(EventKind::TaskReminded { path })
        }
        Waits::Timer { .. } | Waits::Event { .. } | Waits::Task { .. } => Decision::default(),
    }
}

/// Nobody answered in time: another is asked once, then the default counts, else it fails.
fn past_deadline(
    state: &State,
    path: StepPath,
    waiting: &Waiting,
    assignee: &str,
    deadline: Timestamp,
    now: Timestamp,
) -> Decision {
    let kind = state.node(&path).map(|node| &node.kind);
    let (default, other) = match kind {
        Some(StepKind::HumanTask { default, extra, .. }) => {
            (default.is_some(), extra.get("escalate_to").and_then(serde_json::Value::as_str))
        }
        Some(_) | None => (false, None),
    };
    if let Some(other) = other.filter(|_| !waiting.escalated) {
        let as_long = deadline.since(waiting.since);
        return Decision::event(EventKind::TaskEscalated {
            path,
            assignee: other.to_owned(),
            deadline: now.plus(as_long),
        });
    }
    if default {
        return Decision::event(EventKind::StepWoken { path, by: Woken::Time });
    }
    failed(state, path, format!("nobody answered in time; `{assignee}` was asked"))
}

fn failed(state: &State, path: StepPath, message: String) -> Decision {
    let error = StepError::new(ErrorKind::Timeout, message);
    Decision::event(EventKind::StepFailed { handling: handling(state, &path), path, error })
}

/// What a wait that is over leaves.
pub(in crate::machine) fn concluded(
    state: &State,
    path: &StepPath,
    outcome: &Result<Concluded, StepError>,
) -> Decision {
    let waiting = state.steps.get(path).and_then(|step| step.waits.as_deref());
    if waiting.is_none_or(|waiting| waiting.woken.is_none()) || !state.may_start() {
        return Decision::default();
    }
    let path = path.clone();
    Decision::event(match outcome {
        Ok(Concluded { result, exports }) => {
            EventKind::StepCompleted { path, result: result.clone(), exports: exports.clone(), binds: None }
        }
        Err(error) => EventKind::StepFailed { handling: handling(state, &path), path, error: error.clone() },
    })
}

/// What the steps that wait ask for.
pub(in crate::machine) fn outstanding(state: &State, commands: &mut Vec<Command>) {
    for place in &state.waiting {
        let Some(step) = state.steps.at(place) else { continue };
        let Some(waiting) = step.waits.as_deref().filter(|_| step.status == StepStatus::Waiting) else { continue };
        if waiting.woken.is_some() {
            commands.push(Command::Conclude(step.path.clone()));
        } else if let Some(at) = waiting.next_instant() {
            commands.push(Command::StartTimer { timer: Timer::Wait(step.path.clone()), at });
        }
    }
}
