//! What a state asks for: the same after each fold of a live run and after the
//! replay of a log. Calls are not in it: a call in flight when its process ends
//! is settled by [`super::InputKind::Adopted`].

use std::time::Duration;

use super::command::{Command, Timer};
use super::decide::wants_outputs;
use super::event::StepPath;
use super::readiness::{Verdict, verdict};
use super::state::{RunStatus, State};
use crate::base::Timestamp;
use crate::workflow::plan::Mode;

/// How long calls in flight have after a cancel or the run's timeout.
pub const GRACE: Duration = Duration::from_secs(5);

/// What the driver has to see to at `now`.
#[must_use]
pub fn outstanding(state: &State, now: Timestamp) -> Vec<Command> {
    let mut commands = Vec::new();
    if state.end.is_some() {
        return commands;
    }
    if state.ending() {
        if !state.in_flight.is_empty() {
            let at = state.ending_since.unwrap_or(now).plus(GRACE);
            commands.push(Command::StartTimer { timer: Timer::Grace, at });
        }
        return commands;
    }
    if state.status() == RunStatus::Pending {
        commands.push(Command::AcquirePlace);
    }
    if !state.may_start() {
        return commands;
    }
    if let Some(since) = state.active_since {
        commands.push(Command::StartTimer { timer: Timer::Run, at: since.plus(state.time_left(since)) });
    }
    evaluations(state, &mut commands);
    permits(state, now, &mut commands);
    if wants_outputs(state) {
        commands.push(Command::EvaluateOutputs);
    }
    commands
}

fn evaluations(state: &State, commands: &mut Vec<Command>) {
    let wanted = state.unblocked.iter().filter(|&&index| !matches!(verdict(state, index), Verdict::Skip(_)));
    let paths = wanted.filter_map(|&index| Some(Command::Evaluate(state.at(index)?.0.clone())));
    if state.plan.mode == Mode::Sequential {
        // In file order: what a step exports is there when the next is evaluated.
        if occupied(state) == 0 && state.queued.is_empty() {
            commands.extend(paths.take(1));
        }
    } else {
        commands.extend(paths);
    }
}

fn permits(state: &State, now: Timestamp, commands: &mut Vec<Command>) {
    let mut due: Vec<usize> = state.queued.iter().copied().collect();
    for &index in &state.retrying {
        let Some((path, step)) = state.at(index) else { continue };
        match step.not_before {
            Some(at) if at > now => {
                commands.push(Command::StartTimer { timer: Timer::Retry(path.clone()), at });
            }
            Some(_) | None => due.push(index),
        }
    }
    due.sort_unstable();
    let free = bound(state).saturating_sub(state.in_flight.len());
    let paths: Vec<StepPath> =
        due.into_iter().take(free).filter_map(|index| Some(state.at(index)?.0.clone())).collect();
    commands.extend(paths.into_iter().map(Command::Acquire));
}

/// Steps of this run in flight at once, at most.
pub(super) fn bound(state: &State) -> usize {
    match state.plan.mode {
        Mode::Sequential => 1,
        Mode::Parallel | Mode::Adaptive | Mode::Pipeline => state
            .plan
            .max_parallel_steps
            .map_or(usize::MAX, |bound| usize::try_from(bound.max(1)).unwrap_or(usize::MAX)),
    }
}

/// Steps that hold a place of the run's own bound. In a sequential run a step
/// between two attempts holds it too: the next one must not overtake.
pub(super) fn occupied(state: &State) -> usize {
    let between = if state.plan.mode == Mode::Sequential { state.retrying.len() } else { 0 };
    state.in_flight.len() + between
}
