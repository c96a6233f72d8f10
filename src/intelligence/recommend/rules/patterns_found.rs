//! What keeps being done can become a template.

use serde_json::Value;

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let of_patterns = occasion.list("/patterns").first().filter(|_| occasion.succeeded("find_patterns"));
    if let Some(id) =
        of_patterns.and_then(|pattern| pattern.get("pattern_id")).and_then(Value::as_str).and_then(names::exact)
    {
        let reason = "Turn the most frequent pattern into a template";
        return vec![Recommendation::tool("create_workflow", reason, 0.8).with("pattern_id", id)];
    }
    let sequences = occasion.list("/analytics/common_sequences");
    if occasion.succeeded("get_learning_analytics") && !sequences.is_empty() {
        let reason = "See whether the common sequences are worth a template";
        return vec![Recommendation::tool("find_patterns", reason, 0.7)];
    }
    Vec::new()
}
