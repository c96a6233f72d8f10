//! What is asked of the store: the log, bodies, and the projection.

use std::borrow::Cow;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::error::StoreError;
use super::rows::{EventRow, RunFilter, RunProjection, RunRow, StepRow, TaskRow, Usage};
use super::sql::{Columns as _, hash_bytes, hash_text, json_text, named, unsigned};
use crate::base::Timestamp;
use crate::machine::{RunStatus, StepPath};

/// The number of a run.
fn number(connection: &Connection, run: &str) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT no FROM runs WHERE id = ?1")?;
    statement.query_row([run], |row| row.get(0)).optional()?.ok_or_else(|| StoreError::not_found(run))
}

/// The log of a run, from its first event on.
pub(crate) fn events(connection: &Connection, run: &str) -> Result<Vec<EventRow>, StoreError> {
    let no = number(connection, run)?;
    let mut statement = connection
        .prepare_cached("SELECT seq, at, version, kind, step, data FROM events WHERE run = ?1 ORDER BY seq")?;
    let mut rows = statement.query([no])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let seq = unsigned(row.get(0)?);
        if seq != found.len() as u64 + 1 {
            return Err(StoreError::unreadable("log", format!("run `{run}` has no event before event {seq}")));
        }
        found.push(EventRow {
            at: Timestamp(row.get(1)?),
            version: row.get(2)?,
            kind: Cow::Owned(row.get(3)?),
            step: row.get(4)?,
            data: row.get(5)?,
        });
    }
    Ok(found)
}

/// A text of a run.
pub(crate) fn body(connection: &Connection, run: &str, hash: &str) -> Result<Option<Arc<str>>, StoreError> {
    let no = number(connection, run)?;
    let mut statement = connection.prepare_cached("SELECT text FROM bodies WHERE run = ?1 AND hash = ?2")?;
    Ok(statement.query_row(params![no, hash_bytes(hash)?], |row| row.get(0)).optional()?)
}

/// The text of a plan.
pub(crate) fn plan(connection: &Connection, hash: &str) -> Result<Option<Arc<str>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT text FROM plans WHERE hash = ?1")?;
    Ok(statement.query_row([hash_bytes(hash)?], |row| row.get(0)).optional()?)
}

/// One run.
pub(crate) fn run(connection: &Connection, id: &str) -> Result<Option<RunRow>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM runs WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read_run).transpose()
}

/// The run that a request with this key made.
pub(crate) fn run_by_key(connection: &Connection, key: &str) -> Result<Option<RunRow>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM runs WHERE idempotency_key = ?1")?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(read_run).transpose()
}

/// Open runs, then finished ones.
pub(crate) fn runs(connection: &Connection, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
    let names: Vec<&str> = filter.statuses.iter().map(|status| status.as_str()).collect();
    let names = (!names.is_empty()).then(|| json_text(&names)).transpose()?;
    let mut found = Vec::new();
    let parts = [
        (
            "SELECT * FROM runs WHERE finished_at IS NULL AND (?1 IS NULL OR status IN (SELECT value FROM json_each(?1)))
             ORDER BY created_at DESC, no DESC LIMIT ?2",
            filter.open_limit,
        ),
        (
            "SELECT * FROM runs
             WHERE finished_at IS NOT NULL AND (?1 IS NULL OR status IN (SELECT value FROM json_each(?1)))
             ORDER BY finished_at DESC, no DESC LIMIT ?2",
            filter.finished_limit,
        ),
    ];
    for (sql, limit) in parts {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![names, limit])?;
        while let Some(row) = rows.next()? {
            found.push(read_run(row)?);
        }
    }
    Ok(found)
}

fn read_run(row: &Row<'_>) -> Result<RunRow, StoreError> {
    let missing = |what: &str| StoreError::unreadable(what, "it is missing");
    let parent_run: Option<String> = row.col("parent_run")?;
    let parent_step: Option<String> = row.col("parent_step")?;
    Ok(RunRow {
        id: row.col("id")?,
        template_id: row.col("template_id")?,
        template_name: row.col("template_name")?,
        template_version: row.col("template_version")?,
        source: named("source", row.col("source")?)?,
        mode: named("mode", row.col("mode")?)?,
        priority: named("priority", row.col("priority")?)?,
        plan: hash_text(&row.col::<Vec<u8>>("plan")?),
        parameters: row.body("parameters", "parameters_bytes")?.ok_or_else(|| missing("parameters"))?,
        session: row.col("session")?,
        parent: parent_run.zip(parent_step.as_deref().map(StepPath::from)),
        forked_from: row.col("forked_from")?,
        idempotency_key: row.col("idempotency_key")?,
        created_at: row.time("created_at")?,
        owner: row.col("owner")?,
        epoch: unsigned(row.col("epoch")?),
        seq: unsigned(row.col("seq")?),
        inbox_seen: row.col("inbox_seen")?,
        needs: row.json("needs")?,
        projection: RunProjection {
            status: named("status", row.col("status")?)?,
            progress: row.col("progress")?,
            steps_total: row.col("steps_total")?,
            steps_completed: row.col("steps_completed")?,
            steps_failed: row.col("steps_failed")?,
            steps_skipped: row.col("steps_skipped")?,
            started_at: row.time_or_none("started_at")?,
            finished_at: row.time_or_none("finished_at")?,
            updated_at: row.time("updated_at")?,
            waiting_for: row.json("waiting_for")?,
            error: row.json("error")?,
            failed_step: row.col::<Option<String>>("failed_step")?.as_deref().map(StepPath::from),
            outputs: row.body("outputs", "outputs_bytes")?,
            warnings: row.json("warnings")?.unwrap_or_default(),
            binding: row.json("binding")?,
        },
    })
}

