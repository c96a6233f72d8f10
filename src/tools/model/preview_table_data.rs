//! `03_preview_table_data`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask, no_data_engine};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::run_dax;

/// `03_preview_table_data`.
pub(in crate::tools) struct PreviewTableData;

impl Tool for PreviewTableData {
    type Arguments = run_dax::PreviewArgs;
    type Answer = run_dax::Answer;

    const NAME: &'static str = "03_preview_table_data";
    const TITLE: &'static str = "Preview a table";
    const DESCRIPTION: &'static str = "Give the query that shows rows of a table; running it needs a data engine, which model files do not have: answers `no_data_engine`. For its columns use 02_describe_table.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("table_name", "table"), ("limit", "top"), ("max_rows", "top")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let answer = ask(&services, &call, move |models| run_dax::preview(models, &arguments)).await?;
        let failure = Some(no_data_engine(&answer));
        Ok(Answered { answer, failure, binds: None })
    }
}
