//! A dry run: now for real.

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let planned = occasion.succeeded("execute_workflow") && occasion.text("/status") == Some("planned");
    let Some(template) = occasion.given("template_id").filter(|_| planned) else { return Vec::new() };
    let missing = occasion
        .list("/plan/missing_tools")
        .iter()
        .any(|tool| tool.as_str().is_some_and(|name| names::exact(name).is_some()));
    if missing {
        return Vec::new();
    }
    let parameters = occasion.arguments.get("parameters").and_then(|value| value.as_object());
    let Some(parameters) = parameters.map_or(Some(crate::base::json::Object::new()), |_| {
        occasion.arguments_again().and_then(|all| all.get("parameters")?.as_object().cloned())
    }) else {
        return Vec::new();
    };
    vec![Recommendation::workflow(template, "The plan is good: run it", 0.8).high().with_all(parameters)]
}
