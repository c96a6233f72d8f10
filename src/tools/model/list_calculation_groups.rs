//! `04_list_calculation_groups`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::calculation_groups;

/// `04_list_calculation_groups`.
pub(in crate::tools) struct ListCalculationGroups;

impl Tool for ListCalculationGroups {
    type Arguments = calculation_groups::Args;
    type Answer = calculation_groups::Answer;

    const NAME: &'static str = "04_list_calculation_groups";
    const TITLE: &'static str = "List calculation groups";
    const DESCRIPTION: &'static str = "List a model's calculation groups with their items and DAX.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("limit", "page_size")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| calculation_groups::run(models, &arguments)).await.map(Answered::from)
    }
}
