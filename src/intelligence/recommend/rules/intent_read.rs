//! A request was read: what it suggests.

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;
use serde_json::Value;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("analyze_intent") {
        return Vec::new();
    }
    let certainty = occasion.at("/confidence").and_then(Value::as_f64).unwrap_or(0.0).clamp(0.0, 1.0);
    let parameters = occasion.at("/suggested_parameters").and_then(Value::as_object).cloned().unwrap_or_default();
    let tools = occasion.list("/suggested_tools").iter().filter_map(Value::as_str).take(2).enumerate();
    let mut proposals = Vec::new();
    let workflow = occasion.name("/suggested_workflow");
    if let Some(id) = workflow {
        let run = Recommendation::workflow(id, "Does the whole of what the request asks for", certainty);
        proposals.push(run.high().with_all(parameters.clone()));
    }
    for (rank, tool) in tools {
        let proposal = Recommendation::tool(tool, "Fits the request", certainty);
        // The parameters are the workflow's where there is one.
        proposals.push(if rank == 0 && workflow.is_none() {
            proposal.high().with_all(parameters.clone())
        } else {
            proposal
        });
    }
    proposals
}
