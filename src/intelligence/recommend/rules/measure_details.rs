//! A measure was read: what it is built on, what is built on it, whether its DAX is sound.

use serde_json::Value;

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

/// Longest expression that is passed on, in bytes.
const SMALL: usize = 300;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("02_get_measure_details") {
        return Vec::new();
    }
    let measure = occasion.first_name(&["/measure/name", "/measure", "/name"]).or_else(|| occasion.given("measure"));
    let Some(measure) = measure else { return Vec::new() };
    let table = occasion.first_name(&["/measure/table", "/table"]).or_else(|| occasion.given("table"));
    let shown = names::shown(measure);
    let about = |tool: &str, reason: String, confidence: f64| {
        let key = occasion.spelling(tool, "measure", "measure_name");
        Recommendation::tool(tool, reason, confidence).with(key, measure).with_some("table", table)
    };
    let mut proposals = vec![
        about("06_analyze_measure_dependencies", format!("See what `{shown}` is built on"), 0.75),
        about("06_get_measure_impact", format!("See what a change of `{shown}` would touch"), 0.7),
    ];
    let expression = occasion.at("/measure/expression").or_else(|| occasion.at("/expression")).and_then(Value::as_str);
    if let Some(expression) = expression.filter(|text| !text.is_empty() && text.len() <= SMALL) {
        let check = Recommendation::tool("03_dax_intelligence", format!("Look for costly patterns in `{shown}`"), 0.65);
        proposals.push(check.with("expression", expression).with("analysis_mode", "analyze").with_some("table", table));
    }
    proposals
}
