//! `06_analyze_measure_dependencies`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::measure_dependencies;

/// `06_analyze_measure_dependencies`.
pub(in crate::tools) struct AnalyzeMeasureDependencies;

impl Tool for AnalyzeMeasureDependencies {
    type Arguments = measure_dependencies::Args;
    type Answer = measure_dependencies::Answer;

    const NAME: &'static str = "06_analyze_measure_dependencies";
    const TITLE: &'static str = "What a measure is made from";
    const DESCRIPTION: &'static str = "Tell what a measure is made from: the measures, columns and tables its DAX names, and the whole tree below them. For what is made from it use 06_get_measure_impact.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("measure_name", "measure"), ("table_name", "table"), ("depth", "max_depth")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| measure_dependencies::run(models, &arguments)).await.map(Answered::from)
    }
}
