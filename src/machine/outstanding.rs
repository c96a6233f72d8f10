//! What a state asks for: the same after each fold of a live run and after the
//! replay of a log. Calls are not in it: a call in flight when its process ends
//! is settled by [`super::InputKind::Adopted`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::command::{Command, Timer};
use super::container::{self, Comes};
use super::decide::wants_outputs;
use super::event::StepPath;
use super::kinds::{parallel, wait};
use super::place::Place;
use super::readiness::{Verdict, verdict};
use super::state::State;
use super::status::RunStatus;
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
    wait::outstanding(state, &mut commands);
    permits(state, now, &mut commands);
    if wants_outputs(state) {
        commands.push(Command::EvaluateOutputs);
    }
    commands
}

fn evaluations(state: &State, commands: &mut Vec<Command>) {
    let begun = commands.len();
    for place in &state.idle {
        let Some(step) = state.steps.at(place) else { continue };
        match container::comes(state, place) {
            Some(Comes::Asks) => commands.push(Command::Iterate(step.path.clone())),
            Some(Comes::Ends) => commands.push(Command::Conclude(step.path.clone())),
            Some(Comes::Failed(_) | Comes::CutShort | Comes::Spawns | Comes::MaxReached) | None => {}
        }
    }
    let wanted = state.unblocked.iter().filter(|place| !matches!(verdict(state, place), Verdict::Skip(_)));
    let paths = wanted.filter_map(|place| Some(Command::Evaluate(state.steps.at(place)?.path.clone())));
    if state.plan.mode == Mode::Sequential {
        // In file order: what a step exports is there when the next is evaluated.
        if commands.len() == begun && occupied(state) == 0 && state.queued.is_empty() {
            commands.extend(paths.take(1));
        }
    } else {
        commands.extend(paths);
    }
}

fn permits(state: &State, now: Timestamp, commands: &mut Vec<Command>) {
    let mut due: Vec<&Place> = state.queued.iter().collect();
    for place in &state.retrying {
        let Some(step) = state.steps.at(place) else { continue };
        match step.not_before {
            Some(at) if at > now => {
                commands.push(Command::StartTimer { timer: Timer::Retry(step.path.clone()), at });
            }
            Some(_) | None => due.push(place),
        }
    }
    due.sort_unstable();
    let free = bound(state).saturating_sub(state.in_flight.len());
    if free == 0 {
        return;
    }
    // Of each tool as many as there is room for: a step that waits for a full
    // server keeps none of another server's back. Which of them start is for the
    // turn to say, one after another (`may_call`).
    let mut asked: BTreeMap<(Option<Place>, &str), usize> = BTreeMap::new();
    for place in due {
        let Some(step) = state.steps.at(place) else { continue };
        let tool = match state.plan.mode {
            // One at a time, whatever it calls.
            Mode::Sequential => "",
            Mode::Parallel | Mode::Adaptive | Mode::Pipeline => {
                step.ready.as_ref().map_or("", |ready| ready.tool.as_str())
            }
        };
        let bounds = bounds_around(state, place);
        let room = std::iter::once((None, free)).chain(
            bounds.into_iter().map(|(around, bound, in_flight)| (Some(around), bound.saturating_sub(in_flight))),
        );
        let room: Vec<(Option<Place>, usize)> = room.collect();
        let full =
            |(around, left): &(Option<Place>, usize)| asked.get(&(around.clone(), tool)).copied().unwrap_or(0) >= *left;
        if room.iter().any(full) {
            continue;
        }
        for (around, _) in room {
            *asked.entry((around, tool)).or_default() += 1;
        }
        commands.push(Command::Acquire(step.path.clone()));
    }
}

/// The bounds of containers around an instance: whose, how many calls, how many there are.
fn bounds_around(state: &State, place: &Place) -> Vec<(Place, usize, usize)> {
    let mut bounds = Vec::new();
    let mut at = state.container(place);
    while let Some(around) = at {
        if let Some((bound, in_flight)) = state.steps.at(&around).and_then(parallel::bound) {
            bounds.push((around.clone(), bound, in_flight));
        }
        at = state.container(&around);
    }
    bounds
}

/// Whether the bounds of the run and of what is around it leave an instance a call.
pub(super) fn may_call(state: &State, place: &Place) -> bool {
    state.in_flight.len() < bound(state)
        && bounds_around(state, place).iter().all(|(_, bound, in_flight)| in_flight < bound)
}

/// The same by path.
pub(super) fn may_start_call(state: &State, path: &StepPath) -> bool {
    state.steps.get(path).is_some_and(|step| may_call(state, &step.place))
}

/// Steps of this run in flight at once, at most.
fn bound(state: &State) -> usize {
    match state.plan.mode {
        Mode::Sequential => 1,
        Mode::Parallel | Mode::Adaptive | Mode::Pipeline => state
            .plan
            .max_parallel_steps
            .map_or(usize::MAX, |bound| usize::try_from(bound.max(1)).unwrap_or(usize::MAX)),
    }
}

/// Steps that hold a place of the run's own bound. In a sequential run a step
/// between two attempts, or one that waits, holds it too: the next one must not overtake.
fn occupied(state: &State) -> usize {
    let between = if state.plan.mode == Mode::Sequential { state.retrying.len() + state.waiting.len() } else { 0 };
    state.in_flight.len() + between
}
