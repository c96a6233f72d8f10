//! `04_delete_measure`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{CHANGES, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::{delete_measure, upsert_measure};

/// `04_delete_measure`.
pub(in crate::tools) struct DeleteMeasure;

impl Tool for DeleteMeasure {
    type Arguments = delete_measure::Args;
    type Answer = upsert_measure::Answer;

    const NAME: &'static str = "04_delete_measure";
    const TITLE: &'static str = "Delete a measure";
    const DESCRIPTION: &'static str = "Take a measure out of the model's files and tell what breaks without it. `dry_run` shows the diff. `inverse` puts it back with its tags and annotations.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = CHANGES;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("measure_name", "measure"), ("table_name", "table")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| delete_measure::run(models, &arguments)).await.map(Answered::from)
    }
}
