//! Whether a step runs once its dependencies are finished.

use super::event::{Handling, SkipReason};
use super::state::{State, StepStatus};
use crate::workflow::plan::Condition;

/// What the dependencies alone say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It runs.
    Run,
    /// It runs if its expression is true.
    Ask,
    /// It does not run.
    Skip(SkipReason),
}

/// Whether the run's own failure leaves this node its calls: an `abort` stops
/// all but `always` and `on_failure`, which keep their retries too.
#[must_use]
pub(super) fn outlives_failure(state: &State, index: usize) -> bool {
    let condition = state.plan.steps.get(index).map(|node| &node.condition);
    state.failure.is_none() || matches!(condition, Some(Condition::Always | Condition::OnFailure))
}

/// What the finished dependencies of a node say.
///
/// An expression takes the place of the default `on_success`, so it can look at
/// `steps.<id>.status` itself. In a failing run only `always` and `on_failure`
/// are left.
#[must_use]
pub fn verdict(state: &State, index: usize) -> Verdict {
    let Some(node) = state.plan.steps.get(index) else { return Verdict::Skip(SkipReason::RunAborted) };
    let dependencies = || node.depends_on.iter().filter_map(|&dependency| state.at(dependency).map(|(_, step)| step));
    let failed = || dependencies().any(|step| step.status == StepStatus::Failed);
    let aborting = state.failure.is_some();
    match &node.condition {
        Condition::Always => Verdict::Run,
        Condition::OnFailure if failed() => Verdict::Run,
        Condition::OnFailure => Verdict::Skip(SkipReason::NothingFailed),
        Condition::OnSuccess | Condition::When(_) if aborting => {
            let unhandled = dependencies().any(|step| step.handling == Some(Handling::Abort));
            Verdict::Skip(if unhandled { SkipReason::DependencyFailed } else { SkipReason::RunAborted })
        }
        Condition::OnSuccess => {
            if !node.depends_on.is_empty() && dependencies().all(|step| step.status == StepStatus::Skipped) {
                Verdict::Skip(SkipReason::DependenciesSkipped)
            } else {
                Verdict::Run
            }
        }
        Condition::When(_) => Verdict::Ask,
    }
}
