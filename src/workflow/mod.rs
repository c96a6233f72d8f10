//! Templates and plans: from a file that a person wrote to a checked graph.
//!
//! The way of a template: `yaml` (tree with positions), `shape` and `keys`
//! (which keys, what they take), `read_template`, `read_step` and `read_kinds` (a draft),
//! `lower` (a plan), `scope` (expressions), put together by `load`. Knows
//! expressions only through `expr`; must not know tools, runs or the store. A
//! new key of template files begins in `keys.rs`.

pub mod plan;

mod draft;
mod graph;
pub(crate) mod json_schema;
mod keys;
mod library;
mod load;
mod lower;
mod node;
mod parameters;
mod problem;
mod problems;
mod read_kinds;
mod read_step;
mod read_template;
mod schema;
mod schema_size;
mod scope;
mod shape;
mod sources;
mod tools;
mod transforms;
mod yaml;

pub use library::{Entry, Folder, Library, LibraryError, Listing};
pub use load::{Loaded, Rejected, load_bytes, load_file, load_text, load_value};
pub use parameters::{ParameterError, bind, example_parameters, parameters_schema, parse_text};
pub use problem::{Code, Problem, Severity, did_you_mean, nearest};
pub use schema::{template_keys_page, template_schema, template_schema_text};
pub use tools::{Lookup, validate_tools};
pub use transforms::{TransformError, Transforms};
