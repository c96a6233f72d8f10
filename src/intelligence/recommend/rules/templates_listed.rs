//! A list of templates: one that is ready.

use serde_json::Value;

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("list_workflow_templates") {
        return Vec::new();
    }
    let templates = occasion.list("/templates");
    let mut ready = templates.iter().filter(|template| template.get("ready").and_then(Value::as_bool) == Some(true));
    let runs_as_is = |template: &&Value| {
        let parameters = template.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        !parameters.iter().any(|parameter| parameter.get("required").and_then(Value::as_bool) == Some(true))
    };
    let id = |template: &Value| {
        template.get("template_id").and_then(Value::as_str).and_then(names::exact).map(ToOwned::to_owned)
    };
    if templates.len() == 1 {
        let only = ready.find_map(id);
        return only
            .map(|id| Recommendation::workflow(&id, "The one that matched, and it is ready", 0.85).high())
            .into_iter()
            .collect();
    }
    let used = |template: &&Value| template.get("usage_count").and_then(Value::as_u64).unwrap_or(0);
    let best = ready.filter(runs_as_is).filter(|template| used(template) > 0).max_by_key(used).and_then(id);
    best.map(|id| Recommendation::workflow(&id, "Used most here, ready, and needs no parameters", 0.65))
        .into_iter()
        .collect()
}
