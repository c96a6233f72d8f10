//! One turn of a run, and its creation, inside the writer's transaction.
//!
//! Every function here either writes all of its batch or nothing. What a batch
//! must meet (the fence, the place in the log, unseen inbox rows) is checked
//! before the first row is written.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, named_params, params};

use super::error::{Fault, StoreError};
use super::inbox;
use super::rows::{Batch, Body, Changes, Creation, EventRow, NewRun, Outcome, RunProjection, StepRow};
use super::sql::{hash_bytes, json_text, name_of, signed, unsigned};
use crate::base::Timestamp;

/// A new owner's first epoch.
const FIRST_EPOCH: u64 = 1;

/// What must be known of a run before it is written.
struct Head {
    no: i64,
    owner: Option<String>,
    epoch: u64,
    seq: u64,
    finished: bool,
}

fn head(connection: &Connection, run: &str) -> Result<Option<Head>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT no, owner, epoch, seq, finished_at IS NOT NULL FROM runs WHERE id = ?1")?;
    let head = statement.query_row([run], |row| {
        Ok(Head {
            no: row.get(0)?,
            owner: row.get(1)?,
            epoch: unsigned(row.get(2)?),
            seq: unsigned(row.get(3)?),
            finished: row.get(4)?,
        })
    });
    Ok(head.optional()?)
}

/// Makes a turn durable, if the run is still the owner's and nothing came first.
pub(crate) fn commit(connection: &Connection, batch: &Batch) -> Result<Outcome, StoreError> {
    let head = head(connection, &batch.run)?.ok_or_else(|| StoreError::not_found(&batch.run))?;
    if head.owner.as_deref() != Some(&*batch.owner) || head.epoch != batch.epoch {
        return Ok(Outcome::Fenced);
    }
    let unseen = inbox::unseen(connection, head.no, &batch.run, batch.inbox_seen)?;
    let seq = batch.expected_seq + batch.changes.events.len() as u64;
    if head.seq != batch.expected_seq {
        // An error that came after the commit leaves its maker in doubt: the
        // repeat of a batch that was written is no second one.
        if head.seq == seq && are_last(connection, &head, &batch.changes.events)? {
            return Ok(Outcome::Committed { seq, inbox: unseen });
        }
        return Err(StoreError::new(
            Fault::Conflict,
            format!("run `{}` is at event {}, not at {} as its owner thinks", batch.run, head.seq, batch.expected_seq),
        ));
    }
    if head.finished {
        return Err(StoreError::new(Fault::Conflict, format!("run `{}` has ended and cannot change", batch.run)));
    }
    if batch.starts_work && !unseen.is_empty() {
        return Ok(Outcome::InboxFirst(unseen));
    }
    write_changes(connection, head.no, batch.expected_seq, &batch.changes)?;
    update_run(connection, head.no, seq, batch.inbox_seen, &batch.changes.run)?;
    Ok(Outcome::Committed { seq, inbox: unseen })
}

fn are_last(connection: &Connection, head: &Head, events: &[EventRow]) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT at, data FROM events WHERE run = ?1 AND seq = ?2")?;
    let first = head.seq - events.len() as u64;
    for (seq, event) in (first + 1..).zip(events) {
        let stored: Option<(i64, String)> =
            statement.query_row(params![head.no, signed(seq)], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if stored.is_none_or(|(at, data)| at != event.at.0 || data != event.data) {
            return Ok(false);
        }
    }
    Ok(!events.is_empty())
}

/// Makes a run, unless its request was made before.
pub(crate) fn create(connection: &Connection, new: &NewRun) -> Result<Creation, StoreError> {
    if let Some(key) = &new.idempotency {
        let mut statement =
            connection.prepare_cached("SELECT id, request_hash FROM runs WHERE idempotency_key = ?1")?;
        let found: Option<(String, Option<String>)> =
            statement.query_row([&key.key], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if let Some((run, hash)) = found {
            let same = hash.as_deref() == Some(key.request_hash.as_str());
            return Ok(if same { Creation::Existing { run } } else { Creation::KeyConflict { run } });
        }
    }
    insert_plan(connection, &new.plan)?;
    let epoch = if new.owner.is_some() { FIRST_EPOCH } else { 0 };
    let seq = new.changes.events.len() as u64;
    let no = insert_run(connection, new, epoch)?;
    write_changes(connection, no, 0, &new.changes)?;
    update_run(connection, no, seq, 0, &new.changes.run)?;
    Ok(Creation::Created { epoch, seq })
}

fn insert_plan(connection: &Connection, plan: &Body) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO plans (hash, bytes, text) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![hash_bytes(&plan.at.hash)?, signed(plan.at.bytes), plan.text])?;
    Ok(())
}

