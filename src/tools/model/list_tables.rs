//! `02_list_tables`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::tables;

/// `02_list_tables`.
pub(in crate::tools) struct ListTables;

impl Tool for ListTables {
    type Arguments = tables::Args;
    type Answer = tables::Answer;

    const NAME: &'static str = "02_list_tables";
    const TITLE: &'static str = "List tables";
    const DESCRIPTION: &'static str = "List a model's tables: numbers of columns and measures, kind, storage mode. For one table's columns use \
        02_describe_table.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("limit", "page_size")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| tables::run(models, &arguments)).await.map(Answered::from)
    }
}
