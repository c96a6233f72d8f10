//! What goes into the store and comes out of it: one type per kind of row.
//!
//! Must not know SQL. A new fact about a run that status queries show is a field
//! of [`RunProjection`] or [`StepRow`] with its column in a migration.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Timestamp;
use crate::contract::Binding;
use crate::machine::{BodyRef, CURRENT_VERSION, Event, EventKind, RunStatus, StepError, StepPath, StepStatus, Via};
use crate::workflow::plan::{Mode, Priority, Source};

/// A text to keep, with its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Hash and length of `text`.
    pub at: BodyRef,
    /// Canonical JSON.
    pub text: Arc<str>,
}

impl Body {
    /// A text under its own hash.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        Self { at: BodyRef::of(&text), text }
    }
}

/// One row of a log. The number it gets is its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// When it was decided.
    pub at: Timestamp,
    /// The version of the event format.
    pub version: u32,
    /// The event's name.
    pub kind: Cow<'static, str>,
    /// The step instance it is about.
    pub step: Option<Arc<str>>,
    /// The event's own JSON.
    pub data: String,
}

/// A row that this build cannot read: its run must be left `paused`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event `{kind}` of version {version} cannot be read by this build: {cause}")]
pub struct UnknownEvent {
    /// Its name.
    pub kind: String,
    /// Its version.
    pub version: u32,
    /// What the reader said.
    pub cause: String,
}

impl EventRow {
    /// The row of an event of this build.
    pub fn of(event: &Event) -> Result<Self, serde_json::Error> {
        Ok(Self {
            at: event.at,
            version: CURRENT_VERSION,
            kind: Cow::Borrowed(event.kind.name()),
            step: event.kind.path().map(|path| Arc::clone(&path.0)),
            data: serde_json::to_string(&event.kind)?,
        })
    }

    /// The event of a row.
    pub fn event(&self) -> Result<Event, UnknownEvent> {
        let unknown =
            |cause: String| UnknownEvent { kind: self.kind.clone().into_owned(), version: self.version, cause };
        if self.version > CURRENT_VERSION {
            return Err(unknown(format!("the newest version it knows is {CURRENT_VERSION}")));
        }
        let kind: EventKind = serde_json::from_str(&self.data).map_err(|error| unknown(error.to_string()))?;
        Ok(Event { at: self.at, kind })
    }
}

/// What changes about a run over its life, as status queries show it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunProjection {
    /// Its status; a terminal one is the last.
    pub status: RunStatus,
    /// 0 to 100; never falls.
    pub progress: f64,
    /// Step instances known so far.
    pub steps_total: u32,
    /// Of them, ended well.
    pub steps_completed: u32,
    /// Of them, failed for good.
    pub steps_failed: u32,
    /// Of them, did not run.
    pub steps_skipped: u32,
    /// It got its first place then.
    pub started_at: Option<Timestamp>,
    /// It ended then; given exactly when `status` is terminal.
    pub finished_at: Option<Timestamp>,
    /// Its log last grew then.
    pub updated_at: Timestamp,
    /// What it waits for, as answers show it.
    pub waiting_for: Option<Value>,
    /// Why it failed.
    pub error: Option<StepError>,
    /// The step that failed first.
    pub failed_step: Option<StepPath>,
    /// Its outputs, an object.
    pub outputs: Option<BodyRef>,
    /// Outputs that could not be evaluated.
    pub warnings: Vec<String>,
    /// What it is bound to.
    pub binding: Option<Binding>,
}

/// A step instance as status queries show it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// The instance.
    pub path: StepPath,
    /// Its place among the run's instances.
    pub ordinal: u32,
    /// The step's id in the template.
    pub step_id: String,
    /// The step's name for people.
    pub name: String,
    /// The tool it calls.
    pub tool: Option<String>,
    /// Where it stands.
    pub status: StepStatus,
    /// Attempts sent.
    pub attempts: u32,
    /// Its first attempt was sent then.
    pub started_at: Option<Timestamp>,
    /// It ended then.
    pub finished_at: Option<Timestamp>,
    /// Its result.
    pub result: Option<BodyRef>,
    /// Its last error.
    pub error: Option<StepError>,
    /// The key of its calls.
    pub key: Option<Arc<str>>,
    /// It was cancelled while an unsafe call had no reply.
    pub outcome_unknown: bool,
    /// How its question was answered.
    pub answered_via: Option<Via>,
}

/// A question to a person or agent.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// The question's id.
    pub id: String,
    /// The step instance that asks.
    pub step: StepPath,
    /// `human_task`, `agent_task`, `interrupted`, `approval`.
    pub kind: String,
    /// Who is asked.
    pub assignee: String,
    /// The question.
    pub prompt: String,
    /// What an answer must look like.
    pub answer_schema: Value,
    /// Asked then.
    pub opened_at: Timestamp,
    /// To be answered by then.
    pub deadline: Option<Timestamp>,
}

