//! The rules, one per file, and the table of all of them.
//!
//! A rule looks at the occasion and proposes; what cannot be called, or is
//! proposed twice, is sorted out afterwards. A new rule is a file, a line here,
//! and cases in `tests.rs`: some that fire and some that do not.

mod ambiguous_model;
mod analyzed;
mod bad_arguments;
mod calculation_groups;
mod configuration;
mod connected;
mod dax_checked;
mod described_table;
mod detected;
mod intent_read;
mod measure_details;
mod measure_written;
mod measures;
mod model_workflows;
mod not_connected;
mod patterns_found;
mod relationships;
mod run_completed;
mod run_failed;
mod run_going;
mod run_paused;
mod run_planned;
mod run_state;
mod run_waiting;
mod runs_listed;
mod schema_exported;
mod tables;
mod template_made;
mod templates_listed;
mod tools_found;
mod try_again;
mod unknown_name;
mod unknown_run;
mod unknown_template;

#[cfg(test)]
mod tests;

use super::occasion::Occasion;
use super::recommendation::Recommendation;

/// A rule.
pub(super) struct Rule {
    /// Its name, for the trace and the cases.
    pub(super) name: &'static str,
    /// What it proposes.
    pub(super) propose: fn(&Occasion<'_>) -> Vec<Recommendation>,
}

macro_rules! table {
    ($($rule:ident),* $(,)?) => {
        &[$(Rule { name: stringify!($rule), propose: $rule::propose }),*]
    };
}

/// Every rule. Of equals, the earlier is shown first.
pub(super) const ALL: &[Rule] = table![
    // How to recover.
    not_connected,
    ambiguous_model,
    unknown_template,
    unknown_name,
    unknown_run,
    bad_arguments,
    configuration,
    try_again,
    // Runs.
    run_waiting,
    run_going,
    run_paused,
    run_failed,
    run_completed,
    run_planned,
    runs_listed,
    // Templates and intents.
    templates_listed,
    template_made,
    patterns_found,
    intent_read,
    tools_found,
    // Semantic models.
    detected,
    connected,
    tables,
    described_table,
    measures,
    measure_details,
    relationships,
    calculation_groups,
    analyzed,
    dax_checked,
    measure_written,
    schema_exported,
    model_workflows,
];
