//! Commands to a run from any process. Written without the fence; the commit is
//! the acknowledgement.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::error::StoreError;
use super::rows::{InboxRow, Post, Posted};
use super::sql::{Columns as _, json_text, named};
use crate::machine::RunStatus;

/// Puts a command in.
pub(crate) fn post(connection: &Connection, post: &Post) -> Result<Posted, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT no, status, finished_at IS NOT NULL, inbox_seen FROM runs WHERE id = ?1")?;
    let found: Option<(i64, String, bool, i64)> =
        statement.query_row([&post.run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).optional()?;
    let Some((no, status, finished, seen)) = found else { return Ok(Posted::UnknownRun) };
    if finished {
        return Ok(Posted::RunEnded(named::<RunStatus>("status", status)?));
    }
    if let Some(task) = &post.task
        && let Some(refused) = answered(connection, no, seen, task)?
    {
        return Ok(refused);
    }
    connection
        .prepare_cached(
            "INSERT INTO inbox (run, kind, task, payload, at, from_process) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![no, post.kind, post.task, json_text(&post.payload)?, post.at.0, post.from_process])?;
    Ok(Posted::Accepted(connection.last_insert_rowid()))
}

/// Why a question takes no answer. The first answer wins, although its owner may
/// not have taken it in yet.
fn answered(connection: &Connection, no: i64, seen: i64, task: &str) -> Result<Option<Posted>, StoreError> {
    let closed: Option<bool> = connection
        .prepare_cached("SELECT closed_at IS NOT NULL FROM tasks WHERE run = ?1 AND id = ?2")?
        .query_row(params![no, task], |row| row.get(0))
        .optional()?;
    match closed {
        None => return Ok(Some(Posted::UnknownTask)),
        Some(true) => return Ok(Some(Posted::TaskClosed)),
        Some(false) => {}
    }
    let waiting: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM inbox WHERE run = ?1 AND id > ?2 AND task = ?3)")?
        .query_row(params![no, seen, task], |row| row.get(0))?;
    Ok(waiting.then_some(Posted::TaskClosed))
}

/// Rows of one run after `seen`, in the order they were acknowledged.
pub(crate) fn unseen(connection: &Connection, no: i64, run: &Arc<str>, seen: i64) -> Result<Vec<InboxRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, task, payload, at, from_process FROM inbox WHERE run = ?1 AND id > ?2 ORDER BY id",
    )?;
    let mut rows = statement.query(params![no, seen])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row, Arc::clone(run))?);
    }
    Ok(found)
}

/// Rows that the runs of one owner have not taken in.
///
/// The join's order is fixed: there are few open runs, and many old rows.
pub(crate) fn unseen_of_owner(connection: &Connection, owner: &str) -> Result<Vec<InboxRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT inbox.id AS id, inbox.kind AS kind, inbox.task AS task, inbox.payload AS payload, inbox.at AS at,
                inbox.from_process AS from_process, runs.id AS run_id
         FROM runs CROSS JOIN inbox ON inbox.run = runs.no AND inbox.id > runs.inbox_seen
         WHERE runs.finished_at IS NULL AND runs.owner = ?1 ORDER BY inbox.id",
    )?;
    let mut rows = statement.query([owner])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let run: Arc<str> = row.col("run_id")?;
        found.push(read(row, run)?);
    }
    Ok(found)
}

fn read(row: &Row<'_>, run: Arc<str>) -> Result<InboxRow, StoreError> {
    let payload: String = row.col("payload")?;
    Ok(InboxRow {
        id: row.col("id")?,
        run,
        kind: row.col("kind")?,
        task: row.col("task")?,
        payload: super::sql::json_value("inbox row", &payload)?,
        at: row.time("at")?,
        from_process: row.col("from_process")?,
    })
}
