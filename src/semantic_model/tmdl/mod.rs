//! TMDL, the text format of semantic models: files to a tree of nodes, trees to
//! a [`Model`](crate::semantic_model::model::Model).
//!
//! `lines` knows indentation, `tree` the grammar, `build` what the words mean.
//! Must not read files and must not know where a model lies. A new word is a
//! line in `build`; words that it does not know are read over.
//!
//! Source: "Tabular Model Definition Language (TMDL)" on learn.microsoft.com,
//! compared with the files that Power BI Desktop and Tabular Editor write.

mod build;
pub(in crate::semantic_model) mod lines;
pub(in crate::semantic_model) mod name;
pub(in crate::semantic_model) mod tree;

pub(crate) use build::build;
