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
use crate::engine::{Question, Request, Unfit, check_answer};
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
    /// Default 45, at most 50.
    wait_seconds: Option<u64>,
    detail: Option<Detail>,
}

impl Tool for RespondToTask {
    type Arguments = Arguments;
    type Answer = RunAnswer;

    const NAME: &'static str = "respond_to_task";
    const TITLE: &'static str = "Answer a question of a run";
    const DESCRIPTION: &'static str = "Answer an open question of a run (pending_tasks), then wait for the run. \
        One for a person only is refused with human_required.";
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
        let (run, mut task) = (&arguments.workflow_id, arguments.task_id);
        let via = match &call.origin {
            Origin::Cli { .. } => Via::Cli,
            Origin::Client { .. } | Origin::Step { .. } => Via::Agent,
        };
        let row = engine.row(run).await?;
        // Unknown and closed questions are told apart by the inbox below.
        if let Some(question) = engine.question(&row, &task).await? {
            allowed(&services, run, &question, via)?;
            check_answer(&question.row, &arguments.answer).map_err(|wrong| unfit(*wrong))?;
            task = question.row.id;
        }
        engine.ask(run, Request::Answer { task, answer: arguments.answer, via }).await?;
        run_wait::attend(&services, engine, run, arguments.wait_seconds, &call).await?;
        run_answer::answer(engine, &services.clock, run, arguments.detail.unwrap_or_default()).await
    }
}

/// Whether an answer may come this way.
fn allowed(services: &Services, run: &str, question: &Question, via: Via) -> Result<(), ToolFailure> {
    let interrupted = question.row.kind == "interrupted";
    let relayed = interrupted && via == Via::Agent && services.agent_may_relay;
    if relayed || question.ways.contains(&via) {
        return Ok(());
    }
    let id = &question.row.id;
    if via != Via::Agent {
        let ways: Vec<&str> = question.ways.iter().map(|way| name(*way)).collect();
        return Err(ToolFailure::new(
            ErrorKind::InvalidInput,
            format!("question `{id}` takes no answer by {}: only by {}", name(via), ways.join(", ")),
        )
        .with_hint("the template's `answer_via` says how it may be answered"));
    }
    let fields = fields(&question.row.answer_schema);
    let command = format!("sequitur respond {run} '{id}' {fields}");
    let why = if interrupted { ": a call was sent, is not safe to repeat, and brought no reply" } else { "" };
    let relay = if interrupted {
        "; `security.agent_may_relay: true` in the configuration lets an agent answer"
    } else {
        "; the template's `answer_via` keeps agents from answering"
    };
    let choice = if interrupted { ", with action=retry, done or fail" } else { "" };
    Err(ToolFailure::new(ErrorKind::HumanRequired, format!("question `{id}` is for a person{why}"))
        .with_hint(format!("show the person the question and this command{choice}: {command}{relay}"))
        .with("command", command))
}

fn name(via: Via) -> &'static str {
    match via {
        Via::Form => "form",
        Via::Cli => "cli",
        Via::Agent => "agent",
    }
}

/// The answer's part of the command line, to be filled in.
fn fields(schema: &Value) -> String {
    let flat = schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty());
    let Some(properties) = flat else { return "--answer 'JSON'".to_owned() };
    let required = |name: &String| {
        schema.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|one| one == name))
    };
    let value = |field: &Value| match field.get("enum").and_then(Value::as_array).and_then(|choices| choices.first()) {
        Some(Value::String(first)) => first.clone(),
        _ if field.get("type").and_then(Value::as_str) == Some("boolean") => "true".to_owned(),
        _ => "VALUE".to_owned(),
    };
    let named = properties.iter().filter(|(name, _)| required(name));
    let fields: Vec<String> = named.map(|(name, field)| format!("{name}={}", value(field))).collect();
    if fields.is_empty() { "--answer 'JSON'".to_owned() } else { fields.join(" ") }
}

fn unfit(unfit: Unfit) -> ToolFailure {
    let hint = format!("an answer that fits: {}; `answer_schema` has all it may be", unfit.example);
    ToolFailure::new(ErrorKind::InvalidInput, format!("the answer does not fit: {}", unfit.cause))
        .with_hint(hint)
        .with("answer_schema", unfit.schema)
        .with("example", unfit.example)
}
