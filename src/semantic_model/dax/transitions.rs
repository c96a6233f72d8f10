//! Where the row that is looked at becomes a filter: the context transition.
//!
//! It happens where a measure, or `CALCULATE` and what calls it within, is
//! evaluated for rows. It is what makes such an expression right, and often what
//! makes it slow. Must not judge: `patterns` does.

use crate::semantic_model::dax::analysis::Analysis;
use crate::semantic_model::dax::functions;
use crate::semantic_model::dax::outline::Row;
use crate::semantic_model::dax::syntax::Kind;

/// One context transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// The measure or call that causes it.
    pub site: usize,
    /// The iterator whose rows become filters; none where they are those of the table that it is written in.
    pub iterator: Option<usize>,
}

/// Functions that name a measure and do not evaluate it.
const NAMING: [&str; 3] = ["NAMEOF", "ISSELECTEDMEASURE", "TABLEOF"];

/// The context transitions of an expression, in the order of the text.
#[must_use]
pub fn transitions(analysis: &Analysis<'_, '_>) -> Vec<Transition> {
    let mut found = Vec::new();
    for (at, site) in analysis.outline.sites() {
        let iterator = match site.row {
            Row::None => continue,
            Row::Home => None,
            Row::Of(call) => Some(call),
        };
        let calls = matches!(&site.node.kind, Kind::Call(call) if functions::is_transition(&call.function));
        let named = || analysis.outline.argument_of(at).is_some_and(|(_, call, _)| call.is_any(&NAMING));
        if calls || (analysis.measure(at).is_some() && !named()) {
            found.push(Transition { site: at, iterator });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::transitions;
    use crate::semantic_model::dax::analysis::{Analysis, Formula};
    use crate::semantic_model::dax::home::Home;
    use crate::semantic_model::dax::names::Names;
    use crate::semantic_model::dax::sample;

    /// Each transition with the iterator that it happens in.
    fn of(text: &str, home: Home<'_>) -> Vec<String> {
        let model = sample::model();
        let names = Names::of(&model);
        let formula = Formula::parse(text);
        let analysis = Analysis::of(&formula, home, &names);
        assert_eq!(analysis.problems, []);
        let shown = |at: usize| analysis.outline.site(at).unwrap().node.span.of(text).to_owned();
        let found = transitions(&analysis).into_iter();
        found
            .map(|one| match one.iterator {
                Some(call) => format!("{} in {}", shown(one.site), shown(call).split('(').next().unwrap()),
                None => format!("{} in home", shown(one.site)),
            })
            .collect()
    }

    #[test]
    fn measures_and_calculate_under_rows_are_transitions_and_others_are_not() {
        let home = Home::Measure("Sales");
        assert_eq!(of("[Total] + CALCULATE([Total], Sales[Qty] = 1)", home), [] as [&str; 0]);
        assert_eq!(
            of("SUMX(VALUES(Dates[Date]), [Total] + CALCULATE(SUM(Sales[Qty])))", home),
            ["[Total] in SUMX", "CALCULATE(SUM(Sales[Qty])) in SUMX"]
        );
        assert_eq!(of("FILTER(ALL(Sales), CALCULATE([Total]) > 1)", Home::Table), ["CALCULATE([Total]) in FILTER"]);
        assert_eq!(of("RANKX(ALL(Dates), [Total], [Total])", home), ["[Total] in RANKX"]);
    }

    #[test]
    fn calculated_columns_and_role_filters_have_a_row_of_their_own() {
        assert_eq!(of("[Total] + Sales[Qty]", Home::Column("Sales")), ["[Total] in home"]);
        assert_eq!(of("CALCULATE([Total]) > 1", Home::Filter("Sales")), ["CALCULATE([Total]) in home"]);
        assert_eq!(of("COUNTROWS(RELATEDTABLE(Sales))", Home::Column("Dates")), ["RELATEDTABLE(Sales) in home"]);
    }

    #[test]
    fn a_measure_that_is_only_named_is_not_evaluated() {
        assert_eq!(of("FILTER(Sales, ISSELECTEDMEASURE([Total]))", Home::Item("Sales")), [] as [&str; 0]);
    }
}
