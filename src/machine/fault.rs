//! An event that cannot happen to a state.

use super::status::{RunStatus, StepStatus};

/// A pair of state and event that no transition lists. A log that holds one is
/// damaged or was written by another version; the run is left alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalTransition {
    /// For a step.
    #[error("step `{path}` is `{status}`: `{event}` cannot happen to it")]
    Step {
        /// The instance.
        path: String,
        /// Its status.
        status: StepStatus,
        /// The event's name.
        event: &'static str,
    },
    /// For the run.
    #[error("the run is `{status}`: `{event}` cannot happen to it")]
    Run {
        /// Its status.
        status: RunStatus,
        /// The event's name.
        event: &'static str,
    },
    /// The event names a step that the plan does not have.
    #[error("the plan has no step `{path}`, which `{event}` names")]
    NoStep {
        /// What it names.
        path: String,
        /// The event's name.
        event: &'static str,
    },
}
