//! Tools were found: call the one that fits best.

use serde_json::Value;

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

/// A worse one is for the caller to choose.
const FITS: f64 = 0.5;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("find_tools") {
        return Vec::new();
    }
    let best = occasion.list("/tools").first().filter(|tool| {
        let score = tool.get("score").and_then(Value::as_f64);
        score.is_some_and(|score| score >= FITS)
    });
    let text = |key: &str| best.and_then(|tool| tool.get(key)).and_then(Value::as_str);
    let (Some(name), Some(way)) = (text("name"), text("call_with")) else {
        return Vec::new();
    };
    // The way comes from an answer: only those that there are go into the reason.
    let reason = match way {
        "call_tool" => "The tool that fits best; if it is not listed, call it with `call_tool`",
        "call_tool_write" => "The tool that fits best; if it is not listed, call it with `call_tool_write`",
        _ => return Vec::new(),
    };
    vec![Recommendation::tool(name, reason, 0.75)]
}
