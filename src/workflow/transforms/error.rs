//! Why transforms failed, and where.

use crate::base::ErrorKind;
use crate::expr::{ExprError, ValueError};

/// A failed transform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("transform {} ({name}){}: {message}", .number + 1, at(*.index))]
pub struct TransformError {
    /// Which of the list, from 0.
    pub number: usize,
    /// Its type.
    pub name: &'static str,
    /// At which item, from 0 as `index` counts.
    pub index: Option<usize>,
    /// The kind the step fails with.
    pub kind: ErrorKind,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

fn at(index: Option<usize>) -> String {
    index.map(|index| format!(", index {index}")).unwrap_or_default()
}

impl TransformError {
    /// The kind the step fails with.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// A failure before it is known in which transform.
#[derive(Debug)]
pub(super) struct Stop {
    index: Option<usize>,
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

impl Stop {
    /// The data or the template is wrong.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { index: None, kind: ErrorKind::InvalidInput, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    pub(super) fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    pub(super) fn within(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    pub(super) fn in_transform(self, number: usize, name: &'static str) -> TransformError {
        let Self { index, kind, message, hint } = self;
        TransformError { number, name, index, kind, message, hint }
    }
}

impl From<ExprError> for Stop {
    fn from(error: ExprError) -> Self {
        Self { index: None, kind: error.kind(), message: error.to_string(), hint: error.hint }
    }
}

impl From<ValueError> for Stop {
    fn from(error: ValueError) -> Self {
        Self { index: None, kind: error.kind(), message: error.message, hint: error.hint }
    }
}
