//! Questions of runs: the rows that answers and the inbox show of them, which
//! ways an answer may come, and whether it fits. An interrupted step's and those
//! of `human_task` and `prompt` take the same way. Must not decide what follows
//! from an answer.

use serde_json::{Value, json};

use super::bodies::Bodies;
use super::call::RESULT_LIMIT;
use super::error::EngineError;
use super::handle::Engine;
use super::inbox::Answer;
use crate::machine::{Event, EventKind, State, StepPath, Via, Waits, Woken};
use crate::store::{Changes, RunRow, TaskClosed, TaskRow, WaitRow};
use crate::workflow::plan::{PlanStep, StepKind};

/// What an event changes about the open questions and waits of a run.
pub(super) fn note(state: &State, event: &Event, bodies: &Bodies, changes: &mut Changes) {
    let closed = |id: &str, via| TaskClosed { id: id.to_owned(), at: event.at, via };
    match &event.kind {
        EventKind::StepInterrupted { path, error, task } => changes.tasks_opened.push(TaskRow {
            id: task.clone(),
            step: path.clone(),
            kind: "interrupted".to_owned(),
            assignee: "human".to_owned(),
            prompt: interrupted(state, path, &error.message),
            answer_schema: Answer::schema(),
            opened_at: event.at,
            deadline: None,
        }),
        EventKind::InterruptionAnswered { task, via, .. } => changes.tasks_closed.push(closed(task, Some(*via))),
        EventKind::StepWaiting { path, waits: Waits::Task { task, assignee, prompt, deadline, .. } } => {
            let prompt = bodies.value(prompt).inspect_err(|error| tracing::error!(%path, error, "a question")).ok();
            let node = state.node(path);
            changes.tasks_opened.push(TaskRow {
                id: task.clone(),
                step: path.clone(),
                kind: node.map_or("human_task", kind).to_owned(),
                assignee: assignee.clone(),
                prompt: prompt.as_deref().and_then(Value::as_str).unwrap_or_default().to_owned(),
                answer_schema: node.map(answer_schema).unwrap_or_default(),
                opened_at: event.at,
                deadline: *deadline,
            });
        }
        EventKind::StepWaiting { path, waits: Waits::Event { name, .. } } => {
            changes.waits_opened.push(WaitRow { step: path.clone(), event: name.clone() });
        }
        EventKind::TaskEscalated { path, assignee, deadline } => {
            changes.tasks_escalated.push((path.to_string(), assignee.clone(), *deadline));
        }
        EventKind::StepWoken { path, by } => match by {
            Woken::Answer { via, .. } => changes.tasks_closed.push(closed(path.as_str(), Some(*via))),
            Woken::Time => changes.tasks_closed.push(closed(path.as_str(), None)),
            Woken::Signal { .. } => changes.waits_closed.push(path.clone()),
        },
        // The end of a wait that nothing woke.
        EventKind::StepFailed { path, .. } | EventKind::StepCutShort { path } => {
            match state.node(path).map(|node| &node.kind) {
                Some(StepKind::HumanTask { .. } | StepKind::AgentTask { .. }) => {
                    changes.tasks_closed.push(closed(path.as_str(), None));
                }
                Some(StepKind::Wait(_)) => changes.waits_closed.push(path.clone()),
                Some(_) | None => {}
            }
        }
        // With the end of a run all that is open of it is closed.
        EventKind::RunCreated { .. }
        | EventKind::RunStarted
        | EventKind::StepReady { .. }
        | EventKind::StepStarted { .. }
        | EventKind::StepCompleted { .. }
        | EventKind::StepRetrying { .. }
        | EventKind::StepSkipped { .. }
        | EventKind::StepCancelled { .. }
        | EventKind::StepComputed { .. }
        | EventKind::StepOpened { .. }
        | EventKind::IterationStarted { .. }
        | EventKind::IterationFinished { .. }
        | EventKind::IterationsEnded { .. }
        | EventKind::StepWaiting { .. }
        | EventKind::TaskReminded { .. }
        | EventKind::SignalReceived { .. }
        | EventKind::RunAdopted
        | EventKind::RunPaused { .. }
        | EventKind::RunResumed
        | EventKind::CancelRequested { .. }
        | EventKind::TimeoutReached
        | EventKind::RunCompleted { .. }
        | EventKind::RunFailed { .. }
        | EventKind::RunCancelled
        | EventKind::RunTimedOut => {}
    }
}

