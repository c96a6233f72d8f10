//! The learning log: a file of its own, written off the path of calls.
//!
//! A call is written when it begins and again when it ends, so that one that was
//! cut short is known too. Whoever logs never waits and never fails: what cannot
//! be written is counted and told. Rows are gathered for a tenth of a second, so
//! that calls do not wake the writer one by one: a kill loses those moments.
//! `synchronous=NORMAL`: a power failure may lose the last calls.
//!
//! Must not know what is learned from it (intelligence's).

mod read;
mod rows;
mod write;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::database::{self, Spec};
use super::error::{Fault, StoreError};
use super::location;
use super::open_error::OpenError;
use super::readers::Readers;
use super::writer::Writer;
use crate::base::Timestamp;

pub use rows::{
    CallEnded, CallStarted, InteractionRow, LearningStats, SequenceRow, ShownRow, SourceTotals, ToolSums, Transition,
};

/// Rows on their way beyond which further ones are dropped: some megabytes.
const QUEUE: u64 = 10_000;

/// "SEQL".
const APPLICATION_ID: i32 = 0x5345_514C;

/// A handle on the learning log; clones share it.
#[derive(Debug, Clone)]
pub struct LearningStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: Writer,
    readers: Arc<Readers>,
    load: Arc<Load>,
    gate: Mutex<Option<std::fs::File>>,
}

#[derive(Debug, Default)]
struct Load {
    queued: AtomicU64,
    dropped: AtomicU64,
}

impl Load {
    fn drop_one(&self, why: &str) {
        let before = self.dropped.fetch_add(1, Ordering::Relaxed);
        // The first of a series is told, and then one in a thousand.
        if before.is_multiple_of(1_000) {
            tracing::warn!(dropped = before + 1, "the learning log could not be written: {why}");
        }
    }
}

impl LearningStore {
    /// Opens the log at `file`, making it and its folder where they are missing.
    pub fn open(file: &Path, busy_timeout: Duration) -> Result<Self, OpenError> {
        let other = |cause: &str| OpenError::Other { path: file.to_owned(), cause: cause.to_owned() };
        let name = file.file_name().and_then(|name| name.to_str()).ok_or_else(|| other("its path is no file's"))?;
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        let spec = Spec {
            file: name,
            application_id: APPLICATION_ID,
            synchronous: "NORMAL",
            migrations: &[include_str!("../migrations/learning/0001_interactions.sql")],
        };
        for warning in location::prepare(folder)? {
            tracing::warn!("{warning}");
        }
        let opened = database::open(folder, &spec, busy_timeout)?;
        let writer = Writer::start(&opened.path, &spec, opened.connection, opened.identity, busy_timeout)?;
        Ok(Self {
            inner: Arc::new(Inner {
                writer,
                readers: Arc::new(Readers::new(opened.path, busy_timeout)),
                load: Arc::default(),
                gate: Mutex::new(Some(opened.gate)),
            }),
        })
    }

    fn log(&self, write: impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static) {
        let load = Arc::clone(&self.inner.load);
        if load.queued.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            load.queued.fetch_sub(1, Ordering::Relaxed);
            load.drop_one("too many rows are waiting");
            return;
        }
        let queued = self.inner.writer.gather(write, move |result| {
            load.queued.fetch_sub(1, Ordering::Relaxed);
            if let Err(error) = result {
                load.drop_one(&error.message);
            }
        });
        if let Err(error) = queued {
            self.inner.load.queued.fetch_sub(1, Ordering::Relaxed);
            self.inner.load.drop_one(&error.message);
        }
    }

    /// Logs that a call begins.
    pub fn started(&self, call: CallStarted) {
        self.log(move |connection| write::started(connection, &call));
    }

    /// Logs how a call ended.
    pub fn ended(&self, call: CallEnded) {
        self.log(move |connection| write::ended(connection, &call));
    }

    /// Logs that one call came after another: the earlier one's `followed_by`,
    /// and one occurrence more of the sequence.
    pub fn followed(&self, seen: Transition) {
        self.log(move |connection| write::followed(connection, &seen));
    }

    /// Logs the recommendations of an answer.
    pub fn shown(&self, rows: Vec<ShownRow>) {
        if !rows.is_empty() {
            self.log(move |connection| write::shown(connection, &rows));
        }
    }

    /// Logs that a recommendation was taken, known by its answer and its place in it.
    pub fn accepted(&self, interaction: &str, rank: u32, at: Timestamp) {
        let interaction = interaction.to_owned();
        self.log(move |connection| write::accepted(connection, &interaction, rank, at));
    }

    /// Rates a call, 1 to 5; false when there is no such call.
    pub fn rate(
        &self,
        interaction: &str,
        rating: u8,
        comment: Option<String>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        let interaction = interaction.to_owned();
        self.inner.writer.write(move |connection| write::rated(connection, &interaction, rating, comment.as_deref()))
    }

    /// Forgets what is older than `before`; the number of calls forgotten.
    pub fn prune(&self, before: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send + use<> {
        self.inner.writer.write(move |connection| write::prune(connection, before))
    }

    /// Waits until all that was logged before is written or dropped.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.inner.writer.write(|_| Ok(())).await
    }

    /// How well the log keeps up.
    #[must_use]
    pub fn stats(&self) -> LearningStats {
        LearningStats {
            queued: self.inner.load.queued.load(Ordering::Relaxed),
            dropped: self.inner.load.dropped.load(Ordering::Relaxed),
        }
    }

    /// One call.
    pub async fn call(&self, id: &str) -> Result<Option<InteractionRow>, StoreError> {
        let id = id.to_owned();
        self.inner.readers.read(move |connection| read::call(connection, &id)).await
    }

    /// The last calls of a session by clients and people, newest first.
    pub async fn last_calls(&self, session: &str, limit: u32) -> Result<Vec<InteractionRow>, StoreError> {
        let session = session.to_owned();
        self.inner.readers.read(move |connection| read::last_calls(connection, &session, limit)).await
    }

    /// Sums of every tool, by name; of calls that began at `since` or later.
    pub async fn tools(&self, since: Option<Timestamp>) -> Result<Vec<ToolSums>, StoreError> {
        self.inner.readers.read(move |connection| read::tools(connection, since)).await
    }

    /// What came after `from`, most frequent first.
    pub async fn follow_ups(&self, from: &str, limit: u32) -> Result<Vec<SequenceRow>, StoreError> {
        let from = from.to_owned();
        self.inner.readers.read(move |connection| read::follow_ups(connection, &from, limit)).await
    }

    /// Sequences last seen at `since` or later, most frequent first; their
    /// counts are over all time.
    pub async fn sequences(&self, since: Option<Timestamp>, limit: u32) -> Result<Vec<SequenceRow>, StoreError> {
        self.inner.readers.read(move |connection| read::sequences(connection, since, limit)).await
    }

    /// Recommendations shown at `since` or later, and of them those taken, by source.
    pub async fn recommendations(&self, since: Option<Timestamp>) -> Result<Vec<SourceTotals>, StoreError> {
        self.inner.readers.read(move |connection| read::recommendations(connection, since)).await
    }

    /// Ends everything after what is queued is written. Later calls are dropped
    /// and counted.
    pub async fn close(&self) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.inner);
        let closed = tokio::task::spawn_blocking(move || {
            inner.readers.close();
            let closed = inner.writer.close();
            drop(inner.gate.lock().unwrap_or_else(PoisonError::into_inner).take());
            closed
        });
        closed.await.map_err(|error| StoreError::new(Fault::Internal, format!("closing ended by a fault: {error}")))?
    }
}
