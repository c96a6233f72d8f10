//! A run as `execute_workflow`, `resume_workflow` and `respond_to_task` answer
//! it. Must not change a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::ToolFailure;
use super::run_answer_size;
use super::spec::Answered;
use crate::base::{Clock, ErrorKind};
use crate::engine::{Engine, EngineError};
use crate::machine::{BodyRef, RunStatus, State, StepState, StepStatus, Unresolved};
use crate::store::{StepRow, TaskRow};

/// Results up to this many bytes stand in a summary themselves.
const INLINE_BYTES: u64 = 2_000;
/// What is shown of a longer one.
const PREVIEW_CHARS: usize = 300;

/// Steps of loops that a summary looks at: those somebody may have to look at,
/// and as many others.
const INNER_STEPS: usize = 50;

/// How much of a run an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Detail {
    /// Results up to 2 kB in place, longer ones by reference.
    #[default]
    Summary,
    /// Every result in place.
    Full,
}

/// A run.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RunAnswer {
    /// The run's id.
    pub workflow_id: String,
    /// The template's name.
    pub workflow_name: String,
    /// `planned` for a dry run.
    pub status: String,
    /// 0 to 100.
    pub progress_percentage: f64,
    /// From its start to its end, or to now.
    pub duration_seconds: f64,
    /// Steps that ended well.
    pub steps_completed: usize,
    /// Steps that failed for good.
    pub steps_failed: usize,
    /// Steps that did not run.
    pub steps_skipped: usize,
    /// Steps by id.
    pub step_results: IndexMap<String, StepResult>,
    /// Steps that a short answer leaves out: `get_workflow_status` has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps_omitted: Option<usize>,
    /// The template's outputs, once completed.
    pub outputs: Option<Value>,
    /// The shared context.
    pub final_context: IndexMap<String, Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// The step that failed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_step: Option<StepErrorView>,
    /// Open questions; answer with `respond_to_task`.
    pub pending_tasks: Vec<PendingTask>,
    /// What a run that stands still waits for: [{kind, step_id, name, until}].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<Value>,
    /// Unsafe calls that were cancelled without a reply.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unresolved: Vec<Unresolved>,
    /// What to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The same request was made before: this is its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<bool>,
    /// What a dry run would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Value>,
}

/// A step of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StepResult {
    /// Its name.
    pub step_name: String,
    /// Where it stands.
    pub status: StepStatus,
    /// The value, or `{preview, bytes, uri, read_with}` when it is long.
    pub result: Value,
    /// Its last error.
    pub error: Option<StepErrorView>,
    /// From the first sending to the end.
    pub duration_seconds: Option<f64>,
    /// Attempts sent.
    pub attempts: u32,
    /// What was changed to make it succeed.
    pub adaptations: Vec<Value>,
    /// How a person's or agent's answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_via: Option<crate::machine::Via>,
}

/// Why a step failed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct StepErrorView {
    /// The kind.
    pub kind: ErrorKind,
    /// A sentence.
    pub message: String,
    /// The step.
    pub step_id: String,
    /// Attempts sent.
    pub attempts: u32,
}

impl StepErrorView {
    fn of(id: &str, step: &StepState) -> Option<Self> {
        let error = step.error.as_ref()?;
        Some(Self { kind: error.kind, message: error.message.clone(), step_id: id.to_owned(), attempts: step.attempts })
    }
}

/// An open question.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct PendingTask {
    /// Its id, for `respond_to_task`.
    pub task_id: String,
    /// The step that asks.
    pub step_id: String,
    /// `human_task`, `agent_task`, `interrupted` or `approval`.
    pub kind: String,
    /// Who is asked.
    pub assignee: String,
    /// The question.
    pub prompt: String,
    /// JSON Schema of the answer.
    pub answer_schema: Value,
    /// To be answered by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
}

