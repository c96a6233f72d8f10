//! `01_detect_pbi_instances`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::detect;

/// `01_detect_pbi_instances`.
pub(in crate::tools) struct DetectInstances;

impl Tool for DetectInstances {
    type Arguments = detect::Args;
    type Answer = detect::Answer;

    const NAME: &'static str = "01_detect_pbi_instances";
    const TITLE: &'static str = "Find semantic models";
    const DESCRIPTION: &'static str = "Find the Power BI and Analysis Services models in the open folders: PBIP projects, TMDL folders, model.bim files. \
        Call it first, then 01_connect_to_instance with an index.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("limit", "page_size")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| detect::run(models, &arguments)).await.map(Answered::from)
    }
}
