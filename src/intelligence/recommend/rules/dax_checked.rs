//! An expression was checked: keep it, or see what makes it slow.

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;
use serde_json::Value;

/// Context transitions above which an expression is suspected of being slow.
const MANY: u64 = 5;
/// Longest expression that is passed on, in bytes.
const SMALL: usize = 300;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("03_dax_intelligence") {
        return Vec::new();
    }
    let mut proposals = Vec::new();
    let transitions = match occasion.at("/analysis/context_transitions") {
        Some(Value::Array(all)) => all.len() as u64,
        Some(Value::Object(counted)) => counted.get("count").and_then(Value::as_u64).unwrap_or(0),
        other => other.and_then(Value::as_u64).unwrap_or(0),
    };
    // Model files have no engine: a benchmark would answer that there is none.
    let has_engine = occasion.at("/validation/engine_checked").and_then(Value::as_bool) != Some(false);
    if transitions > MANY && has_engine {
        let reason = "Many context transitions detected, benchmark performance";
        proposals.push(Recommendation::tool("03_run_dax", reason, 0.7).high().with("mode", "analyze"));
    }
    let expression = occasion.arguments.get("expression").and_then(Value::as_str).filter(|text| text.len() <= SMALL);
    if occasion.at("/validation/valid").and_then(Value::as_bool) == Some(true)
        && let Some(expression) = expression
        && !is_reference(expression)
    {
        let reason = "The expression is valid: keep it as a measure, if it is to be one";
        let keep = Recommendation::tool("04_upsert_measure", reason, 0.65).with("expression", expression);
        proposals.push(keep.with_some("table", occasion.given("table")));
    }
    proposals
}

/// Whether the expression is no more than the name of a measure that exists.
fn is_reference(expression: &str) -> bool {
    let trimmed = expression.trim();
    trimmed.starts_with('[') && trimmed.find(']') == Some(trimmed.len().saturating_sub(1))
}
