//! The handle that everybody else holds.
//!
//! Writes are queued when a method is called, in the order of the calls, also
//! before their future is polled; the future waits for the commit, and dropping
//! it takes nothing back. Reads run on blocking threads and need a tokio runtime.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::body_cache::BodyCache;
use super::database::{self, Spec};
use super::error::{Fault, StoreError};
use super::identity::Identity;
use super::open_error::OpenError;
use super::processes::{self, NewProcess};
use super::query::{self, Counts};
use super::readers::Readers;
use super::rows::{
    Batch, Body, Claim, Creation, EventRow, InboxRow, NewRun, OpenRun, Outcome, Post, Posted, ProcessRow, RunFilter,
    RunRow, SignalPost, Signalled, StepRow, TaskRow, Usage,
};
use super::writer::Writer;
use super::{commit, inbox, location, signals};
use crate::base::Timestamp;

/// The database of runs. "SEQU".
pub(crate) const RUNS: Spec<'static> = Spec {
    file: "sequitur.db",
    application_id: 0x5345_5155,
    synchronous: "FULL",
    migrations: &[
        include_str!("migrations/0001_runs.sql"),
        include_str!("migrations/0002_needs.sql"),
        include_str!("migrations/0003_signals.sql"),
    ],
};

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// How long a write waits for other programs before it fails with
    /// [`Fault::Locked`].
    pub busy_timeout: Duration,
    /// Bytes of texts kept in memory.
    pub body_cache_bytes: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), body_cache_bytes: 32 << 20 }
    }
}

/// What the writer has done since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreStats {
    /// Transactions.
    pub commits: u64,
    /// Pieces of work in them.
    pub batches: u64,
}

/// What [`Store::changed_since`] compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeToken {
    data_version: i64,
    posts: u64,
}

/// A handle on the store; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    folder: PathBuf,
    path: PathBuf,
    locks: PathBuf,
    warnings: Vec<String>,
    identity: Identity,
    pub(super) writer: Writer,
    readers: Arc<Readers>,
    cache: Arc<BodyCache>,
    /// Commands posted through this handle, which `data_version` does not show.
    posts: watch::Sender<u64>,
    /// This process, with its lock.
    process: Mutex<Option<(Arc<str>, std::fs::File)>>,
    /// Locked for as long as the store is open: no schema changes under it.
    gate: Mutex<Option<std::fs::File>>,
}

impl Store {
    /// Opens the database of runs in `folder`, making both where they are
    /// missing. Blocks; up to two seconds while another process upgrades it.
    pub fn open(folder: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        Self::open_as(folder, options, RUNS)
    }

    pub(crate) fn open_as(folder: &Path, options: StoreOptions, spec: Spec<'_>) -> Result<Self, OpenError> {
        let warnings = location::prepare(folder)?;
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        let opened = database::open(folder, &spec, options.busy_timeout)?;
        let gate = opened.gate;
        let (path, identity) = (opened.path, opened.identity);
        let writer = Writer::start(&path, &spec, opened.connection, identity.clone(), options.busy_timeout)?;
        Ok(Self {
            inner: Arc::new(Inner {
                folder: folder.to_owned(),
                locks: processes::lock_folder(folder),
                warnings,
                identity,
                writer,
                readers: Arc::new(Readers::new(path.clone(), options.busy_timeout)),
                path,
                cache: Arc::new(BodyCache::new(options.body_cache_bytes)),
                posts: watch::Sender::new(0),
                process: Mutex::new(None),
                gate: Mutex::new(Some(gate)),
            }),
        })
    }

