//! A list of runs: the open ones want something.

use serde_json::Value;

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("get_workflow_status") {
        return Vec::new();
    }
    let open = occasion.list("/runs").iter().filter_map(|run| {
        let id = names::exact(run.get("workflow_id")?.as_str()?)?;
        let status = run.get("status").and_then(Value::as_str)?;
        match status {
            "waiting" => {
                let see = Recommendation::tool("get_workflow_status", "A run waits: see for what", 0.85);
                Some(see.high().with("workflow_id", id))
            }
            "paused" => {
                let resume = Recommendation::tool("resume_workflow", "A run is paused: it goes on when resumed", 0.75);
                Some(resume.with("workflow_id", id))
            }
            "running" => {
                let wait = Recommendation::tool("get_workflow_status", "A run is under way: wait for it", 0.7);
                Some(wait.with("workflow_id", id).with("wait_seconds", 45))
            }
            _ => None,
        }
    });
    open.take(3).collect()
}
