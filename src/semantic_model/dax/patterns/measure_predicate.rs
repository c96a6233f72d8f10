//! A measure in a condition that is a filter of `CALCULATE`.

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::functions::{self, Gives};
use crate::semantic_model::dax::syntax::Kind;

/// The engine refuses it: such a condition may look at columns only.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, node) in subject.filters() {
        if !matches!(node.kind, Kind::Chain { .. } | Kind::Unary { .. }) {
            continue;
        }
        let here = subject.measures_below(at).find(|(measure, _)| !in_table(subject, *measure, at));
        if let Some((measure, name)) = here {
            let span = subject.analysis.outline.site(measure).map_or(node.span, |site| site.node.span);
            found.push(Finding::new(
                span,
                format!("the engine refuses a measure in a filter of `CALCULATE`, here `[{name}]`"),
                "compare in `FILTER ( VALUES ( column ), ... )`, or put the measure's value into a variable first",
            ));
        }
    }
    found
}

/// Whether a table function stands between a site and the one above it.
fn in_table(subject: Subject<'_, '_, '_>, at: usize, above: usize) -> bool {
    let outline = &subject.analysis.outline;
    let mut between = outline.parents(at).take_while(|(parent, ..)| *parent != above);
    between.any(|(_, site, _)| {
        let function = if let Kind::Call(call) = &site.node.kind { functions::function(&call.function) } else { None };
        function.is_some_and(|function| function.gives == Gives::Table)
    })
}
