//! A run that is paused: let it go on.

use super::run_state::RunState;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    // An open question is answered first: resuming would not get past it.
    let run = RunState::of(occasion).filter(|run| run.status == "paused" && run.list("pending_tasks").is_empty());
    let Some(run) = run else { return Vec::new() };
    vec![
        Recommendation::tool("resume_workflow", "The run is paused: it goes on when resumed", 0.85)
            .high()
            .with("workflow_id", run.id),
    ]
}
