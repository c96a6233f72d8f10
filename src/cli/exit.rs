//! How the process ends.

use std::process::ExitCode;

use crate::base::ErrorKind;

/// The exit codes, which scripts rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: it worked.
    Completed,
    /// 1: it failed.
    Failed,
    /// 2: what was asked for makes no sense.
    BadInput,
    /// 3: a run waits for a person.
    Waiting,
    /// 130: cancelled, as a shell tells it of Ctrl-C.
    Cancelled,
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Completed => 0,
            Self::Failed => 1,
            Self::BadInput => 2,
            Self::Waiting => 3,
            Self::Cancelled => 130,
        }
    }

    /// How a command ends whose tool failed with this kind.
    #[must_use]
    pub fn of_kind(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidInput
            | ErrorKind::NotFound
            | ErrorKind::NoRoots
            | ErrorKind::OutsideRoots
            | ErrorKind::ConfigInvalid
            | ErrorKind::AmbiguousModel
            | ErrorKind::UnsupportedFormat => Self::BadInput,
            ErrorKind::HumanRequired => Self::Waiting,
            ErrorKind::Timeout
            | ErrorKind::Unavailable
            | ErrorKind::RateLimited
            | ErrorKind::Auth
            | ErrorKind::Conflict
            | ErrorKind::Declined
            | ErrorKind::Quarantined
            | ErrorKind::ResultTooLarge
            | ErrorKind::LimitExceeded
            | ErrorKind::Interrupted
            | ErrorKind::ToolError
            | ErrorKind::Internal
            | ErrorKind::StoreUnavailable
            | ErrorKind::NotConnected
            | ErrorKind::NoDataEngine
            | ErrorKind::Disabled => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
