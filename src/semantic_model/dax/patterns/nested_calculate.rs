//! `CALCULATE` right inside `CALCULATE`.

use super::subject::{Finding, Subject};

/// The filters of the inner one are put over those of the outer one, which few readers have in mind.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, call) in subject.calls(&["CALCULATE", "CALCULATETABLE"]) {
        let inner = call.arguments.first().and_then(|first| first.as_call());
        if let Some(inner) = inner.filter(|inner| inner.is(&call.function)) {
            let name = inner.function.to_uppercase();
            found.push(Finding::new(
                inner.name,
                format!("`{name}` stands right inside `{name}`: the inner filters win over the outer ones"),
                format!("put all filters into one `{name}`"),
            ));
        }
    }
    found
}
