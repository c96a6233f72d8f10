//! How involved an expression is, from its text alone.
//!
//! A number to find the measures worth a look first. It says nothing about
//! speed, which depends on data that no file holds.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::semantic_model::dax::lexer::{TokenKind, tokens};
use crate::semantic_model::dax::references::{Names, References};
use crate::semantic_model::model::Model;

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
}

/// Functions that evaluate an argument for each row.
const ITERATORS: [&str; 26] = [
    "SUMX",
    "AVERAGEX",
    "MINX",
    "MAXX",
    "COUNTX",
    "COUNTAX",
    "PRODUCTX",
    "MEDIANX",
    "GEOMEANX",
    "CONCATENATEX",
    "RANKX",
    "TOPN",
    "FILTER",
    "ADDCOLUMNS",
    "SELECTCOLUMNS",
    "GENERATE",
    "GENERATEALL",
    "GROUPBY",
    "PERCENTILEX.INC",
    "PERCENTILEX.EXC",
    "STDEVX.P",
    "STDEVX.S",
    "VARX.P",
    "VARX.S",
    "XIRR",
    "XNPV",
];

/// Keywords that a parenthesis may follow without being a call.
const KEYWORDS: [&str; 9] = ["VAR", "RETURN", "IN", "NOT", "DEFINE", "EVALUATE", "ORDER", "BY", "MEASURE"];

impl Complexity {
    /// Of an expression by itself.
    #[must_use]
    pub fn of(expression: &str) -> Self {
        let mut found = Self::default();
        // Which of the open parentheses belong to a call.
        let mut open: Vec<bool> = Vec::new();
        let mut depth = 0;
        let all: Vec<_> = tokens(expression).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
        for (index, token) in all.iter().enumerate() {
            if token.is_symbol("(") {
                let word =
                    index.checked_sub(1).and_then(|before| all.get(before)).map(|before| (before.kind, before.text));
                let called = match word {
                    Some((TokenKind::Word, word)) => found.call(word),
                    Some(_) | None => false,
                };
                depth += u32::from(called);
                found.nesting = found.nesting.max(depth);
                open.push(called);
            } else if token.is_symbol(")") {
                depth -= u32::from(open.pop().unwrap_or(false));
            }
        }
        found
    }

    fn call(&mut self, word: &str) -> bool {
        let is = |name: &&str| word.eq_ignore_ascii_case(name);
        if KEYWORDS.iter().any(&is) {
            return false;
        }
        self.calls += 1;
        self.iterators += u32::from(ITERATORS.iter().any(&is));
        self.filter_changes += u32::from(is(&"CALCULATE") || is(&"CALCULATETABLE"));
        true
    }

    /// One number: a call counts 1, a level of nesting or of measures that it
    /// builds on 2, an iterator or a change of filters 3 more.
    #[must_use]
    pub fn score(self, depth: u32) -> u32 {
        self.calls + 2 * (self.nesting + depth) + 3 * (self.iterators + self.filter_changes)
    }
}

/// Which measures the measures of a model build on.
#[derive(Debug)]
pub struct Dependencies {
    depths: HashMap<String, u32>,
}

impl Dependencies {
    /// Of all measures of `model`.
    #[must_use]
    pub fn of(model: &Model, names: &Names<'_>) -> Self {
        // Sorted, so that measures in a circle get the same depths every time.
        let mut uses: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, measure) in model.measures() {
            let found = References::of(&measure.expression, Some(&table.name), names);
            let used = found.measures.iter().map(|name| name.to_lowercase()).collect();
            uses.entry(measure.name.to_lowercase()).or_insert(used);
        }
        let mut depths = HashMap::new();
        for name in uses.keys() {
            measure_depth(name, &uses, &mut depths);
        }
        Self { depths }
    }

    /// How many measures stand on one another below this one; 0 when it uses none.
    #[must_use]
    pub fn depth(&self, measure: &str) -> u32 {
        self.depths.get(&measure.to_lowercase()).copied().unwrap_or_default()
    }
}

/// Depth first with a stack of its own: a chain of measures may be longer than the thread's.
/// A measure that builds on itself counts where the circle closes as if it used nothing.
fn measure_depth<'u>(start: &'u str, uses: &'u BTreeMap<String, Vec<String>>, depths: &mut HashMap<String, u32>) {
    let mut path: Vec<(&'u str, usize)> = vec![(start, 0)];
    let mut on_path: HashSet<&'u str> = std::iter::once(start).collect();
    while let Some((name, next)) = path.last_mut() {
        let used = uses.get(*name).map(Vec::as_slice).unwrap_or_default();
        if let Some(below) = used.get(*next) {
            *next += 1;
            if !depths.contains_key(below) && on_path.insert(below) {
                path.push((below, 0));
            }
            continue;
        }
        let depth = used.iter().map(|below| depths.get(below).map_or(1, |depth| depth + 1)).max().unwrap_or_default();
        depths.insert((*name).to_owned(), depth);
        on_path.remove(*name);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::{Complexity, Dependencies, Names};
    use crate::semantic_model::model::{Measure, Model, Table};

    #[test]
    fn calls_nesting_iterators_and_filter_changes_are_counted() {
        let found = Complexity::of(
            "VAR x = (1 + 2) RETURN CALCULATE(SUMX(FILTER(T, NOT (T[a] = \"SUM(\")), [m]), /* f( */ ALL(T)) -- MAX(",
        );
        assert_eq!(found, Complexity { calls: 4, nesting: 3, iterators: 2, filter_changes: 1 });
        assert_eq!(found.score(1), 4 + 2 * 4 + 3 * 3);
        assert_eq!(Complexity::of(")))((("), Complexity::default());
    }

    fn model(expressions: &[(&str, String)]) -> Model {
        let measures = expressions
            .iter()
            .map(|(name, expression)| Measure {
                name: (*name).to_owned(),
                expression: expression.clone(),
                ..Measure::default()
            })
            .collect();
        Model { tables: vec![Table { name: "T".into(), measures, ..Table::default() }], ..Model::default() }
    }

    #[test]
    fn depth_is_the_longest_chain_below_a_measure() {
        let model = model(&[
            ("a", "1".into()),
            ("b", "[a] + [A]".into()),
            ("c", "[a] + [b]".into()),
            ("loop", "[loop] + [a]".into()),
        ]);
        let found = Dependencies::of(&model, &Names::of(&model));
        assert_eq!(["a", "b", "C", "none"].map(|name| found.depth(name)), [0, 1, 2, 0]);
        assert!(found.depth("loop") >= 1);
    }

    #[test]
    fn a_chain_of_twenty_thousand_measures_does_not_exhaust_the_stack() {
        let names: Vec<String> = (0..20_000).map(|n| format!("m{n}")).collect();
        let all: Vec<(&str, String)> =
            names.iter().enumerate().map(|(n, name)| (name.as_str(), format!("[m{}]", n + 1))).collect();
        let model = model(&all);
        assert_eq!(Dependencies::of(&model, &Names::of(&model)).depth("m0"), 19_999);
    }
}
