//! `02_get_measure_details`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::measure_details;

/// `02_get_measure_details`.
pub(in crate::tools) struct GetMeasureDetails;

impl Tool for GetMeasureDetails {
    type Arguments = measure_details::Args;
    type Answer = measure_details::Answer;

    const NAME: &'static str = "02_get_measure_details";
    const TITLE: &'static str = "Tell about a measure";
    const DESCRIPTION: &'static str =
        "Tell one measure: DAX, description, format, and the measures, columns and tables that it refers to.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("measure_name", "measure"), ("table_name", "table")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| measure_details::run(models, &arguments)).await.map(Answered::from)
    }
}
