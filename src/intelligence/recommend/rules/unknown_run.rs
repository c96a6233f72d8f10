//! A run that does not exist, or is in no state for what was asked: the runs.

use crate::base::ErrorKind;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let refused = matches!(occasion.error, Some(ErrorKind::NotFound | ErrorKind::Conflict));
    let of_runs = occasion.tool.is_some_and(|tool| tool.ends_with("_workflow") || tool == "respond_to_task")
        || occasion.tool == Some("get_workflow_status");
    // An answer that is a run's own end has its own rules.
    let Some(run) = occasion.given("workflow_id").filter(|_| refused && of_runs && occasion.at("/status").is_none())
    else {
        return Vec::new();
    };
    if occasion.error == Some(ErrorKind::NotFound) {
        return vec![Recommendation::tool("get_workflow_status", "See which runs there are", 0.9).high()];
    }
    let look = Recommendation::tool("get_workflow_status", "See where the run stands", 0.9);
    vec![look.high().with("workflow_id", run)]
}
