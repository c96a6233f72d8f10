//! `02_describe_table`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::table;

/// `02_describe_table`.
pub(in crate::tools) struct DescribeTable;

impl Tool for DescribeTable {
    type Arguments = table::Args;
    type Answer = table::Answer;

    const NAME: &'static str = "02_describe_table";
    const TITLE: &'static str = "Describe a table";
    const DESCRIPTION: &'static str = "Tell everything about one table: columns with types, measures, partitions with their source, relationships, \
        hierarchies.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("table_name", "table"), ("limit", "page_size")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| table::run(models, &arguments)).await.map(Answered::from)
    }
}
