//! `08_generate_model_documentation_word`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::ask;
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::documents::{self, Answer, Args, Kind};

/// The hints of a tool that writes a document. The same call again writes nothing new.
pub(super) const EXPORTS: Annotations = Annotations {
    read_only_hint: Some(false),
    // With `overwrite` a file of the caller's may be replaced.
    destructive_hint: Some(true),
    idempotent_hint: Some(true),
    open_world_hint: Some(false),
};

/// `08_generate_model_documentation_word`.
pub(in crate::tools) struct GenerateDocumentation;

impl Tool for GenerateDocumentation {
    type Arguments = Args;
    type Answer = Answer;

    const NAME: &'static str = "08_generate_model_documentation_word";
    const TITLE: &'static str = "Write Word documentation";
    const DESCRIPTION: &'static str = "Write a Word document about a model: overview, pictures of relationships, tables, columns, measures with \
        formatted DAX and what they are made from. For a page to click through use 08_export_model_explorer_html.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = EXPORTS;

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let exports = services.exports();
        ask(&services, &call, move |models| documents::run(models, &arguments, Kind::Word, &exports))
            .await
            .map(Answered::from)
    }
}
