//! How a server is doing, for people: `doctor` and `sequitur tools` show it.
//! Must not know how anything came about.

use serde::Serialize;

use super::catalogue::RefusedTool;
use crate::base::ErrorKind;
use crate::contract::CallFailure;

/// What a server does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// It cannot be used as it is configured.
    Refused,
    /// The configuration switches it off.
    Disabled,
    /// Not started, or ended by itself: started when it is needed.
    Idle,
    /// Being started.
    Starting,
    /// It can be called.
    Ready,
    /// It could not be started; tried again on a later use.
    Failed,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerStatus {
    /// As the configuration names it.
    pub name: String,
    /// What it does now.
    pub state: ServerState,
    /// Why it cannot be used or failed, or how it ended.
    pub reason: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// `legacy` or `modern`, once it has answered.
    pub era: Option<String>,
    /// Its own name and version, while or after it ran here.
    pub calls_itself: Option<(String, String)>,
    /// What it tells about its use, in its own words: data, not advice.
    pub instructions: Option<String>,
    /// Why it is not known what was accepted of its tools, which are held back then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// Tools that can be called.
    pub tools: usize,
    /// Tools that changed and are held back, by the names that callers use.
    pub quarantined: Vec<String>,
    /// Tools that cannot be used.
    pub refused: Vec<RefusedTool>,
}

/// A tool that changed and is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// The name that callers use.
    pub name: String,
    /// The server, as the configuration names it.
    pub server: String,
    /// What changed, a line each. Text of the server: data, not for a model.
    pub diff: Vec<String>,
}

/// Why a server is not used at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unusable {
    /// `Refused` or `Disabled`.
    pub(super) state: ServerState,
    /// To stand behind a colon.
    pub(super) reason: String,
    pub(super) hint: Option<String>,
}

impl ServerState {
    /// The word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Disabled => "disabled",
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

impl Unusable {
    pub(super) fn refused(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: ServerState::Refused, reason: reason.into(), hint: Some(hint.into()) }
    }

    pub(super) fn disabled() -> Self {
        Self {
            state: ServerState::Disabled,
            reason: "the configuration switches it off".to_owned(),
            hint: Some("take `disabled` out of its block".to_owned()),
        }
    }

    pub(super) fn itself() -> Self {
        Self::refused(
            "it is Sequitur itself, which would start itself without end",
            "take it out of `mcpServers`: its own tools are there anyway",
        )
    }

    pub(super) fn failure(&self, server: &str) -> CallFailure {
        let kind = if self.state == ServerState::Disabled { ErrorKind::Disabled } else { ErrorKind::Unavailable };
        let failure = CallFailure::new(kind, format!("server `{server}` cannot be used: {}", self.reason));
        match &self.hint {
            Some(hint) => failure.with_hint(hint.clone()),
            None => failure,
        }
    }
}
