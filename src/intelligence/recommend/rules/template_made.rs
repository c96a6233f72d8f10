//! A template was made: try it without effect, then run it.

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if occasion.succeeded("create_workflow")
        && let Some(id) = occasion.name("/template_id")
    {
        let reason = "See the plan of the new template without running it";
        let dry = Recommendation::tool("execute_workflow", reason, 0.85).high();
        return vec![dry.with("template_id", id).with("dry_run", true)];
    }
    if occasion.succeeded("generate_workflow") && occasion.at("/definition").is_some() {
        let reason = "Keep the generated workflow as a template, once it has been read";
        return vec![Recommendation::tool("create_workflow", reason, 0.75)];
    }
    Vec::new()
}
