//! `+ 0` to show zeros for blanks.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::syntax::{Kind, Node, Operator};

/// It makes a value for every combination that a visual can show.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, site) in subject.sites() {
        let Kind::Chain { first, rest } = &site.node.kind else { continue };
        let added = rest.iter().any(|link| link.operator == Operator::Add && is_zero(&link.operand));
        let begins = is_zero(first) && rest.first().is_some_and(|link| link.operator == Operator::Add);
        if added || begins {
            found.push(Finding::new(
                site.node.span,
                "adding 0 gives a value where there is no data, so that a visual shows every combination",
                "leave blanks, or test for them where a 0 is wanted",
            ));
        }
    }
    found
}

fn is_zero(node: &Node) -> bool {
    matches!(&node.bare().kind, Kind::Number(text) if text.parse::<f64>().is_ok_and(|number| number.abs() < f64::EPSILON))
}
