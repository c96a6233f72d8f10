//! `respond_to_task`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::failure::ToolFailure;
use super::run_answer::{self, Detail, RunAnswer};
use super::run_wait;
use super::services::Services;
use super::spec::{Answered, Tool};
use crate::base::ErrorKind;
use crate::contract::{Annotations, Origin, ToolCall};
use crate::engine::{Answer, EngineError, Request};
use crate::machine::Via;
use crate::registry::ToolSet;

/// `respond_to_task`.
pub(super) struct RespondToTask;

/// Its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The run.
    workflow_id: String,
    /// From pending_tasks.
    task_id: String,
    /// Fits the task's answer_schema.
    answer: Value,
    /// Wait so long for the run's end (default 45, at most 50).
    wait_seconds: Option<u64>,
    detail: Option<Detail>,
}

impl Tool for RespondToTask {
    type Arguments = Arguments;
    type Answer = RunAnswer;

    const NAME: &'static str = "respond_to_task";
    const TITLE: &'static str = "Answer a question of a run";
    const DESCRIPTION: &'static str = "Answer an open question of a run (pending_tasks), then wait for the run. \
        Questions for a person only are refused with human_required and the command to show the person.";
    const SET: ToolSet = ToolSet::Control;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(false),
        destructive_hint: Some(true),
        idempotent_hint: Some(false),
        open_world_hint: Some(true),
    };

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let engine = services.engine()?;
        let (run, task) = (&arguments.workflow_id, &arguments.task_id);
        let via = match &call.origin {
            Origin::Cli { .. } => Via::Cli,
            Origin::Client { .. } | Origin::Step { .. } => Via::Agent,
        };
        let open = engine.store().open_tasks(Some(run)).await.map_err(EngineError::from)?;
        // A step asks one question at a time, so that its id names it as well.
        let asked = open.into_iter().map(|(_, row)| row).find(|row| row.id == *task || row.step.as_str() == task);
        let task = &asked.as_ref().map_or_else(|| task.clone(), |row| row.id.clone());
        // Unknown and closed questions are told apart by the inbox below.
        let interrupted = asked.as_ref().is_none_or(|row| row.kind == "interrupted");
        if asked.is_some() && interrupted && via == Via::Agent && !services.agent_may_relay {
            return Err(human_required(run, task));
        }
        let answer = match read(arguments.answer) {
            Ok(answer) => answer,
            Err(_) if asked.is_none() => {
                engine.row(run).await?;
                return Err(ToolFailure::new(
                    ErrorKind::NotFound,
                    format!("run `{run}` has no open question `{task}`"),
                )
                .with_hint("`get_workflow_status` shows the open questions under `pending_tasks`"));
            }
            Err(failure) => return Err(failure),
        };
        engine.ask(run, Request::Answer { task: task.clone(), answer, via }).await?;
        run_wait::attend(&services, engine, run, arguments.wait_seconds, &call).await?;
        run_answer::answer(engine, &services.clock, run, arguments.detail.unwrap_or_default()).await
    }
}

fn read(answer: Value) -> Result<Answer, ToolFailure> {
    let bad = |cause: String| {
        ToolFailure::new(ErrorKind::InvalidInput, format!("the answer does not fit: {cause}"))
            .with_hint("answer with {\"action\": \"retry\"}, \"done\" (with an optional result) or \"fail\"")
            .with("answer_schema", Answer::schema())
    };
    if !answer.is_object() {
        return Err(bad("it is no object".to_owned()));
    }
    serde_json::from_value(answer).map_err(|error| bad(error.to_string()))
}

fn human_required(run: &str, task: &str) -> ToolFailure {
    let command = format!("sequitur respond {run} '{task}' action=retry");
    ToolFailure::new(
        ErrorKind::HumanRequired,
        format!("question `{task}` is for a person: a call was sent, is not safe to repeat, and brought no reply"),
    )
    .with_hint(format!(
        "show the person the question and this command, with action=retry, done or fail: {command}; \
         `security.agent_may_relay: true` in the configuration lets an agent answer"
    ))
    .with("command", command)
}
