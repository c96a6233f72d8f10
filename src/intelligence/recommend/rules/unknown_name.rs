//! A table, measure or model that does not exist: the list of those that do.

use crate::base::ErrorKind;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let of_model = occasion.tool.is_some_and(|tool| tool.starts_with(|char: char| char.is_ascii_digit()));
    if occasion.error != Some(ErrorKind::NotFound) || !of_model {
        return Vec::new();
    }
    let mut proposals = Vec::new();
    if occasion.given("measure").or_else(|| occasion.given("measure_name")).is_some() {
        proposals.push(Recommendation::tool("02_list_measures", "See which measures the model has", 0.9).high());
    }
    if occasion.given("table").or_else(|| occasion.given("table_name")).is_some() {
        proposals.push(Recommendation::tool("02_list_tables", "See which tables the model has", 0.85).high());
    }
    if proposals.is_empty() && occasion.arguments.contains_key("model") {
        proposals.push(Recommendation::tool("01_detect_pbi_instances", "See which models there are", 0.9).high());
    }
    proposals
}
