//! Intent, recommendations and learning: takes requests, results and records,
//! and gives suggestions.
//!
//! Runs nothing and keeps nothing: it knows no store, no MCP and no engine;
//! what exists (tools, workflows, names in the model) and what was learned come
//! in as arguments. A new intent rule goes into `intent/rules.rs`, a new
//! recommendation rule is a file in `recommend/rules/`.

pub mod catalogue;
pub mod intent;
pub mod learning;
pub mod recommend;
pub mod search;
mod target;

pub use catalogue::{Catalogue, Entry, ModelNames};
pub use target::Target;
