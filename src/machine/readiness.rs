//! Whether a step runs once its dependencies are finished.

use super::event::{Handling, SkipReason};
use super::place::Place;
use super::state::State;
use super::status::StepStatus;
use crate::workflow::plan::{Condition, PlanStep};

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

/// Whether a step may begin in a list that fails.
#[must_use]
pub(super) fn outlives(node: &PlanStep) -> bool {
    matches!(node.condition, Condition::Always | Condition::OnFailure)
}

/// What the finished dependencies of an instance say.
///
/// An expression takes the place of the default `on_success`, so it can look at
/// `steps.<id>.status` itself. In a list that fails only `always` and
/// `on_failure` are left.
#[must_use]
pub fn verdict(state: &State, place: &Place) -> Verdict {
    let Some(node) = state.plan.steps.get(place.node()) else { return Verdict::Skip(SkipReason::RunAborted) };
    let dependencies = || node.depends_on.iter().filter_map(|&before| state.seen_from(Some(place), before));
    let failed = || dependencies().any(|step| step.status == StepStatus::Failed);
    let unhandled = || dependencies().any(|step| step.handling == Some(Handling::Abort));
    match &node.condition {
        Condition::Always => Verdict::Run,
        Condition::OnFailure if failed() => Verdict::Run,
        Condition::OnFailure => Verdict::Skip(SkipReason::NothingFailed),
        Condition::OnSuccess | Condition::When(_) if state.aborting(place) => {
            Verdict::Skip(if unhandled() { SkipReason::DependencyFailed } else { SkipReason::RunAborted })
        }
        // What is around it goes on: it was tolerated, or handled there.
        Condition::OnSuccess if unhandled() => Verdict::Skip(SkipReason::DependencyFailed),
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
