//! The one list of error kinds, as tools answer them in `error_type` and steps
//! keep them in `error.kind`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong, in the terms a caller can act on.
///
/// The first group are the kinds a step can fail with (`semantics`, section 5);
/// the second are answers of our own tools that a workflow sees as
/// [`ErrorKind::step_kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// No answer in the time allowed.
    Timeout,
    /// The other side cannot be reached just now.
    Unavailable,
    /// The other side asks for fewer calls.
    RateLimited,
    /// The arguments, template or expression are wrong.
    InvalidInput,
    /// Credentials are missing or refused.
    Auth,
    /// What was named does not exist.
    NotFound,
    /// The state of things does not allow it (a changed file, a second answer).
    Conflict,
    /// A person said no.
    Declined,
    /// The tool's definition changed and nobody accepted the change.
    Quarantined,
    /// The result is over the limit for one result.
    ResultTooLarge,
    /// A limit of the run was reached.
    LimitExceeded,
    /// A call was sent and its outcome is not known.
    Interrupted,
    /// The tool reported a failure without saying which.
    ToolError,
    /// A fault of ours.
    Internal,

    /// File tools need a folder they may use.
    NoRoots,
    /// A path lies outside the roots.
    OutsideRoots,
    /// The data folder or database cannot be used.
    StoreUnavailable,
    /// The configuration cannot be read.
    ConfigInvalid,
    /// Several models were found and none was chosen.
    AmbiguousModel,
    /// No model is connected.
    NotConnected,
    /// A file of a kind that cannot be read here.
    UnsupportedFormat,
    /// There is no engine that could run a query.
    NoDataEngine,
    /// Only a person may answer this.
    HumanRequired,
    /// The configuration switches this off.
    Disabled,
}

impl ErrorKind {
    /// Every kind, in the order of the published enum.
    pub const ALL: [Self; 24] = [
        Self::Timeout,
        Self::Unavailable,
        Self::RateLimited,
        Self::InvalidInput,
        Self::Auth,
        Self::NotFound,
        Self::Conflict,
        Self::Declined,
        Self::Quarantined,
        Self::ResultTooLarge,
        Self::LimitExceeded,
        Self::Interrupted,
        Self::ToolError,
        Self::Internal,
        Self::NoRoots,
        Self::OutsideRoots,
        Self::StoreUnavailable,
        Self::ConfigInvalid,
        Self::AmbiguousModel,
        Self::NotConnected,
        Self::UnsupportedFormat,
        Self::NoDataEngine,
        Self::HumanRequired,
        Self::Disabled,
    ];

    /// The name used on the wire, in templates and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::RateLimited => "rate_limited",
            Self::InvalidInput => "invalid_input",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Declined => "declined",
            Self::Quarantined => "quarantined",
            Self::ResultTooLarge => "result_too_large",
            Self::LimitExceeded => "limit_exceeded",
            Self::Interrupted => "interrupted",
            Self::ToolError => "tool_error",
            Self::Internal => "internal",
            Self::NoRoots => "no_roots",
            Self::OutsideRoots => "outside_roots",
            Self::StoreUnavailable => "store_unavailable",
            Self::ConfigInvalid => "config_invalid",
            Self::AmbiguousModel => "ambiguous_model",
            Self::NotConnected => "not_connected",
            Self::UnsupportedFormat => "unsupported_format",
            Self::NoDataEngine => "no_data_engine",
            Self::HumanRequired => "human_required",
            Self::Disabled => "disabled",
        }
    }

    /// Reads a wire name; anything unknown is `None`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The kind a step fails with when a tool answers this.
    #[must_use]
    pub fn step_kind(self) -> Self {
        match self {
            Self::NoRoots
            | Self::OutsideRoots
            | Self::AmbiguousModel
            | Self::NotConnected
            | Self::UnsupportedFormat => Self::InvalidInput,
            Self::StoreUnavailable => Self::Unavailable,
            Self::ConfigInvalid | Self::NoDataEngine | Self::HumanRequired | Self::Disabled => Self::Conflict,
            Self::Timeout
            | Self::Unavailable
            | Self::RateLimited
            | Self::InvalidInput
            | Self::Auth
            | Self::NotFound
            | Self::Conflict
            | Self::Declined
            | Self::Quarantined
            | Self::ResultTooLarge
            | Self::LimitExceeded
            | Self::Interrupted
            | Self::ToolError
            | Self::Internal => self,
        }
    }

    /// What to do about a failure of this kind when nothing better is known.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Timeout => "ask for less at once, or allow more time",
            Self::Unavailable | Self::RateLimited => "wait a little, then call again",
            Self::InvalidInput => "compare the arguments with the tool's `inputSchema`",
            Self::Auth => "check the credentials in the configuration",
            Self::NotFound => "list what there is, and use a name from there",
            Self::Conflict => "look at how things stand now, then decide anew",
            Self::Declined => "a person said no: do not repeat it unasked",
            Self::Quarantined => "a person has to look at the changed tool and accept it",
            Self::ResultTooLarge => "ask for less: filters, fewer fields, smaller pages",
            Self::LimitExceeded => "split the work into smaller runs",
            Self::Interrupted => "find out whether it happened before repeating it",
            Self::ToolError => "the message is the tool's own: change the arguments accordingly",
            Self::Internal => "call again; if it stays, look into the log on stderr",
            Self::NoRoots => "start with `--root DIR`, or set `security.roots` in the configuration",
            Self::OutsideRoots => "use a path inside the roots, or start with `--root DIR` of another folder",
            Self::StoreUnavailable | Self::ConfigInvalid => "`sequitur doctor` tells what is wrong and where",
            Self::AmbiguousModel | Self::NotConnected => "call `01_connect_to_instance`, or give `model`",
            Self::UnsupportedFormat => "save it in a format that is read: PBIP, TMDL or model.bim",
            Self::NoDataEngine => "work with the model's metadata: there is no data behind its files",
            Self::HumanRequired => "show the question to the person",
            Self::Disabled => "the configuration switches it off: a person can change that",
        }
    }

    /// Whether the same call, made again later, may well succeed.
    #[must_use]
    pub fn retryable(self) -> bool {
        !matches!(
            self.step_kind(),
            Self::InvalidInput | Self::Auth | Self::NotFound | Self::Conflict | Self::Declined | Self::Quarantined
        )
    }
}

impl std::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorKind;

    #[test]
    fn every_kind_reads_back_from_its_name_and_serialises_to_it() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).ok(), Some(serde_json::json!(kind.as_str())));
        }
    }
}
