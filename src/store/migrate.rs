//! Making and upgrading a schema: a short loop over `user_version`.
//!
//! Runs under the exclusive lock of the file's gate. A migration that has been
//! shipped never changes; the next one is a file in `migrations/` and a line in
//! its [`Spec`]'s list.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::database::{Access, Spec, refusal};
use super::location;
use super::open_error::OpenError;
use super::processes;

/// Brings the file to the version that `spec` describes.
pub(crate) fn run(folder: &Path, path: &Path, spec: &Spec<'_>, busy: Duration) -> Result<(), OpenError> {
    let refused = |error: rusqlite::Error| refusal(path, &error);
    location::private_file(path)
        .map_err(|error| OpenError::Folder { path: folder.to_owned(), cause: error.to_string() })?;
    let mut connection = spec.writing().connect(path, busy).map_err(refused)?;
    let from = version(&connection).map_err(refused)?;
    if from == 0 {
        lay_out(&connection, spec).map_err(refused)?;
    } else if from < spec.version() {
        back_up(path, from, &connection)
            .map_err(|cause| OpenError::Backup { path: path.to_owned(), cause: cause.to_string() })?;
    }
    for (to, sql) in (1..=spec.version()).zip(spec.migrations).skip(usize::try_from(from).unwrap_or(usize::MAX)) {
        step(&mut connection, sql, to).map_err(|error| {
            let known = refusal(path, &error);
            let OpenError::Other { path, cause } = known else { return known };
            OpenError::Migration { path, to, cause }
        })?;
    }
    Ok(())
}

/// Says what must be known before the first table. Turning `auto_vacuum` on in a
/// file that has a first page takes a VACUUM, which is nothing while it is empty.
fn lay_out(connection: &Connection, spec: &Spec<'_>) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM;")?;
    connection.pragma_update(None, "application_id", spec.application_id)
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn step(connection: &mut Connection, sql: &str, to: u32) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", to)?;
    transaction.commit()
}

/// Where the copy of version `from` goes.
pub(crate) fn backup_path(path: &Path, from: u32) -> PathBuf {
    path.with_extension(format!("v{from}.backup.db"))
}

/// Copies the whole database to a file beside it, durably, before it changes.
fn back_up(path: &Path, from: u32, connection: &Connection) -> Result<(), BackupError> {
    let target = backup_path(path, from);
    let partial = target.with_extension("partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    // Made first, so that nobody else can read it while it is filled.
    drop(location::private_file(&partial)?);
    let name = partial.to_str().ok_or(BackupError::Name)?;
    connection.execute("VACUUM INTO ?1", [name])?;
    File::open(&partial)?.sync_all()?;
    Ok(fs::rename(&partial, &target)?)
}

#[derive(Debug, thiserror::Error)]
enum BackupError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("its path is not UTF-8")]
    Name,
}

/// Processes that use the database, in words, as far as its table can be read.
pub(crate) fn living_processes(folder: &Path, path: &Path, busy: Duration) -> Vec<String> {
    let rows = Access::Inspect
        .connect(path, busy)
        .and_then(|connection| processes::registered(&connection, &processes::lock_folder(folder)));
    match rows {
        Ok(rows) => {
            let alive = rows.into_iter().filter(|row| row.alive);
            alive.map(|row| format!("`{}` (process {})", row.kind, row.pid)).collect()
        }
        Err(error) => {
            tracing::debug!(%error, "the processes of an older database cannot be listed");
            Vec::new()
        }
    }
}
