//! A run that has completed: results that were too large, steps that failed.

use serde_json::Value;

use super::run_state::RunState;
use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let Some(run) = RunState::of(occasion).filter(|run| run.status == "completed") else { return Vec::new() };
    let mut proposals = Vec::new();
    if !run.steps("failed").is_empty() {
        let reason = "The run completed although steps failed: see which";
        let status = Recommendation::tool("get_workflow_status", reason, 0.8).high();
        proposals.push(status.with("workflow_id", run.id).with("detail", "full"));
    }
    let results = occasion.at("/step_results").and_then(Value::as_object).into_iter().flatten();
    let cut = results.filter(|(_, step)| step.pointer("/result/read_with").is_some()).map(|(id, _)| id);
    for step in cut.filter_map(|id| names::exact(id)).take(2) {
        let reason = format!("Read the whole result of `{}`, if you need it", names::shown(step));
        proposals.push(
            Recommendation::tool("get_workflow_status", reason, 0.7)
                .low()
                .with("workflow_id", run.id)
                .with("step_id", step),
        );
    }
    proposals
}
