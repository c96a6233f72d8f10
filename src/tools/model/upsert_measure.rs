//! `04_upsert_measure`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{CHANGES, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::upsert_measure;

/// `04_upsert_measure`.
pub(in crate::tools) struct UpsertMeasure;

impl Tool for UpsertMeasure {
    type Arguments = upsert_measure::Args;
    type Answer = upsert_measure::Answer;

    const NAME: &'static str = "04_upsert_measure";
    const TITLE: &'static str = "Write a measure";
    const DESCRIPTION: &'static str = "Add a measure to the model's files, or change one: DAX, description, format, folder, visibility. Refuses DAX that is not valid. Changes only the measure's own lines; `dry_run` shows the diff. `inverse` undoes it.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = CHANGES;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("measure_name", "measure"), ("table_name", "table")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| upsert_measure::run(models, &arguments)).await.map(Answered::from)
    }
}
