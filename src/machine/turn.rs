//! One turn of a run: inputs in, events and commands out. The driver and the
//! simulation both turn runs through here, and only here is a state changed.

use super::apply::apply;
use super::command::{CallFacts, Command, Concluded, Evaluated, Input, InputKind};
use super::decide::{Refused, decide, settle, stamp};
use super::event::{BodyRef, Event, EventKind, StepError, StepPath};
use super::fault::IllegalTransition;
use super::outstanding::{may_start_call, outstanding};
use super::state::State;
use super::step::StepState;
use crate::base::Timestamp;

/// What can be answered at once and in memory, before anything is committed.
pub trait Local {
    /// Evaluates a step's condition, arguments and numbers.
    fn evaluate(&mut self, state: &State, path: &StepPath) -> Evaluated;
    /// Evaluates a `while`'s condition.
    fn iterate(&mut self, state: &State, path: &StepPath) -> Result<bool, StepError>;
    /// Makes the result of a container whose steps are over, and evaluates its exports.
    fn conclude(&mut self, state: &State, path: &StepPath) -> Result<Concluded, StepError>;
    /// Evaluates the outputs: an object and the warnings.
    fn outputs(&mut self, state: &State) -> (BodyRef, Vec<String>);
    /// Takes every permit for the step if all are free; else remembers the wish.
    /// Asked again while the permit is held, it says the same.
    fn acquire(&mut self, state: &State, path: &StepPath) -> Option<Result<CallFacts, StepError>>;
    /// Gives a step's permit back.
    fn give_back(&mut self, path: &StepPath);
    /// Takes a place among the running runs if one is free; else remembers the wish.
    fn place(&mut self, state: &State) -> bool;
}

/// What a turn led to.
#[derive(Debug, Default, PartialEq)]
pub struct Turn {
    /// For the log, in order.
    pub events: Vec<Event>,
    /// For the driver, once the events are durable.
    pub commands: Vec<Command>,
    /// Inputs that did not fit, by their position.
    pub refused: Vec<(usize, Refused)>,
    /// Instances of iterations that finished in this turn, as they were: the
    /// state has them no more.
    pub gone: Vec<StepState>,
}

/// Takes `inputs` in order, then goes on as far as it gets without the outside.
///
/// A completion, the evaluation of what it made ready and the start of that
/// are one turn, so a chain costs one commit a step.
pub fn turn(
    state: &mut State,
    inputs: Vec<InputKind>,
    now: Timestamp,
    local: &mut dyn Local,
) -> Result<Turn, IllegalTransition> {
    let mut turn = Turn::default();
    // Whatever else came, a takeover came before it: time in which nobody drove
    // the run must not count.
    let mut inputs: Vec<(usize, InputKind)> = inputs.into_iter().enumerate().collect();
    inputs.sort_by_key(|(_, kind)| *kind != InputKind::Adopted);
    for (position, kind) in inputs {
        turn.take(state, &Input { now, kind }, position)?;
    }
    loop {
        turn.settle(state, now)?;
        let before = turn.events.len();
        let mut open = Vec::new();
        for command in outstanding(state, now) {
            let kind = match command {
                Command::Evaluate(path) => {
                    let outcome = local.evaluate(state, &path);
                    InputKind::Evaluated { path, outcome }
                }
                Command::Iterate(path) => {
                    let outcome = local.iterate(state, &path);
                    InputKind::Iterated { path, outcome }
                }
                Command::Conclude(path) => {
                    let outcome = local.conclude(state, &path);
                    InputKind::Concluded { path, outcome }
                }
                Command::EvaluateOutputs => {
                    let (outputs, warnings) = local.outputs(state);
                    InputKind::OutputsEvaluated { outputs, warnings }
                }
                Command::AcquirePlace => {
                    if !local.place(state) {
                        continue;
                    }
                    InputKind::Placed
                }
                // Those before it may have taken what room there was.
                Command::Acquire(path) if !may_start_call(state, &path) => continue,
                Command::Acquire(path) => match local.acquire(state, &path) {
                    Some(facts) => InputKind::Granted { path, facts },
                    None => continue,
                },
                timer @ Command::StartTimer { .. } => {
                    open.push(timer);
                    continue;
                }
                other @ (Command::Return(_) | Command::Call { .. } | Command::CancelCall(_)) => {
                    open.push(other);
                    continue;
                }
            };
            turn.take(state, &Input { now, kind }, usize::MAX)?;
        }
        // Permits given back inside the turn never reach the driver.
        turn.commands.retain(|command| {
            let Command::Return(path) = command else { return true };
            local.give_back(path);
            false
        });
        if turn.events.len() == before {
            turn.commands.extend(open);
            return Ok(turn);
        }
    }
}

impl Turn {
    fn take(&mut self, state: &mut State, input: &Input, position: usize) -> Result<(), IllegalTransition> {
        let now = input.now;
        match decide(state, input) {
            Ok(decision) => {
                self.fold(state, stamp(decision.events, now))?;
                self.commands.extend(decision.commands);
            }
            Err(refused) => self.refused.push((position, refused)),
        }
        Ok(())
    }

    fn settle(&mut self, state: &mut State, now: Timestamp) -> Result<(), IllegalTransition> {
        loop {
            let events = settle(state);
            if events.is_empty() {
                return Ok(());
            }
            self.fold(state, stamp(events, now))?;
        }
    }

    fn fold(&mut self, state: &mut State, events: impl Iterator<Item = Event>) -> Result<(), IllegalTransition> {
        for event in events {
            if let EventKind::IterationFinished { path, index } = &event.kind {
                self.gone.extend(state.iteration(path, *index).cloned());
            }
            apply(state, &event)?;
            self.events.push(event);
        }
        Ok(())
    }
}
