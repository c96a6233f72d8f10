//! Tables were listed: look at one, and at how they are connected.

use serde_json::Value;

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("02_list_tables") {
        return Vec::new();
    }
    let rows = [occasion.list("/rows"), occasion.list("/tables")].concat();
    let shown = |row: &&Value| row.get("hidden").and_then(Value::as_bool) != Some(true);
    let name = |row: &Value| row.get("name").and_then(Value::as_str).and_then(names::exact).map(ToOwned::to_owned);
    let first = rows.iter().filter(shown).find_map(name);
    let mut proposals = Vec::new();
    if let Some(table) = first {
        let reason = format!("Explore the `{}` table in detail", names::shown(&table));
        proposals.push(Recommendation::tool("02_describe_table", reason, 0.7).with("table", table));
    }
    if rows.len() != 1 {
        proposals.push(Recommendation::tool("03_list_relationships", "Review how tables are connected", 0.75));
    }
    proposals
}
