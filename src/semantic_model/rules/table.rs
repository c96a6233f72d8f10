//! Every rule that comes with the program.
//!
//! Must not judge. A new family is a line in [`all`].

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::rule::{Analysis, Depth, Rule};
use super::{bpa, integrity, m, performance, relations};

static ALL: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let others = [performance::RULES, relations::RULES, integrity::RULES, m::RULES];
    bpa::rules().chain(others.into_iter().flatten()).cloned().chain(performance::patterns()).collect()
});

/// Every rule, the public set first.
#[must_use]
pub fn all() -> &'static [Rule] {
    &ALL
}

/// Where the generated part of `docs/models.md` begins.
pub const MARK: &str = "<!-- generated from here on: cargo run --example schemas -->\n";

/// The tables of `docs/models.md`.
#[must_use]
pub fn page() -> String {
    let mut page = MARK.to_owned();
    let parts = [
        (Analysis::Bpa, "Best practices (`bpa`)"),
        (Analysis::Performance, "Performance (`performance`)"),
        (Analysis::Relationships, "Relationships (`relationships`)"),
        (Analysis::Integrity, "Integrity (`integrity`)"),
        (Analysis::MPractices, "Power Query (`m_practices`)"),
    ];
    for (analysis, title) in parts {
        // Writing to a String cannot fail.
        write!(page, "\n### {title}\n\n| rule | what it finds | severity | looks at | from depth | automatic fix |\n| --- | --- | --- | --- | --- | --- |\n").ok();
        for rule in all().iter().filter(|rule| rule.analysis == analysis) {
            let scope: Vec<&str> = rule.scope.iter().map(|kind| kind.as_str()).collect();
            let depth = match rule.depth() {
                Depth::Fast => "fast",
                Depth::Balanced => "balanced",
                Depth::Deep => "deep",
            };
            let fix = rule.auto_fix.map(|fix| format!("`{}: {}`", fix.property, fix.value)).unwrap_or_default();
            let severity = super::review::severity_name(rule.severity);
            writeln!(
                page,
                "| `{}` | {} | {severity} | {} | {depth} | {fix} |",
                rule.id,
                rule.message.replace('|', "\\|"),
                scope.join(", ").replace('_', " ")
            )
            .ok();
        }
    }
    page
}
