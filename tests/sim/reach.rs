//! What the logs of many seeds reach, so that a change of the generator cannot
//! quietly make the simulation blind.

use std::collections::BTreeSet;

use sequitur::machine::{Answered, Event, EventKind, Handling, Opened, RUN_EVENTS, STEP_TRANSITIONS, Waits, Woken};

/// Names of what a log holds: its events, and the forms of some of them.
pub(crate) fn reached(log: &[Event]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut failing = false;
    for event in log {
        let name = event.kind.name();
        names.insert(name.to_owned());
        match &event.kind {
            EventKind::StepFailed { handling, .. } => {
                names.insert(format!("{name} {handling:?}"));
                failing |= *handling == Handling::Abort;
            }
            EventKind::StepSkipped { reason, .. } => drop(names.insert(format!("{name} {reason:?}"))),
            EventKind::InterruptionAnswered { answer, .. } => {
                let answer = match answer {
                    Answered::Retry => "retry",
                    Answered::Done { .. } => "done",
                    Answered::Fail => "fail",
                    Answered::Given { .. } => "given",
                };
                names.insert(format!("{name} {answer}"));
                names.insert(format!("{name} {answer} in a run that fails: {failing}"));
            }
            EventKind::StepRetrying { after_unknown, .. } => {
                names.insert(format!("{name} after_unknown {after_unknown}"));
                names.insert(format!("{name} in a run that fails: {failing}"));
            }
            EventKind::StepCancelled { outcome_unknown, .. } => {
                names.insert(format!("{name} outcome_unknown {outcome_unknown}"));
            }
            EventKind::StepStarted { attempt, repeat_safe, .. } => {
                names.insert(format!("{name} again {} safe {repeat_safe}", *attempt > 1));
            }
            EventKind::StepOpened { opened, .. } => {
                names.insert(match opened {
                    Opened::Condition { branch } => format!("{name} condition else {}", branch.is_none()),
                    Opened::Parallel { .. } => format!("{name} parallel"),
                    Opened::ForEach { .. } => format!("{name} for_each"),
                    Opened::While { .. } => format!("{name} while"),
                });
            }
            EventKind::IterationsEnded { max_iterations_reached, .. } => {
                names.insert(format!("{name} max_iterations_reached {max_iterations_reached}"));
            }
            EventKind::IterationStarted { path, .. } | EventKind::StepCutShort { path } => {
                let depth = path.as_str().matches('.').count();
                names.insert(format!("{name} in {depth} loops"));
            }
            EventKind::StepWaiting { waits, .. } => {
                names.insert(match waits {
                    Waits::Timer { .. } => format!("{name} timer"),
                    Waits::Event { .. } => format!("{name} event"),
                    Waits::Task { .. } => format!("{name} task"),
                });
            }
            EventKind::StepWoken { by, .. } => {
                names.insert(match by {
                    Woken::Time => format!("{name} time"),
                    Woken::Signal { number, .. } => format!("{name} signal kept {}", number.is_some()),
                    Woken::Answer { .. } => format!("{name} answer"),
                });
            }
            EventKind::TaskReminded { .. }
            | EventKind::TaskEscalated { .. }
            | EventKind::SignalReceived { .. }
            | EventKind::IterationFinished { .. }
            | EventKind::StepComputed { .. }
            | EventKind::RunCreated { .. }
            | EventKind::RunStarted
            | EventKind::StepReady { .. }
            | EventKind::StepCompleted { .. }
            | EventKind::StepInterrupted { .. }
            | EventKind::RunAdopted
            | EventKind::RunPaused { .. }
            | EventKind::RunResumed
            | EventKind::CancelRequested { .. }
            | EventKind::TimeoutReached
            | EventKind::RunCompleted { .. }
            | EventKind::RunFailed { .. }
            | EventKind::RunCancelled
            | EventKind::RunTimedOut => {}
        }
    }
    names
}

/// What they have to reach.
pub(crate) fn expected() -> BTreeSet<String> {
    let events = RUN_EVENTS.iter().map(|(name, _)| *name).chain(STEP_TRANSITIONS.iter().map(|row| row.event));
    let forms = [
        "run_created",
        "step_failed Abort",
        "step_failed Continue",
        "step_failed Skip",
        "step_skipped ConditionFalse",
        "step_skipped DependenciesSkipped",
        "step_skipped DependencyFailed",
        "step_skipped NothingFailed",
        "step_skipped RunAborted",
        "step_skipped NotTaken",
        "step_opened condition else true",
        "step_opened condition else false",
        "step_opened parallel",
        "step_opened for_each",
        "step_opened while",
        "iterations_ended max_iterations_reached true",
        "iterations_ended max_iterations_reached false",
        "iteration_started in 0 loops",
        "iteration_started in 1 loops",
        "iteration_started in 2 loops",
        "step_cut_short in 0 loops",
        "interruption_answered retry",
        "interruption_answered retry in a run that fails: true",
        "interruption_answered done",
        "interruption_answered fail",
        "step_retrying after_unknown false",
        "step_retrying after_unknown true",
        "step_retrying in a run that fails: true",
        "step_cancelled outcome_unknown false",
        "step_cancelled outcome_unknown true",
        "step_waiting timer",
        "step_waiting event",
        "step_waiting task",
        "step_woken time",
        "step_woken signal kept true",
        "step_woken signal kept false",
        "step_woken answer",
        "step_started again false safe false",
        "step_started again false safe true",
        "step_started again true safe false",
        "step_started again true safe true",
    ];
    events.chain(forms).map(str::to_owned).collect()
}
