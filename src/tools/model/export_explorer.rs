//! `08_export_model_explorer_html`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::ask;
use super::generate_documentation::EXPORTS;
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::documents::{self, Answer, Args, Kind};

/// `08_export_model_explorer_html`.
pub(in crate::tools) struct ExportExplorer;

impl Tool for ExportExplorer {
    type Arguments = Args;
    type Answer = Answer;

    const NAME: &'static str = "08_export_model_explorer_html";
    const TITLE: &'static str = "Write a page to explore";
    const DESCRIPTION: &'static str = "Write one HTML page about a model that works without a network: search, a page for each table and measure, \
        pictures of relationships and dependencies. For a document to print use 08_generate_model_documentation_word.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = EXPORTS;

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let exports = services.exports();
        ask(&services, &call, move |models| documents::run(models, &arguments, Kind::Explorer, &exports))
            .await
            .map(Answered::from)
    }
}