/// The end of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskClosed {
    /// The question's id.
    pub id: String,
    /// Closed then.
    pub at: Timestamp,
    /// How it was answered, if it was.
    pub via: Option<Via>,
}

/// A step that waits for an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitRow {
    /// The step instance.
    pub step: StepPath,
    /// The event's name.
    pub event: String,
}

/// Everything that one transaction writes about a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// New events, in order.
    pub events: Vec<EventRow>,
    /// Texts they refer to; one that the run already has is no error.
    pub bodies: Vec<Body>,
    /// The run after them.
    pub run: RunProjection,
    /// Instances that changed, after them.
    pub steps: Vec<StepRow>,
    /// New questions.
    pub tasks_opened: Vec<TaskRow>,
    /// Questions that ended. All of a run's are closed with it.
    pub tasks_closed: Vec<TaskClosed>,
    /// Questions that another is asked from now on: id, whom, until when.
    pub tasks_escalated: Vec<(String, String, Timestamp)>,
    /// New waits for events.
    pub waits_opened: Vec<WaitRow>,
    /// Steps that wait no more. All of a run's end with it.
    pub waits_closed: Vec<StepPath>,
}

/// A turn of a run, to be made durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The run.
    pub run: Arc<str>,
    /// The process that owns it.
    pub owner: Arc<str>,
    /// Its ownership.
    pub epoch: u64,
    /// The number of the last event before these.
    pub expected_seq: u64,
    /// The highest inbox row that the owner has taken in; 0 for none.
    pub inbox_seen: i64,
    /// Something new starts: refused while unseen inbox rows exist.
    pub starts_work: bool,
    /// What is written.
    pub changes: Changes,
}

/// What came of a [`Batch`].
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Outcome {
    /// It is durable.
    Committed {
        /// The number of the last event now.
        seq: u64,
        /// Inbox rows that the owner has not taken in.
        inbox: Vec<InboxRow>,
    },
    /// The run belongs to another owner or epoch; nothing was written.
    Fenced,
    /// Inbox rows came first; nothing was written. The owner takes them in and
    /// decides again.
    InboxFirst(Vec<InboxRow>),
}

/// A run that is to exist.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Its id.
    pub id: Arc<str>,
    /// The template's id.
    pub template_id: String,
    /// The template's name.
    pub template_name: String,
    /// The template's version.
    pub template_version: String,
    /// Where the template came from.
    pub source: Source,
    /// How ready steps are chosen.
    pub mode: Mode,
    /// Among runs.
    pub priority: Priority,
    /// The plan it keeps.
    pub plan: Body,
    /// Its parameters; the text is among the bodies.
    pub parameters: BodyRef,
    /// The session that asked.
    pub session: Option<String>,
    /// The run and step instance whose child it is.
    pub parent: Option<(String, StepPath)>,
    /// The run whose results were copied.
    pub forked_from: Option<String>,
    /// Makes a repeated request the same run.
    pub idempotency: Option<Idempotency>,
    /// The process that owns it from the start.
    pub owner: Option<Arc<str>>,
    /// What a process must have to go on with it.
    pub needs: Needs,
    /// When.
    pub created_at: Timestamp,
    /// Its first events and what they lead to.
    pub changes: Changes,
}

/// What a process must have to go on with a run, as it was when the run was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Needs {
    /// Tools that its steps call.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tools: BTreeSet<String>,
    /// The servers that have them, by name, with a hash of how each is started.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub servers: BTreeMap<String, String>,
    /// Secrets by name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<String>,
    /// Folders that its file tools may use.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub roots: BTreeSet<String>,
}

/// What tells a repeated request from a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The caller's key.
    pub key: String,
    /// A hash of template, parameters and context.
    pub request_hash: String,
}

/// What came of a [`NewRun`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Creation {
    /// It exists.
    Created {
        /// The first owner's.
        epoch: u64,
        /// The number of its last event.
        seq: u64,
    },
    /// The same request was made before: this is its run.
    Existing {
        /// The run's id.
        run: String,
    },
    /// The key was used for another request.
    KeyConflict {
        /// That request's run.
        run: String,
    },
}

/// A command to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The run.
    pub run: String,
    /// `cancel`, `pause`, `resume`, `answer`, `signal`.
    pub kind: String,
    /// The question it answers. Refused unless that one is open and unanswered.
    pub task: Option<String>,
    /// The rest, as JSON.
    pub payload: Value,
    /// When.
    pub at: Timestamp,
    /// The process it came from.
    pub from_process: Option<String>,
}

