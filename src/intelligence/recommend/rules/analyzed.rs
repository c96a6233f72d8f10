//! An analysis found issues: document them, go into those of performance.

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;
use serde_json::Value;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("05_comprehensive_analysis") {
        return Vec::new();
    }
    let issues = occasion.list("/issues");
    let is = |issue: &Value, key: &str, word: &str| {
        issue.get(key).and_then(Value::as_str).is_some_and(|text| text.to_lowercase().contains(word))
    };
    // A page of issues is not all of them: the summary counts every one.
    let counted = |pointer: &str| occasion.at(pointer).and_then(Value::as_u64).unwrap_or(0) > 0;
    let mut proposals = Vec::new();
    if counted("/summary/by_category/performance")
        || counted("/summary/by_category/Performance")
        || issues.iter().any(|issue| is(issue, "category", "performance"))
    {
        let reason = "Performance issues detected, run optimization workflow";
        proposals.push(Recommendation::workflow("performance_optimization", reason, 0.85).high());
    }
    if counted("/summary/by_severity/error") || issues.iter().any(|issue| is(issue, "severity", "error")) {
        let reason = "Document findings from BPA analysis";
        proposals.push(Recommendation::tool("08_generate_model_documentation_word", reason, 0.7));
    }
    if counted("/summary/by_category/dax")
        || counted("/summary/by_category/DAX Expressions")
        || issues.iter().any(|issue| is(issue, "category", "dax"))
    {
        proposals
            .push(Recommendation::tool("02_list_measures", "Find the measures that the issues are about", 0.65).low());
    }
    proposals
}