    #[cfg(test)]
    pub(super) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// What a person should know about the data folder, each a sentence.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.inner.warnings
    }

    /// What the writer has done so far.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        let counters = &self.inner.writer.counters;
        StoreStats {
            commits: counters.commits.load(Ordering::Relaxed),
            batches: counters.batches.load(Ordering::Relaxed),
        }
    }

    // Runs.

    /// Makes a run, or finds the one that the same request made before.
    pub fn create_run(&self, new: NewRun) -> impl Future<Output = Result<Creation, StoreError>> + Send + use<> {
        self.keep(&new.changes.bodies);
        self.keep(std::slice::from_ref(&new.plan));
        self.inner.writer.write(move |connection| commit::create(connection, &new))
    }

    /// Makes a turn of a run durable. When the future is ready with
    /// [`Outcome::Committed`], it survives power loss.
    pub fn commit(&self, batch: Batch) -> impl Future<Output = Result<Outcome, StoreError>> + Send + use<> {
        self.keep(&batch.changes.bodies);
        self.inner.writer.write(move |connection| commit::commit(connection, &batch))
    }

    /// Removes a finished run with all that belongs to it; false when there is none.
    pub fn delete_run(&self, run: &str) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        let run = run.to_owned();
        self.inner.writer.write(move |connection| commit::delete(connection, &run))
    }

    fn keep(&self, bodies: &[Body]) {
        for body in bodies {
            self.inner.cache.put(&body.at.hash, &body.text);
        }
    }

    // Commands to runs.

    /// Puts a command into a run's inbox, whoever owns the run.
    pub fn post(&self, post: Post) -> impl Future<Output = Result<Posted, StoreError>> + Send + use<> {
        let posts = self.inner.posts.clone();
        let posted = self.inner.writer.write(move |connection| inbox::post(connection, &post));
        async move {
            let posted = posted.await?;
            if let Posted::Accepted(_) = posted {
                posts.send_modify(|count| *count += 1);
            }
            Ok(posted)
        }
    }

    /// Puts a signal into the inbox of the run that it names, else of each run
    /// that waits for its event.
    pub fn signal(&self, signal: SignalPost) -> impl Future<Output = Result<Signalled, StoreError>> + Send + use<> {
        let posts = self.inner.posts.clone();
        let posted = self.inner.writer.write(move |connection| signals::signal(connection, &signal));
        async move {
            let signalled = posted.await?;
            if matches!(&signalled, Signalled::Delivered { rows, .. } if !rows.is_empty()) {
                posts.send_modify(|count| *count += 1);
            }
            Ok(signalled)
        }
    }

    /// Commands that the open runs of `owner` have not taken in, oldest first.
    pub async fn unseen_inbox(&self, owner: &str) -> Result<Vec<InboxRow>, StoreError> {
        let owner = owner.to_owned();
        self.inner.readers.read(move |connection| inbox::unseen_of_owner(connection, &owner)).await
    }

    /// Changes with every command that is posted through this handle or a clone,
    /// so that a process need not look for its own.
    #[must_use]
    pub fn posts(&self) -> watch::Receiver<u64> {
        self.inner.posts.subscribe()
    }

    /// Where the database stands, if another process has committed or a command
    /// was posted since `token`. Commits of this handle do not count.
    pub async fn changed_since(&self, token: ChangeToken) -> Result<Option<ChangeToken>, StoreError> {
        let posts = *self.inner.posts.borrow();
        let data_version = self.inner.writer.data_version().await?;
        let now = ChangeToken { data_version, posts };
        Ok((now != token).then_some(now))
    }

    // Ownership.

    /// Enters this process, which then may own runs; once per store. The lock
    /// is taken when the future is first polled.
    pub fn register_process(&self, new: NewProcess) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let inner = Arc::clone(&self.inner);
        async move {
            let lock = processes::take_lock(&inner.locks, &new.id)?;
            {
                let mut process = inner.process.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((id, _)) = &*process {
                    return Err(StoreError::new(Fault::Conflict, format!("this process is registered as `{id}`")));
                }
                *process = Some((Arc::clone(&new.id), lock));
            }
            let locks = inner.locks.clone();
            let registered = inner.writer.write(move |connection| processes::register(connection, &locks, &new)).await;
            if registered.is_err() {
                // Without its row it owns nothing; the caller may try again.
                drop(inner.process.lock().unwrap_or_else(PoisonError::into_inner).take());
            }
            registered
        }
    }

    /// Whether a process lives. Looks at its lock; does not wait.
    pub fn is_alive(&self, process: &str) -> Result<bool, StoreError> {
        processes::is_alive(&self.inner.locks, process)
    }

    /// Every registered process.
    pub async fn processes(&self) -> Result<Vec<ProcessRow>, StoreError> {
        let locks = self.inner.locks.clone();
        self.inner.readers.read(move |connection| Ok(processes::registered(connection, &locks)?)).await
    }

    /// Counts the lease of a process on; the open runs that are still its own,
    /// with their epochs.
    pub fn renew(
        &self,
        process: &str,
    ) -> impl Future<Output = Result<Vec<(Arc<str>, u64)>, StoreError>> + Send + use<> {
        let process = process.to_owned();
        self.inner.writer.write(move |connection| processes::renew(connection, &process))
    }

    /// Takes an open run over for `claimer`, if owner and epoch are still those
    /// given and that owner is dead, nobody, or the claimer.
    pub fn claim(
        &self,
        run: &str,
        claimer: &str,
        from_owner: Option<&str>,
        from_epoch: u64,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send + use<> {
        let (run, claimer, from_owner) = (run.to_owned(), claimer.to_owned(), from_owner.map(str::to_owned));
        let locks = self.inner.locks.clone();
        self.inner.writer.write(move |connection| {
            processes::claim(connection, &locks, &run, &claimer, (from_owner.as_deref(), from_epoch), None)
        })
    }

    /// The same from an owner that lives and whose lease stands still, if it
    /// still stands at `renewals`.
    pub fn claim_stalled(
        &self,
        run: &str,
        claimer: &str,
        from_owner: &str,
        from_epoch: u64,
        renewals: u64,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send + use<> {
        let (run, claimer, from_owner) = (run.to_owned(), claimer.to_owned(), from_owner.to_owned());
        let locks = self.inner.locks.clone();
        self.inner.writer.write(move |connection| {
            processes::claim(connection, &locks, &run, &claimer, (Some(&from_owner), from_epoch), Some(renewals))
        })
    }

    /// Gives a run up; false when it was not the owner's any more.
    pub fn release(
        &self,
        run: &str,
        owner: &str,
        epoch: u64,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        let (run, owner) = (run.to_owned(), owner.to_owned());
        self.inner.writer.write(move |connection| processes::release(connection, &run, &owner, epoch))
    }

    /// Every open run with who owns it, oldest first. Whether the owner lives is
    /// for [`Store::is_alive`] to say.
    pub async fn open_runs(&self) -> Result<Vec<OpenRun>, StoreError> {
        self.inner.readers.read(processes::open_runs).await
    }

    /// Gives a run up that `holder` or nobody alive owns and cannot go on with,
    /// and shows it as paused; false when it changed hands.
    pub fn hold(
        &self,
        run: &str,
        holder: &str,
        owner: Option<&str>,
        epoch: u64,
        waiting_for: serde_json::Value,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        let (run, holder, owner) = (run.to_owned(), holder.to_owned(), owner.map(str::to_owned));
        let locks = self.inner.locks.clone();
        self.inner.writer.write(move |connection| {
            processes::hold(connection, &locks, &run, &holder, (owner.as_deref(), epoch), &waiting_for)
        })
    }

    // Reading.

    /// The log of a run; event `n` is at place `n - 1`.
    pub async fn load_events(&self, run: &str) -> Result<Vec<EventRow>, StoreError> {
        let run = run.to_owned();
        self.inner.readers.read(move |connection| query::events(connection, &run)).await
    }

    /// A text of a run by its hash; none when the run has no such text.
    pub async fn body(&self, run: &str, hash: &str) -> Result<Option<Arc<str>>, StoreError> {
        let run = run.to_owned();
        self.text(hash, move |connection, hash| query::body(connection, &run, hash)).await
    }

    /// The same without waiting for a thread: for the short read in the midst of
    /// an evaluation. Blocks for as long as one row takes to read.
    pub fn body_now(&self, run: &str, hash: &str) -> Result<Option<Arc<str>>, StoreError> {
        if let Some(text) = self.inner.cache.get(hash) {
            return Ok(Some(text));
        }
        self.inner.readers.read_now(|connection| query::body(connection, run, hash))
    }

    /// The text of a plan by its hash.
    pub async fn plan(&self, hash: &str) -> Result<Option<Arc<str>>, StoreError> {
        self.text(hash, query::plan).await
    }

    async fn text(
        &self,
        hash: &str,
        query: impl FnOnce(&rusqlite::Connection, &str) -> Result<Option<Arc<str>>, StoreError> + Send + 'static,
    ) -> Result<Option<Arc<str>>, StoreError> {
        if let Some(text) = self.inner.cache.get(hash) {
            return Ok(Some(text));
        }
        let hash: Arc<str> = hash.into();
        let wanted = Arc::clone(&hash);
        let text = self.inner.readers.read(move |connection| query(connection, &wanted)).await?;
        if let Some(text) = &text {
            self.inner.cache.put(&hash, text);
        }
        Ok(text)
    }

    /// One run.
    pub async fn run(&self, id: &str) -> Result<Option<RunRow>, StoreError> {
        let id = id.to_owned();
        self.inner.readers.read(move |connection| query::run(connection, &id)).await
    }

    /// The run that a request with this idempotency key made.
    pub async fn run_by_key(&self, key: &str) -> Result<Option<RunRow>, StoreError> {
        let key = key.to_owned();
        self.inner.readers.read(move |connection| query::run_by_key(connection, &key)).await
    }

    /// Open runs, then finished ones, newest first in each part.
    pub async fn runs(&self, filter: RunFilter) -> Result<Vec<RunRow>, StoreError> {
        self.inner.readers.read(move |connection| query::runs(connection, &filter)).await
    }

    /// The step instances of a run, in their order.
    pub async fn steps(&self, run: &str) -> Result<Vec<StepRow>, StoreError> {
        let run = run.to_owned();
        self.inner.readers.read(move |connection| query::steps(connection, &run)).await
    }

    /// One step instance.
    pub async fn step(&self, run: &str, path: &str) -> Result<Option<StepRow>, StoreError> {
        let (run, path) = (run.to_owned(), path.to_owned());
        self.inner.readers.read(move |connection| query::step(connection, &run, &path)).await
    }

    /// Open questions with their runs, oldest first: of one run, or of all.
    pub async fn open_tasks(&self, run: Option<&str>) -> Result<Vec<(Arc<str>, TaskRow)>, StoreError> {
        let run = run.map(str::to_owned);
        self.inner.readers.read(move |connection| query::tasks(connection, run.as_deref())).await
    }

    /// How each template was used, over the runs that are kept and did not end
    /// before `since`.
    pub async fn usage(&self, since: Option<Timestamp>) -> Result<Vec<Usage>, StoreError> {
        self.inner.readers.read(move |connection| query::usage(connection, since)).await
    }

    /// What `doctor` shows.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        self.inner.readers.read(query::counts).await
    }

    /// Reads the whole file; the first fault found.
    pub async fn check(&self) -> Result<Option<String>, StoreError> {
        self.inner.readers.read(|connection| Ok(database::first_fault(connection)?)).await
    }

    /// Whether the file is still where it was: to be asked each second. While it
    /// is not, writes fail with [`Fault::Gone`].
    #[must_use]
    pub fn identity_unchanged(&self) -> bool {
        self.inner.identity.unchanged()
    }

    /// Ends everything: what is queued is written, this process gives its runs
    /// up, the log is moved into the database. Later calls fail with
    /// [`Fault::Closed`].
    pub async fn close(&self) -> Result<(), StoreError> {
        let process = self.inner.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut end = Ok(());
        if let Some((id, lock)) = process {
            let locks = self.inner.locks.clone();
            end = self.inner.writer.write(move |connection| processes::forget(connection, &locks, &id)).await;
            drop(lock);
        }
        let inner = Arc::clone(&self.inner);
        let closed = tokio::task::spawn_blocking(move || {
            inner.readers.close();
            let closed = inner.writer.close();
            drop(inner.gate.lock().unwrap_or_else(PoisonError::into_inner).take());
            closed
        });
        let closed = closed
            .await
            .map_err(|error| StoreError::new(Fault::Internal, format!("closing ended by a fault: {error}")))?;
        end.and(closed)
    }
}