fn interrupted(state: &State, path: &StepPath, cause: &str) -> String {
    let tool = state.steps.get(path).and_then(|step| step.ready.as_ref()).map_or("?", |ready| ready.tool.as_str());
    format!(
        "Step `{path}` called `{tool}` and no reply came: {cause}. Look whether it took effect, then choose: \
         retry (call again), done (it did happen), fail (treat it as failed)."
    )
}

fn kind(node: &PlanStep) -> &'static str {
    if matches!(node.kind, StepKind::AgentTask { .. }) { "agent_task" } else { "human_task" }
}

fn answer_schema(node: &PlanStep) -> Value {
    if let StepKind::HumanTask { answer_schema: Some(schema), .. }
    | StepKind::AgentTask { answer_schema: Some(schema), .. } = &node.kind
    {
        return schema.clone();
    }
    // Any answer will do.
    json!({})
}

/// The open questions and waits that a run stands still for, as answers show
/// them; the rest of a long list is left out.
pub(super) fn waiting_for(state: &State) -> Option<Value> {
    const SHOWN: usize = 20;
    if state.end.is_some() {
        return None;
    }
    let interrupted = state.tasks.iter().filter(|(_, open)| state.waiting_step(&open.path).is_none());
    let asked: Vec<Value> = interrupted
        .map(|(task, open)| json!({"kind": "task", "step_id": open.path, "name": task}))
        .take(SHOWN)
        .collect();
    if !asked.is_empty() {
        return Some(Value::Array(asked));
    }
    if let Some(reason) = &state.pause {
        return Some(json!([{"kind": "resume", "name": reason}]));
    }
    if state.status() != crate::machine::RunStatus::Waiting {
        return None;
    }
    let waits = state.waiting().take(SHOWN).map(|(step, waiting)| {
        let (kind, name, until) = match &waiting.on {
            Waits::Timer { until } => ("timer", None, Some(*until)),
            Waits::Event { name, until } => ("event", Some(name), *until),
            Waits::Task { task, deadline, .. } => ("task", Some(task), *deadline),
        };
        let mut one = serde_json::Map::new();
        one.insert("kind".to_owned(), json!(kind));
        one.insert("step_id".to_owned(), json!(step.path));
        one.extend(name.map(|name| ("name".to_owned(), json!(name))));
        one.extend(until.map(|until| ("until".to_owned(), json!(until.rfc3339()))));
        Value::Object(one)
    });
    Some(Value::Array(waits.collect()))
}

/// An open question, and how an answer to it may come.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// As it is stored.
    pub row: TaskRow,
    /// The ways that its template, or its kind, leaves open.
    pub ways: Vec<Via>,
}

impl Engine {
    /// An open question by its id, or by the step that asks it.
    pub async fn question(&self, run: &RunRow, task: &str) -> Result<Option<Question>, EngineError> {
        let open = self.shared.store.open_tasks(Some(&run.id)).await?;
        let Some((_, row)) = open.into_iter().find(|(_, row)| row.id == task || row.step.as_str() == task) else {
            return Ok(None);
        };
        if row.kind == "interrupted" {
            return Ok(Some(Question { row, ways: vec![Via::Form, Via::Cli] }));
        }
        let plan = self.plan(run).await?;
        let id = row.step.as_str().rsplit('.').next().unwrap_or_default();
        let node = plan.index_of(id).and_then(|index| plan.steps.get(index));
        let ways = node.map_or_else(|| vec![Via::Form, Via::Cli, Via::Agent], ways);
        Ok(Some(Question { row, ways }))
    }
}

fn ways(node: &PlanStep) -> Vec<Via> {
    let all = vec![Via::Form, Via::Cli, Via::Agent];
    let StepKind::HumanTask { extra, .. } = &node.kind else { return all };
    let said = extra.get("answer_via").and_then(|said| serde_json::from_value::<Vec<Via>>(said.clone()).ok());
    let Some(mut ways) = said else { return all };
    if extra.get("relay") == Some(&Value::Bool(true)) && !ways.contains(&Via::Agent) {
        ways.push(Via::Agent);
    }
    ways
}