fn insert_run(connection: &Connection, new: &NewRun, epoch: u64) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO runs (id, template_id, template_name, template_version, source, mode, priority, plan, parameters,
                           parameters_bytes, session, parent_run, parent_step, forked_from, idempotency_key,
                           request_hash, created_at, owner, epoch, seq, status, progress, steps_total,
                           steps_completed, steps_failed, steps_skipped, updated_at, needs)
         VALUES (:id, :template_id, :template_name, :template_version, :source, :mode, :priority, :plan, :parameters,
                 :parameters_bytes, :session, :parent_run, :parent_step, :forked_from, :idempotency_key,
                 :request_hash, :created_at, :owner, :epoch, 0, '', 0.0, 0, 0, 0, 0, :created_at, :needs)",
    )?;
    statement.execute(named_params! {
        ":id": new.id,
        ":template_id": new.template_id,
        ":template_name": new.template_name,
        ":template_version": new.template_version,
        ":source": name_of(&new.source)?,
        ":mode": name_of(&new.mode)?,
        ":priority": name_of(&new.priority)?,
        ":plan": hash_bytes(&new.plan.at.hash)?,
        ":parameters": hash_bytes(&new.parameters.hash)?,
        ":parameters_bytes": signed(new.parameters.bytes),
        ":session": new.session,
        ":parent_run": new.parent.as_ref().map(|(run, _)| run),
        ":parent_step": new.parent.as_ref().map(|(_, step)| step.as_str()),
        ":forked_from": new.forked_from,
        ":idempotency_key": new.idempotency.as_ref().map(|key| &key.key),
        ":request_hash": new.idempotency.as_ref().map(|key| &key.request_hash),
        ":created_at": new.created_at.0,
        ":owner": new.owner,
        ":epoch": signed(epoch),
        ":needs": json_text(&new.needs)?,
    })?;
    Ok(connection.last_insert_rowid())
}

fn write_changes(connection: &Connection, no: i64, before: u64, changes: &Changes) -> Result<(), StoreError> {
    insert_bodies(connection, no, &changes.bodies)?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO events (run, seq, at, version, kind, step, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (seq, event) in (before + 1..).zip(&changes.events) {
        statement.execute(params![no, signed(seq), event.at.0, event.version, event.kind, event.step, event.data])?;
    }
    for step in &changes.steps {
        put_step(connection, no, step)?;
    }
    write_tasks(connection, no, changes)
}

fn insert_bodies(connection: &Connection, no: i64, bodies: &[Body]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached("INSERT INTO bodies (run, hash, bytes, text) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
    for body in bodies {
        statement.execute(params![no, hash_bytes(&body.at.hash)?, signed(body.at.bytes), body.text])?;
    }
    Ok(())
}

fn put_step(connection: &Connection, no: i64, step: &StepRow) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO steps (run, path, ordinal, step_id, name, tool, status, attempts, started_at,
                                       finished_at, result, result_bytes, error, key, outcome_unknown, answered_via)
         VALUES (:run, :path, :ordinal, :step_id, :name, :tool, :status, :attempts, :started_at, :finished_at,
                 :result, :result_bytes, :error, :key, :outcome_unknown, :answered_via)",
    )?;
    statement.execute(named_params! {
        ":run": no,
        ":path": step.path.as_str(),
        ":ordinal": step.ordinal,
        ":step_id": step.step_id,
        ":name": step.name,
        ":tool": step.tool,
        ":status": step.status.as_str(),
        ":attempts": step.attempts,
        ":started_at": millis(step.started_at),
        ":finished_at": millis(step.finished_at),
        ":result": step.result.as_ref().map(|body| hash_bytes(&body.hash)).transpose()?,
        ":result_bytes": step.result.as_ref().map(|body| signed(body.bytes)),
        ":error": step.error.as_ref().map(json_text).transpose()?,
        ":key": step.key,
        ":outcome_unknown": step.outcome_unknown,
        ":answered_via": step.answered_via.as_ref().map(name_of).transpose()?,
    })?;
    Ok(())
}

