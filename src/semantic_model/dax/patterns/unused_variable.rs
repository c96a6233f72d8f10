//! Variables that nothing uses.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::resolve::Target;
use crate::semantic_model::dax::syntax::Kind;

/// The engine skips them, and a reader does not.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, site) in subject.sites() {
        let Kind::Block(block) = &site.node.kind else { continue };
        for (index, variable) in block.variables.iter().enumerate() {
            let uses = |target: &Option<Target<'_>>| *target == Some(Target::Variable(at, index));
            if !variable.name.is_empty() && !subject.analysis.targets.iter().any(uses) {
                let message = format!("nothing uses the variable `{}`", variable.name);
                found.push(Finding::new(variable.span, message, "take it out"));
            }
        }
    }
    found
}
