//! What an answer says of a run: read once, for the rules on runs.

use serde_json::Value;

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;

/// Tools whose answer is about one run.
const TOOLS: [&str; 7] = [
    "execute_workflow",
    "get_workflow_status",
    "resume_workflow",
    "respond_to_task",
    "pause_workflow",
    "cancel_workflow",
    "signal_workflow",
];

/// A run as an answer tells of it.
pub(super) struct RunState<'a> {
    /// Its id.
    pub(super) id: &'a str,
    /// Its status.
    pub(super) status: &'a str,
    occasion: &'a Occasion<'a>,
}

impl<'a> RunState<'a> {
    /// The run that the answer is about, if it is about one.
    pub(super) fn of(occasion: &'a Occasion<'a>) -> Option<Self> {
        if !occasion.called(&TOOLS) {
            return None;
        }
        let id =
            occasion.first_name(&["/workflow_id", "/status/workflow_id"]).or_else(|| occasion.given("workflow_id"))?;
        let status = occasion.text("/status").or_else(|| occasion.text("/status/status"))?;
        Some(Self { id, status, occasion })
    }

    /// A list of the answer, which some tools put one level down.
    pub(super) fn list(&self, key: &str) -> &'a [Value] {
        let here = self.occasion.list(&format!("/{key}"));
        if here.is_empty() { self.occasion.list(&format!("/status/{key}")) } else { here }
    }

    /// Ids of steps with this status, in the answer's order.
    pub(super) fn steps(&self, status: &str) -> Vec<&'a str> {
        let results = self.occasion.at("/step_results").and_then(Value::as_object).into_iter().flatten();
        let of_results = results.filter_map(|(id, step)| has(step, status).then_some(id.as_str()));
        let steps =
            self.list("steps").iter().filter_map(|step| has(step, status).then(|| step.get("step_id")?.as_str())?);
        of_results.chain(steps).filter_map(names::exact).collect()
    }
}

fn has(step: &Value, status: &str) -> bool {
    step.get("status").and_then(Value::as_str) == Some(status)
}
