//! `02_list_measures`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::measures;

/// `02_list_measures`.
pub(in crate::tools) struct ListMeasures;

impl Tool for ListMeasures {
    type Arguments = measures::Args;
    type Answer = measures::Answer;

    const NAME: &'static str = "02_list_measures";
    const TITLE: &'static str = "List measures";
    const DESCRIPTION: &'static str = "List a model's measures, or one table's, with DAX, format and a static complexity; names the most complex one. \
        For what a measure refers to use 02_get_measure_details.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("table_name", "table"), ("limit", "page_size")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| measures::run(models, &arguments)).await.map(Answered::from)
    }
}
