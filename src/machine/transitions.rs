//! Which events can happen to which status. The page `docs/states.md` shows
//! this table; `tests/it/states.rs` holds them together.

use super::event::EventKind;
use super::status::{RunStatus, StepStatus};

/// A row: this event takes a step from one of these statuses to that one.
#[derive(Debug, Clone, Copy)]
pub struct StepEvent {
    /// The event's name.
    pub event: &'static str,
    /// Statuses it can happen to.
    pub from: &'static [StepStatus],
    /// The statuses it can lead to.
    pub to: &'static [StepStatus],
}

use StepStatus::{Cancelled, Completed, Failed, Interrupted, Pending, Retrying, Running, Skipped, Waiting};

/// Every event of a step instance.
pub const STEP_TRANSITIONS: &[StepEvent] = &[
    StepEvent { event: "step_ready", from: &[Pending], to: &[Pending] },
    StepEvent { event: "step_started", from: &[Pending, Retrying], to: &[Running] },
    StepEvent { event: "step_completed", from: &[Running, Waiting], to: &[Completed] },
    StepEvent { event: "step_retrying", from: &[Pending, Running, Retrying], to: &[Retrying] },
    StepEvent {
        event: "step_failed",
        from: &[Pending, Running, Retrying, Waiting, Interrupted],
        to: &[Failed, Skipped],
    },
    StepEvent { event: "step_skipped", from: &[Pending], to: &[Skipped] },
    StepEvent { event: "step_interrupted", from: &[Running], to: &[Interrupted] },
    StepEvent { event: "interruption_answered", from: &[Interrupted], to: &[Pending, Completed, Interrupted] },
    StepEvent { event: "step_computed", from: &[Pending], to: &[Completed] },
    StepEvent { event: "step_opened", from: &[Pending], to: &[Running] },
    StepEvent { event: "iteration_started", from: &[Running], to: &[Running] },
    StepEvent { event: "iteration_finished", from: &[Running], to: &[Running] },
    StepEvent { event: "iterations_ended", from: &[Running], to: &[Running] },
    StepEvent { event: "step_waiting", from: &[Pending], to: &[Waiting] },
    StepEvent { event: "step_woken", from: &[Waiting], to: &[Waiting] },
    StepEvent { event: "task_reminded", from: &[Waiting], to: &[Waiting] },
    StepEvent { event: "task_escalated", from: &[Waiting], to: &[Waiting] },
    StepEvent { event: "step_cut_short", from: &[Running, Waiting], to: &[Skipped] },
    StepEvent { event: "step_cancelled", from: &[Pending, Running, Retrying, Waiting, Interrupted], to: &[Cancelled] },
];

/// Every event of the run itself, with the statuses it can happen to.
pub const RUN_EVENTS: &[(&str, &[RunStatus])] = &[
    ("run_started", &[RunStatus::Pending]),
    (
        "run_adopted",
        &[RunStatus::Pending, RunStatus::Running, RunStatus::Waiting, RunStatus::Paused, RunStatus::Cancelling],
    ),
    ("run_paused", &[RunStatus::Pending, RunStatus::Running, RunStatus::Waiting, RunStatus::Paused]),
    ("run_resumed", &[RunStatus::Paused]),
    ("cancel_requested", &[RunStatus::Pending, RunStatus::Running, RunStatus::Waiting, RunStatus::Paused]),
    ("signal_received", &[RunStatus::Pending, RunStatus::Running, RunStatus::Waiting, RunStatus::Paused]),
    ("timeout_reached", &[RunStatus::Running, RunStatus::Waiting, RunStatus::Paused]),
    ("run_completed", &[RunStatus::Running]),
    ("run_failed", &[RunStatus::Running]),
    ("run_cancelled", &[RunStatus::Cancelling]),
    ("run_timed_out", &[RunStatus::Cancelling]),
];

/// Whether a step event can happen to a status.
pub(super) fn step_allows(event: &EventKind, status: StepStatus) -> bool {
    STEP_TRANSITIONS.iter().any(|row| row.event == event.name() && row.from.contains(&status))
}

/// Whether an event of the run can happen to a status.
pub(super) fn run_allows(event: &EventKind, status: RunStatus) -> bool {
    if event.path().is_some() {
        return !status.is_terminal();
    }
    RUN_EVENTS.iter().any(|(name, from)| *name == event.name() && from.contains(&status))
}
