//! A model is connected: look at it.

use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if !occasion.succeeded("01_connect_to_instance") {
        return Vec::new();
    }
    let analysis =
        Recommendation::tool("05_comprehensive_analysis", "Run comprehensive analysis to identify issues", 0.75);
    vec![
        Recommendation::tool("02_list_tables", "Review model structure after connecting", 0.85).high(),
        analysis.with("scope", "all").with("depth", "balanced"),
    ]
}
