//! `get_workflow_status`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::ToolFailure;
use super::run_answer::{Detail, PendingTask, rounded};
use super::run_wait;
use super::services::Services;
use super::spec::{Answered, Tool};
use crate::base::json::Object;
use crate::base::{ErrorKind, Timestamp};
use crate::contract::{Annotations, ToolCall};
use crate::engine::{Engine, EngineError, Until};
use crate::expr::{Expression, Known, NoResults, Scope};
use crate::machine::{RunStatus, StepStatus};
use crate::registry::ToolSet;
use crate::store::{RunFilter, RunRow, StepRow};

/// A value's text comes in pieces of this many bytes.
const PIECE_BYTES: usize = 12_000;
/// Steps of loops that are shown although nothing is to be done about them.
const INNER_STEPS: usize = 50;

/// `get_workflow_status`.
pub(super) struct GetWorkflowStatus;

/// Its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// A run; without it the runs are listed.
    workflow_id: Option<String>,
    /// List only these.
    status: Option<RunStatus>,
    /// Finished runs listed (default 10).
    limit: Option<u32>,
    /// full: also tools, times, result sizes.
    detail: Option<Detail>,
    /// At most 50; default 0.
    wait_seconds: Option<u64>,
    /// What to wait for (default done).
    until: Option<UntilArgument>,
    /// Read this step's result.
    step_id: Option<String>,
    /// An expression over `result`, as `result.rows[0].name`.
    select: Option<String>,
    /// Read a long text from here.
    offset: Option<usize>,
    /// Bytes of a piece.
    limit_bytes: Option<usize>,
}

/// What to wait for.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum UntilArgument {
    Change,
    Done,
}

/// Its answer: one of its parts.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Answer {
    /// With workflow_id.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// Without workflow_id: open runs, then the last finished ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<Vec<Listed>>,
    /// With step_id: its result or what was selected from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    /// A piece of the value's JSON text, when it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Bytes of the whole text.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    /// Where the next piece begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_status: Option<StepStatus>,
}

/// A run.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    workflow_id: String,
    workflow_name: String,
    status: RunStatus,
    progress_percentage: f64,
    /// Of the step in flight, else the next one.
    current_step_index: usize,
    total_steps: usize,
    current_step_name: Option<String>,
    steps: Vec<StepView>,
    estimated_seconds_left: Option<f64>,
    waiting_for: Option<Value>,
    pending_tasks: Vec<PendingTask>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    created_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
}

/// A step.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StepView {
    step_id: String,
    step_name: String,
    status: StepStatus,
    attempts: u32,
    /// Seconds from the first sending to the end.
    execution_time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    /// Bytes of its result's JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    result_bytes: Option<u64>,
}

/// A run in the list.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    workflow_id: String,
    template_id: String,
    status: RunStatus,
    progress_percentage: f64,
    started_at: Option<String>,
    finished_at: Option<String>,
    waiting_for: Option<Value>,
}

impl Tool for GetWorkflowStatus {
    type Arguments = Arguments;
    type Answer = Answer;

    const NAME: &'static str = "get_workflow_status";
    const TITLE: &'static str = "Look at workflow runs";
    const DESCRIPTION: &'static str = "Where a run stands, also a finished one; wait_seconds waits for its end. With \
        step_id: that step's whole result, in pieces, or what `select` takes from it. Without workflow_id: the runs.";
    const SET: ToolSet = ToolSet::Core;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(true),
        destructive_hint: Some(false),
        idempotent_hint: Some(true),
        open_world_hint: Some(false),
    };

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let engine = services.engine()?;
        let Some(run) = arguments.workflow_id.clone() else {
            if arguments.step_id.is_some() {
                return Err(ToolFailure::new(
                    ErrorKind::InvalidInput,
                    "a `step_id` says nothing without its `workflow_id`",
                )
                .with_hint("`get_workflow_status` without arguments lists the runs"));
            }
            return list(engine, arguments.status, arguments.limit).await.map(Answered::from);
        };
        if let Some(seconds) = arguments.wait_seconds {
            let until = match arguments.until {
                Some(UntilArgument::Change) => Until::Change,
                Some(UntilArgument::Done) | None => Until::Done,
            };
            run_wait::wait(engine, &run, until, Some(seconds), &call).await?;
        }
        if let Some(step) = &arguments.step_id {
            return value(engine, &run, step, &arguments).await.map(Answered::from);
        }
        let status = status(engine, &run, arguments.detail.unwrap_or_default()).await?;
        Ok(Answer { status: Some(status), ..Answer::default() }.into())
    }
}

async fn list(engine: &Engine, status: Option<RunStatus>, limit: Option<u32>) -> Result<Answer, ToolFailure> {
    let limit = limit.unwrap_or(10).min(100);
    let filter = RunFilter { statuses: status.into_iter().collect(), open_limit: 100, finished_limit: limit };
    let rows = engine.store().runs(filter).await.map_err(EngineError::from)?;
    let runs = rows.into_iter().map(|row| Listed {
        workflow_id: row.id.to_string(),
        template_id: row.template_id.clone(),
        status: row.projection.status,
        progress_percentage: rounded(row.projection.progress),
        started_at: row.projection.started_at.map(Timestamp::rfc3339),
        finished_at: row.projection.finished_at.map(Timestamp::rfc3339),
        waiting_for: engine.waits_for(&row),
    });
    Ok(Answer { runs: Some(runs.collect()), ..Answer::default() })
}

