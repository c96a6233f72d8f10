//! What can go wrong with a store that is open. Opening has its own list in
//! `open_error.rs`.

use rusqlite::ErrorCode;

use crate::base::ErrorKind;

/// Why a read or write did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What class of fault it is.
    pub fault: Fault,
    /// A sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The classes of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No space is left, or a quota is reached.
    DiskFull,
    /// Another program holds the database.
    Locked,
    /// The file or its folder may not be written any more.
    ReadOnly,
    /// The file was moved, removed or replaced.
    Gone,
    /// The file is damaged.
    Corrupt,
    /// Another version of this program has changed the schema.
    SchemaChanged,
    /// The disk reported a fault.
    Io,
    /// A batch does not fit what is stored.
    Conflict,
    /// There is no such run.
    NotFound,
    /// The store was closed.
    Closed,
    /// A fault of ours.
    Internal,
}

/// Whether the same write may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// By itself, soon.
    Soon,
    /// When a person or the system has put something right.
    WhenFixed,
    /// Not in this process.
    Never,
}

impl StoreError {
    /// An error without a hint.
    pub(crate) fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into(), hint: None }
    }

    /// The same with a hint.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A stored value that this build cannot read.
    pub(crate) fn unreadable(what: &str, cause: impl std::fmt::Display) -> Self {
        Self::new(Fault::Corrupt, format!("a stored {what} cannot be read: {cause}"))
            .with_hint("run `sequitur doctor`; a newer version of sequitur may have written it")
    }

    pub(crate) fn not_found(run: &str) -> Self {
        Self::new(Fault::NotFound, format!("there is no run `{run}`"))
    }

    pub(crate) fn closed() -> Self {
        Self::new(Fault::Closed, "the store was closed")
    }

    /// The kind that tools answer.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self.fault {
            Fault::DiskFull
            | Fault::Locked
            | Fault::ReadOnly
            | Fault::Gone
            | Fault::Corrupt
            | Fault::SchemaChanged
            | Fault::Io
            | Fault::Closed => ErrorKind::StoreUnavailable,
            Fault::NotFound => ErrorKind::NotFound,
            Fault::Conflict | Fault::Internal => ErrorKind::Internal,
        }
    }

    /// Whether the same write may succeed later. It is safe to repeat: a batch
    /// that was committed after all is recognised.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self.fault {
            Fault::Locked => Retry::Soon,
            Fault::DiskFull | Fault::ReadOnly | Fault::Gone | Fault::Io => Retry::WhenFixed,
            Fault::Corrupt
            | Fault::SchemaChanged
            | Fault::Conflict
            | Fault::NotFound
            | Fault::Closed
            | Fault::Internal => Retry::Never,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error_code() else {
            return Self::new(Fault::Internal, format!("the database answered in an unexpected way: {error}"));
        };
        #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign list; what is not named here is our fault")]
        match code {
            ErrorCode::DiskFull => Self::new(Fault::DiskFull, "the disk that holds the data folder is full")
                .with_hint("free some space, or move the data folder (`--data-dir`) to another disk"),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                Self::new(Fault::Locked, "another program holds the database locked")
                    .with_hint("close the program that has the database open (a database browser, a backup)")
            }
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                Self::new(Fault::ReadOnly, format!("the database cannot be written: {error}"))
                    .with_hint("make the data folder and the files in it writable again")
            }
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                Self::new(Fault::Corrupt, format!("the database is damaged: {error}"))
                    .with_hint("stop sequitur, then restore a backup or move the damaged file aside")
            }
            ErrorCode::SystemIoFailure => Self::new(Fault::Io, format!("the disk reported a fault: {error}"))
                .with_hint("check the disk that holds the data folder"),
            _ => Self::new(Fault::Internal, format!("the database refused: {error}")),
        }
    }
}
