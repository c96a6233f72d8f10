//! `pause_workflow`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::ToolFailure;
use super::services::Services;
use super::spec::{Answered, Tool};
use crate::contract::{Annotations, ToolCall};
use crate::engine::Request;
use crate::machine::RunStatus;
use crate::registry::ToolSet;

/// `pause_workflow`.
pub(super) struct PauseWorkflow;

/// Its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The run.
    workflow_id: String,
}

/// Its answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    workflow_id: String,
    status: RunStatus,
}

impl Tool for PauseWorkflow {
    type Arguments = Arguments;
    type Answer = Answer;

    const NAME: &'static str = "pause_workflow";
    const TITLE: &'static str = "Pause a workflow run";
    const DESCRIPTION: &'static str = "Steps in flight finish, nothing new starts until resume_workflow, also after a \
        restart.";
    const SET: ToolSet = ToolSet::Control;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(false),
        destructive_hint: Some(false),
        idempotent_hint: Some(true),
        open_world_hint: Some(false),
    };

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        _call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let engine = services.engine()?;
        let run = arguments.workflow_id;
        engine.ask(&run, Request::Pause { reason: "asked for".to_owned() }).await?;
        let status = engine.row(&run).await?.projection.status;
        Ok(Answer { workflow_id: run, status }.into())
    }
}
