//! Opening one `SQLite` file: what it must be, how connections to it are set up,
//! and who may change its schema.
//!
//! A file that is refused is not written: everything is looked at through a
//! read-only connection first. A setting of `SQLite` is a line in [`Access`]'s
//! `set_up`; a new kind of file is a [`Spec`].

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use super::identity::Identity;
use super::location;
use super::migrate;
use super::open_error::OpenError;

/// Older ones can lose commits when a log is reset while another connection
/// checkpoints it (<https://sqlite.org/releaselog/3_51_3.html>).
const OLDEST_SQLITE: (i32, &str) = (3_051_003, "3.51.3");

/// The smallest page: `SQLite` takes a shorter file for an empty one.
const SMALLEST: u64 = 512;

/// Files up to this size are checked page by page when they are opened; larger
/// ones only when somebody asks, because it reads all of them.
const CHECKED_AT_OPEN: u64 = 8 << 20;

/// Statements kept prepared per connection: all there are.
const STATEMENTS: usize = 96;

/// How often and how long to wait for another process to finish an upgrade.
const UPGRADE_LOOKS: u32 = 100;
const UPGRADE_PAUSE: Duration = Duration::from_millis(20);

/// What a database file is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec<'a> {
    /// Its name in the data folder.
    pub file: &'a str,
    /// `SQLite`'s `application_id`.
    pub application_id: i32,
    /// `SQLite`'s `synchronous`.
    pub synchronous: &'static str,
    /// Its schema: `user_version` counts how many of these it has.
    pub migrations: &'a [&'a str],
}

impl Spec<'_> {
    pub(crate) fn version(&self) -> u32 {
        u32::try_from(self.migrations.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn writing(&self) -> Access {
        Access::Write { synchronous: self.synchronous }
    }
}

/// A database that is open for writing.
#[derive(Debug)]
pub(crate) struct Opened {
    pub path: PathBuf,
    /// For the one writer.
    pub connection: Connection,
    /// Held for as long as the database is open: nobody migrates meanwhile.
    pub gate: File,
    pub identity: Identity,
}

/// Opens a database, making or upgrading it where needed.
pub(crate) fn open(folder: &Path, spec: &Spec<'_>, busy: Duration) -> Result<Opened, OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE.0 {
        return Err(OpenError::SqliteTooOld { found: rusqlite::version(), needed: OLDEST_SQLITE.1 });
    }
    let path = folder.join(spec.file);
    let lock = folder.join(format!("{}.lock", spec.file));
    let refuse = |error: io::Error| OpenError::Folder { path: folder.to_owned(), cause: error.to_string() };
    let gate = location::private_file(&lock).map_err(refuse)?;
    let mut found = 0;
    for _ in 0..UPGRADE_LOOKS {
        if locked(gate.try_lock_shared()).map_err(refuse)? {
            found = inspect(&path, spec, busy)?;
            if found == spec.version() {
                return finish(path, spec, busy, gate);
            }
            gate.unlock().map_err(refuse)?;
            if locked(gate.try_lock()).map_err(refuse)? {
                migrate::run(folder, &path, spec, busy)?;
                gate.unlock().map_err(refuse)?;
                continue;
            }
        }
        pause();
    }
    let processes = migrate::living_processes(folder, &path, busy);
    Err(OpenError::UpgradeBlocked { path, from: found, to: spec.version(), processes })
}

fn finish(path: PathBuf, spec: &Spec<'_>, busy: Duration, gate: File) -> Result<Opened, OpenError> {
    let other = |error: io::Error| OpenError::Other { path: path.clone(), cause: error.to_string() };
    location::make_private(&path).map_err(other)?;
    let connection = spec.writing().connect(&path, busy).map_err(|error| refusal(&path, &error))?;
    // The log file comes with the first read.
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .map_err(|error| refusal(&path, &error))?;
    // They have the rights that the database had when they were made.
    for beside in ["-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(beside);
        location::make_private(Path::new(&file)).map_err(other)?;
    }
    let identity = Identity::of(&path).map_err(other)?;
    Ok(Opened { path, connection, gate, identity })
}

