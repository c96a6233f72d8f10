//! What can go wrong with a run as a whole.

use crate::base::ErrorKind;
use crate::machine::{IllegalTransition, Refused};
use crate::store::{Retry, StoreError};

/// Why the engine did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    /// For `error_type`.
    pub kind: ErrorKind,
    /// A sentence.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    may_pass: bool,
}

impl EngineError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, may_pass: false }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    pub(super) fn log(error: &IllegalTransition) -> Self {
        Self::internal(format!("the run's log cannot be followed: {error}"))
    }

    pub(super) fn no_run(run: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("there is no run `{run}`"))
            .hint("`get_workflow_status` without arguments lists the runs")
    }

    pub(super) fn stopping() -> Self {
        Self::new(ErrorKind::Unavailable, "the process is ending")
            .hint("the run is safe in the store and goes on when Sequitur is started again")
    }

    /// The kind, for `error_type`.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same write may succeed later: the disk is full, the file is away.
    pub(super) fn may_pass(&self) -> bool {
        self.may_pass
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        Self { kind: error.kind(), may_pass: error.retry() != Retry::Never, message: error.message, hint: error.hint }
    }
}

impl From<Refused> for EngineError {
    fn from(refused: Refused) -> Self {
        Self::new(refused.kind(), refused.to_string())
    }
}
