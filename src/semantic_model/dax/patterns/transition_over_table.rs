//! A context transition for each row of a whole table.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::functions;
use crate::semantic_model::dax::names::table_name;
use crate::semantic_model::dax::resolve::Target;
use crate::semantic_model::dax::syntax::Kind;
use crate::semantic_model::dax::transitions::transitions;

/// All columns of a row become filters, row after row; equal rows are taken together.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for transition in transitions(subject.analysis) {
        let outline = &subject.analysis.outline;
        let (Some(iterator), Some(cause)) = (transition.iterator, outline.site(transition.site)) else { continue };
        let Some(Kind::Call(call)) = outline.site(iterator).map(|site| &site.node.kind) else { continue };
        let Some(rows) = functions::rows(&call.function) else { continue };
        if let Some(Target::Table(table)) = subject.meaning(iterator, rows.table) {
            let table = table_name(table);
            found.push(Finding::new(
                cause.node.span,
                format!(
                    "each row of {table} becomes a filter over all its columns: slow, and wrong where rows are equal"
                ),
                format!("go over `VALUES ( {table}[key] )`, or write the expression over columns without the measure"),
            ));
        }
    }
    found
}
