//! `parallel`: children side by side. It fails once so many of them have failed
//! unhandled that `failure_threshold` cannot be met.

use crate::machine::event::Opened;
use crate::machine::step::StepState;
use crate::workflow::plan::{PlanStep, StepKind};

/// Whether a container goes on with so many failures that nothing handled.
pub(in crate::machine) fn tolerates(node: &PlanStep, unhandled: usize) -> bool {
    let StepKind::Parallel { steps, failure_threshold, .. } = &node.kind else { return false };
    #[expect(clippy::cast_precision_loss, reason = "at most 2,000 children")]
    let share = steps.len().saturating_sub(unhandled) as f64 / steps.len().max(1) as f64;
    // A share written in decimals is not exact.
    share + 1e-9 >= *failure_threshold
}

/// Calls in flight in it at once, at most, and how many there are.
pub(in crate::machine) fn bound(step: &StepState) -> Option<(usize, usize)> {
    let inside = step.inside.as_ref()?;
    let Opened::Parallel { max_concurrency: Some(bound) } = inside.opened else { return None };
    Some((bound.max(1) as usize, inside.in_flight))
}
