//! `SUMX` and its kin over one column of a whole table.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::names::column_name;
use crate::semantic_model::dax::resolve::Target;

/// Iterators with the function that does the same for a column.
const SHORT: [(&str, &str); 4] = [("SUMX", "SUM"), ("AVERAGEX", "AVERAGE"), ("MINX", "MIN"), ("MAXX", "MAX")];

/// The short form says it in one word.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, call) in subject.calls(&["SUMX", "AVERAGEX", "MINX", "MAXX"]) {
        if let (Some(Target::Table(table)), Some(Target::Column { table: of, column }), 2) =
            (subject.meaning(at, 0), subject.meaning(at, 1), call.arguments.len())
            && table == of
            && let Some((_, short)) = SHORT.iter().find(|(long, _)| call.is(long))
        {
            found.push(Finding::new(
                call.name,
                format!("`{}` goes over the table for one column", call.function.to_uppercase()),
                format!("{short} ( {} )", column_name(table, column)),
            ));
        }
    }
    found
}
