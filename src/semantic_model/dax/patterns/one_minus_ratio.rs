//! `1 - x / y`.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::syntax::{Kind, Node, Operator};

/// It is 1 where there is no data, so that rows of nothing are shown.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, site) in subject.sites() {
        let Kind::Chain { first, rest } = &site.node.kind else { continue };
        let Some(link) = rest.first().filter(|link| matches!(link.operator, Operator::Add | Operator::Subtract)) else {
            continue;
        };
        if is_one(first)
            && let Some((above, below)) = ratio(subject, &link.operand)
        {
            found.push(Finding::new(
                site.node.span,
                format!("this is 1 where `{below}` is blank, so that rows without data are shown"),
                format!("DIVIDE ( {below} {} {above}, {below} )", link.operator.as_str()),
            ));
        }
    }
    found
}

fn is_one(node: &Node) -> bool {
    matches!(&node.bare().kind, Kind::Number(text) if text.parse::<f64>().is_ok_and(|number| (number - 1.0).abs() < f64::EPSILON))
}

/// What is above and below the line of a division.
fn ratio(subject: Subject<'_, '_, '_>, node: &Node) -> Option<(String, String)> {
    let node = node.bare();
    if let Some(call) = node.as_call_of("DIVIDE") {
        let [above, below, ..] = call.arguments.as_slice() else { return None };
        return Some((subject.written(above.span), subject.written(below.span)));
    }
    let Kind::Chain { first, rest } = &node.kind else { return None };
    let [link] = rest.as_slice() else { return None };
    (link.operator == Operator::Divide)
        .then(|| (subject.written(first.span), subject.written(link.operand.bare().span)))
}
