//! `SUMMARIZE` that adds columns.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::syntax::Kind;

/// What it adds is evaluated in rows and filters at once, with results that surprise, and slowly.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let calls = subject.calls(&["SUMMARIZE"]);
    let adds = calls.filter(|(_, call)| call.arguments.iter().any(|node| matches!(node.kind, Kind::Text(_))));
    adds.map(|(_, call)| {
        Finding::new(
            call.name,
            "`SUMMARIZE` that adds columns can give results that surprise, and is slow",
            "ADDCOLUMNS ( SUMMARIZE ( table, columns ), \"name\", CALCULATE ( expression ) ), or SUMMARIZECOLUMNS",
        )
    })
    .collect()
}
