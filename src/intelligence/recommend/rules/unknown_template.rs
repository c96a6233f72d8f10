//! A template that does not exist: the nearest that does, or the list.

use crate::base::ErrorKind;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

/// Likeness (Jaro-Winkler) from which an id is taken for a slip of the other.
const ALIKE: f64 = 0.85;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let known = [ErrorKind::NotFound, ErrorKind::InvalidInput];
    let unknown =
        occasion.error.is_some_and(|kind| known.contains(&kind)) && occasion.at("/available_templates").is_some();
    if !unknown {
        return Vec::new();
    }
    let mut proposals = Vec::new();
    if let Some(given) = occasion.given("template_id") {
        let likeness = |id: &str| strsim::jaro_winkler(&given.to_lowercase(), &id.to_lowercase());
        let nearest =
            occasion.catalogue.workflows().max_by(|one, other| likeness(&one.name).total_cmp(&likeness(&other.name)));
        if let Some(entry) = nearest.filter(|entry| likeness(&entry.name) >= ALIKE) {
            let parameters = occasion.arguments.get("parameters").and_then(|value| value.as_object().cloned());
            let parameters = parameters.filter(|_| occasion.arguments_again().is_some()).unwrap_or_default();
            let proposal = Recommendation::workflow(&entry.name, "The template with the nearest name", 0.85);
            proposals.push(proposal.high().with_all(parameters));
        }
    }
    proposals.push(Recommendation::tool("list_workflow_templates", "See which templates there are", 0.9).high());
    proposals
}