fn write_tasks(connection: &Connection, no: i64, changes: &Changes) -> Result<(), StoreError> {
    for task in &changes.tasks_opened {
        connection
            .prepare_cached(
                "INSERT INTO tasks (run, id, step, kind, assignee, prompt, answer_schema, opened_at, deadline)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                no,
                task.id,
                task.step.as_str(),
                task.kind,
                task.assignee,
                task.prompt,
                json_text(&task.answer_schema)?,
                task.opened_at.0,
                millis(task.deadline),
            ])?;
    }
    for closed in &changes.tasks_closed {
        connection
            .prepare_cached("UPDATE tasks SET closed_at = ?3, answered_via = ?4 WHERE run = ?1 AND id = ?2")?
            .execute(params![no, closed.id, closed.at.0, closed.via.as_ref().map(name_of).transpose()?])?;
    }
    for (id, assignee, deadline) in &changes.tasks_escalated {
        connection
            .prepare_cached("UPDATE tasks SET assignee = ?3, deadline = ?4 WHERE run = ?1 AND id = ?2")?
            .execute(params![no, id, assignee, deadline.0])?;
    }
    for wait in &changes.waits_opened {
        connection
            .prepare_cached("INSERT OR REPLACE INTO waits (run, step, event) VALUES (?1, ?2, ?3)")?
            .execute(params![no, wait.step.as_str(), wait.event])?;
    }
    for step in &changes.waits_closed {
        connection
            .prepare_cached("DELETE FROM waits WHERE run = ?1 AND step = ?2")?
            .execute(params![no, step.as_str()])?;
    }
    if let Some(end) = changes.run.finished_at {
        connection.prepare_cached("DELETE FROM waits WHERE run = ?1")?.execute([no])?;
        connection
            .prepare_cached("UPDATE tasks SET closed_at = ?2 WHERE run = ?1 AND closed_at IS NULL")?
            .execute(params![no, end.0])?;
    }
    Ok(())
}

fn update_run(
    connection: &Connection,
    no: i64,
    seq: u64,
    inbox_seen: i64,
    run: &RunProjection,
) -> Result<(), StoreError> {
    if run.status.is_terminal() != run.finished_at.is_some() {
        let message = format!(
            "a run that is `{}` must {}have an end",
            run.status,
            if run.status.is_terminal() { "" } else { "not " }
        );
        return Err(StoreError::new(Fault::Internal, message));
    }
    let mut statement = connection.prepare_cached(
        "UPDATE runs SET seq = :seq, inbox_seen = max(inbox_seen, :inbox_seen), status = :status, progress = :progress,
                         steps_total = :steps_total, steps_completed = :steps_completed, steps_failed = :steps_failed,
                         steps_skipped = :steps_skipped, started_at = :started_at, updated_at = :updated_at,
                         waiting_for = :waiting_for, error = :error, failed_step = :failed_step, outputs = :outputs,
                         outputs_bytes = :outputs_bytes, warnings = :warnings, binding = :binding
         WHERE no = :no",
    )?;
    statement.execute(named_params! {
        ":no": no,
        ":seq": signed(seq),
        ":inbox_seen": inbox_seen,
        ":status": run.status.as_str(),
        ":progress": run.progress,
        ":steps_total": run.steps_total,
        ":steps_completed": run.steps_completed,
        ":steps_failed": run.steps_failed,
        ":steps_skipped": run.steps_skipped,
        ":started_at": millis(run.started_at),
        ":updated_at": run.updated_at.0,
        ":waiting_for": run.waiting_for.as_ref().map(json_text).transpose()?,
        ":error": run.error.as_ref().map(json_text).transpose()?,
        ":failed_step": run.failed_step.as_ref().map(|path| Arc::clone(&path.0)),
        ":outputs": run.outputs.as_ref().map(|body| hash_bytes(&body.hash)).transpose()?,
        ":outputs_bytes": run.outputs.as_ref().map(|body| signed(body.bytes)),
        ":warnings": (!run.warnings.is_empty()).then(|| json_text(&run.warnings)).transpose()?,
        ":binding": run.binding.as_ref().map(json_text).transpose()?,
    })?;
    // Apart, because it moves the run from one index to another: that is paid
    // once and not with every turn.
    if let Some(end) = run.finished_at {
        connection.prepare_cached("UPDATE runs SET finished_at = ?2 WHERE no = ?1")?.execute(params![no, end.0])?;
    }
    Ok(())
}

fn millis(time: Option<Timestamp>) -> Option<i64> {
    time.map(|time| time.0)
}

/// Removes a finished run with all that belongs to it, and its plan when no
/// other run has it. False when there is no such run.
pub(crate) fn delete(connection: &Connection, run: &str) -> Result<bool, StoreError> {
    let Some(head) = head(connection, run)? else { return Ok(false) };
    if !head.finished {
        return Err(StoreError::new(Fault::Conflict, format!("run `{run}` has not ended"))
            .with_hint(format!("cancel it first: `sequitur cancel {run}`")));
    }
    let plan: Vec<u8> =
        connection.prepare_cached("SELECT plan FROM runs WHERE no = ?1")?.query_row([head.no], |row| row.get(0))?;
    connection.prepare_cached("DELETE FROM runs WHERE no = ?1")?.execute([head.no])?;
    connection
        .prepare_cached("DELETE FROM plans WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM runs WHERE plan = ?1)")?
        .execute([plan])?;
    Ok(true)
}
