//! `06_get_measure_impact`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::measure_impact;

/// `06_get_measure_impact`.
pub(in crate::tools) struct GetMeasureImpact;

impl Tool for GetMeasureImpact {
    type Arguments = measure_impact::Args;
    type Answer = measure_impact::Answer;

    const NAME: &'static str = "06_get_measure_impact";
    const TITLE: &'static str = "What a change of a measure touches";
    const DESCRIPTION: &'static str = "Tell what a change of a measure would touch: measures, columns, tables, calculation items and roles made from it, what it is made from, and circles. Call it before 04_upsert_measure or 04_delete_measure.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("measure_name", "measure"), ("table_name", "table")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| measure_impact::run(models, &arguments)).await.map(Answered::from)
    }
}