/// The step instances of a run, in their order.
pub(crate) fn steps(connection: &Connection, run: &str) -> Result<Vec<StepRow>, StoreError> {
    let no = number(connection, run)?;
    let mut statement = connection.prepare_cached("SELECT * FROM steps WHERE run = ?1 ORDER BY ordinal, path")?;
    let mut rows = statement.query([no])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read_step(row)?);
    }
    Ok(found)
}

/// One step instance.
pub(crate) fn step(connection: &Connection, run: &str, path: &str) -> Result<Option<StepRow>, StoreError> {
    let no = number(connection, run)?;
    let mut statement = connection.prepare_cached("SELECT * FROM steps WHERE run = ?1 AND path = ?2")?;
    let mut rows = statement.query(params![no, path])?;
    rows.next()?.map(read_step).transpose()
}

fn read_step(row: &Row<'_>) -> Result<StepRow, StoreError> {
    let answered_via: Option<String> = row.col("answered_via")?;
    Ok(StepRow {
        path: StepPath(row.col("path")?),
        ordinal: row.col("ordinal")?,
        step_id: row.col("step_id")?,
        name: row.col("name")?,
        tool: row.col("tool")?,
        status: named("step status", row.col("status")?)?,
        attempts: row.col("attempts")?,
        started_at: row.time_or_none("started_at")?,
        finished_at: row.time_or_none("finished_at")?,
        result: row.body("result", "result_bytes")?,
        error: row.json("error")?,
        key: row.col("key")?,
        outcome_unknown: row.col("outcome_unknown")?,
        answered_via: answered_via.map(|name| named("answer's way", name)).transpose()?,
    })
}

/// Open questions with their runs, oldest first: of one run, or of all.
pub(crate) fn tasks(connection: &Connection, run: Option<&str>) -> Result<Vec<(Arc<str>, TaskRow)>, StoreError> {
    let mut statement = connection.prepare_cached(match run {
        Some(_) => {
            "SELECT tasks.*, runs.id AS run_id FROM runs JOIN tasks ON tasks.run = runs.no
             WHERE runs.id = ?1 AND tasks.closed_at IS NULL ORDER BY tasks.opened_at, tasks.id"
        }
        None => {
            "SELECT tasks.*, runs.id AS run_id FROM tasks JOIN runs ON runs.no = tasks.run
             WHERE tasks.closed_at IS NULL AND ?1 IS NULL ORDER BY tasks.opened_at, tasks.id"
        }
    })?;
    let mut rows = statement.query([run])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let task = TaskRow {
            id: row.col("id")?,
            step: StepPath(row.col("step")?),
            kind: row.col("kind")?,
            assignee: row.col("assignee")?,
            prompt: row.col("prompt")?,
            answer_schema: row.json("answer_schema")?.unwrap_or_default(),
            opened_at: row.time("opened_at")?,
            deadline: row.time_or_none("deadline")?,
        };
        found.push((row.col("run_id")?, task));
    }
    Ok(found)
}

/// How each template was used, over the runs that are kept and did not end
/// before `since`.
pub(crate) fn usage(connection: &Connection, since: Option<Timestamp>) -> Result<Vec<Usage>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT template_id, sum(finished), sum(completed), sum(millis) / sum(timed), sum(open) FROM (
             SELECT template_id, count(*) AS finished, sum(status = ?1) AS completed,
                    sum(finished_at - started_at) AS millis, count(started_at) * 1.0 AS timed, 0 AS open
             FROM runs WHERE finished_at IS NOT NULL AND finished_at >= ?2 GROUP BY template_id
             UNION ALL
             SELECT template_id, 0, 0, NULL, NULL, count(*) FROM runs WHERE finished_at IS NULL GROUP BY template_id)
         GROUP BY template_id ORDER BY template_id",
    )?;
    let since = since.map_or(i64::MIN, |since| since.0);
    let rows = statement.query_map(params![RunStatus::Completed.as_str(), since], |row| {
        let millis: Option<f64> = row.get(3)?;
        Ok(Usage {
            template_id: row.get(0)?,
            finished: unsigned(row.get(1)?),
            completed: unsigned(row.get(2)?),
            mean_seconds: millis.map(|millis| millis / 1000.0),
            open: unsigned(row.get(4)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What `doctor` shows of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// The schema's version.
    pub schema_version: u32,
    /// Runs by status, in the statuses' order, those without runs left out.
    pub runs: Vec<(RunStatus, u64)>,
    /// Open questions.
    pub open_tasks: u64,
    /// Bytes of the database file, without its log.
    pub bytes: u64,
    /// Of them, free for reuse.
    pub free_bytes: u64,
}

/// See [`Counts`].
pub(crate) fn counts(connection: &Connection) -> Result<Counts, StoreError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(unsigned);
    let page = number("PRAGMA page_size")?;
    let mut statement = connection.prepare_cached(
        "SELECT status, count(*) FROM runs WHERE finished_at IS NULL GROUP BY status
         UNION ALL SELECT status, count(*) FROM runs WHERE finished_at IS NOT NULL GROUP BY status",
    )?;
    let mut rows = statement.query([])?;
    let mut runs: Vec<(RunStatus, u64)> = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push((named("status", row.get(0)?)?, unsigned(row.get(1)?)));
    }
    runs.sort_unstable_by_key(|(status, _)| *status);
    Ok(Counts {
        schema_version: connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        runs,
        open_tasks: number("SELECT count(*) FROM tasks WHERE closed_at IS NULL")?,
        bytes: page * number("PRAGMA page_count")?,
        free_bytes: page * number("PRAGMA freelist_count")?,
    })
}
