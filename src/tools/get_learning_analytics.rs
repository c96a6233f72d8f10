//! What was learned, in figures.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::ToolFailure;
use super::services::Services;
use super::spec::{Answered, Tool};
use crate::base::{ErrorKind, Timestamp};
use crate::contract::{Annotations, ToolCall};
use crate::intelligence::learning::{Analytics, analytics};
use crate::registry::ToolSet;

/// The tool.
pub(super) struct GetLearningAnalytics;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Only from then on: `2026-11-30`, or with a time as `2026-11-30T08:00:00Z`.
    #[serde(default)]
    since: Option<String>,
    /// Entries in each list.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 100))]
    limit: usize,
}

fn ten() -> usize {
    10
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Answer {
    /// The figures.
    analytics: Analytics,
}

impl Tool for GetLearningAnalytics {
    type Arguments = Arguments;
    type Answer = Answer;
    const NAME: &'static str = "get_learning_analytics";
    const TITLE: &'static str = "Get learning analytics";
    const DESCRIPTION: &'static str = "Figures from the log of calls: the most used and the least successful tools, \
        what follows what, runs by workflow, how many recommendations were taken, tokens saved.";
    const SET: ToolSet = ToolSet::Core;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(true),
        destructive_hint: None,
        idempotent_hint: None,
        open_world_hint: Some(false),
    };

    async fn run(services: Arc<Services>, given: Arguments, _: ToolCall) -> Result<Answered<Answer>, ToolFailure> {
        let advice = &services.advice;
        let on = advice.recorder.configuration().learning_enabled;
        advice.expect("learning is", "learning_enabled", on)?;
        let since = given.since.as_deref().map(instant).transpose()?;
        let figures = advice.recorder.figures(since).await?;
        Ok(Answer { analytics: analytics(figures, given.limit) }.into())
    }
}

fn instant(text: &str) -> Result<Timestamp, ToolFailure> {
    Timestamp::parse(text).ok_or_else(|| {
        ToolFailure::new(ErrorKind::InvalidInput, "`since` is neither a date nor an instant".to_owned())
            .with_hint("write `2026-11-30`, or with a time and its zone `2026-11-30T08:00:00Z`")
    })
}
