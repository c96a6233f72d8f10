//! Which processes live, and which of them owns a run.
//!
//! A process holds a lock on a file of its own for as long as it lives; the
//! system frees it even after a kill, so a lock that can be had means death.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::{Fault, StoreError};
use super::location;
use super::rows::{Claim, OpenRun, ProcessRow};
use super::sql::{json_text, signed, unsigned};
use crate::base::Timestamp;
use crate::machine::RunStatus;

/// The folder of the lock files.
pub(crate) fn lock_folder(data: &Path) -> PathBuf {
    data.join("processes")
}

/// A process that wants to own runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProcess {
    /// Its id; also the name of its lock file.
    pub id: Arc<str>,
    /// `serve`, `run`, `worker`, ...
    pub kind: String,
    /// The system's number for it.
    pub pid: u32,
    /// The version of its build.
    pub build: String,
    /// It started then.
    pub started_at: Timestamp,
}

fn lock_name(id: &str) -> String {
    format!("{id}.lock")
}

fn locks_refused(path: &Path, error: &io::Error) -> StoreError {
    StoreError::new(Fault::ReadOnly, format!("the lock file `{}` cannot be used: {error}", path.display()))
        .with_hint("make the data folder and the files in it writable again")
}

/// Takes the lock of a new process. It is freed when the file is dropped.
pub(crate) fn take_lock(locks: &Path, id: &str) -> Result<File, StoreError> {
    let path = locks.join(lock_name(id));
    location::private_folder(locks).map_err(|error| locks_refused(locks, &error))?;
    let file = location::private_file(&path).map_err(|error| locks_refused(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::new(Fault::Conflict, format!("a living process has the id `{id}`")))
        }
        Err(TryLockError::Error(error)) => Err(locks_refused(&path, &error)),
    }
}

/// Removes the lock file of a process that ends.
pub(crate) fn remove_lock(locks: &Path, id: &str) {
    let path = locks.join(lock_name(id));
    if let Err(error) = fs::remove_file(&path) {
        tracing::debug!(path = %path.display(), %error, "a lock file was left behind");
    }
}

/// Whether a process holds its lock.
pub(crate) fn is_alive(locks: &Path, id: &str) -> Result<bool, StoreError> {
    let path = locks.join(lock_name(id));
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(locks_refused(&path, &error)),
    };
    // Shared, so that two who look at once do not take each other for the owner.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(locks_refused(&path, &error)),
    }
}

/// Registers a process that holds its lock, and forgets dead ones that own nothing.
pub(crate) fn register(connection: &Connection, locks: &Path, new: &NewProcess) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM processes
         WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.owner = processes.id AND runs.finished_at IS NULL)",
    )?;
    let idle: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in idle {
        if &*new.id != id.as_str() && !is_alive(locks, &id)? {
            forget(connection, locks, &id)?;
        }
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO processes (id, kind, pid, build, lock_file, started_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![new.id, new.kind, new.pid, new.build, lock_name(&new.id), new.started_at.0])?;
    Ok(())
}

/// Takes a process off the list: its open runs are nobody's from then on.
pub(crate) fn forget(connection: &Connection, locks: &Path, id: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE runs SET owner = NULL WHERE owner = ?1 AND finished_at IS NULL")?
        .execute([id])?;
    connection.prepare_cached("DELETE FROM processes WHERE id = ?1")?.execute([id])?;
    remove_lock(locks, id);
    Ok(())
}

/// Every process on the list.
pub(crate) fn registered(connection: &Connection, locks: &Path) -> rusqlite::Result<Vec<ProcessRow>> {
    let mut statement = connection
        .prepare("SELECT id, kind, pid, build, started_at, renewals FROM processes ORDER BY started_at, id")?;
    let rows = statement.query_map([], |row| {
        let id: Arc<str> = row.get(0)?;
        // A lock that cannot be looked at may be held.
        let alive = is_alive(locks, &id).unwrap_or(true);
        Ok(ProcessRow {
            id,
            kind: row.get(1)?,
            pid: row.get(2)?,
            build: row.get(3)?,
            started_at: Timestamp(row.get(4)?),
            renewals: unsigned(row.get(5)?),
            alive,
        })
    })?;
    rows.collect()
}

