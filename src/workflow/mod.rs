//! Templates and plans: from a file that a person wrote to a checked graph.
//!
//! Knows expressions only through `expr`; must not know tools, runs or the
//! store. A new key of template files begins in `template.rs`.

pub mod plan;
