//! Wrong arguments: a call that would be right, or the template's parameters.

use serde_json::Value;

use crate::base::ErrorKind;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

/// Longest arguments of an example, in bytes of JSON.
const SMALL: usize = 300;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let (Some(ErrorKind::InvalidInput), Some(tool)) = (occasion.error, occasion.tool) else { return Vec::new() };
    let mut proposals = Vec::new();
    let example = occasion.at("/example_call/arguments").filter(|example| example.to_string().len() <= SMALL);
    if let Some(Value::Object(example)) = example {
        let reason = "The arguments did not fit: `errors` says why, these are of the right form";
        proposals.push(Recommendation::tool(tool, reason, 0.85).high().with_all(example.clone()));
    }
    if tool == "execute_workflow" && occasion.at("/available_templates").is_none() {
        let reason = "See the template's parameters, with types and defaults";
        let list = Recommendation::tool("list_workflow_templates", reason, 0.9);
        proposals.push(list.with_some("query", occasion.given("template_id")));
    }
    proposals
}
