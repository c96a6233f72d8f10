//! Who is told of every call, and says what could come next.

use std::time::Duration;

use serde_json::Value;

use super::provider::ToolSet;
use crate::base::json::Object;
use crate::base::{ErrorKind, Timestamp};
use crate::contract::{Origin, ToolOutput};

/// The id of one call, as answers carry it in `_meta["sequitur/interaction_id"]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InteractionId(pub String);

impl std::fmt::Display for InteractionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A call that begins.
#[derive(Debug, Clone)]
pub struct Started {
    /// Its id.
    pub id: InteractionId,
    /// The tool's listed name.
    pub tool: String,
    /// The tool's group.
    pub set: ToolSet,
    /// The arguments with secrets taken out.
    pub parameters: Object,
    /// Of these, and of the result, nothing may be kept.
    pub unrecorded: bool,
    /// Who calls.
    pub origin: Origin,
    /// When.
    pub at: Timestamp,
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    /// What the caller gets, before next steps are attached. A call that
    /// brought no output is here as the error result it becomes.
    pub output: &'a ToolOutput,
    /// `None` is success.
    pub error_kind: Option<ErrorKind>,
    /// From the call's arrival to its answer.
    pub duration: Duration,
    /// The semantic model it was about, where known.
    pub model: Option<&'a str>,
    /// The table it was about, where known.
    pub table: Option<&'a str>,
    /// Whether the caller gets the answer: false when it has gone.
    pub delivered: bool,
}

impl Finished<'_> {
    /// Whether the call succeeded.
    #[must_use]
    pub fn success(&self) -> bool {
        self.error_kind.is_none()
    }
}

/// Is told of every call. Both methods are on the call's path: they hand over
/// and return.
pub trait Observer: Send + Sync {
    /// A call begins.
    fn started(&self, call: &Started);

    /// It ended. The answer is what to propose next, in the order and shape of
    /// `_next_steps`; `None` leaves the key out. Asked for calls by steps too,
    /// where the answer is not used.
    fn finished(&self, call: &Started, end: &Finished<'_>) -> Option<Vec<Value>>;
}

/// Records nothing and proposes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn started(&self, _call: &Started) {}

    fn finished(&self, _call: &Started, _end: &Finished<'_>) -> Option<Vec<Value>> {
        None
    }
}
