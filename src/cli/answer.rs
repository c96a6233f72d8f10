//! What tools answer, as far as a terminal shows it. Fields that are not there
//! are empty: an older or newer answer is shown as well as it can be.

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a view; what does not fit is told in the log and shown as empty.
pub(super) fn view<T: DeserializeOwned + Default>(value: &Value) -> T {
    T::deserialize(value).unwrap_or_else(|error| {
        tracing::warn!(%error, "an answer cannot be read and is shown as empty; `--json` has all of it");
        T::default()
    })
}

/// A run, as `execute_workflow`, `resume_workflow` and `respond_to_task` answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RunAnswer {
    pub(super) workflow_id: Option<String>,
    pub(super) workflow_name: Option<String>,
    pub(super) status: Option<String>,
    pub(super) duration_seconds: Option<f64>,
    pub(super) step_results: IndexMap<String, StepAnswer>,
    pub(super) steps_omitted: u64,
    pub(super) outputs: Value,
    pub(super) error: Value,
    pub(super) hint: Option<String>,
    pub(super) pending_tasks: Vec<Task>,
    pub(super) waiting_for: Value,
    pub(super) unresolved: Vec<Value>,
    pub(super) plan: Option<PlanAnswer>,
    pub(super) warnings: Vec<Value>,
}

impl RunAnswer {
    /// Nothing more happens by itself, or not for now.
    pub(super) fn is_settled(&self) -> bool {
        match self.status.as_deref() {
            Some("pending" | "running" | "cancelling" | "compensating") => false,
            Some("waiting") => !self.waits_for_the_clock_only(),
            Some(_) | None => true,
        }
    }

    /// It goes on by itself, if somebody is there to drive it.
    fn waits_for_the_clock_only(&self) -> bool {
        let waits = self.waiting_for.as_array().map(Vec::as_slice).unwrap_or_default();
        !waits.is_empty() && waits.iter().all(|one| one.get("kind").and_then(Value::as_str) == Some("timer"))
    }
}

/// One step of a run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StepAnswer {
    pub(super) step_name: Option<String>,
    pub(super) status: String,
    pub(super) error: Value,
    pub(super) duration_seconds: Option<f64>,
    pub(super) attempts: Option<u64>,
}

/// A task that waits for an answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Task {
    pub(super) task_id: String,
    pub(super) step_id: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) assignee: Option<String>,
    pub(super) prompt: Option<String>,
    pub(super) answer_schema: Option<Value>,
    pub(super) deadline: Value,
}

/// What a dry run would do.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlanAnswer {
    pub(super) levels: Vec<Value>,
    pub(super) tools: Vec<Value>,
    pub(super) missing_tools: Vec<Value>,
    pub(super) warnings: Vec<Value>,
}

/// `get_workflow_status` of one run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StatusAnswer {
    pub(super) workflow_id: Option<String>,
    pub(super) workflow_name: Option<String>,
    pub(super) status: Option<String>,
    pub(super) progress_percentage: Option<f64>,
    pub(super) steps: Vec<StatusStep>,
    pub(super) estimated_seconds_left: Option<f64>,
    pub(super) waiting_for: Value,
    pub(super) pending_tasks: Vec<Task>,
    pub(super) error: Value,
}

/// One step of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StatusStep {
    pub(super) step_id: String,
    pub(super) status: String,
    pub(super) error: Value,
    pub(super) attempts: Option<u64>,
    pub(super) execution_time: Option<f64>,
}

/// `get_workflow_status` without a run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RunsAnswer {
    pub(super) runs: Vec<RunLine>,
}

/// One run of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RunLine {
    pub(super) workflow_id: String,
    pub(super) template_id: Option<String>,
    pub(super) status: String,
    pub(super) started_at: Value,
    pub(super) waiting_for: Value,
}

/// `list_workflow_templates`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TemplatesAnswer {
    pub(super) templates: Vec<TemplateLine>,
    pub(super) warnings: Vec<Value>,
}

/// One template of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TemplateLine {
    pub(super) template_id: String,
    pub(super) template_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) category: Option<String>,
    pub(super) parameters: Value,
    pub(super) parameters_schema: Value,
    pub(super) step_count: Option<u64>,
    pub(super) source: Option<String>,
    pub(super) ready: Option<bool>,
    pub(super) missing_tools: Vec<Value>,
}

impl TemplateLine {
    /// The most that is told of the parameters.
    pub(super) fn schema(&self) -> &Value {
        if self.parameters_schema.is_null() { &self.parameters } else { &self.parameters_schema }
    }
}

/// A value as one line: text as it is, an error by its message, all else as JSON.
pub(super) fn line(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(map) => match map.get("message").and_then(Value::as_str) {
            Some(message) => message.to_owned(),
            None => value.to_string(),
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    }
}

/// What a run waits for, as `task approval, until 10:00`.
pub(super) fn waiting_for(value: &Value) -> String {
    let one = |item: &Value| {
        let text = |key: &str| item.get(key).map(line).filter(|text| !text.is_empty());
        let mut words: Vec<String> = ["kind", "step_id", "name"].into_iter().filter_map(text).collect();
        words.extend(text("until").map(|until| format!("until {until}")));
        words.extend(text("missing").map(|missing| format!("missing {missing}")));
        if words.is_empty() { line(item) } else { words.join(" ") }
    };
    match value {
        Value::Array(items) => items.iter().map(one).collect::<Vec<_>>().join("; "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => one(value),
    }
}

/// Seconds for people: `0.42 s`, `12.3 s`, `3 min 20 s`, `2 h 5 min`.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 9.995 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a duration, saturating")]
    let whole = seconds.round() as u64;
    if whole < 3600 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{} h {} min", whole / 3600, whole % 3600 / 60)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{RunAnswer, line, seconds, view, waiting_for};

    #[test]
    fn a_partial_answer_is_still_a_view() {
        let answer: RunAnswer = view(&json!({"success": true, "status": "waiting", "unheard_of": 1}));
        assert!(answer.is_settled() && answer.step_results.is_empty());
        assert!(!view::<RunAnswer>(&json!({"status": "running"})).is_settled());
        let waiting = |kinds: &[&str]| {
            let waits: Vec<_> = kinds.iter().map(|kind| json!({"kind": kind})).collect();
            view::<RunAnswer>(&json!({"status": "waiting", "waiting_for": waits})).is_settled()
        };
        assert!(!waiting(&["timer"]) && waiting(&["timer", "task"]) && waiting(&["event"]));
    }

    #[test]
    fn values_are_shown_in_a_line() {
        assert_eq!(line(&json!({"kind": "timeout", "message": "too slow"})), "too slow");
        assert_eq!(line(&json!([1, "a"])), r#"[1,"a"]"#);
        assert_eq!(
            waiting_for(&json!([{"kind": "task", "step_id": "ok"}, {"kind": "timer", "until": "10:00"}])),
            "task ok; timer until 10:00"
        );
        assert_eq!([0.424, 12.34, 200.0, 7500.0].map(seconds), ["0.42 s", "12.3 s", "3 min 20 s", "2 h 5 min"]);
    }
}
