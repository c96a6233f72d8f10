//! `03_list_relationships`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::relationships;

/// `03_list_relationships`.
pub(in crate::tools) struct ListRelationships;

impl Tool for ListRelationships {
    type Arguments = relationships::Args;
    type Answer = relationships::Answer;

    const NAME: &'static str = "03_list_relationships";
    const TITLE: &'static str = "List relationships";
    const DESCRIPTION: &'static str =
        "List a model's relationships: columns, cardinality, direction of filters, whether they are active.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("limit", "page_size")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        ask(&services, &call, move |models| relationships::run(models, &arguments)).await.map(Answered::from)
    }
}
