//! A measure was written: check it and what it is built on.

use serde_json::Value;

use crate::intelligence::recommend::names;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("04_upsert_measure") {
        return Vec::new();
    }
    let given = occasion.given("measure").or_else(|| occasion.given("measure_name"));
    let Some(measure) = occasion.first_name(&["/measure", "/measure_name", "/measure/name"]).or(given) else {
        return Vec::new();
    };
    let table = occasion.first_name(&["/table"]).or_else(|| occasion.given("table"));
    if occasion.arguments.get("dry_run").and_then(Value::as_bool) == Some(true) {
        let Some(mut arguments) = occasion.arguments_again() else { return Vec::new() };
        arguments.shift_remove("dry_run");
        let reason = format!("Write `{}` as it was tried", names::shown(measure));
        return vec![Recommendation::tool("04_upsert_measure", reason, 0.75).with_all(arguments)];
    }
    let key = occasion.spelling("06_analyze_measure_dependencies", "measure", "measure_name");
    let check =
        Recommendation::tool("03_dax_intelligence", "Validate the DAX expression for the new measure", 0.85).high();
    let depends =
        Recommendation::tool("06_analyze_measure_dependencies", "Analyze dependencies of the new measure", 0.75);
    vec![
        check.with("expression", format!("[{}]", measure.replace(']', "]]"))).with("analysis_mode", "analyze"),
        depends.with_some("table", table).with(key, measure),
    ]
}
