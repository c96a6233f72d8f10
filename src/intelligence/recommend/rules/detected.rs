//! Models were found: connect to one.

use serde_json::Value;

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

/// Models proposed at most.
const MODELS: usize = 3;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("01_detect_pbi_instances") {
        return Vec::new();
    }
    let found = occasion.list("/instances");
    let connect = |(place, model): (usize, &Value)| {
        let name = model.get("name").and_then(Value::as_str).map(names::shown).unwrap_or_default();
        let index = model.get("index").and_then(Value::as_u64).unwrap_or(place as u64);
        let reason = match (name.is_empty(), found.len()) {
            (true, _) => "Connect to a model that was found".to_owned(),
            (false, 1) => format!("Connect to `{name}`, the only model found"),
            (false, _) => format!("Connect to `{name}`"),
        };
        let proposal = Recommendation::tool("01_connect_to_instance", reason, 0.85);
        let proposal = if found.len() == 1 { proposal.high() } else { proposal };
        proposal.with("model_index", index)
    };
    found.iter().take(MODELS).enumerate().map(connect).collect()
}
