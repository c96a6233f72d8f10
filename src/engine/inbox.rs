//! What can be asked of a run from anywhere: rows of the inbox, which any
//! process may write and the owner takes in order.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::machine::Via;

/// A row as the owner reads it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Grows with every row.
    pub(super) id: i64,
    /// What is asked; none when this version cannot read it, which must not
    /// keep the rows after it from being taken in.
    pub(super) request: Option<Request>,
}

/// What is asked of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Request {
    /// Nothing new starts.
    Pause {
        /// In the asker's words.
        reason: String,
    },
    /// It goes on.
    Resume,
    /// It ends.
    Cancel {
        /// In the asker's words.
        reason: Option<String>,
        /// Whether to undo.
        compensate: bool,
    },
    /// An answer to a question.
    Answer {
        /// The question.
        task: String,
        /// The answer: an [`Answer`] to an interrupted step's question.
        answer: Value,
        /// How it came.
        via: Via,
    },
    /// A signal.
    Signal {
        /// The event's name.
        event: String,
        /// What comes with it.
        #[serde(default)]
        payload: Value,
        /// Kept until a wait takes it; else only for waits that are open.
        kept: bool,
    },
}

impl Request {
    /// The name stored with the row.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pause { .. } => "pause",
            Self::Resume => "resume",
            Self::Cancel { .. } => "cancel",
            Self::Answer { .. } => "answer",
            Self::Signal { .. } => "signal",
        }
    }
}

/// An answer to an interrupted step's question: `{action: retry | done | fail, result?}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Call again, under the same key.
    Retry,
    /// It did happen.
    Done {
        /// Its result, when the person has it.
        #[serde(default)]
        result: Value,
    },
    /// Treat it as failed.
    Fail,
}

impl Answer {
    /// JSON Schema of an answer, as questions publish it.
    #[must_use]
    pub fn schema() -> Value {
        serde_json::json!({
            "type": "object",
            "properties": {
                "action": {
                    "type": "string",
                    "enum": ["retry", "done", "fail"],
                    "description": "retry: call again under the same key; done: it did happen; fail: treat it as failed",
                },
                "result": {"description": "with done: the step's result"},
            },
            "required": ["action"],
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Request};
    use crate::machine::Via;
    use serde_json::json;

    #[test]
    fn answers_read_as_people_write_them() {
        let read = |value| serde_json::from_value::<Answer>(value).map_err(|error| error.to_string());
        assert_eq!(read(json!({"action": "retry"})), Ok(Answer::Retry));
        assert_eq!(read(json!({"action": "done"})), Ok(Answer::Done { result: json!(null) }));
        assert_eq!(read(json!({"action": "done", "result": {"id": 1}})), Ok(Answer::Done { result: json!({"id": 1}) }));
        assert!(read(json!({"action": "yes"})).is_err());
    }

    #[test]
    fn requests_survive_the_inbox() {
        let request = Request::Answer { task: "a#1".into(), answer: json!({"action": "fail"}), via: Via::Cli };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
    }
}
