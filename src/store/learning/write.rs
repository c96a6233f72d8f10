//! Writing the log, inside the writer's transaction.

use rusqlite::{Connection, named_params, params};
use serde_json::Value;

use super::rows::{CallEnded, CallStarted, ShownRow, Transition};
use crate::base::{ErrorKind, Timestamp};
use crate::contract::Origin;
use crate::store::error::StoreError;
use crate::store::sql::{json_text, signed};

pub(super) fn started(connection: &Connection, call: &CallStarted) -> Result<(), StoreError> {
    let (origin, run, step) = match &call.origin {
        Origin::Client { .. } => ("client", None, None),
        Origin::Cli { .. } => ("cli", None, None),
        Origin::Step { run, step, .. } => ("step", Some(run), Some(step)),
    };
    let parameters = (call.parameters != Value::Null).then(|| json_text(&call.parameters)).transpose()?;
    connection
        .prepare_cached(
            "INSERT INTO interactions (id, at, session, origin, run, step, tool, parameters)
             VALUES (:id, :at, :session, :origin, :run, :step, :tool, :parameters) ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {
            ":id": call.id,
            ":at": call.at.0,
            ":session": call.origin.session(),
            ":origin": origin,
            ":run": run,
            ":step": step,
            ":tool": call.tool,
            ":parameters": parameters,
        })?;
    Ok(())
}

pub(super) fn ended(connection: &Connection, call: &CallEnded) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE interactions SET success = :success, error_type = :error_type, duration_ms = :duration_ms,
                    result_bytes = :result_bytes, model = :model, table_name = :table, user_intent = :user_intent
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": call.id,
            ":success": call.error_type.is_none(),
            ":error_type": call.error_type.map(ErrorKind::as_str),
            ":duration_ms": signed(call.duration_ms),
            ":result_bytes": signed(call.result_bytes),
            ":model": call.model,
            ":table": call.table,
            ":user_intent": call.user_intent,
        })?;
    Ok(())
}

pub(super) fn followed(connection: &Connection, seen: &Transition) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE interactions SET followed_by = ?2 WHERE id = ?1")?
        .execute(params![seen.after, seen.to])?;
    connection
        .prepare_cached(
            "INSERT INTO tool_sequences (tool_from, tool_to, frequency, seconds, successes, last_seen)
             VALUES (?1, ?2, 1, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET frequency = frequency + 1, seconds = seconds + excluded.seconds,
                    successes = successes + excluded.successes, last_seen = max(last_seen, excluded.last_seen)",
        )?
        .execute(params![seen.from, seen.to, seen.seconds.max(0.0), seen.success, seen.at.0])?;
    Ok(())
}

pub(super) fn shown(connection: &Connection, rows: &[ShownRow]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO recommendations (interaction, rank, target, source, confidence, shown_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )?;
    for row in rows {
        statement.execute(params![row.interaction, row.rank, row.target, row.source, row.confidence, row.at.0])?;
    }
    Ok(())
}

pub(super) fn accepted(connection: &Connection, interaction: &str, rank: u32, at: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE recommendations SET accepted_at = ?3
             WHERE interaction = ?1 AND rank = ?2 AND accepted_at IS NULL",
        )?
        .execute(params![interaction, rank, at.0])?;
    Ok(())
}

/// False when there is no such call.
pub(super) fn rated(
    connection: &Connection,
    interaction: &str,
    rating: u8,
    comment: Option<&str>,
) -> Result<bool, StoreError> {
    let rated = connection
        .prepare_cached("UPDATE interactions SET rating = ?2, comment = ?3 WHERE id = ?1")?
        .execute(params![interaction, rating, comment])?;
    Ok(rated == 1)
}

/// Forgets what is older than `before` in all tables; the number of calls.
pub(super) fn prune(connection: &Connection, before: Timestamp) -> Result<u64, StoreError> {
    let calls = connection.prepare_cached("DELETE FROM interactions WHERE at < ?1")?.execute([before.0])?;
    connection.prepare_cached("DELETE FROM recommendations WHERE shown_at < ?1")?.execute([before.0])?;
    connection.prepare_cached("DELETE FROM tool_sequences WHERE last_seen < ?1")?.execute([before.0])?;
    Ok(calls as u64)
}
