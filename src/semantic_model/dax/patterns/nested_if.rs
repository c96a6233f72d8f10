//! `IF` in `IF` in `IF`.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::syntax::Call;

/// From this depth on a `SWITCH` is easier to read.
const DEEP: usize = 3;

/// A ladder of `IF` is a `SWITCH`.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, call) in subject.calls(&["IF"]) {
        let inside = subject.analysis.outline.argument_of(at);
        let depth = ladder(call);
        if depth >= DEEP && !inside.is_some_and(|(_, outer, index)| outer.is("IF") && index > 0) {
            found.push(Finding::new(
                call.name,
                format!("`IF` stands {depth} levels deep in `IF`"),
                "SWITCH ( TRUE (), condition, value, condition, value, otherwise )",
            ));
        }
    }
    found
}

/// The length of the longest ladder. A tree is never deep enough for this to exhaust the stack.
fn ladder(call: &Call) -> usize {
    let branches = call.arguments.iter().skip(1).filter_map(|node| node.as_call_of("IF"));
    1 + branches.map(ladder).max().unwrap_or_default()
}
