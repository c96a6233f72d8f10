//! What to do next.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::failure::ToolFailure;
use super::services::Services;
use super::spec::{Answered, Tool};
use crate::base::json::Object;
use crate::contract::{Annotations, ToolCall};
use crate::intelligence::recommend::Recommendation;
use crate::registry::{Question, ToolSet};

/// The tool.
pub(super) struct GetRecommendations;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The tool just called. Default: the last call of this session.
    #[serde(default)]
    current_tool: Option<String>,
    /// What it answered.
    #[serde(default)]
    current_result: Option<Value>,
    /// What is known of the session, as `bpa_run`, `performance_issues`.
    #[serde(default)]
    context: Option<Object>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Answer {
    /// The tool that these follow; null when nothing was called yet.
    after: Option<String>,
    /// The best first.
    recommendations: Vec<Recommendation>,
}

impl Tool for GetRecommendations {
    type Arguments = Arguments;
    type Answer = Answer;
    const NAME: &'static str = "get_recommendations";
    const TITLE: &'static str = "Get recommendations";
    const DESCRIPTION: &'static str = "Recommends what to call next, with reason, confidence and known arguments, \
        from the last call and from what followed such calls before. Answers carry the same in `_next_steps`: use \
        this to ask again, about another tool, or with more context.";
    const SET: ToolSet = ToolSet::Core;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(true),
        destructive_hint: None,
        idempotent_hint: None,
        open_world_hint: Some(false),
    };

    async fn run(services: Arc<Services>, given: Arguments, call: ToolCall) -> Result<Answered<Answer>, ToolFailure> {
        let advice = &services.advice;
        let on = advice.recorder.configuration().recommendations_enabled;
        advice.expect("recommendations are", "recommendations_enabled", on)?;
        let question = Question {
            tool: given.current_tool,
            result: given.current_result,
            context: given.context.unwrap_or_default(),
        };
        let recommended = advice.recorder.recommend(call.origin.session(), question);
        Ok(Answer { after: recommended.after, recommendations: recommended.recommendations }.into())
    }
}
