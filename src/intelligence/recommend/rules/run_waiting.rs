//! A run that waits: for an answer, an event, a time.

use serde_json::Value;

use super::run_state::RunState;
use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let Some(run) = RunState::of(occasion).filter(|run| matches!(run.status, "waiting" | "paused")) else {
        return Vec::new();
    };
    let text = |value: &'_ Value, key: &str| {
        value.get(key).and_then(Value::as_str).and_then(names::exact).map(ToOwned::to_owned)
    };
    let mut proposals = Vec::new();
    for task in run.list("pending_tasks").iter().take(2) {
        let Some(id) = text(task, "task_id") else { continue };
        let reason = match text(task, "kind").as_deref() {
            Some("agent_task") => "The run waits for your answer to its task",
            Some("interrupted") => "Nobody knows whether a call of this step had its effect: ask the user, then answer",
            _ => "The run waits for a person: ask the user, then pass the answer on",
        };
        let respond = Recommendation::tool("respond_to_task", reason, 0.95).high();
        proposals.push(respond.with("workflow_id", run.id).with("task_id", id));
    }
    for wait in run.list("waiting_for").iter().take(2) {
        match wait.get("kind").and_then(Value::as_str) {
            Some("event") => {
                let signal = Recommendation::tool(
                    "signal_workflow",
                    "The run waits for an event: tell it when it has happened",
                    0.8,
                );
                proposals.push(signal.with_some("event", text(wait, "name")).with("workflow_id", run.id));
            }
            Some("timer" | "process") => {
                let status =
                    Recommendation::tool("get_workflow_status", "The run goes on by itself: look again later", 0.75);
                proposals.push(status.with("workflow_id", run.id).with("wait_seconds", 45));
            }
            Some("task") if proposals.is_empty() => {
                let status =
                    Recommendation::tool("get_workflow_status", "See the question that the run waits for", 0.8).high();
                proposals.push(status.with("workflow_id", run.id));
            }
            Some(_) | None => {}
        }
    }
    if proposals.is_empty() && run.status == "waiting" && occasion.tool != Some("get_workflow_status") {
        let status = Recommendation::tool("get_workflow_status", "See what the run waits for", 0.8).high();
        proposals.push(status.with("workflow_id", run.id));
    }
    proposals
}
