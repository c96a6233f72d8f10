//! A run that did not get to its end: see why, then go on from where it failed.

use super::run_state::RunState;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let ended = ["failed", "timed_out", "cancelled"];
    let Some(run) = RunState::of(occasion).filter(|run| ended.contains(&run.status)) else { return Vec::new() };
    let mut proposals = Vec::new();
    if occasion.tool != Some("get_workflow_status") || occasion.given("detail") != Some("full") {
        let reason = if run.status == "cancelled" {
            "See what was done before the end"
        } else {
            "See which step failed and why"
        };
        let status = Recommendation::tool("get_workflow_status", reason, 0.9);
        let status = if run.status == "cancelled" { status.low() } else { status.high() };
        proposals.push(status.with("workflow_id", run.id).with("detail", "full"));
    }
    if run.status != "cancelled"
        && let Some(step) = run.steps("failed").first()
    {
        let reason = "Once the cause is removed: a new run from the failed step on, with the results before it";
        let resume = Recommendation::tool("resume_workflow", reason, 0.75);
        proposals.push(resume.with("workflow_id", run.id).with("from_step", *step));
    }
    proposals
}
