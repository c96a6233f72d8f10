//! A table was described: its measures, and what it is related to.

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("02_describe_table") {
        return Vec::new();
    }
    let Some(table) = occasion.first_name(&["/table", "/table/name"]).or_else(|| occasion.given("table")) else {
        return Vec::new();
    };
    let mut proposals = Vec::new();
    if !occasion.list("/measures").is_empty() {
        let reason = format!("See the expressions of the measures in `{}`", names::shown(table));
        proposals.push(Recommendation::tool("02_list_measures", reason, 0.75).with("table", table));
    }
    if !occasion.list("/relationships").is_empty() && !occasion.done("03_list_relationships") {
        proposals.push(Recommendation::tool(
            "03_list_relationships",
            "See this table's relationships among all others",
            0.65,
        ));
    }
    proposals
}
