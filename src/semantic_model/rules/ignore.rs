//! Rules that a model itself says are not to be told, as Tabular Editor writes it:
//! the annotation `BestPracticeAnalyzer_IgnoreRules` with `{"RuleIDs": [...]}`, on
//! the model for all objects or on one object.

use std::collections::HashSet;

use serde::Deserialize;

use super::element::Element;

const ANNOTATION: &str = "BestPracticeAnalyzer_IgnoreRules";

#[derive(Debug, Default, Deserialize)]
struct Written {
    #[serde(rename = "RuleIDs", default)]
    rule_ids: Vec<String>,
}

/// The rules that an object's annotation names. One that cannot be read names none.
pub(super) fn ignored(element: Element<'_>) -> HashSet<String> {
    let Some(text) = element.annotation(ANNOTATION) else { return HashSet::new() };
    let written: Written = serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::warn!(object = %element.full_name(), %error, "`{ANNOTATION}` cannot be read");
        Written::default()
    });
    written.rule_ids.into_iter().collect()
}
