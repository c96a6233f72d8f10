//! Several models and none chosen: the same call, for each of them.

use serde_json::Value;

use crate::base::ErrorKind;
use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

/// Takes a path where the other tools take a name or a path.
const CONNECT: &str = "01_connect_to_instance";
/// Models proposed at most.
const MODELS: usize = 3;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let (Some(ErrorKind::AmbiguousModel), Some(tool)) = (occasion.error, occasion.tool) else { return Vec::new() };
    let models = occasion.list("/models");
    let name = |model: &Value| model.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
    let alike = |one: &Value| models.iter().filter(|other| name(other) == name(one)).count() > 1;
    models
        .iter()
        .filter_map(|model| {
            let shown = name(model)?;
            let by_path = tool == CONNECT || alike(model);
            let key = if by_path { "path" } else { "name" };
            let chosen = names::exact(model.get(key)?.as_str()?)?;
            Some(call_again(occasion, tool, &shown, chosen))
        })
        .take(MODELS)
        .collect()
}

/// A template takes the model among its parameters.
fn call_again(occasion: &Occasion<'_>, tool: &str, shown: &str, chosen: &str) -> Recommendation {
    let reason = format!("Several models were found: choose `{}`", names::shown(shown));
    let mut arguments = occasion.arguments_again().unwrap_or_default();
    let template = arguments.get("template_id").and_then(Value::as_str).map(ToOwned::to_owned);
    if let (true, Some(id)) = (tool == "execute_workflow", template) {
        let parameters = arguments.get("parameters").and_then(Value::as_object).cloned().unwrap_or_default();
        return Recommendation::workflow(&id, reason, 0.9).high().with_all(parameters).with("model", chosen);
    }
    let key = if tool == CONNECT { "path" } else { "model" };
    arguments.insert(key.to_owned(), chosen.into());
    Recommendation::tool(tool, reason, 0.9).high().with_all(arguments)
}
