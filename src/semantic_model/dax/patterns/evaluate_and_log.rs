//! `EVALUATEANDLOG` that was left in.

use super::subject::{Finding, Subject};

/// It is for looking for mistakes, and keeps the engine from optimising.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let calls = subject.calls(&["EVALUATEANDLOG"]);
    calls
        .map(|(_, call)| {
            let inner = call.arguments.first().map(|node| subject.written(node.span)).unwrap_or_default();
            Finding::new(call.name, "`EVALUATEANDLOG` is for looking for mistakes and slows the engine", inner)
        })
        .collect()
}
