//! What follows from the state of a container that has begun: further
//! iterations, its end. The same for every kind and at every depth.

use super::command::Concluded;
use super::decide::Decision;
use super::event::{EventKind, Opened, StepError, StepPath};
use super::kinds::{action, looped};
use super::place::Place;
use super::state::{MAX_INSTANCES, State};
use super::step::{Inside, StepState};
use crate::base::ErrorKind;

/// What a container with nothing open in it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Comes {
    /// It fails, as what is in it did.
    Failed(StepError),
    /// What is around it fails and not all of it was done.
    CutShort,
    /// Further iterations begin, or would if their bounds allowed it.
    Spawns,
    /// Its condition says whether there is another iteration.
    Asks,
    /// It has had all its iterations.
    MaxReached,
    /// Its result is to be made.
    Ends,
}

/// What a container with nothing open in it comes to; none for others.
pub(super) fn comes(state: &State, place: &Place) -> Option<Comes> {
    let step = state.steps.at(place).filter(|step| step.is_open())?;
    let inside = step.inside.as_ref().filter(|inside| inside.unfinished == 0)?;
    if let Some((path, error)) = &inside.failure {
        let message = format!("its step `{path}` failed: {}", error.message);
        return Some(Comes::Failed(StepError { kind: error.kind, message }));
    }
    if inside.cut {
        return Some(Comes::CutShort);
    }
    let more = match inside.opened {
        Opened::Condition { .. } | Opened::Parallel { .. } => false,
        Opened::ForEach { count, .. } => inside.next < count,
        Opened::While { .. } => inside.ended.is_none(),
    };
    if !more {
        return Some(Comes::Ends);
    }
    if state.aborting_inside(place) {
        return Some(Comes::CutShort);
    }
    Some(match inside.opened {
        Opened::While { max_iterations } if inside.next >= max_iterations => Comes::MaxReached,
        _ if state.created + state.body(step.index).len() > MAX_INSTANCES => Comes::Failed(too_many()),
        Opened::While { .. } => Comes::Asks,
        Opened::ForEach { .. } | Opened::Condition { .. } | Opened::Parallel { .. } => Comes::Spawns,
    })
}

/// Iterations whose steps are over.
pub(super) fn over(state: &State) -> Vec<EventKind> {
    let over = state.over.iter().filter_map(|(place, index)| Some((state.steps.at(place)?, *index)));
    over.map(|(step, index)| EventKind::IterationFinished { path: step.path.clone(), index }).collect()
}

/// What follows with nothing coming from outside.
pub(super) fn follows(state: &State) -> Vec<EventKind> {
    let mut events = Vec::new();
    for place in &state.idle {
        let (Some(step), Some(comes)) = (state.steps.at(place), comes(state, place)) else { continue };
        let path = step.path.clone();
        match comes {
            Comes::Failed(error) => events.push(failed(state, path, error)),
            Comes::CutShort => events.push(EventKind::StepCutShort { path }),
            Comes::MaxReached => events.push(EventKind::IterationsEnded { path, max_iterations_reached: true }),
            Comes::Spawns | Comes::Asks | Comes::Ends => {}
        }
    }
    if !events.is_empty() {
        return events;
    }
    let mut left = MAX_INSTANCES.saturating_sub(state.created);
    for place in &state.spawning {
        let Some(step) = state.steps.at(place) else { continue };
        let Some(inside) = step.inside.as_ref().filter(|inside| begins(state, place, inside)) else { continue };
        let each = state.body(step.index).len().max(1);
        for index in looped::due(inside, state.plan.mode).take(left / each) {
            left -= each;
            events.push(EventKind::IterationStarted { path: step.path.clone(), index });
        }
    }
    events
}

/// Whether a loop over items goes into another iteration by itself.
pub(super) fn spawns(state: &State, place: &Place) -> bool {
    let inside = state.steps.at(place).and_then(|step| step.inside.as_deref());
    inside.is_some_and(|inside| begins(state, place, inside) && !looped::due(inside, state.plan.mode).is_empty())
}

fn begins(state: &State, place: &Place, inside: &Inside) -> bool {
    inside.failure.is_none() && !state.aborting_inside(place)
}

/// The answer of a `while`'s condition.
pub(super) fn iterated(state: &State, path: &StepPath, outcome: &Result<bool, StepError>) -> Decision {
    let Some(inside) = waiting_for(state, path, &Comes::Asks) else { return Decision::default() };
    let path = path.clone();
    Decision::event(match outcome {
        Ok(true) => EventKind::IterationStarted { path, index: inside.next },
        Ok(false) => EventKind::IterationsEnded { path, max_iterations_reached: false },
        Err(error) => failed(state, path, error.clone()),
    })
}

/// The result of a container.
pub(super) fn concluded(state: &State, path: &StepPath, outcome: &Result<Concluded, StepError>) -> Decision {
    if waiting_for(state, path, &Comes::Ends).is_none() {
        return Decision::default();
    }
    let path = path.clone();
    Decision::event(match outcome {
        Ok(Concluded { result, exports }) => {
            EventKind::StepCompleted { path, result: result.clone(), exports: exports.clone(), binds: None }
        }
        Err(error) => failed(state, path, error.clone()),
    })
}

fn waiting_for<'s>(state: &'s State, path: &StepPath, what: &Comes) -> Option<&'s Inside> {
    let step = state.steps.get(path)?;
    let asked = state.may_start() && comes(state, &step.place).as_ref() == Some(what);
    step.inside.as_deref().filter(|_| asked)
}

fn failed(state: &State, path: StepPath, error: StepError) -> EventKind {
    EventKind::StepFailed { handling: action::handling(state, &path), path, error }
}

/// Why a loop over so many items cannot begin.
pub(super) fn beyond_limit(state: &State, step: &StepState, opened: &Opened) -> Option<StepError> {
    let Opened::ForEach { count, .. } = opened else { return None };
    let wanted = (*count as usize).saturating_mul(state.body(step.index).len());
    (state.created.saturating_add(wanted) > MAX_INSTANCES).then(too_many)
}

fn too_many() -> StepError {
    StepError::new(ErrorKind::LimitExceeded, format!("a run has at most {MAX_INSTANCES} step instances"))
}
