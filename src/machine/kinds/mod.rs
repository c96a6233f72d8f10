//! What each step kind does in the core, one file each. [`unsupported`] names
//! what a plan asks for that this version does not run, so that a run is
//! refused before it begins and never half done.

pub(super) mod action;
pub(super) mod condition;
pub(super) mod looped;
pub(super) mod parallel;
pub(super) mod wait;
pub(super) mod webhook;

pub use action::repeated_when_adopted;

use crate::workflow::plan::{OnError, Plan, StepKind};

/// What a plan asks for that this version cannot run: one sentence each.
#[must_use]
pub fn unsupported(plan: &Plan) -> Vec<String> {
    let mut reasons = Vec::new();
    for step in &plan.steps {
        let id = &step.id;
        match &step.kind {
            StepKind::Capability { .. } => reasons.push(format!("step `{id}` uses `agent_capability`")),
            StepKind::Action(_)
            | StepKind::Webhook(_)
            | StepKind::AgentTask { .. }
            | StepKind::Wait(_)
            | StepKind::HumanTask { .. }
            | StepKind::Condition { .. }
            | StepKind::Parallel { .. }
            | StepKind::Loop { .. }
            | StepKind::Transform { .. } => {}
            StepKind::Workflow { .. } => {
                reasons.push(format!("step `{id}` is of type `{}`", step.kind.name()));
            }
        }
        let mut key = |used: bool, name: &str| {
            if used {
                reasons.push(format!("step `{id}` uses `{name}`"));
            }
        };
        key(!step.alternatives.is_empty(), "alternatives");
        key(!step.adjust.is_empty(), "adjust");
        key(!step.compensate.is_empty(), "compensate");
        key(step.cache.is_some(), "cache");
        match step.on_error {
            OnError::Abort | OnError::Continue | OnError::Skip => {}
            OnError::Compensate => key(true, "on_error: compensate"),
            OnError::Fallback(_) => key(true, "on_error: fallback"),
            OnError::Handlers(_) => key(true, "on_error: handler"),
        }
    }
    reasons
}