/// Counts the lease of a process on; the open runs that are still its own.
pub(crate) fn renew(connection: &Connection, id: &str) -> Result<Vec<(Arc<str>, u64)>, StoreError> {
    let renewed =
        connection.prepare_cached("UPDATE processes SET renewals = renewals + 1 WHERE id = ?1")?.execute([id])?;
    if renewed == 0 {
        return Err(StoreError::new(Fault::Conflict, format!("process `{id}` is not registered")));
    }
    let mut statement =
        connection.prepare_cached("SELECT id, epoch FROM runs WHERE finished_at IS NULL AND owner = ?1")?;
    let owned = statement.query_map([id], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
    Ok(owned.collect::<Result<_, _>>()?)
}

/// Gives a run to `claimer`, if it is as owner and epoch of `from` say and that
/// owner is dead, nobody, the claimer, or has not renewed its lease since it
/// stood at `stalled`.
pub(crate) fn claim(
    connection: &Connection,
    locks: &Path,
    run: &str,
    claimer: &str,
    from: (Option<&str>, u64),
    stalled: Option<u64>,
) -> Result<Claim, StoreError> {
    let (from_owner, from_epoch) = from;
    if let Some(owner) = from_owner.filter(|owner| *owner != claimer)
        && is_alive(locks, owner)?
        && !stands_at(connection, owner, stalled)?
    {
        return Ok(Claim::OwnerAlive);
    }
    let epoch = from_epoch + 1;
    let claimed = connection
        .prepare_cached(
            "UPDATE runs SET owner = ?2, epoch = ?3
             WHERE id = ?1 AND owner IS ?4 AND epoch = ?5 AND finished_at IS NULL",
        )?
        .execute(params![run, claimer, signed(epoch), from_owner, signed(from_epoch)])?;
    if claimed == 1 {
        return Ok(Claim::Claimed(epoch));
    }
    let ended: Option<bool> = connection
        .prepare_cached("SELECT finished_at IS NOT NULL FROM runs WHERE id = ?1")?
        .query_row([run], |row| row.get(0))
        .optional()?;
    Ok(if ended == Some(true) { Claim::Ended } else { Claim::Lost })
}

/// Whether the lease of a process is where it was seen to stand still.
fn stands_at(connection: &Connection, owner: &str, stalled: Option<u64>) -> Result<bool, StoreError> {
    let Some(stalled) = stalled else { return Ok(false) };
    let now: Option<i64> = connection
        .prepare_cached("SELECT renewals FROM processes WHERE id = ?1")?
        .query_row([owner], |row| row.get(0))
        .optional()?;
    Ok(now.map_or(0, unsigned) == stalled)
}

/// Gives a run up. False when it was not the owner's any more.
pub(crate) fn release(connection: &Connection, run: &str, owner: &str, epoch: u64) -> Result<bool, StoreError> {
    let released = connection
        .prepare_cached("UPDATE runs SET owner = NULL WHERE id = ?1 AND owner = ?2 AND epoch = ?3")?
        .execute(params![run, owner, signed(epoch)])?;
    Ok(released == 1)
}

/// Gives a run up that `holder` or nobody alive owns and cannot go on with, and
/// shows it as paused; its log is left as it is. False when it changed hands.
pub(crate) fn hold(
    connection: &Connection,
    locks: &Path,
    run: &str,
    holder: &str,
    from: (Option<&str>, u64),
    waiting_for: &serde_json::Value,
) -> Result<bool, StoreError> {
    let (owner, epoch) = from;
    if let Some(owner) = owner.filter(|owner| *owner != holder)
        && is_alive(locks, owner)?
    {
        return Ok(false);
    }
    let held = connection
        .prepare_cached(
            "UPDATE runs SET owner = NULL, status = ?4, waiting_for = ?5
             WHERE id = ?1 AND owner IS ?2 AND epoch = ?3 AND finished_at IS NULL",
        )?
        .execute(params![run, owner, signed(epoch), RunStatus::Paused.as_str(), json_text(waiting_for)?])?;
    Ok(held == 1)
}

/// Every open run with its owner and where that one's lease stands, oldest first.
pub(crate) fn open_runs(connection: &Connection) -> Result<Vec<OpenRun>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT runs.id AS id, runs.owner AS owner, runs.epoch AS epoch, ifnull(processes.renewals, 0) AS renewals
         FROM runs LEFT JOIN processes ON processes.id = runs.owner
         WHERE runs.finished_at IS NULL ORDER BY runs.created_at, runs.no",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(OpenRun {
            run: row.get("id")?,
            owner: row.get("owner")?,
            epoch: unsigned(row.get("epoch")?),
            renewals: unsigned(row.get("renewals")?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
