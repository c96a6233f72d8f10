//! `FILTER` over a whole table as a filter of `CALCULATE`.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::functions::{self, Gives};
use crate::semantic_model::dax::names::{column_name, table_name};
use crate::semantic_model::dax::resolve::Target;

/// All columns of the table become the filter, where those of the condition would do.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, node) in subject.filters() {
        let Some(call) = node.as_call_of("FILTER") else { continue };
        let Some(Target::Table(table)) = subject.meaning(at, 0) else { continue };
        let (Some(condition), Some(written)) = (subject.argument(at, 1), call.arguments.get(1)) else { continue };
        let suggestion = if subject.measures_below(condition).next().is_some() {
            let table = table_name(table);
            format!(
                "FILTER ( VALUES ( {table}[...] ), {} ), with the column that the measure is compared for",
                subject.written(written.span)
            )
        } else if let Some(columns) = only_columns_of(subject, condition, table) {
            format!("KEEPFILTERS ( {} ), which filters {columns} only", subject.written(written.span))
        } else {
            "filter the columns of the condition, as with `VALUES` or `SUMMARIZE` over them".to_owned()
        };
        let message = format!(
            "a filter over all columns of {} is larger and slower than one over the columns it tests",
            table_name(table)
        );
        found.push(Finding::new(node.span, message, suggestion));
    }
    found
}

/// The columns of a condition when it can stand as a filter by itself: all of one table, and no table functions.
fn only_columns_of(subject: Subject<'_, '_, '_>, condition: usize, table: &str) -> Option<String> {
    let outline = &subject.analysis.outline;
    let mut columns: Vec<String> = Vec::new();
    for at in outline.below(condition) {
        match subject.analysis.target(at) {
            Some(Target::Column { table: other, column }) if other == table => columns.push(column_name(other, column)),
            None | Some(Target::Variable(..) | Target::Word) => {}
            Some(_) => return None,
        }
        let call = outline.site(at).and_then(|site| site.node.as_call());
        if call.and_then(|call| functions::function(&call.function)).is_some_and(|one| one.gives == Gives::Table) {
            return None;
        }
    }
    columns.sort_unstable();
    columns.dedup();
    (!columns.is_empty()).then(|| columns.join(", "))
}
