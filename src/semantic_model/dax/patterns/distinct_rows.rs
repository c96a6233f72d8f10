//! `COUNTROWS` of the different values of a column.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::names::column_name;
use crate::semantic_model::dax::resolve::Target;

/// `DISTINCTCOUNT` is the same in one call.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, call) in subject.calls(&["COUNTROWS"]) {
        let Some(inner) = call.arguments.first().and_then(|node| node.as_call()) else { continue };
        if inner.is_any(&["DISTINCT", "VALUES"])
            && let Some(argument) = subject.argument(at, 0)
            && let Some(Target::Column { table, column }) = subject.meaning(argument, 0)
        {
            found.push(Finding::new(
                call.name,
                format!("`COUNTROWS` of `{}` counts different values in two calls", inner.function.to_uppercase()),
                format!("DISTINCTCOUNT ( {} )", column_name(table, column)),
            ));
        }
    }
    found
}
