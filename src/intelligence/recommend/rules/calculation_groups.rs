//! Calculation groups were listed: they act on measures.

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("04_list_calculation_groups") || occasion.done("02_list_measures") {
        return Vec::new();
    }
    vec![Recommendation::tool("02_list_measures", "See the measures that the calculation groups act on", 0.65).low()]
}
