//! `= BLANK ()`.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::syntax::{Kind, Node};

/// It is true for 0 and for an empty text too.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, site) in subject.sites() {
        let Kind::Chain { first, rest } = &site.node.kind else { continue };
        let [link] = rest.as_slice() else { continue };
        let negated = match link.operator.as_str() {
            "=" => "",
            "<>" => "NOT ",
            _ => continue,
        };
        let other: &Node = if is_blank(&link.operand) {
            first
        } else if is_blank(first) {
            &link.operand
        } else {
            continue;
        };
        let other = subject.written(other.bare().span);
        found.push(Finding::new(
            site.node.span,
            format!("`{} BLANK ()` takes 0 and an empty text for blank", link.operator.as_str()),
            format!("{negated}ISBLANK ( {other} )"),
        ));
    }
    found
}

fn is_blank(node: &Node) -> bool {
    node.as_call_of("BLANK").is_some()
}
