//! `x = 1 || x = 2 || x = 3`.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::span::Span;
use crate::semantic_model::dax::syntax::{Kind, Node, Operator};

/// From so many values on a list is easier to read.
const MANY: usize = 3;

/// `IN` says it once.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, site) in subject.sites() {
        let Kind::Chain { first, rest } = &site.node.kind else { continue };
        if !rest.iter().all(|link| link.operator == Operator::Or) || rest.len() + 1 < MANY {
            continue;
        }
        let tests: Option<Vec<(Span, Span)>> =
            std::iter::once(&**first).chain(rest.iter().map(|link| &link.operand)).map(equality).collect();
        let Some(tests) = tests else { continue };
        let left: Vec<String> = tests.iter().map(|(left, _)| subject.written(*left).to_lowercase()).collect();
        let values: Vec<String> = tests.iter().map(|(_, value)| subject.written(*value)).collect();
        if let (Some((column, _)), true) = (tests.first(), left.windows(2).all(|pair| pair[0] == pair[1])) {
            found.push(Finding::new(
                site.node.span,
                "one column is compared again and again",
                format!("{} IN {{ {} }}", subject.written(*column), values.join(", ")),
            ));
        }
    }
    found
}

/// The two sides of `column = value`.
fn equality(node: &Node) -> Option<(Span, Span)> {
    let Kind::Chain { first, rest } = &node.bare().kind else { return None };
    let [link] = rest.as_slice() else { return None };
    first.as_field().filter(|_| link.operator == Operator::Equal)?;
    Some((first.span, link.operand.span))
}
