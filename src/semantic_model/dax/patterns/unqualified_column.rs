//! A column without its table.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::names::column_name;
use crate::semantic_model::dax::resolve::Target;
use crate::semantic_model::dax::syntax::Kind;

/// It looks like a measure, and another measure of the name changes what it means.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, site) in subject.sites() {
        if let (Kind::Field(field), Some(Target::Column { table, column })) =
            (&site.node.kind, subject.analysis.target(at))
            && field.table.is_none()
        {
            found.push(Finding::new(
                site.node.span,
                format!("the column `{column}` is written like a measure"),
                column_name(table, column),
            ));
        }
    }
    found
}
