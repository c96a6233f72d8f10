//! Puts proposals together: callable ones, each once, the best first.

use super::learned;
use super::occasion::Occasion;
use super::recommendation::Recommendation;
use super::rules;

/// What to do next, best first: at most `settings.count`, none below
/// `settings.min_confidence`, none that cannot be called.
#[must_use]
pub fn recommend(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let from_rules = rules::ALL.iter().flat_map(|rule| {
        let proposals = (rule.propose)(occasion);
        if !proposals.is_empty() {
            tracing::trace!(rule = rule.name, proposals = proposals.len(), "a rule fires");
        }
        proposals
    });
    let mut kept: Vec<Recommendation> = Vec::new();
    for proposal in from_rules.chain(learned::recommendations(occasion)) {
        if proposal.confidence >= occasion.settings.min_confidence && proposal.target.callable(occasion.catalogue) {
            merge(&mut kept, proposal);
        }
    }
    // A stable sort: equals stay in the order of the table, rules before what was learned.
    kept.sort_by(|one, other| one.priority.cmp(&other.priority).then(other.confidence.total_cmp(&one.confidence)));
    kept.truncate(occasion.settings.count);
    kept
}

/// Two proposals are one when they name the same and do not differ in their
/// arguments: of several models, each is a proposal of its own. The earlier
/// one stays; what speaks more for it is taken over.
fn merge(kept: &mut Vec<Recommendation>, proposal: Recommendation) {
    let same = kept.iter_mut().find(|one| {
        let alike =
            one.auto_params == proposal.auto_params || one.auto_params.is_empty() || proposal.auto_params.is_empty();
        one.target == proposal.target && alike
    });
    let Some(one) = same else {
        kept.push(proposal);
        return;
    };
    one.priority = one.priority.min(proposal.priority);
    one.confidence = one.confidence.max(proposal.confidence);
    if one.auto_params.is_empty() {
        one.auto_params = proposal.auto_params;
    }
}
