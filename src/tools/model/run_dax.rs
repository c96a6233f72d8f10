//! `03_run_dax`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask, no_data_engine};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::run_dax;

/// `03_run_dax`.
pub(in crate::tools) struct RunDax;

impl Tool for RunDax {
    type Arguments = run_dax::Args;
    type Answer = run_dax::Answer;

    const NAME: &'static str = "03_run_dax";
    const TITLE: &'static str = "Run a DAX query";
    const DESCRIPTION: &'static str = "Check a DAX query; running it needs a data engine, which model files do not have: answers `no_data_engine` with errors by line and column. For an expression use 03_dax_intelligence.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("dax", "query"), ("expression", "query")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let answer = ask(&services, &call, move |models| run_dax::run(models, &arguments)).await?;
        let failure = Some(no_data_engine(&answer));
        Ok(Answered { answer, failure, binds: None })
    }
}
