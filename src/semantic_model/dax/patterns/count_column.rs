//! `COUNT` where rows are meant.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::names::{column_name, table_name};
use crate::semantic_model::dax::resolve::Target;

/// `COUNT` leaves out blanks, which a count of rows mostly does not mean, and reads a column.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, call) in subject.calls(&["COUNT", "COUNTA"]) {
        if let Some(Target::Column { table, column }) = subject.meaning(at, 0) {
            let message = format!(
                "`{}` counts the values of {} that are not blank",
                call.function.to_uppercase(),
                column_name(table, column)
            );
            let suggestion = format!("COUNTROWS ( {} ), unless blanks are to be left out", table_name(table));
            found.push(Finding::new(call.name, message, suggestion));
        }
    }
    found
}
