//! Workflows for the model at hand: a review that was not made yet, performance once it was found wanting.

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

/// Tools after which the model as a whole is the subject.
const SUBJECT: [&str; 2] = ["01_connect_to_instance", "list_workflow_templates"];

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let whole = match occasion.tool {
        Some(tool) => SUBJECT.contains(&tool) && occasion.error.is_none(),
        None => true,
    };
    if !whole {
        return Vec::new();
    }
    let mut proposals = Vec::new();
    let reviewed = occasion.says("bpa_run")
        || occasion.done("05_comprehensive_analysis")
        || occasion.done("model_review_complete");
    if !reviewed && occasion.catalogue.workflow("model_review_complete").is_some() {
        let reason = "Comprehensive model review not yet performed";
        proposals.push(Recommendation::workflow("model_review_complete", reason, 0.75).high());
    } else if !reviewed && !occasion.done("model_inventory") {
        let reason = "Tables, measures, relationships and calculation groups in one call";
        proposals.push(Recommendation::workflow("model_inventory", reason, 0.75));
    }
    if occasion.says("performance_issues") && !occasion.done("performance_optimization") {
        let reason = "Performance issues detected in previous analysis";
        proposals.push(Recommendation::workflow("performance_optimization", reason, 0.85).high());
    }
    // In a session that has not begun, there may be no model at all.
    let begun = occasion.tool.is_some() || !occasion.history.is_empty() || !occasion.context.is_empty();
    if !begun && occasion.can("01_detect_pbi_instances") {
        proposals.push(Recommendation::tool("01_detect_pbi_instances", "See which models are in the roots", 0.7));
    }
    proposals
}