/// What came of a [`Post`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Posted {
    /// It is durable under this number.
    Accepted(i64),
    /// There is no such run.
    UnknownRun,
    /// The run has ended with this status.
    RunEnded(RunStatus),
    /// The run never asked this.
    UnknownTask,
    /// The question is closed, or an answer came before.
    TaskClosed,
}

/// A signal.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalPost {
    /// The run it is for; else every run that waits for its event.
    pub run: Option<String>,
    /// The event's name.
    pub event: String,
    /// Such a signal is delivered once.
    pub signal_id: Option<String>,
    /// The inbox row's payload.
    pub payload: Value,
    /// When.
    pub at: Timestamp,
    /// The process it came from.
    pub from_process: Option<String>,
}

/// What came of a [`SignalPost`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Signalled {
    /// It is durable.
    Delivered {
        /// Open waits that it reaches; 1 for a run that was named.
        waits: usize,
        /// The runs, with the inbox rows.
        rows: Vec<(Arc<str>, i64)>,
    },
    /// One with this id was delivered before.
    Repeated,
    /// There is no such run.
    UnknownRun,
    /// The run has ended with this status.
    RunEnded(RunStatus),
}

/// A command to a run, as its owner reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Its number; grows in the order of commits.
    pub id: i64,
    /// The run.
    pub run: Arc<str>,
    /// See [`Post::kind`].
    pub kind: String,
    /// The question it answers.
    pub task: Option<String>,
    /// The rest.
    pub payload: Value,
    /// When.
    pub at: Timestamp,
    /// The process it came from.
    pub from_process: Option<String>,
}

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Its id.
    pub id: Arc<str>,
    /// The template's id.
    pub template_id: String,
    /// The template's name.
    pub template_name: String,
    /// The template's version.
    pub template_version: String,
    /// Where the template came from.
    pub source: Source,
    /// How ready steps are chosen.
    pub mode: Mode,
    /// Among runs.
    pub priority: Priority,
    /// Hash of the plan it keeps.
    pub plan: Arc<str>,
    /// Its parameters.
    pub parameters: BodyRef,
    /// The session that asked.
    pub session: Option<String>,
    /// The run and step instance whose child it is.
    pub parent: Option<(String, StepPath)>,
    /// The run whose results were copied.
    pub forked_from: Option<String>,
    /// The caller's key.
    pub idempotency_key: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// The process that owns it.
    pub owner: Option<Arc<str>>,
    /// Grows with every change of owner.
    pub epoch: u64,
    /// The number of its last event.
    pub seq: u64,
    /// The highest inbox row taken in.
    pub inbox_seen: i64,
    /// What a process must have to go on with it; none of a run that is older
    /// than that this is kept.
    pub needs: Option<Needs>,
    /// The rest.
    pub projection: RunProjection,
}

/// Which runs to list: open ones first, newest first in each part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFilter {
    /// Only these statuses; empty for all.
    pub statuses: Vec<RunStatus>,
    /// At most so many open ones.
    pub open_limit: u32,
    /// At most so many finished ones.
    pub finished_limit: u32,
}

/// An open run and who owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// The run.
    pub run: Arc<str>,
    /// The owner, alive or not.
    pub owner: Option<Arc<str>>,
    /// The ownership to take over from.
    pub epoch: u64,
    /// Where the owner's lease stands; 0 without one.
    pub renewals: u64,
}

/// What came of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Claim {
    /// It is the claimer's, under this epoch.
    Claimed(u64),
    /// Its owner lives.
    OwnerAlive,
    /// Owner or epoch are others by now, or it is gone.
    Lost,
    /// It has ended.
    Ended,
}

/// How a template was used, over the runs that are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    /// The template.
    pub template_id: String,
    /// Finished runs.
    pub finished: u64,
    /// Of them, completed.
    pub completed: u64,
    /// Mean time from start to end of the finished ones that had started.
    pub mean_seconds: Option<f64>,
    /// Runs that have not ended.
    pub open: u64,
}

impl Usage {
    /// Completed over finished runs, in `[0, 1]`; none without finished runs.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of runs are far below 2^53")]
    pub fn success_rate(&self) -> Option<f64> {
        (self.finished > 0).then(|| self.completed as f64 / self.finished as f64)
    }
}

/// A process that has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRow {
    /// Its id.
    pub id: Arc<str>,
    /// `serve`, `run`, `worker`, ...
    pub kind: String,
    /// The system's number for it.
    pub pid: u32,
    /// The version of its build.
    pub build: String,
    /// It started then.
    pub started_at: Timestamp,
    /// Its lease: a counter that grows while it is well.
    pub renewals: u64,
    /// Whether it holds its lock.
    pub alive: bool,
}
