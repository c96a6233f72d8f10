//! `03_dax_intelligence`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::dax_intelligence;

/// `03_dax_intelligence`.
pub(in crate::tools) struct DaxIntelligence;

impl Tool for DaxIntelligence {
    type Arguments = dax_intelligence::Args;
    type Answer = dax_intelligence::Answer;

    const NAME: &'static str = "03_dax_intelligence";
    const TITLE: &'static str = "Check a DAX expression";
    const DESCRIPTION: &'static str = "Check a DAX expression or query without running it: errors with line and column, references, context transitions, anti-patterns with a suggestion, complexity; `debug` lays it out with its variables, `dependencies` follows all it is made from.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("table_name", "table"), ("dax", "expression"), ("query", "expression")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| dax_intelligence::run(models, &arguments)).await.map(Answered::from)
    }
}
