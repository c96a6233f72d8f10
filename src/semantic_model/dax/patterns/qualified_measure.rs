//! A measure with a table before it.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::syntax::Kind;

/// It looks like a column, and breaks when the measure is moved. The choices of a parameter are written so by Power BI.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, site) in subject.sites() {
        if let (Kind::Field(field), Some(measure)) = (&site.node.kind, subject.analysis.measure(at))
            && field.table.is_some()
            && !subject.analysis.outline.argument_of(at).is_some_and(|(_, call, _)| call.is("NAMEOF"))
        {
            found.push(Finding::new(
                site.node.span,
                format!("the measure `{measure}` is written like a column"),
                field.brackets.of(subject.text),
            ));
        }
    }
    found
}
