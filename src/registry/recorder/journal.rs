//! The way to the learning log. Whoever notes never waits and never fails.
//!
//! The file is opened beside the first calls; what is noted meanwhile is kept
//! and handed over then, after what the log knew before was read, so that
//! nothing is counted twice. Must not know what is noted.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::follow_ups::FollowUps;
use crate::base::{Clock, ErrorKind, Timestamp};
use crate::store::{CallEnded, CallStarted, LearningStore, OpenError, ShownRow, StoreError, Transition};

/// How long a write waits for other processes; nobody waits for the write.
const BUSY: Duration = Duration::from_secs(5);
/// Rows kept while the file is being opened.
const WAITING: usize = 10_000;
/// Sequences read at the start, the most frequent first.
const SEQUENCES: u32 = 20_000;
/// How long a question waits for the file to be opened.
const OPENING: Duration = Duration::from_secs(10);
/// How long the end waits for it.
const CLOSING: Duration = Duration::from_secs(1);
/// How often what is too old is forgotten.
const PRUNING: Duration = Duration::from_hours(24);

/// Why there is no learning log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct LogUnavailable {
    /// `store_unavailable`, `config_invalid` or `disabled`.
    pub kind: ErrorKind,
    /// A sentence.
    pub error: String,
    /// What to do.
    pub hint: Option<String>,
}

impl LogUnavailable {
    /// The configuration wants none.
    #[must_use]
    pub fn switched_off() -> Self {
        Self { kind: ErrorKind::Disabled, ..Self::new("it is switched off") }
    }

    fn new(error: &str) -> Self {
        Self { kind: ErrorKind::StoreUnavailable, error: error.to_owned(), hint: None }
    }
}

impl From<OpenError> for LogUnavailable {
    fn from(error: OpenError) -> Self {
        Self { kind: error.kind(), error: error.to_string(), hint: Some(error.hint()) }
    }
}

impl From<StoreError> for LogUnavailable {
    fn from(error: StoreError) -> Self {
        Self { kind: error.kind(), error: error.message, hint: error.hint }
    }
}

enum Row {
    Started(CallStarted),
    Ended(CallEnded),
    Followed(Transition),
    Shown(Vec<ShownRow>),
    Accepted(String, u32, Timestamp),
}

enum State {
    /// Switched off.
    Off,
    /// Not opened yet.
    Waiting {
        file: PathBuf,
        rows: Vec<Row>,
        begun: bool,
    },
    Open(LearningStore),
    Gone(LogUnavailable),
}

/// The queue to the log.
pub(super) struct Journal {
    state: Mutex<State>,
    /// True when it is known whether there is a log.
    settled: watch::Sender<bool>,
    keep: Duration,
    clock: Arc<dyn Clock>,
    pruned: Mutex<Timestamp>,
    told: AtomicBool,
}

impl Journal {
    /// A journal for the log in that file; none when it is switched off.
    /// Calls are forgotten after `keep`.
    pub(super) fn new(log: Option<Result<PathBuf, LogUnavailable>>, keep: Duration, clock: Arc<dyn Clock>) -> Self {
        let state = match log {
            None => State::Off,
            Some(Ok(file)) => State::Waiting { file, rows: Vec::new(), begun: false },
            Some(Err(why)) => State::Gone(why),
        };
        let settled = watch::Sender::new(!matches!(state, State::Waiting { .. }));
        Self {
            state: Mutex::new(state),
            settled,
            keep,
            pruned: Mutex::new(clock.now()),
            clock,
            told: AtomicBool::new(false),
        }
    }

    /// Opens the file, reads what was learned, then writes what was noted
    /// meanwhile. When there can be no log, says so once.
    pub(super) async fn open(&self, follow_ups: &FollowUps) {
        let file = match &mut *self.state() {
            State::Waiting { file, begun, .. } if !*begun => {
                *begun = true;
                file.clone()
            }
            State::Gone(why) => return self.tell(why),
            State::Waiting { .. } | State::Off | State::Open(_) => return,
        };
        let opened = tokio::task::spawn_blocking(move || LearningStore::open(&file, BUSY)).await;
        match opened {
            Ok(Ok(log)) => {
                self.learn(&log, follow_ups).await;
                if let Some(late) = self.hand_over(log) {
                    close(&late).await;
                }
            }
            Ok(Err(error)) => self.give_up(error.into()),
            Err(error) => self.give_up(LogUnavailable::new(&format!("opening it ended by a fault: {error}"))),
        }
        self.settled.send_replace(true);
    }

