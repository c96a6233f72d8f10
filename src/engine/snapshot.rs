//! What the outside sees of a run while it lives: a small copy made after each
//! commit, so that nobody is shown what could still be lost.

use std::sync::Arc;

use crate::base::Timestamp;
use crate::machine::{RunStatus, State, Waits};

/// A run after its last commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The run.
    pub run: Arc<str>,
    /// Its status.
    pub status: RunStatus,
    /// 0 to 100, never falling.
    pub progress_percentage: f64,
    /// Steps that ended.
    pub finished_steps: usize,
    /// All step instances made so far.
    pub total_steps: usize,
    /// The step to name: the first in flight, else the last that ended.
    pub current_step_name: Option<String>,
    /// It got its place then.
    pub started_at: Option<Timestamp>,
    /// Open questions.
    pub open_tasks: usize,
    /// It waits for nothing but the clock, until then.
    pub wakes_at: Option<Timestamp>,
    /// Grows with every commit.
    pub events: u64,
}

/// When a run that only waits for the clock goes on.
fn wakes_at(state: &State) -> Option<Timestamp> {
    if state.status() != RunStatus::Waiting {
        return None;
    }
    let until = state.waiting().map(|(_, waiting)| match &waiting.on {
        Waits::Timer { until } => Some(*until),
        Waits::Event { .. } | Waits::Task { .. } => None,
    });
    until.collect::<Option<Vec<_>>>()?.into_iter().min()
}

impl Snapshot {
    pub(super) fn of(state: &State, progress_before: f64) -> Self {
        Self {
            run: state.run.clone(),
            status: state.status(),
            progress_percentage: state.progress_percentage().max(progress_before),
            finished_steps: state.finished_steps(),
            total_steps: state.total_steps(),
            current_step_name: state.current_node().map(|node| node.name.clone()),
            started_at: state.started_at,
            open_tasks: state.tasks.len(),
            wakes_at: wakes_at(state),
            events: state.events,
        }
    }

    /// Whether the run goes on by itself before `end`.
    #[must_use]
    pub fn goes_on_before(&self, end: Timestamp) -> bool {
        self.goes_on() || self.wakes_at.is_some_and(|at| at <= end)
    }

    /// Whether the run goes on by itself.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        matches!(self.status, RunStatus::Pending | RunStatus::Running | RunStatus::Cancelling | RunStatus::Compensating)
    }
}
