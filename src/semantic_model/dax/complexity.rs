//! How involved an expression is, from its text alone.
//!
//! A number to find the measures worth a look first. It says nothing about
//! speed, which depends on data that no file holds.

use crate::semantic_model::dax::analysis::Analysis;
use crate::semantic_model::dax::functions;
use crate::semantic_model::dax::transitions::transitions;

/// What makes an expression involved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Complexity {
    /// Calls of functions.
    pub calls: u32,
    /// Calls inside calls, at the deepest place.
    pub nesting: u32,
    /// Calls of functions that go over rows.
    pub iterators: u32,
    /// Calls that change the filters: `CALCULATE`, `CALCULATETABLE`.
    pub filter_changes: u32,
    /// Places where a row becomes a filter.
    pub transitions: u32,
}

impl Complexity {
    /// Of an expression by itself.
    #[must_use]
    pub fn of(analysis: &Analysis<'_, '_>) -> Self {
        let mut found = Self::default();
        for (at, call) in analysis.outline.calls() {
            found.calls += 1;
            found.nesting = found.nesting.max(analysis.outline.site(at).map_or(0, |site| site.calls + 1));
            found.iterators += u32::from(functions::rows(&call.function).is_some());
            found.filter_changes += u32::from(call.is_any(&["CALCULATE", "CALCULATETABLE"]));
        }
        found.transitions = transitions(analysis).iter().map(|_| 1).sum();
        found
    }

    /// One number: a call counts 1, a level of nesting or of measures that it
    /// builds on 2, an iterator, a change of filters or a context transition 3 more.
    #[must_use]
    pub fn score(self, depth: u32) -> u32 {
        self.calls + 2 * (self.nesting + depth) + 3 * (self.iterators + self.filter_changes + self.transitions)
    }
}

#[cfg(test)]
mod tests {
    use super::Complexity;
    use crate::semantic_model::dax::analysis::{Analysis, Formula};
    use crate::semantic_model::dax::home::Home;
    use crate::semantic_model::dax::names::Names;
    use crate::semantic_model::dax::sample;

    fn of(text: &str) -> Complexity {
        let model = sample::model();
        let formula = Formula::parse(text);
        Complexity::of(&Analysis::of(&formula, Home::Measure("Sales"), &Names::of(&model)))
    }

    #[test]
    fn calls_nesting_iterators_filter_changes_and_transitions_are_counted() {
        let found =
            of("VAR x = (1 + 2) RETURN CALCULATE(SUMX(FILTER(Sales, NOT (Sales[Qty] = \"SUM(\")), [Total]), /* f( */ \
             ALL(Sales)) -- MAX(");
        assert_eq!(found, Complexity { calls: 4, nesting: 3, iterators: 2, filter_changes: 1, transitions: 1 });
        assert_eq!(found.score(1), 4 + 2 * 4 + 3 * 4);
        assert_eq!(of(")))((("), Complexity::default());
    }
}