    async fn learn(&self, log: &LearningStore, follow_ups: &FollowUps) {
        if let Err(error) = log.prune(self.oldest()).await {
            tracing::warn!(%error, "old calls stay in the learning log");
        }
        match log.sequences(None, SEQUENCES).await {
            Ok(rows) => follow_ups.read(&rows),
            Err(error) => tracing::warn!(%error, "what was learned before is not known"),
        }
    }

    /// Writes what was noted while the file was opened. Gives the log back when
    /// everything has ended meanwhile.
    fn hand_over(&self, log: LearningStore) -> Option<LearningStore> {
        let mut state = self.state();
        let State::Waiting { rows, .. } = &mut *state else { return Some(log) };
        for row in std::mem::take(rows) {
            write(&log, row);
        }
        *state = State::Open(log);
        None
    }

    fn give_up(&self, why: LogUnavailable) {
        self.tell(&why);
        *self.state() = State::Gone(why);
    }

    fn tell(&self, why: &LogUnavailable) {
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(hint = why.hint.as_deref(), "calls are not logged and what is learned is not kept: {why}");
        }
    }

    /// A call begins.
    pub(super) fn started(&self, call: CallStarted) {
        self.note(Row::Started(call));
    }

    /// It ended.
    pub(super) fn ended(&self, call: CallEnded) {
        self.note(Row::Ended(call));
        self.prune_when_due();
    }

    /// One call came after another.
    pub(super) fn followed(&self, seen: Transition) {
        self.note(Row::Followed(seen));
    }

    /// Recommendations were in an answer.
    pub(super) fn shown(&self, rows: Vec<ShownRow>) {
        self.note(Row::Shown(rows));
    }

    /// One was taken, known by its answer and its place in it.
    pub(super) fn accepted(&self, interaction: String, rank: u32, at: Timestamp) {
        self.note(Row::Accepted(interaction, rank, at));
    }

    fn note(&self, row: Row) {
        match &mut *self.state() {
            State::Open(log) => write(log, row),
            State::Waiting { rows, .. } if rows.len() < WAITING => rows.push(row),
            State::Waiting { .. } | State::Off | State::Gone(_) => {}
        }
    }

    fn prune_when_due(&self) {
        let now = self.clock.now();
        let mut pruned = self.pruned.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(*pruned) < PRUNING {
            return;
        }
        *pruned = now;
        drop(pruned);
        let State::Open(log) = &*self.state() else { return };
        let done = log.prune(self.oldest());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = done.await {
                    tracing::warn!(%error, "old calls stay in the learning log");
                }
            });
        }
    }

    fn oldest(&self) -> Timestamp {
        let keep = i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.clock.now().0.saturating_sub(keep))
    }

    /// The log, for questions. Waits while it is being opened.
    pub(super) async fn log(&self) -> Result<LearningStore, LogUnavailable> {
        self.wait(OPENING).await;
        match &*self.state() {
            State::Open(log) => Ok(log.clone()),
            State::Gone(why) => Err(why.clone()),
            State::Waiting { .. } => Err(LogUnavailable::new("it is still being opened")),
            State::Off => Err(LogUnavailable::switched_off()),
        }
    }

    async fn wait(&self, at_most: Duration) {
        let mut settled = self.settled.subscribe();
        // The sender lives as long as `self`; too late is seen in the state.
        drop(tokio::time::timeout(at_most, settled.wait_for(|settled| *settled)).await);
    }

    /// Ends the log after what was noted is written.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let to_come = matches!(&*self.state(), State::Waiting { begun, rows, .. } if *begun || !rows.is_empty());
        if to_come {
            self.wait(CLOSING).await;
        }
        let closed = State::Gone(LogUnavailable::new("it was closed"));
        let last = std::mem::replace(&mut *self.state(), closed);
        match last {
            State::Open(log) => log.close().await,
            State::Waiting { rows, .. } if !rows.is_empty() => {
                tracing::warn!(rows = rows.len(), "the last calls are not in the learning log: it was not open yet");
                Ok(())
            }
            State::Waiting { .. } | State::Off | State::Gone(_) => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn close(log: &LearningStore) {
    if let Err(error) = log.close().await {
        tracing::warn!(%error, "the learning log did not close");
    }
}

fn write(log: &LearningStore, row: Row) {
    match row {
        Row::Started(call) => log.started(call),
        Row::Ended(call) => log.ended(call),
        Row::Followed(seen) => log.followed(seen),
        Row::Shown(rows) => log.shown(rows),
        Row::Accepted(interaction, rank, at) => log.accepted(&interaction, rank, at),
    }
}
