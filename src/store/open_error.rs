//! Why a database cannot be opened. The file is left as it was.

use std::path::PathBuf;

use crate::base::ErrorKind;

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The library that is linked in has a known fault.
    #[error("SQLite {found} is too old: {needed} is the first without the fault that can lose commits")]
    SqliteTooOld {
        /// The version linked in.
        found: &'static str,
        /// The oldest one that will do.
        needed: &'static str,
    },
    /// The folder cannot be made, or is no folder, or cannot be written.
    #[error("the data folder `{}` cannot be used: {cause}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// Locks and shared memory do not hold across machines.
    #[error("the data folder `{}` is on a network file system (`{system}`)", path.display())]
    NetworkFileSystem {
        /// The folder.
        path: PathBuf,
        /// Its file system.
        system: String,
    },
    /// The file may not be written.
    #[error("the database `{}` is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{}` is not a database of sequitur: {cause}", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What it is.
        cause: String,
    },
    /// The file is damaged.
    #[error("the database `{}` is damaged: {cause}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The first fault found.
        cause: String,
    },
    /// A newer version of this program made it.
    #[error("the database `{}` has schema version {found}; this build knows versions up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version this build knows.
        known: u32,
    },
    /// Another program holds it.
    #[error("the database `{}` is locked by another program", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Its schema must be upgraded, and processes of the older version live.
    #[error("the database `{}` must be upgraded from schema version {from} to {to} while {} it", path.display(), users(processes))]
    UpgradeBlocked {
        /// The file.
        path: PathBuf,
        /// Its version.
        from: u32,
        /// The version to come.
        to: u32,
        /// Who uses it, as `serve (process 4711)`.
        processes: Vec<String>,
    },
    /// The copy that is made before an upgrade could not be made.
    #[error("no backup of `{}` could be made before its upgrade: {cause}", path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// A migration failed and was rolled back.
    #[error("the database `{}` could not be upgraded to schema version {to}: {cause}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The version to come.
        to: u32,
        /// Why.
        cause: String,
    },
    /// Anything else.
    #[error("the database `{}` cannot be opened: {cause}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
}

fn users(processes: &[String]) -> String {
    match processes {
        [] => "another process uses".to_owned(),
        [one] => format!("{one} uses"),
        many => format!("{} use", many.join(", ")),
    }
}

impl OpenError {
    /// The kind that tools answer.
    #[must_use]
    #[expect(clippy::unused_self, reason = "every module's error says its kind; here all are of one")]
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::StoreUnavailable
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::SqliteTooOld { needed, .. } => format!("build sequitur with SQLite {needed} or newer"),
            Self::Folder { .. } => {
                "make the folder writable, or name another with `--data-dir` or SEQUITUR_DATA_DIR".to_owned()
            }
            Self::NetworkFileSystem { .. } => {
                "name a folder on a local disk with `--data-dir` or SEQUITUR_DATA_DIR".to_owned()
            }
            Self::ReadOnly { path } => {
                format!("make `{}` writable, or name another data folder with `--data-dir`", path.display())
            }
            Self::NotOurs { path, .. } => {
                format!("move `{}` out of the data folder, or name another one with `--data-dir`", path.display())
            }
            Self::Corrupt { path, .. } => format!(
                "restore a backup over `{0}`, or move it aside (with `{0}-wal` and `{0}-shm`): a new one is then made",
                path.display()
            ),
            Self::Newer { .. } => {
                "use the newer version of sequitur, or name another data folder with `--data-dir`; the file was not \
                 touched"
                    .to_owned()
            }
            Self::Locked { .. } => {
                "close the program that has it open (a database browser, a backup), then try again".to_owned()
            }
            Self::UpgradeBlocked { processes, .. } if processes.is_empty() => {
                "close every other sequitur that uses this data folder, then try again".to_owned()
            }
            Self::UpgradeBlocked { processes, .. } => format!("close {}, then try again", processes.join(", ")),
            Self::Backup { .. } => "free some space on the disk that holds the data folder".to_owned(),
            Self::Migration { .. } => {
                "nothing was changed; use the version of sequitur that wrote it, and report this".to_owned()
            }
            Self::Other { .. } => "run `sequitur doctor`".to_owned(),
        }
    }
}
