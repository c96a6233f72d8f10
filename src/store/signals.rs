//! Signals to runs: rows of the inbox, one for each run that one is for.
//! Written without the fence; the commit is the acknowledgement.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StoreError;
use super::rows::{SignalPost, Signalled};
use super::sql::{json_text, named};
use crate::machine::RunStatus;

/// For how long the id of a signal to nobody in particular is remembered.
const KEPT_MS: i64 = 31 * 86_400_000;

/// Puts a signal into the inbox of the run that it names, else of each run that
/// waits for its event.
pub(crate) fn signal(connection: &Connection, signal: &SignalPost) -> Result<Signalled, StoreError> {
    let named = match &signal.run {
        Some(run) => match open_run(connection, run)? {
            Ok(no) => Some((no, Arc::from(run.as_str()))),
            Err(refused) => return Ok(refused),
        },
        None => None,
    };
    let no = named.as_ref().map(|(no, _)| *no);
    if let Some(id) = &signal.signal_id
        && !is_new(connection, no, id, signal.at.0)?
    {
        return Ok(Signalled::Repeated);
    }
    let (runs, waits) = match named {
        Some(run) => (vec![run], 1),
        None => waiting(connection, &signal.event)?,
    };
    let payload = json_text(&signal.payload)?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO inbox (run, kind, task, payload, at, from_process) VALUES (?1, 'signal', NULL, ?2, ?3, ?4)",
    )?;
    let mut rows = Vec::with_capacity(runs.len());
    for (no, run) in runs {
        statement.execute(params![no, payload, signal.at.0, signal.from_process])?;
        rows.push((run, connection.last_insert_rowid()));
    }
    Ok(Signalled::Delivered { waits, rows })
}

fn open_run(connection: &Connection, run: &str) -> Result<Result<i64, Signalled>, StoreError> {
    let found: Option<(i64, String, bool)> = connection
        .prepare_cached("SELECT no, status, finished_at IS NOT NULL FROM runs WHERE id = ?1")?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(match found {
        None => Err(Signalled::UnknownRun),
        Some((_, status, true)) => Err(Signalled::RunEnded(named::<RunStatus>("status", status)?)),
        Some((no, _, false)) => Ok(no),
    })
}

/// Notes a signal's id; false when it was there.
fn is_new(connection: &Connection, run: Option<i64>, id: &str, at: i64) -> Result<bool, StoreError> {
    connection
        .prepare_cached("DELETE FROM signals WHERE run IS NULL AND at < ?1")?
        .execute([at.saturating_sub(KEPT_MS)])?;
    let new = connection
        .prepare_cached("INSERT INTO signals (run, id, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![run, id, at])?;
    Ok(new == 1)
}

type Runs = Vec<(i64, Arc<str>)>;

/// Runs that wait for an event, and how many of their waits do.
fn waiting(connection: &Connection, event: &str) -> Result<(Runs, usize), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT waits.run, runs.id, count(*) FROM waits JOIN runs ON runs.no = waits.run
         WHERE waits.event = ?1 AND runs.finished_at IS NULL GROUP BY waits.run ORDER BY waits.run",
    )?;
    let mut rows = statement.query([event])?;
    let (mut runs, mut waits) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        runs.push((row.get(0)?, row.get(1)?));
        waits += usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
    }
    Ok((runs, waits))
}
