//! From a request in a person's words to a category, names in it, and the tools
//! and the workflow that fit.
//!
//! `words` cuts the request, `entities` finds and masks names, `rules` is the
//! table of weighted phrases, `classify` adds them up, `suggest` maps the
//! winner to what the catalogue has. Must not know how anything is carried out.
//! A new phrase is a line in `rules.rs` and a row in `tests.rs`.

mod classify;
mod entities;
mod pattern;
mod rules;
mod suggest;
mod types;
mod words;

#[cfg(test)]
mod tests;

pub use types::{Alternative, Category, Entities, Intent, Mention, MentionKind, Subcategory};

use crate::base::json::Object;
use crate::intelligence::catalogue::Catalogue;

/// Classifies `request`. `context` is what the caller knows beside it:
/// `last_table` and `last_measure` fill gaps.
///
/// Only names from `catalogue` are suggested. Text past the first 4,000
/// characters is not read.
#[must_use]
pub fn analyze(request: &str, context: &Object, catalogue: &Catalogue) -> Intent {
    let request = words::clip(request);
    let found = entities::find(request, catalogue.model());
    let words = words::mask(request, &found.mentions);
    let verdict = classify::classify(&words);
    let entities = entities::fill(found, context);
    suggest::intent(request, verdict, entities, catalogue)
}