fn locked(result: Result<(), TryLockError>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[expect(clippy::disallowed_methods, reason = "a file lock tells nobody when it comes free")]
fn pause() {
    std::thread::sleep(UPGRADE_PAUSE);
}

/// The schema version of the file; 0 when it is yet to be made.
fn inspect(path: &Path, spec: &Spec<'_>, busy: Duration) -> Result<u32, OpenError> {
    let other = |error: io::Error| OpenError::Other { path: path.to_owned(), cause: error.to_string() };
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(other(error)),
    };
    if found.is_dir() {
        return Err(OpenError::NotOurs { path: path.to_owned(), cause: "it is a folder".to_owned() });
    }
    if found.permissions().readonly() {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    if found.len() == 0 {
        return Ok(0);
    }
    if found.len() < SMALLEST {
        return Err(no_database(path.to_owned()));
    }
    // Only ever through `SQLite`: closing a file that was opened in another way
    // frees the locks of every connection that this process has on it.
    inspect_content(path, spec, busy, found.len())
}

fn newer(path: &Path, spec: &Spec<'_>, found: u32) -> Result<(), OpenError> {
    let known = spec.version();
    if found > known { Err(OpenError::Newer { path: path.to_owned(), found, known }) } else { Ok(()) }
}

fn inspect_content(path: &Path, spec: &Spec<'_>, busy: Duration, size: u64) -> Result<u32, OpenError> {
    let refused = |error: rusqlite::Error| refusal(path, &error);
    let connection = Access::Inspect.connect(path, busy).map_err(refused)?;
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    let version = number("user_version").map_err(refused)?;
    let application = number("application_id").map_err(refused)?;
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(refused)?;
    if application != i64::from(spec.application_id) {
        // Made, and not filled before a crash.
        if application == 0 && version == 0 && objects == 0 {
            return Ok(0);
        }
        let cause = "another program made it".to_owned();
        return Err(OpenError::NotOurs { path: path.to_owned(), cause });
    }
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    newer(path, spec, version)?;
    if size <= CHECKED_AT_OPEN
        && let Some(cause) = first_fault(&connection).map_err(refused)?
    {
        return Err(OpenError::Corrupt { path: path.to_owned(), cause });
    }
    Ok(version)
}

/// The first thing that `SQLite` finds wrong with the file.
pub(crate) fn first_fault(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let found: Option<String> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).optional()?;
    Ok(found.filter(|found| found != "ok"))
}

/// Says what an error of `SQLite` means for a file that is being opened.
pub(crate) fn refusal(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Corrupt { path, cause: error.to_string() },
        Some(ErrorCode::NotADatabase) => no_database(path),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::ReadOnly { path },
        _ => OpenError::Other { path, cause: error.to_string() },
    }
}

fn no_database(path: PathBuf) -> OpenError {
    OpenError::Corrupt { path, cause: "it does not begin as a database does".to_owned() }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Looking at a file that may not be ours.
    Inspect,
    /// Queries.
    Read,
    /// The writer, or the checkpoints beside it.
    Write {
        /// See [`Spec::synchronous`].
        synchronous: &'static str,
    },
}

impl Access {
    pub(crate) fn connect(self, path: &Path, busy: Duration) -> rusqlite::Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // A journal left by a crash can only be rolled back by a writer.
        let writes = matches!(self, Self::Write { .. }) || has_journal(path);
        flags |= if writes { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(busy)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        self.set_up(&connection)?;
        Ok(connection)
    }

    fn set_up(self, connection: &Connection) -> rusqlite::Result<()> {
        // Functions and virtual tables in a foreign file's schema are not run.
        connection.execute_batch("PRAGMA trusted_schema = OFF;")?;
        // Else a statement is prepared again whenever a value is bound that the
        // planner looked at: with each commit, a third of the work of the writer.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        match self {
            Self::Inspect => Ok(()),
            Self::Read => connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096;"),
            Self::Write { synchronous } => {
                let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
                if mode != "wal" {
                    let failure = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
                    let message = format!("its file system cannot hold a write-ahead log (`{mode}` instead)");
                    return Err(rusqlite::Error::SqliteFailure(failure, Some(message)));
                }
                // Only macOS knows the two `fullfsync`s: there fsync alone does
                // not reach the disk. Checkpoints are made beside the writer.
                connection.execute_batch(&format!(
                    "PRAGMA synchronous = {synchronous};
                     PRAGMA fullfsync = ON;
                     PRAGMA checkpoint_fullfsync = ON;
                     PRAGMA foreign_keys = ON;
                     PRAGMA wal_autocheckpoint = 0;
                     PRAGMA journal_size_limit = 67108864;
                     PRAGMA cache_size = -16384;
                     PRAGMA temp_store = MEMORY;"
                ))
            }
        }
    }
}

fn has_journal(path: &Path) -> bool {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    fs::metadata(PathBuf::from(journal)).is_ok_and(|found| found.len() > 0)
}
