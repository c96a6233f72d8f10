//! A run's place in the store: its log, what status queries read of it, and the
//! commands that came for it. Turns a state and its new events into one batch.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use super::asked;
use super::bodies::Bodies;
use super::error::EngineError;
use super::inbox::{Request, Row};
use crate::machine::{BodyRef, Event, EventKind, Opened, State, StepPath, StepState, Turn, Waits, Woken};
use crate::store::{Batch, Body, Changes, EventRow, InboxRow, Outcome, RunProjection, StepRow, Store};
use crate::workflow::plan::{Plan, StepKind};

/// A run's place in the store.
pub(super) struct Journal {
    store: Store,
    run: Arc<str>,
    owner: Arc<str>,
    epoch: u64,
    seq: u64,
    inbox_seen: i64,
}

/// What came of a commit.
pub(super) enum Commit {
    /// It is durable. Rows that came meanwhile.
    Done(Vec<Row>),
    /// Another owner has the run.
    Fenced,
    /// Rows that came first; nothing was written.
    InboxFirst(Vec<Row>),
}

impl Journal {
    /// A run that this process owns.
    pub(super) fn new(store: Store, run: Arc<str>, owner: Arc<str>, epoch: u64, seq: u64, inbox_seen: i64) -> Self {
        Self { store, run, owner, epoch, seq, inbox_seen }
    }

    /// Which of its owners this process is.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The highest inbox row whose taking in is durable.
    pub(super) fn inbox_seen(&self) -> i64 {
        self.inbox_seen
    }

    /// Writes a turn.
    pub(super) async fn commit(
        &mut self,
        state: &State,
        turn: &Turn,
        bodies: &Bodies,
        inbox_seen: i64,
        starts_work: bool,
    ) -> Result<Commit, EngineError> {
        let batch = Batch {
            run: self.run.clone(),
            owner: self.owner.clone(),
            epoch: self.epoch,
            expected_seq: self.seq,
            inbox_seen,
            starts_work,
            changes: changes(state, &turn.events, &turn.gone, bodies)?,
        };
        Ok(match self.store.commit(batch).await? {
            Outcome::Committed { seq, inbox } => {
                self.seq = seq;
                self.inbox_seen = inbox_seen;
                Commit::Done(rows(inbox))
            }
            Outcome::Fenced => Commit::Fenced,
            Outcome::InboxFirst(inbox) => Commit::InboxFirst(rows(inbox)),
        })
    }

    /// The state that the store holds.
    pub(super) async fn reload(&self, plan: &Arc<Plan>) -> Result<State, EngineError> {
        load(&self.store, &self.run, plan.clone()).await
    }
}

/// What a run waits for that no living process goes on with.
pub(super) fn another_process() -> Value {
    json!({"kind": "process", "name": "a process that can go on with it"})
}

/// Replays a run's log.
pub(super) async fn load(store: &Store, run: &Arc<str>, plan: Arc<Plan>) -> Result<State, EngineError> {
    replay(plan, run, &log(store, run).await?)
}

/// A run's events.
pub(super) async fn log(store: &Store, run: &Arc<str>) -> Result<Vec<Event>, EngineError> {
    let rows = store.load_events(run).await?;
    rows.iter().map(|row| row.event().map_err(|error| EngineError::internal(error.to_string()))).collect()
}

pub(super) fn replay(plan: Arc<Plan>, run: &str, log: &[Event]) -> Result<State, EngineError> {
    let state = State::replay(plan, log).map_err(|error| EngineError::log(&error))?;
    state.ok_or_else(|| EngineError::internal(format!("the log of run `{run}` is empty")))
}

/// Everything that a batch of events changes about a run.
/// `gone` are instances that the events changed and that the state keeps no more.
pub(super) fn changes(
    state: &State,
    events: &[Event],
    gone: &[StepState],
    bodies: &Bodies,
) -> Result<Changes, EngineError> {
    let rows = events.iter().map(|event| EventRow::of(event).map_err(|error| EngineError::internal(error.to_string())));
    let touched: BTreeSet<&StepPath> = events.iter().filter_map(|event| event.kind.path()).collect();
    let gone: HashMap<&StepPath, &StepState> = gone.iter().map(|step| (&step.path, step)).collect();
    let steps = touched.into_iter().filter_map(|path| state.steps.get(path).or_else(|| gone.get(path).copied()));
    let mut referred = Vec::new();
    let mut changes = Changes {
        events: rows.collect::<Result<_, _>>()?,
        bodies: Vec::new(),
        run: projection(state, events),
        steps: steps.filter_map(|step| step_row(state, step)).collect(),
        tasks_opened: Vec::new(),
        tasks_closed: Vec::new(),
        tasks_escalated: Vec::new(),
        waits_opened: Vec::new(),
        waits_closed: Vec::new(),
    };
    for event in events {
        refer(&event.kind, &mut referred);
        asked::note(state, event, bodies, &mut changes);
    }
    for at in referred {
        if let Some(text) = bodies.fresh(&at.hash) {
            changes.bodies.push(Body { at: at.clone(), text: text.clone() });
        }
    }
    Ok(changes)
}