/// Why an answer is not taken, with what would be. The first answer that fits wins.
pub fn check_answer(question: &TaskRow, answer: &Value) -> Result<(), Box<Unfit>> {
    let unfit = |cause: String| {
        let schema = question.answer_schema.clone();
        Box::new(Unfit { cause, example: example(&schema), schema })
    };
    let bytes = answer.to_string().len();
    if bytes > RESULT_LIMIT {
        return Err(unfit(format!("it has {bytes} bytes; the limit is {RESULT_LIMIT}")));
    }
    let validator = jsonschema::validator_for(&question.answer_schema)
        .map_err(|error| unfit(format!("its answer_schema is none: {error}")))?;
    let wrong: Vec<String> = validator
        .iter_errors(answer)
        .take(5)
        .map(|error| {
            let place = error.instance_path().to_string();
            // A long value would be shown whole.
            let what: String = error.to_string().chars().take(300).collect();
            if place.is_empty() { what } else { format!("`{place}`: {what}") }
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(unfit(wrong.join("; "))) }
}

/// An answer that does not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfit {
    /// What is wrong with it.
    pub cause: String,
    /// What it must be.
    pub schema: Value,
    /// One that would do, as far as the schema's outline tells.
    pub example: Value,
}

/// A value by the outline of a schema: its example, default or first choice,
/// else by its type; of an object what it requires.
fn example(schema: &Value) -> Value {
    let given = ["default", "const"].iter().find_map(|key| schema.get(key));
    let listed = ["examples", "enum"].iter().find_map(|key| schema.get(key)?.as_array()?.first());
    if let Some(value) = given.or(listed) {
        return value.clone();
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("boolean") => json!(true),
        Some("integer") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1.5)),
        Some("string") => json!("text"),
        Some("array") => json!([]),
        Some("null") => Value::Null,
        Some(_) | None => {
            let required = schema.get("required").and_then(Value::as_array);
            let field = |name: &Value| {
                let name = name.as_str()?;
                let of = schema.get("properties").and_then(|fields| fields.get(name)).unwrap_or(&Value::Null);
                Some((name.to_owned(), example(of)))
            };
            Value::Object(required.into_iter().flatten().filter_map(field).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check_answer, example};
    use crate::base::Timestamp;
    use crate::store::TaskRow;
    use serde_json::{Value, json};

    fn asked(answer_schema: Value) -> TaskRow {
        TaskRow {
            id: "ok".into(),
            step: "ok".into(),
            kind: "human_task".into(),
            assignee: "human".into(),
            prompt: "?".into(),
            answer_schema,
            opened_at: Timestamp(0),
            deadline: None,
        }
    }

    #[test]
    fn an_answer_that_does_not_fit_is_told_the_schema_and_an_example_that_does() {
        let schema = json!({"type": "object", "required": ["approved", "level"], "properties": {
            "approved": {"type": "boolean"}, "level": {"enum": ["low", "high"]}, "comment": {"type": "string"}}});
        let asked = asked(schema.clone());
        let unfit = check_answer(&asked, &json!({"approved": "yes", "level": "low"})).unwrap_err();
        assert_eq!(unfit.cause, "`/approved`: \"yes\" is not of type \"boolean\"");
        assert_eq!((unfit.schema, &unfit.example), (schema, &json!({"approved": true, "level": "low"})));
        assert_eq!(check_answer(&asked, &unfit.example), Ok(()));
    }

    #[test]
    fn without_a_schema_any_answer_fits_up_to_the_limit_of_a_result() {
        let any = asked(json!({}));
        assert_eq!(check_answer(&any, &json!(null)), Ok(()));
        assert_eq!(check_answer(&any, &json!("x".repeat(1 << 20))), Ok(()));
        let unfit = check_answer(&any, &json!("x".repeat(9 << 20))).unwrap_err();
        assert_eq!(unfit.cause, "it has 9437186 bytes; the limit is 8388608");
    }

    #[test]
    fn examples_come_from_the_schema() {
        assert_eq!(example(&json!({"type": "integer", "minimum": 3})), json!(3));
        assert_eq!(example(&json!({"type": ["string", "null"]})), json!("text"));
        assert_eq!(example(&json!({"examples": ["a"]})), json!("a"));
        assert_eq!(example(&json!({})), json!({}));
    }
}
