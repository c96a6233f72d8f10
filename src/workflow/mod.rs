//! Templates and plans: from a file that a person wrote to a checked graph.
//!
//! The way of a template: `yaml` (tree with positions), `shape` and `keys`
//! (which keys, what they take), `read_template` and `read_step` (a draft),
//! `lower` (a plan), `scope` (expressions), put together by `load`. Knows
//! expressions only through `expr`; must not know tools, runs or the store. A
//! new key of template files begins in `keys.rs`.

pub mod plan;

mod draft;
mod graph;
mod json_schema;
mod keys;
mod load;
mod lower;
mod node;
mod parameters;
mod problem;
mod problems;
mod read_step;
mod read_template;
mod schema;
mod scope;
mod shape;
mod sources;
mod transforms;
mod yaml;

pub use load::{Loaded, Rejected, load_bytes, load_file, load_text, load_value};
pub use parameters::{ParameterError, bind, example_call, parameters_schema, parse_text};
pub use problem::{Code, Problem, Severity, did_you_mean, nearest};
pub use schema::template_schema;
