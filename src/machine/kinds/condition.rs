//! `condition`: begins with the branch that is taken. Its children stand in the
//! list around it; those of other branches are skipped.

use crate::machine::event::Opened;
use crate::workflow::plan::{PlanStep, StepKind};

/// Whether a container that began so lets this child run.
pub(in crate::machine) fn takes(node: &PlanStep, opened: &Opened, child: usize) -> bool {
    let (StepKind::Condition { branches, otherwise }, Opened::Condition { branch }) = (&node.kind, opened) else {
        return true;
    };
    let taken = branch.map_or(Some(otherwise), |branch| branches.get(branch as usize).map(|branch| &branch.steps));
    taken.is_some_and(|steps| steps.contains(&child))
}
