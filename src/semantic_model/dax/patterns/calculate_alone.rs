//! `CALCULATE` without a filter where there are no rows.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::outline::Row;

/// It does nothing there.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, call) in subject.calls(&["CALCULATE", "CALCULATETABLE"]) {
        let rows = subject.analysis.outline.site(at).map(|site| site.row);
        // Inside what groups rows it may be meant for the rows of a group.
        let grouped = subject
            .analysis
            .outline
            .parents(at)
            .any(|(_, site, _)| site.node.as_call().is_some_and(|call| call.is_any(&["SUMMARIZE", "GROUPBY"])));
        if let ([inner], Some(Row::None), false) = (call.arguments.as_slice(), rows, grouped) {
            let name = call.function.to_uppercase();
            let message = format!("`{name}` without a filter does nothing where there are no rows");
            found.push(Finding::new(call.name, message, subject.written(inner.span)));
        }
    }
    found
}
