//! `/` where `DIVIDE` fits.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::span::Span;
use crate::semantic_model::dax::syntax::{Kind, Node, Operator};

/// A division by zero gives infinity, or an error further on.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, site) in subject.sites() {
        let Kind::Chain { first, rest } = &site.node.kind else { continue };
        let mut before = first.span;
        for link in rest {
            if link.operator == Operator::Divide && !is_constant(&link.operand) {
                let span = before.to(link.operand.span);
                let (above, below) = (subject.written(before), subject.written(bare(&link.operand)));
                found.push(Finding::new(
                    span,
                    format!("`/` gives infinity or an error where `{below}` is 0"),
                    format!("DIVIDE ( {above}, {below} )"),
                ));
            }
            before = before.to(link.operand.span);
        }
    }
    found
}

fn bare(node: &Node) -> Span {
    node.bare().span
}

/// Whether a node is a number other than 0.
fn is_constant(node: &Node) -> bool {
    match &node.bare().kind {
        Kind::Number(text) => text.parse::<f64>().is_ok_and(|number| number.abs() > 0.0),
        Kind::Unary { operand, .. } => is_constant(operand),
        Kind::Chain { first, rest } => is_constant(first) && rest.iter().all(|link| is_constant(&link.operand)),
        Kind::Text(_)
        | Kind::Date(_)
        | Kind::Boolean(_)
        | Kind::Name(_)
        | Kind::Table(_)
        | Kind::Field(_)
        | Kind::Parameter(_)
        | Kind::Call(_)
        | Kind::Brackets(_)
        | Kind::Tuple(_)
        | Kind::Set(_)
        | Kind::Block(_)
        | Kind::Omitted
        | Kind::Missing => false,
    }
}
