//! Proposals from the log.

use super::occasion::Occasion;
use super::recommendation::{Priority, Recommendation, RecommendationSource};
use crate::base::json::Object;
use crate::intelligence::target::Target;

/// What followed this call often enough, as proposals.
pub(super) fn recommendations(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let Some(tool) = occasion.tool else { return Vec::new() };
    let now = Target::of(tool, occasion.arguments);
    let of_this = occasion.learned.iter().filter(|seen| seen.from == now && seen.to != now && seen.learned());
    of_this
        .map(|seen| Recommendation {
            target: seen.to.clone(),
            reason: format!("Came next after {} of {} such calls", seen.frequency, seen.from_total.max(seen.frequency)),
            priority: Priority::Medium,
            confidence: (seen.confidence() * 100.0).round() / 100.0,
            auto_params: Object::new(),
            source: RecommendationSource::Learned,
        })
        .collect()
}
