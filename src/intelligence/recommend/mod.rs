//! What to do next, after a call or before the first: rules on what the call
//! answered, and what was learned from the log.
//!
//! `rules/` has one rule per file and the table of all. Reasons are sentences
//! of ours: of an answer's text nothing goes in but the names of objects,
//! clipped and cleaned (`names`). Only what the catalogue has is ever named.

mod fit;
mod learned;
mod names;
mod occasion;
mod rank;
mod recommendation;
mod rules;

#[cfg(test)]
mod tests;

pub use fit::fit;
pub use occasion::{Occasion, Past, Settings};
pub use rank::recommend;
pub use recommendation::{Priority, Recommendation, RecommendationSource};