/// The bodies that an event refers to.
fn refer<'e>(kind: &'e EventKind, referred: &mut Vec<&'e BodyRef>) {
    match kind {
        EventKind::RunCreated { parameters, context, .. } => {
            referred.push(parameters);
            referred.extend(context.values());
        }
        EventKind::StepReady { parameters, .. } => referred.push(parameters),
        EventKind::StepWaiting { waits: Waits::Task { prompt, .. }, .. } => referred.push(prompt),
        EventKind::StepWoken { by: Woken::Answer { answer, .. }, .. } => referred.push(answer),
        EventKind::StepWoken { by: Woken::Signal { payload, .. }, .. } | EventKind::SignalReceived { payload, .. } => {
            referred.push(payload);
        }
        EventKind::StepOpened { opened: Opened::ForEach { items, .. }, .. } => referred.push(items),
        EventKind::StepCompleted { result, exports, .. }
        | EventKind::StepComputed { result, exports, .. }
        | EventKind::InterruptionAnswered { answer: crate::machine::Answered::Done { result, exports }, .. } => {
            referred.push(result);
            referred.extend(exports.values());
        }
        EventKind::RunCompleted { outputs, .. } => referred.push(outputs),
        EventKind::RunStarted
        | EventKind::StepStarted { .. }
        | EventKind::StepRetrying { .. }
        | EventKind::StepFailed { .. }
        | EventKind::StepSkipped { .. }
        | EventKind::StepInterrupted { .. }
        | EventKind::InterruptionAnswered { .. }
        | EventKind::StepCancelled { .. }
        | EventKind::StepOpened { .. }
        | EventKind::IterationStarted { .. }
        | EventKind::IterationFinished { .. }
        | EventKind::IterationsEnded { .. }
        | EventKind::StepCutShort { .. }
        | EventKind::StepWaiting { .. }
        | EventKind::StepWoken { .. }
        | EventKind::TaskReminded { .. }
        | EventKind::TaskEscalated { .. }
        | EventKind::RunAdopted
        | EventKind::RunPaused { .. }
        | EventKind::RunResumed
        | EventKind::CancelRequested { .. }
        | EventKind::TimeoutReached
        | EventKind::RunFailed { .. }
        | EventKind::RunCancelled
        | EventKind::RunTimedOut => {}
    }
}

fn projection(state: &State, events: &[Event]) -> RunProjection {
    let count = |wanted: crate::machine::StepStatus| u32::try_from(state.count(wanted)).unwrap_or(u32::MAX);
    let failed = state.failure.as_ref().map(|(path, _)| path.clone());
    RunProjection {
        status: state.status(),
        progress: state.progress_percentage(),
        steps_total: u32::try_from(state.total_steps()).unwrap_or(u32::MAX),
        steps_completed: count(crate::machine::StepStatus::Completed),
        steps_failed: count(crate::machine::StepStatus::Failed),
        steps_skipped: count(crate::machine::StepStatus::Skipped),
        started_at: state.started_at,
        finished_at: state.finished_at,
        updated_at: events.last().map_or(state.created_at, |event| event.at),
        waiting_for: asked::waiting_for(state),
        error: state.error.clone(),
        failed_step: failed.filter(|_| state.error.is_some()),
        outputs: state.outputs.clone(),
        warnings: state.warnings.clone(),
        binding: state.binding.clone(),
    }
}

/// A step instance as status queries show it.
pub(super) fn step_row(state: &State, step: &StepState) -> Option<StepRow> {
    let node = state.plan.steps.get(step.index)?;
    let tool = match &node.kind {
        StepKind::Action(call) => Some(call.tool.clone()),
        StepKind::AgentTask { .. }
        | StepKind::Capability { .. }
        | StepKind::Condition { .. }
        | StepKind::Parallel { .. }
        | StepKind::Loop { .. }
        | StepKind::Wait(_)
        | StepKind::HumanTask { .. }
        | StepKind::Webhook(_)
        | StepKind::Workflow { .. }
        | StepKind::Transform { .. } => None,
    };
    Some(StepRow {
        path: step.path.clone(),
        ordinal: step.ordinal,
        step_id: node.id.clone(),
        name: node.name.clone(),
        tool,
        status: step.status,
        attempts: step.attempts,
        started_at: step.started_at,
        finished_at: step.finished_at,
        result: step.result.clone(),
        error: step.error.clone(),
        key: step.key.clone(),
        outcome_unknown: step.outcome_unknown,
        answered_via: step.answered_via,
    })
}

/// Rows as the driver reads them. One that this build cannot read was written
/// by another version; it is told and taken in without effect.
pub(super) fn rows(inbox: Vec<InboxRow>) -> Vec<Row> {
    let read = |row: InboxRow| {
        let request = serde_json::from_value::<Request>(row.payload)
            .inspect_err(
                |error| tracing::error!(run = %row.run, kind = row.kind, %error, "a request to a run cannot be read"),
            )
            .ok();
        Row { id: row.id, request }
    };
    inbox.into_iter().map(read).collect()
}
