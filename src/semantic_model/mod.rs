//! Semantic models (Power BI, Analysis Services) as files: found, read, questioned.
//!
//! `place`, `discovery` and `roots` say where models lie; `source` reads their
//! files (`archive` what is zipped), `tmdl` and `bim` make a [`model::Model`] of
//! them; `statistics` adds what a `.vpax` beside them knows; `dax` reads the expressions; `facts` answers the
//! questions of the pack's tools; `write` changes files; `documents` tells a whole model to people. Must not
//! know MCP, workflows or the store. A new question is a file in `facts`.

mod archive;
mod bim;
mod check;
pub mod dax;
pub mod discovery;
pub mod documents;
mod error;
pub mod facts;
pub mod limits;
pub mod model;
pub mod models;
pub mod place;
pub mod roots;
pub mod rules;
pub mod source;
pub mod statistics;
mod text;
mod tmdl;
mod tmsl;
pub mod words;
pub mod write;

pub use error::{Error, Fault};
