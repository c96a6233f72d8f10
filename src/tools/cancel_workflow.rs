//! `cancel_workflow`.

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

/// `cancel_workflow`.
pub(super) struct CancelWorkflow;

/// Its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The run.
    workflow_id: String,
    /// Kept with the run.
    reason: Option<String>,
    /// Undo completed steps that declare how (default true).
    compensate: Option<bool>,
}

/// Its answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    message: String,
    status: RunStatus,
    /// Completed steps that will be undone.
    will_be_undone: Vec<String>,
}

impl Tool for CancelWorkflow {
    type Arguments = Arguments;
    type Answer = Answer;

    const NAME: &'static str = "cancel_workflow";
    const TITLE: &'static str = "Cancel a workflow run";
    const DESCRIPTION: &'static str = "End a run for good. Calls in flight get 5 s to end in order; what they had done is \
        told under unresolved. To stop only for a while use pause_workflow.";
    const SET: ToolSet = ToolSet::Core;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(false),
        destructive_hint: Some(true),
        idempotent_hint: Some(true),
        open_world_hint: Some(false),
    };

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        _call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let engine = services.engine()?;
        let run = &arguments.workflow_id;
        let compensate = arguments.compensate.unwrap_or(true);
        engine.ask(run, Request::Cancel { reason: arguments.reason, compensate }).await?;
        let status = engine.row(run).await?.projection.status;
        let message = if status == RunStatus::Cancelled {
            format!("run `{run}` is cancelled")
        } else {
            format!("run `{run}` is being cancelled; nothing new starts")
        };
        Ok(Answer { message, status, will_be_undone: Vec::new() }.into())
    }
}
