//! Measures were listed: look at the most complex one.

use serde_json::Value;

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("02_list_measures") {
        return Vec::new();
    }
    let rows = [occasion.list("/rows"), occasion.list("/measures")].concat();
    let named = occasion.first_name(&["/most_complex_measure", "/_context_exports/most_complex_measure"]);
    let table = occasion.first_name(&["/most_complex_measure_table", "/_context_exports/most_complex_measure_table"]);
    let complexity = |row: &Value| row.get("complexity").and_then(Value::as_f64).unwrap_or(0.0);
    let heaviest = rows.iter().reduce(|most, row| if complexity(row) > complexity(most) { row } else { most });
    let of_row = |key: &str| heaviest?.get(key)?.as_str().and_then(names::exact);
    let (measure, table) = match named {
        Some(measure) => (measure, table),
        None => match of_row("name") {
            Some(measure) => (measure, of_row("table")),
            None => return Vec::new(),
        },
    };
    let shown = names::shown(measure);
    let details = format!("`{shown}` is the most complex of them: read its expression");
    let depends = format!("See what `{shown}` is built on");
    let key = occasion.spelling("06_analyze_measure_dependencies", "measure", "measure_name");
    vec![
        Recommendation::tool("02_get_measure_details", details, 0.75)
            .with("measure", measure)
            .with_some("table", table),
        Recommendation::tool("06_analyze_measure_dependencies", depends, 0.65)
            .with(key, measure)
            .with_some("table", table),
    ]
}