impl From<TaskRow> for PendingTask {
    fn from(row: TaskRow) -> Self {
        Self {
            task_id: row.id,
            step_id: row.step.to_string(),
            kind: row.kind,
            assignee: row.assignee,
            prompt: row.prompt,
            answer_schema: row.answer_schema,
            deadline: row.deadline.map(crate::base::Timestamp::rfc3339),
        }
    }
}

/// Reads a run and makes the answer of it; an error result for runs that
/// failed, were cancelled or ran out of time.
pub(super) async fn answer(
    engine: &Engine,
    clock: &Arc<dyn Clock>,
    run: &str,
    detail: Detail,
) -> Result<Answered<RunAnswer>, ToolFailure> {
    let state = engine.state(run).await?;
    let reader = Reader { engine, run: &state.run, detail };
    // From the store: the state forgets the steps of iterations that are over.
    let row = engine.row(run).await?;
    let rows = engine.store().steps(run).await.map_err(EngineError::from)?;
    let shown = shown(&rows, detail);
    let mut step_results = IndexMap::new();
    for step in rows.iter().filter(|step| shown.contains(&step.ordinal)) {
        let result = match &step.result {
            Some(_) if detail == Detail::Full => engine.result(&row, &rows, step).await?,
            Some(body) => reader.step(step.path.as_str(), body).await?,
            None => Value::Null,
        };
        let duration = step.finished_at.zip(step.started_at).map(|(end, start)| end.since(start).as_secs_f64());
        step_results.insert(
            step.path.to_string(),
            StepResult {
                step_name: step.name.clone(),
                status: step.status,
                result,
                error: step.error.as_ref().map(|error| StepErrorView {
                    kind: error.kind,
                    message: error.message.clone(),
                    step_id: step.path.to_string(),
                    attempts: step.attempts,
                }),
                duration_seconds: duration,
                attempts: step.attempts,
                adaptations: Vec::new(),
                answered_via: step.answered_via,
            },
        );
    }
    let mut final_context = IndexMap::new();
    for (name, body) in &state.context {
        final_context.insert(name.clone(), reader.value(body).await?);
    }
    let outputs = match &state.outputs {
        Some(body) => Some(engine.value(&state.run, body).await?),
        None => None,
    };
    let pending_tasks = if state.tasks.is_empty() {
        Vec::new()
    } else {
        engine.store().open_tasks(Some(run)).await.map_err(EngineError::from)?
    };
    let failed_step =
        state.failure.as_ref().and_then(|(path, _)| StepErrorView::of(path.as_str(), state.steps.get(path)?));
    let failure = ended_badly(&state);
    let mut answer = RunAnswer {
        workflow_id: state.run.to_string(),
        workflow_name: state.plan.name.clone(),
        status: state.status().as_str().to_owned(),
        progress_percentage: rounded(state.progress_percentage()),
        duration_seconds: state.duration(clock.now()).as_secs_f64(),
        steps_completed: state.count(StepStatus::Completed),
        steps_failed: state.count(StepStatus::Failed),
        steps_skipped: state.count(StepStatus::Skipped),
        step_results,
        steps_omitted: (shown.len() < rows.len()).then(|| rows.len() - shown.len()),
        outputs,
        final_context,
        error: failure.as_ref().map(|failure| failure.error.clone()),
        failed_step: failed_step.filter(|_| state.status() == RunStatus::Failed),
        pending_tasks: pending_tasks.into_iter().map(|(_, task)| task.into()).collect(),
        waiting_for: engine.waits_for(&row),
        unresolved: state.unresolved(),
        warnings: state.warnings.clone(),
        existing: None,
        plan: None,
    };
    if detail == Detail::Summary {
        run_answer_size::shorten(&mut answer);
    }
    Ok(Answered { answer, failure, binds: state.binding.clone() })
}

