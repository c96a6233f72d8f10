//! What the pack's tools are asked about a model: one file per question, with
//! its arguments, its answer and `run`.
//!
//! Lists are paged and every answer stays under [`page::ANSWER_BYTES`]. A fact
//! that a file cannot hold is `null`, with its reason in `unavailable`. Must not
//! know MCP: a tool file beside this room calls `run` and wraps the answer.

pub mod analysis;
pub mod calculation_groups;
pub mod connect;
mod counts;
pub mod create_calculation_group;
pub mod dax_intelligence;
pub mod delete_measure;
pub mod detect;
pub mod export_schema;
pub mod measure_dependencies;
pub mod measure_details;
pub mod measure_impact;
pub mod measures;
pub mod page;
pub mod relationships;
pub mod run_dax;
pub mod table;
pub mod tables;
pub mod upsert_measure;
mod usage;
mod written;

pub use counts::Counts;

use std::collections::BTreeMap;

/// Facts that a file cannot hold, each with its reason.
pub type Unavailable = BTreeMap<&'static str, &'static str>;