async fn status(engine: &Engine, run: &str, detail: Detail) -> Result<Status, ToolFailure> {
    let row = engine.row(run).await?;
    let steps = engine.store().steps(run).await.map_err(EngineError::from)?;
    let tasks = engine.store().open_tasks(Some(run)).await.map_err(EngineError::from)?;
    let plan = engine.plan(&row).await?;
    let finished = steps.iter().filter(|step| step.status.is_finished()).count();
    let in_flight =
        |step: &&StepRow| matches!(step.status, StepStatus::Running | StepStatus::Retrying | StepStatus::Interrupted);
    let current = steps.iter().find(in_flight).or_else(|| steps.iter().find(|step| !step.status.is_finished()));
    Ok(Status {
        workflow_id: row.id.to_string(),
        workflow_name: row.template_name.clone(),
        status: row.projection.status,
        progress_percentage: rounded(row.projection.progress),
        current_step_index: current.map_or(finished, |step| usize::try_from(step.ordinal).unwrap_or(finished)),
        total_steps: usize::try_from(row.projection.steps_total).unwrap_or(usize::MAX),
        current_step_name: current.map(|step| step.name.clone()),
        estimated_seconds_left: seconds_left(&row, plan.estimated_duration_seconds),
        waiting_for: engine.waits_for(&row),
        pending_tasks: tasks.into_iter().map(|(_, task)| task.into()).collect(),
        error: row.projection.error.as_ref().map(|error| error.message.clone()),
        created_at: row.created_at.rfc3339(),
        started_at: row.projection.started_at.map(Timestamp::rfc3339),
        finished_at: row.projection.finished_at.map(Timestamp::rfc3339),
        steps: shown(steps).into_iter().map(|row| StepView::of(row, detail)).collect(),
    })
}

/// The steps to show: of loops those that go on or went wrong, and the last others.
fn shown(steps: Vec<StepRow>) -> Vec<StepRow> {
    let plain = |row: &StepRow| {
        row.path.as_str().contains('[')
            && matches!(row.status, StepStatus::Completed | StepStatus::Skipped | StepStatus::Pending)
    };
    let mut left_out = steps.iter().filter(|row| plain(row)).count().saturating_sub(INNER_STEPS);
    let keep = |row: &StepRow| {
        let gives_way = left_out > 0 && plain(row);
        left_out -= usize::from(gives_way);
        !gives_way
    };
    steps.into_iter().filter(keep).collect()
}

impl StepView {
    fn of(row: StepRow, detail: Detail) -> Self {
        let full = detail == Detail::Full;
        Self {
            tool: row.tool.filter(|_| full),
            started_at: row.started_at.filter(|_| full).map(Timestamp::rfc3339),
            finished_at: row.finished_at.filter(|_| full).map(Timestamp::rfc3339),
            result_bytes: row.result.as_ref().filter(|_| full).map(|result| result.bytes),
            step_id: row.path.to_string(),
            step_name: row.name,
            status: row.status,
            attempts: row.attempts,
            execution_time: row
                .finished_at
                .zip(row.started_at)
                .map(|(finished, started)| finished.since(started).as_secs_f64()),
            error: row.error.map(|error| error.message),
        }
    }
}

/// The author's estimate less the share that is done; nothing once it ended.
fn seconds_left(row: &RunRow, estimate: Option<f64>) -> Option<f64> {
    let open = row.projection.finished_at.is_none();
    estimate.filter(|_| open).map(|estimate| rounded(estimate * (100.0 - row.projection.progress) / 100.0))
}

async fn value(engine: &Engine, run: &str, step: &str, arguments: &Arguments) -> Result<Answer, ToolFailure> {
    let steps = engine.store().steps(run).await.map_err(EngineError::from)?;
    // A run that does not exist has no steps: say which of the two is missing.
    let row = engine.row(run).await?;
    let Some(found) = steps.iter().find(|row| row.path.as_str() == step) else {
        let known: Vec<&str> = steps.iter().map(|row| row.path.as_str()).collect();
        return Err(ToolFailure::new(ErrorKind::NotFound, format!("run `{run}` has no step `{step}`"))
            .with_hint("`step_ids` has the steps it has")
            .with("step_ids", json!(known)));
    };
    let mut value = engine.result(&row, &steps, found).await?;
    if let Some(select) = &arguments.select {
        value = selected(select, &value)?;
    }
    let text = value.to_string();
    let piece = arguments.limit_bytes.unwrap_or(PIECE_BYTES).clamp(100, 1_000_000);
    let offset = arguments.offset.unwrap_or(0);
    let mut answer = Answer { step_status: Some(found.status), bytes: Some(text.len()), ..Answer::default() };
    if offset == 0 && text.len() <= piece {
        answer.value = Some(value);
        return Ok(answer);
    }
    if offset > text.len() {
        return Err(ToolFailure::new(
            ErrorKind::InvalidInput,
            format!("offset {offset} is past the end: the value has {} bytes", text.len()),
        )
        .with_hint("go on from the `next_offset` of the answer before"));
    }
    let start = text.floor_char_boundary(offset);
    let end = text.floor_char_boundary((start + piece).min(text.len()));
    answer.text = Some(text[start..end].to_owned());
    answer.next_offset = (end < text.len()).then_some(end);
    Ok(answer)
}

fn selected(select: &str, result: &Value) -> Result<Value, ToolFailure> {
    let bad = |message: String, hint: Option<String>| {
        let failure = ToolFailure::new(ErrorKind::InvalidInput, format!("select: {message}"));
        failure.with_hint(hint.unwrap_or_else(|| "`result` is the step's result: result.rows[0].name".to_owned()))
    };
    let expression = Expression::parse(select, &Known::new()).map_err(|error| bad(error.to_string(), None))?;
    let empty = Object::new();
    let scope = Scope::new(&empty, &empty, &NoResults).with_result(result);
    expression.eval(&scope).map_err(|error| bad(error.to_string(), None))
}
