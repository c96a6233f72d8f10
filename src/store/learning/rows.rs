//! What goes into the learning log and comes out of it.

use serde_json::Value;

use crate::base::{ErrorKind, Timestamp};
use crate::contract::Origin;

/// A call that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct CallStarted {
    /// Its interaction id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who calls.
    pub origin: Origin,
    /// The tool's listed name.
    pub tool: String,
    /// The arguments, secrets taken out, as far as they may be kept; null for not at all.
    pub parameters: Value,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub struct CallEnded {
    /// Its interaction id.
    pub id: String,
    /// Why it failed; none for success.
    pub error_type: Option<ErrorKind>,
    /// How long it took.
    pub duration_ms: u64,
    /// Bytes of its result as JSON.
    pub result_bytes: u64,
    /// The semantic model it was about.
    pub model: Option<String>,
    /// The table it was about.
    pub table: Option<String>,
    /// What the user had asked for.
    pub user_intent: Option<String>,
}

/// One occurrence of a call after another in the same session.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The interaction id of the earlier call.
    pub after: String,
    /// The key of what was called before.
    pub from: String,
    /// The key of what was called now.
    pub to: String,
    /// Time between them.
    pub seconds: f64,
    /// Whether the later call succeeded.
    pub success: bool,
    /// When the later one ended.
    pub at: Timestamp,
}

/// A recommendation in an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownRow {
    /// The interaction id of the answer.
    pub interaction: String,
    /// Its place in the answer, from 0.
    pub rank: u32,
    /// The key of what was recommended.
    pub target: String,
    /// `rule`, `learned`, `semantic`.
    pub source: String,
    /// 0 to 1.
    pub confidence: f64,
    /// When.
    pub at: Timestamp,
}

/// A call as the log has it.
#[derive(Debug, Clone, PartialEq)]
pub struct InteractionRow {
    /// Its interaction id.
    pub id: String,
    /// When it began.
    pub at: Timestamp,
    /// Who called.
    pub origin: Origin,
    /// The tool's listed name.
    pub tool: String,
    /// The arguments; null when they were not kept.
    pub parameters: Value,
    /// Whether it succeeded; none while it goes on, or when it was cut short.
    pub success: Option<bool>,
    /// Why it failed.
    pub error_type: Option<ErrorKind>,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// Bytes of its result as JSON.
    pub result_bytes: Option<u64>,
    /// The semantic model it was about.
    pub model: Option<String>,
    /// The table it was about.
    pub table: Option<String>,
    /// What the user had asked for.
    pub user_intent: Option<String>,
    /// The key of what was called next in the session.
    pub followed_by: Option<String>,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// What was said with the rating.
    pub comment: Option<String>,
}

/// Sums of one tool. Calls that have not ended are not counted.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSums {
    /// The tool.
    pub tool: String,
    /// Calls by clients and people.
    pub calls: u64,
    /// Of them, successful.
    pub successes: u64,
    /// Their mean duration; 0 without calls.
    pub mean_duration_ms: f64,
    /// Calls by steps of runs.
    pub step_calls: u64,
    /// Result bytes of calls by clients and people.
    pub result_bytes: u64,
    /// Result bytes of calls by steps of runs that a session started.
    pub step_result_bytes: u64,
}

/// What followed what, summed up.
#[derive(Debug, Clone, PartialEq)]
pub struct SequenceRow {
    /// The key of what was called.
    pub from: String,
    /// The key of what was called next.
    pub to: String,
    /// How often.
    pub frequency: u64,
    /// How often anything came after `from`.
    pub from_total: u64,
    /// Mean time between.
    pub mean_seconds: f64,
    /// How often `to` succeeded here.
    pub successes: u64,
    /// The last time.
    pub last_seen: Timestamp,
}

/// Recommendations shown and taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTotals {
    /// `rule`, `learned`, `semantic`.
    pub source: String,
    /// In answers.
    pub shown: u64,
    /// Of them, taken.
    pub accepted: u64,
}

/// How well the log keeps up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearningStats {
    /// Rows on their way.
    pub queued: u64,
    /// Rows not written, because too many were on their way or the disk refused.
    pub dropped: u64,
}
