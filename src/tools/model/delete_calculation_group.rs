//! `04_delete_calculation_group`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{CHANGES, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::create_calculation_group;

/// `04_delete_calculation_group`.
pub(in crate::tools) struct DeleteCalculationGroup;

impl Tool for DeleteCalculationGroup {
    type Arguments = create_calculation_group::DeleteArgs;
    type Answer = create_calculation_group::Answer;

    const NAME: &'static str = "04_delete_calculation_group";
    const TITLE: &'static str = "Delete a calculation group";
    const DESCRIPTION: &'static str =
        "Take a calculation group out of the model's files. `dry_run` shows the diff. `inverse` makes it again.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = CHANGES;

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| create_calculation_group::delete(models, &arguments))
            .await
            .map(Answered::from)
    }
}
