//! `resume_workflow`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::failure::ToolFailure;
use super::run_answer::{self, Detail, RunAnswer};
use super::run_wait;
use super::services::Services;
use super::spec::{Answered, Tool};
use crate::base::ErrorKind;
use crate::contract::{Annotations, ToolCall};
use crate::engine::Request;
use crate::registry::ToolSet;

/// `resume_workflow`.
pub(super) struct ResumeWorkflow;

/// Its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The run.
    workflow_id: String,
    /// Start a new run from this step of a finished one.
    from_step: Option<String>,
    /// Default 45, at most 50.
    wait_seconds: Option<u64>,
    detail: Option<Detail>,
}

impl Tool for ResumeWorkflow {
    type Arguments = Arguments;
    type Answer = RunAnswer;

    const NAME: &'static str = "resume_workflow";
    const TITLE: &'static str = "Resume a workflow run";
    const DESCRIPTION: &'static str = "Go on with a paused run. Finished steps are not repeated; to answer use \
        respond_to_task.";
    const SET: ToolSet = ToolSet::Control;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(false),
        destructive_hint: Some(false),
        idempotent_hint: Some(true),
        open_world_hint: Some(true),
    };

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let engine = services.engine()?;
        let run = &arguments.workflow_id;
        if let Some(step) = &arguments.from_step {
            return Err(ToolFailure::new(
                ErrorKind::InvalidInput,
                format!("starting again from step `{step}` of a finished run is not there yet"),
            )
            .with_hint("start the template again with execute_workflow"));
        }
        engine.ask(run, Request::Resume).await?;
        run_wait::attend(&services, engine, run, arguments.wait_seconds, &call).await?;
        run_answer::answer(engine, &services.clock, run, arguments.detail.unwrap_or_default()).await
    }
}
