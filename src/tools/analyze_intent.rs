//! What a request in words wants, and which tools and workflow do it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::failure::ToolFailure;
use super::services::Services;
use super::spec::{Answered, Tool, blocking};
use crate::base::json::Object;
use crate::contract::{Annotations, ToolCall};
use crate::intelligence::intent::{Intent, analyze};
use crate::registry::ToolSet;

/// The tool.
pub(super) struct AnalyzeIntent;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What the user wants, in their own words.
    request: String,
    /// What is known beside it, as `last_table`, `last_measure`.
    #[serde(default)]
    context: Option<Object>,
}

impl Tool for AnalyzeIntent {
    type Arguments = Arguments;
    type Answer = Intent;
    const NAME: &'static str = "analyze_intent";
    const TITLE: &'static str = "Analyze intent";
    const DESCRIPTION: &'static str = "Reads a request in words: its category, the names in it, the tools that fit \
        (best first) and the workflow that does all of it, with parameters. Use it first when unsure which tool or \
        workflow a request needs. Runs nothing.";
    const SET: ToolSet = ToolSet::Core;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(true),
        destructive_hint: None,
        idempotent_hint: None,
        open_world_hint: Some(false),
    };

    async fn run(services: Arc<Services>, given: Arguments, call: ToolCall) -> Result<Answered<Intent>, ToolFailure> {
        let advice = services.advice.clone();
        let on = advice.recorder.configuration().intent_analysis_enabled;
        advice.expect("intent analysis is", "intent_analysis_enabled", on)?;
        // The names of the connected model may have to be read from its files.
        blocking(move || {
            let names = call.binding.as_ref().and_then(|binding| (advice.model_names)(binding));
            let catalogue = advice.recorder.catalogue().with_model(names.unwrap_or_default());
            Ok(analyze(&given.request, &given.context.unwrap_or_default(), &catalogue).into())
        })
        .await
    }
}
