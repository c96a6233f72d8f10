//! Questions to the log.

use rusqlite::{Connection, Row, params};

use super::rows::{InteractionRow, SequenceRow, SourceTotals, ToolSums};
use crate::base::{ErrorKind, Timestamp};
use crate::contract::Origin;
use crate::store::error::StoreError;
use crate::store::sql::{Columns as _, unsigned};

fn from_start(since: Option<Timestamp>) -> i64 {
    since.map_or(i64::MIN, |since| since.0)
}

/// The last calls of a session by clients and people, newest first.
pub(super) fn last_calls(
    connection: &Connection,
    session: &str,
    limit: u32,
) -> Result<Vec<InteractionRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM interactions WHERE session = ?1 AND origin <> 'step' ORDER BY at DESC, no DESC LIMIT ?2",
    )?;
    let mut rows = statement.query(params![session, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// One call.
pub(super) fn call(connection: &Connection, id: &str) -> Result<Option<InteractionRow>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM interactions WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<InteractionRow, StoreError> {
    let session: Option<String> = row.col("session")?;
    let origin = match row.col::<String>("origin")?.as_str() {
        "client" => Origin::Client { session: session.unwrap_or_default() },
        "cli" => Origin::Cli { session: session.unwrap_or_default() },
        "step" => Origin::Step {
            session,
            run: row.col::<Option<String>>("run")?.unwrap_or_default(),
            step: row.col::<Option<String>>("step")?.unwrap_or_default(),
        },
        other => return Err(StoreError::unreadable("origin", format!("`{other}` is none"))),
    };
    let error_type: Option<String> = row.col("error_type")?;
    Ok(InteractionRow {
        id: row.col("id")?,
        at: row.time("at")?,
        origin,
        tool: row.col("tool")?,
        parameters: row.json("parameters")?.unwrap_or_default(),
        success: row.col("success")?,
        // A kind of a newer build is told as what it means to an older one.
        error_type: error_type.map(|name| ErrorKind::parse(&name).unwrap_or(ErrorKind::ToolError)),
        duration_ms: row.col::<Option<i64>>("duration_ms")?.map(unsigned),
        result_bytes: row.col::<Option<i64>>("result_bytes")?.map(unsigned),
        model: row.col("model")?,
        table: row.col("table_name")?,
        user_intent: row.col("user_intent")?,
        followed_by: row.col("followed_by")?,
        rating: row.col("rating")?,
        comment: row.col("comment")?,
    })
}

/// Sums of every tool, by name.
pub(super) fn tools(connection: &Connection, since: Option<Timestamp>) -> Result<Vec<ToolSums>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT tool,
                count(*) FILTER (WHERE origin <> 'step') AS calls,
                count(*) FILTER (WHERE origin <> 'step' AND success) AS successes,
                coalesce(avg(duration_ms) FILTER (WHERE origin <> 'step'), 0.0) AS mean_duration_ms,
                count(*) FILTER (WHERE origin = 'step') AS step_calls,
                coalesce(sum(result_bytes) FILTER (WHERE origin <> 'step'), 0) AS result_bytes,
                coalesce(sum(result_bytes) FILTER (WHERE origin = 'step' AND session IS NOT NULL), 0)
                    AS step_result_bytes
         FROM interactions WHERE at >= ?1 AND success IS NOT NULL GROUP BY tool ORDER BY tool",
    )?;
    let rows = statement.query_map([from_start(since)], |row| {
        Ok(ToolSums {
            tool: row.get("tool")?,
            calls: unsigned(row.get("calls")?),
            successes: unsigned(row.get("successes")?),
            mean_duration_ms: row.get("mean_duration_ms")?,
            step_calls: unsigned(row.get("step_calls")?),
            result_bytes: unsigned(row.get("result_bytes")?),
            step_result_bytes: unsigned(row.get("step_result_bytes")?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const SEQUENCE: &str = "SELECT one.tool_from, one.tool_to, one.frequency, one.seconds, one.successes, one.last_seen,
            (SELECT sum(frequency) FROM tool_sequences WHERE tool_from = one.tool_from) AS from_total
     FROM tool_sequences AS one";

fn read_sequence(row: &Row<'_>) -> rusqlite::Result<SequenceRow> {
    let frequency: i64 = row.get("frequency")?;
    let seconds: f64 = row.get("seconds")?;
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
    let mean_seconds = seconds / frequency.max(1) as f64;
    Ok(SequenceRow {
        from: row.get("tool_from")?,
        to: row.get("tool_to")?,
        frequency: unsigned(frequency),
        from_total: unsigned(row.get("from_total")?),
        mean_seconds,
        successes: unsigned(row.get("successes")?),
        last_seen: Timestamp(row.get("last_seen")?),
    })
}

/// What came after `from`, most frequent first.
pub(super) fn follow_ups(connection: &Connection, from: &str, limit: u32) -> Result<Vec<SequenceRow>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!("{SEQUENCE} WHERE one.tool_from = ?1 ORDER BY frequency DESC, tool_to LIMIT ?2"))?;
    let rows = statement.query_map(params![from, limit], read_sequence)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Sequences seen since a time, most frequent first.
pub(super) fn sequences(
    connection: &Connection,
    since: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<SequenceRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SEQUENCE} WHERE one.last_seen >= ?1 ORDER BY frequency DESC, tool_from, tool_to LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![from_start(since), limit], read_sequence)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Recommendations shown and taken, by source.
pub(super) fn recommendations(
    connection: &Connection,
    since: Option<Timestamp>,
) -> Result<Vec<SourceTotals>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT source, count(*), count(accepted_at) FROM recommendations WHERE shown_at >= ?1
         GROUP BY source ORDER BY source",
    )?;
    let rows = statement.query_map([from_start(since)], |row| {
        Ok(SourceTotals { source: row.get(0)?, shown: unsigned(row.get(1)?), accepted: unsigned(row.get(2)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
