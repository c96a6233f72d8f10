//! All patterns, and looking for them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::subject::{Finding, Subject};
use super::{
    all_as_filter, calculate_alone, compare_blank, count_column, distinct_rows, division, earlier, evaluate_and_log,
    filter_table, iferror, intersect_filter, iterator_over_column, measure_predicate, nested_calculate, nested_if,
    one_minus_ratio, or_chain, plus_zero, qualified_measure, repeated, selected_value, summarize_columns,
    transition_over_table, unqualified_column, unused_variable,
};
use crate::semantic_model::dax::analysis::Analysis;

/// How much a pattern matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Shorter or clearer another way.
    Info,
    /// Slow, or wrong for some data.
    Warning,
    /// The engine refuses it.
    Error,
}

/// A pattern.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// Its name.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    find: fn(Subject<'_, '_, '_>) -> Vec<Finding>,
}

/// A pattern at a place.
#[derive(Debug, Clone)]
pub struct Found {
    /// The pattern.
    pub pattern: &'static Pattern,
    /// The place.
    pub finding: Finding,
}

const fn pattern(id: &'static str, severity: Severity, find: fn(Subject<'_, '_, '_>) -> Vec<Finding>) -> Pattern {
    Pattern { id, severity, find }
}

/// Every pattern.
pub const ALL: &[Pattern] = &[
    pattern("measure_in_filter_condition", Severity::Error, measure_predicate::find),
    pattern("division_operator", Severity::Warning, division::find),
    pattern("error_function", Severity::Warning, iferror::find),
    pattern("filter_over_table", Severity::Warning, filter_table::find),
    pattern("transition_over_table", Severity::Warning, transition_over_table::find),
    pattern("summarize_adds_columns", Severity::Warning, summarize_columns::find),
    pattern("intersect_as_filter", Severity::Warning, intersect_filter::find),
    pattern("one_minus_ratio", Severity::Warning, one_minus_ratio::find),
    pattern("adds_zero", Severity::Warning, plus_zero::find),
    pattern("compares_with_blank", Severity::Warning, compare_blank::find),
    pattern("qualified_measure", Severity::Warning, qualified_measure::find),
    pattern("unqualified_column", Severity::Warning, unqualified_column::find),
    pattern("unused_variable", Severity::Warning, unused_variable::find),
    pattern("evaluate_and_log", Severity::Warning, evaluate_and_log::find),
    pattern("nested_calculate", Severity::Info, nested_calculate::find),
    pattern("calculate_without_filter", Severity::Info, calculate_alone::find),
    pattern("nested_if", Severity::Info, nested_if::find),
    pattern("repeated_expression", Severity::Info, repeated::find),
    pattern("earlier", Severity::Info, earlier::find),
    pattern("all_as_filter", Severity::Info, all_as_filter::find),
    pattern("count_of_column", Severity::Info, count_column::find),
    pattern("distinct_rows_counted", Severity::Info, distinct_rows::find),
    pattern("iterator_over_column", Severity::Info, iterator_over_column::find),
    pattern("has_one_value", Severity::Info, selected_value::find),
    pattern("repeated_comparison", Severity::Info, or_chain::find),
];

/// All patterns of an expression, in the order of the text.
#[must_use]
pub fn patterns(text: &str, analysis: &Analysis<'_, '_>) -> Vec<Found> {
    let subject = Subject { text, analysis };
    let find =
        |pattern: &'static Pattern| (pattern.find)(subject).into_iter().map(move |finding| Found { pattern, finding });
    let mut found: Vec<Found> = ALL.iter().flat_map(find).collect();
    found.sort_by_key(|found| (found.finding.span, std::cmp::Reverse(found.pattern.severity)));
    found
}
