//! `04_create_calculation_group`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{ADDS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::create_calculation_group;

/// `04_create_calculation_group`.
pub(in crate::tools) struct CreateCalculationGroup;

impl Tool for CreateCalculationGroup {
    type Arguments = create_calculation_group::Args;
    type Answer = create_calculation_group::Answer;

    const NAME: &'static str = "04_create_calculation_group";
    const TITLE: &'static str = "Create a calculation group";
    const DESCRIPTION: &'static str = "Add a calculation group with its items to the model's files. Refuses items whose DAX is not valid. `dry_run` shows the diff. `inverse` undoes it.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = ADDS;

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| create_calculation_group::run(models, &arguments)).await.map(Answered::from)
    }
}
