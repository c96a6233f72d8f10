//! `INTERSECT` as a filter.

use super::subject::{Finding, Subject};

/// `TREATAS` carries a filter from one table to another faster.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let calls = subject.filters().filter_map(|(_, node)| node.as_call_of("INTERSECT"));
    calls
        .map(|call| {
            Finding::new(
                call.name,
                "`INTERSECT` as a filter compares two lists of values each time",
                "TREATAS ( VALUES ( from column ), to column ), or a relationship",
            )
        })
        .collect()
}
