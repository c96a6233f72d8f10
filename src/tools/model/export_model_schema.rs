//! `07_export_model_schema`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::export_schema;

/// `07_export_model_schema`.
pub(in crate::tools) struct ExportModelSchema;

impl Tool for ExportModelSchema {
    type Arguments = export_schema::Args;
    type Answer = export_schema::Answer;

    const NAME: &'static str = "07_export_model_schema";
    const TITLE: &'static str = "Export the schema";
    const DESCRIPTION: &'static str = "Give the whole model in few words: tables with typed columns and measure names, relationships, groups, roles. \
        The cheapest way to know a model.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("export_mode", "section")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| export_schema::run(models, &arguments)).await.map(Answered::from)
    }
}
