//! A row of the log: one call of one tool.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{ErrorKind, Timestamp};
use crate::config::LogParameters;
use crate::contract::Origin;

/// Who called, as the log tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOrigin {
    /// The MCP client.
    Client,
    /// A person at the command line.
    Cli,
    /// A step of a run: logged, but nothing is learned of what people do next.
    Step,
}

impl From<&Origin> for CallOrigin {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Client { .. } => Self::Client,
            Origin::Cli { .. } => Self::Cli,
            Origin::Step { .. } => Self::Step,
        }
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// Its id, as the answer's `_meta` carries it.
    pub interaction_id: String,
    /// When it began.
    pub at: Timestamp,
    /// The session it belongs to.
    pub session: Option<String>,
    /// Who called.
    pub origin: CallOrigin,
    /// The tool's listed name.
    pub tool: String,
    /// The arguments without secrets, as far as the configuration lets them be kept.
    pub parameters: Value,
    /// Whether it succeeded.
    pub success: bool,
    /// Why it did not.
    pub error_type: Option<ErrorKind>,
    /// How long it took.
    pub duration_ms: u64,
    /// The semantic model it was about.
    pub model: Option<String>,
    /// The table it was about.
    pub table: Option<String>,
    /// What the request was, where `analyze_intent` was asked shortly before.
    pub user_intent: Option<String>,
    /// What was called next in the session; known only then.
    pub followed_by: Option<String>,
    /// 1 to 5, if somebody rated it.
    pub rating: Option<u8>,
    /// What they said.
    pub comment: Option<String>,
}

/// The arguments as far as `retention.log_parameters` lets the log keep them.
/// Secrets are to be out of them already.
#[must_use]
pub fn kept_parameters(parameters: Value, keep: LogParameters) -> Value {
    match (keep, parameters) {
        (LogParameters::Full, parameters) => parameters,
        // Only the outer names: keys further in can be data, as in a map from people to sums.
        (LogParameters::Names, Value::Object(map)) => {
            Value::Object(map.into_iter().map(|(name, _)| (name, Value::Null)).collect())
        }
        (LogParameters::Names | LogParameters::None, _) => Value::Null,
    }
}
