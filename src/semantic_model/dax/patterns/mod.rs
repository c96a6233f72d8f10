//! Patterns in DAX that are worth a change: one file per pattern, one table of all.
//!
//! A pattern looks at an expression and what its names mean and gives places,
//! each with a suggestion. A new one is a file with `find`, a line in [`ALL`]
//! and two lines in the tests: where it is found and where it is not. Must not
//! know tools or files; judging a model as a whole is the business of rules.

mod all_as_filter;
mod calculate_alone;
mod compare_blank;
mod count_column;
mod distinct_rows;
mod division;
mod earlier;
mod evaluate_and_log;
mod filter_table;
mod iferror;
mod intersect_filter;
mod iterator_over_column;
mod measure_predicate;
mod nested_calculate;
mod nested_if;
mod one_minus_ratio;
mod or_chain;
mod plus_zero;
mod qualified_measure;
mod repeated;
mod selected_value;
mod subject;
mod summarize_columns;
mod table;
mod transition_over_table;
mod unqualified_column;
mod unused_variable;

pub use subject::{Finding, Subject};
pub use table::{ALL, Found, Pattern, Severity, patterns};

#[cfg(test)]
mod tests;
