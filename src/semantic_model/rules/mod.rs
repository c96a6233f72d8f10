//! Rules over a whole model, and a review by all of them.
//!
//! `bpa` is Microsoft's public set, one file for each family; `performance`,
//! `relations`, `integrity` and `m` are the other parts of a review; `user`
//! reads the rules that people write. `table` is the inventory: what a rule is
//! stands in `rule`, what it looks at in `subject` and `element`. A new rule is
//! a function and a line in its family's `RULES`, with a model that it fires on
//! and one that it does not in the tests. Must not read files of models, and
//! must not know tools.

mod bpa;
mod element;
mod gate;
mod hits;
mod ignore;
mod integrity;
mod m;
mod performance;
mod relations;
mod review;
mod rule;
mod sarif;
mod subject;
mod table;
mod user;

pub use element::{Element, ElementKind, elements};
pub use gate::{Baseline, Identity};
pub use review::{Checked, Figures, Issue, Request, Review, Unavailable, review};
pub use rule::{Analysis, AutoFix, Category, Depth, Rule, Severity};
pub use sarif::{Place as SarifPlace, sarif};
pub use table::{MARK, all, page};
pub use user::{FILE as USER_FILE, UserRules};

#[cfg(test)]
mod tests;
