//! Relationships were listed: judge those that often cause trouble.

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;
use serde_json::Value;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("03_list_relationships") {
        return Vec::new();
    }
    let text = |row: &Value, key: &str| {
        row.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase().replace(['_', '-', ' '], "")
    };
    let both_ways = |row: &&Value| text(row, "cross_filter").starts_with("both");
    let many_to_many = |row: &&Value| matches!(text(row, "cardinality").as_str(), "manytomany" | "m:n" | "*:*");
    let rows = occasion.list("/rows");
    let (both, many) = (rows.iter().filter(both_ways).count(), rows.iter().filter(many_to_many).count());
    let mut proposals = Vec::new();
    if both + many > 0 {
        let reason = format!("{both} filter both ways and {many} are many-to-many: check whether they are meant");
        proposals
            .push(Recommendation::tool("05_comprehensive_analysis", reason, 0.8).high().with("scope", "relationships"));
    }
    if !occasion.done("02_list_measures") {
        proposals.push(Recommendation::tool("02_list_measures", "See what is computed over these tables", 0.65).low());
    }
    proposals
}