/// Which steps an answer looks at, by ordinal: all of a long loop would be read
/// for nothing when the answer has no room for them.
fn shown(rows: &[StepRow], detail: Detail) -> BTreeSet<u32> {
    let inner = |row: &&StepRow| row.path.as_str().contains('[');
    let open =
        |row: &&StepRow| !matches!(row.status, StepStatus::Completed | StepStatus::Skipped | StepStatus::Pending);
    let limit = if detail == Detail::Full { usize::MAX } else { INNER_STEPS };
    let outer = rows.iter().filter(|row| !inner(row));
    let first = rows.iter().filter(inner).filter(open).take(limit);
    let then = rows.iter().filter(inner).filter(|row| !open(row)).take(limit);
    outer.chain(first).chain(then).map(|row| row.ordinal).collect()
}

/// A percentage with one decimal.
pub(super) fn rounded(percentage: f64) -> f64 {
    (percentage * 10.0).round() / 10.0
}

fn ended_badly(state: &State) -> Option<ToolFailure> {
    let id = &state.run;
    match state.status() {
        RunStatus::Failed => {
            let kind = state.error.as_ref().map_or(ErrorKind::ToolError, |error| error.kind);
            let step = state.failure.as_ref().map_or_else(String::new, |(path, _)| format!(" at step `{path}`"));
            let cause = state.error.as_ref().map_or("", |error| error.message.as_str());
            let failure = ToolFailure::new(kind, format!("the run failed{step}: {cause}"));
            Some(failure.with_hint(format!(
                "`get_workflow_status` with workflow_id `{id}` and a step_id shows what each step brought"
            )))
        }
        RunStatus::Cancelled => {
            let reason = state.cancel.as_ref().and_then(|(reason, _)| reason.as_deref());
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            let failure = ToolFailure::new(ErrorKind::Interrupted, format!("the run was cancelled{reason}"));
            Some(failure.with_hint("a cancelled run stays as it is: start the template again for a new one"))
        }
        RunStatus::TimedOut => Some(
            ToolFailure::new(ErrorKind::Timeout, format!("the run did not end within {} ms", state.timeout_ms))
                .with_hint("give the template a larger `timeout_seconds`"),
        ),
        RunStatus::Pending
        | RunStatus::Running
        | RunStatus::Paused
        | RunStatus::Waiting
        | RunStatus::Cancelling
        | RunStatus::Compensating
        | RunStatus::Completed => None,
    }
}

struct Reader<'a> {
    engine: &'a Engine,
    run: &'a Arc<str>,
    detail: Detail,
}

impl Reader<'_> {
    async fn step(&self, step: &str, body: &BodyRef) -> Result<Value, ToolFailure> {
        let value = self.engine.value(self.run, body).await?;
        if self.detail == Detail::Full || body.bytes <= INLINE_BYTES {
            return Ok(value);
        }
        Ok(reference(self.run, step, &preview(&value, PREVIEW_CHARS), body.bytes))
    }

    async fn value(&self, body: &BodyRef) -> Result<Value, ToolFailure> {
        let value = self.engine.value(self.run, body).await?;
        if self.detail == Detail::Full || body.bytes <= INLINE_BYTES {
            return Ok(value);
        }
        Ok(json!({"preview": preview(&value, PREVIEW_CHARS), "bytes": body.bytes}))
    }
}

/// What stands for a long result, and the call that reads it.
pub(super) fn reference(run: &str, step: &str, preview: &str, bytes: u64) -> Value {
    json!({
        "preview": preview,
        "bytes": bytes,
        "uri": format!("sequitur://runs/{run}/steps/{step}"),
        "read_with": {"tool": "get_workflow_status", "arguments": {"workflow_id": run, "step_id": step}},
    })
}

pub(super) fn preview(value: &Value, chars: usize) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let mut shown: String = text.chars().take(chars).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

impl From<EngineError> for ToolFailure {
    fn from(error: EngineError) -> Self {
        let failure = Self::new(error.kind, error.message);
        match error.hint {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}
