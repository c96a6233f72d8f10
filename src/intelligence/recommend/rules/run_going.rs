//! A run that is under way: wait for it.

use super::run_state::RunState;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let going = ["pending", "running", "cancelling", "compensating"];
    let Some(run) = RunState::of(occasion).filter(|run| going.contains(&run.status)) else { return Vec::new() };
    let wait =
        Recommendation::tool("get_workflow_status", "The run is under way: wait for its end or next change", 0.95);
    vec![wait.high().with("workflow_id", run.id).with("wait_seconds", 45)]
}
