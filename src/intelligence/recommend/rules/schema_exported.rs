//! The schema was exported: documents for people.

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("07_export_model_schema") {
        return Vec::new();
    }
    vec![
        Recommendation::tool("08_generate_model_documentation_word", "Write documentation that people can read", 0.65)
            .low(),
    ]
}
