//! How a tool of ours fails.

use serde_json::Value;

use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::contract::{CallFailure, ToolOutput};
use crate::registry::failure_output;

/// A failed call, as its caller will read it: `success: false`, `error`,
/// `error_type`, `retryable`, `hint` and what else helps.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct ToolFailure {
    /// The kind, `error_type` in the answer.
    pub kind: ErrorKind,
    /// A sentence, `error` in the answer.
    pub error: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Further fields, as `available_templates`.
    pub extra: Box<Object>,
}

impl ToolFailure {
    /// A failure with nothing but its kind and a sentence.
    #[must_use]
    pub fn new(kind: ErrorKind, error: impl Into<String>) -> Self {
        Self { kind, error: error.into(), hint: None, extra: Box::default() }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with one more field in the answer.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(key.into(), value.into());
        self
    }

    /// The error result.
    #[must_use]
    pub fn into_output(self) -> ToolOutput {
        failure_output(self.kind, &self.error, self.hint.as_deref(), *self.extra)
    }
}

impl From<CallFailure> for ToolFailure {
    fn from(failure: CallFailure) -> Self {
        Self { hint: failure.hint, ..Self::new(failure.kind, failure.message) }
    }
}
