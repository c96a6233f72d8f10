//! The one writer: a thread with the only connection that writes.
//!
//! It takes all that is queued, never waits for more, and makes one transaction
//! of it with a savepoint per piece of work, so that concurrent runs share the
//! cost of a commit and one that fails takes no other with it. Nobody is
//! answered before the commit. Work that nobody waits for may be gathered: it
//! is done a moment later, or with the first work that somebody waits for.
//!
//! Must not know what is written: work is a closure over the connection.

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};
use tokio::sync::oneshot;

use super::checkpoint::Checkpointer;
use super::database::Spec;
use super::error::{Fault, StoreError};
use super::identity::Identity;
use super::open_error::OpenError;

/// Pieces of work in one transaction; bounds how long the first one waits.
const LARGEST_GROUP: usize = 1024;
/// How long gathered work waits for more of it: waking the thread for each
/// piece would cost its caller more than the piece itself.
const GATHERING: Duration = Duration::from_millis(100);

/// What the writer has done so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub commits: AtomicU64,
    pub batches: AtomicU64,
}

/// The sending side. Dropping it ends the thread once the queue is empty.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Sender<Message>,
    gathered: Arc<Gathered>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pub(crate) counters: Arc<Counters>,
}

/// Work that waits for more of it; none is taken once the thread has ended.
#[derive(Default)]
struct Gathered(Mutex<Pieces>);

#[derive(Default)]
struct Pieces {
    work: Vec<Box<dyn Work>>,
    ended: bool,
}

impl std::fmt::Debug for Gathered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gathered").field("pieces", &self.lock().work.len()).finish()
    }
}

impl Gathered {
    fn lock(&self) -> std::sync::MutexGuard<'_, Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Box<dyn Work>> {
        std::mem::take(&mut self.lock().work)
    }

    fn end(&self) -> Vec<Box<dyn Work>> {
        let mut pieces = self.lock();
        pieces.ended = true;
        std::mem::take(&mut pieces.work)
    }
}

enum Message {
    Work(Box<dyn Work>),
    /// Some work was gathered.
    Gathering,
    /// `SQLite`'s `data_version` as this connection sees it: changes when another
    /// connection commits, and not by our own commits.
    Look(oneshot::Sender<Result<i64, StoreError>>),
    Close,
}

trait Work: Send {
    /// Does it, inside the transaction.
    fn execute(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Answers, once it is known how the transaction ended.
    fn answer(self: Box<Self>, end: Result<(), StoreError>);
}

struct Job<T, F, A> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: A,
}

impl<T, F, A> Work for Job<T, F, A>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
    A: FnOnce(Result<T, StoreError>) + Send,
{
    fn execute(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else {
            return Err(StoreError::new(Fault::Internal, "a piece of work was done twice"));
        };
        let result = work(connection);
        let end = result.as_ref().map(|_| ()).map_err(Clone::clone);
        self.result = Some(result);
        end
    }

    fn answer(self: Box<Self>, end: Result<(), StoreError>) {
        let result = match (self.result, end) {
            // Its own fault says more than that of the group.
            (Some(Err(own)), _) => Err(own),
            (_, Err(group)) => Err(group),
            (Some(done), Ok(())) => done,
            (None, Ok(())) => Err(StoreError::new(Fault::Internal, "a piece of work was not done")),
        };
        (self.answer)(result);
    }
}

impl Writer {
    /// Starts the thread, with the connection that is now its own.
    pub(crate) fn start(
        path: &Path,
        spec: &Spec<'_>,
        connection: Connection,
        identity: Identity,
        busy: Duration,
    ) -> Result<Self, OpenError> {
        let other = |error: std::io::Error| OpenError::Other { path: path.to_owned(), cause: error.to_string() };
        let checkpointer = Checkpointer::start(path.to_owned(), spec.writing(), busy).map_err(other)?;
        let (queue, messages) = channel();
        let counters = Arc::new(Counters::default());
        let gathered = Arc::new(Gathered::default());
        let state = State {
            connection,
            identity,
            version: spec.version(),
            checkpointer,
            counters: Arc::clone(&counters),
            gathered: Arc::clone(&gathered),
        };
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        let thread = thread.spawn(move || state.run(&messages)).map_err(other)?;
        Ok(Self { queue, gathered, thread: Mutex::new(Some(thread)), counters })
    }

    /// Queues `work`; `answer` is told on the writer's thread how it ended. Fails
    /// when the thread has ended.
    pub(crate) fn submit<T, F, A>(&self, work: F, answer: A) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        A: FnOnce(Result<T, StoreError>) + Send + 'static,
    {
        let job = Job { work: Some(work), result: None, answer };
        self.queue.send(Message::Work(Box::new(job))).map_err(|_| StoreError::closed())
    }

    /// The same for work that may wait a moment for more of it. It is done before
    /// whatever is queued after it.
    pub(crate) fn gather<T, F, A>(&self, work: F, answer: A) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        A: FnOnce(Result<T, StoreError>) + Send + 'static,
    {
        let job = Box::new(Job { work: Some(work), result: None, answer });
        let gathered = {
            let mut pieces = self.gathered.lock();
            if pieces.ended {
                return Err(StoreError::closed());
            }
            pieces.work.push(job);
            pieces.work.len()
        };
        if gathered == 1 || gathered == LARGEST_GROUP {
            // A thread that ends meanwhile takes what is gathered with it.
            drop(self.queue.send(Message::Gathering));
        }
        Ok(())
    }

    /// Queues `work` now; the future waits for its commit.
    pub(crate) fn write<T, F>(&self, work: F) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queued = self.submit(work, move |result| {
            // Whoever asked may have gone: the work is done all the same.
            drop(reply.send(result));
        });
        async move {
            queued?;
            answer.await.map_err(|_| StoreError::closed())?
        }
    }

    /// See [`Message::Look`].
    pub(crate) fn data_version(&self) -> impl Future<Output = Result<i64, StoreError>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let queued = self.queue.send(Message::Look(reply));
        async move {
            queued.map_err(|_| StoreError::closed())?;
            answer.await.map_err(|_| StoreError::closed())?
        }
    }

    /// Ends the thread after all that is queued; blocks until it has ended.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        // A thread that has ended by itself cannot be told to.
        drop(self.queue.send(Message::Close));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread.map(JoinHandle::join) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(StoreError::new(Fault::Internal, "the store's writer ended by a fault of its own")),
        }
    }
}

struct State {
    connection: Connection,
    identity: Identity,
    version: u32,
    checkpointer: Checkpointer,
    counters: Arc<Counters>,
    gathered: Arc<Gathered>,
}

impl State {
    fn run(self, messages: &Receiver<Message>) {
        let mut open = true;
        while open {
            let mut next = match messages.recv() {
                Ok(Message::Gathering) => match messages.recv_timeout(GATHERING) {
                    Ok(message) => Some(message),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => break,
                },
                Ok(message) => Some(message),
                Err(_) => break,
            };
            let mut group = Vec::new();
            let mut looks = Vec::new();
            while let Some(message) = next {
                match message {
                    Message::Work(work) => group.push(work),
                    Message::Gathering => {}
                    Message::Look(reply) => looks.push(reply),
                    Message::Close => {
                        open = false;
                        break;
                    }
                }
                next = if group.len() < LARGEST_GROUP { messages.try_recv().ok() } else { None };
            }
            // After the messages: what was gathered before one of them is done with it.
            let mut all = self.gathered.take();
            all.append(&mut group);
            self.groups(all);
            for reply in looks {
                drop(reply.send(self.data_version()));
            }
        }
        self.groups(self.gathered.end());
        self.end();
    }

    fn groups(&self, mut work: Vec<Box<dyn Work>>) {
        while !work.is_empty() {
            let rest = work.split_off(work.len().min(LARGEST_GROUP));
            self.group(work);
            work = rest;
        }
    }

    fn group(&self, mut group: Vec<Box<dyn Work>>) {
        let end = self.transaction(&mut group);
        if end.is_ok() {
            self.counters.commits.fetch_add(1, Ordering::Relaxed);
            self.counters.batches.fetch_add(group.len() as u64, Ordering::Relaxed);
        }
        for work in group {
            work.answer(end.clone());
        }
        self.checkpointer.committed(&self.connection);
    }

    fn transaction(&self, group: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
        self.check_identity()?;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let done = self.check_version().and_then(|()| self.execute(group));
        let end = done.and_then(|()| Ok(self.connection.prepare_cached("COMMIT")?.execute([]).map(drop)?));
        if end.is_err() && !self.connection.is_autocommit() {
            // The first fault is the one to tell; without a transaction there is
            // nothing to undo.
            if let Err(error) = self.connection.execute_batch("ROLLBACK") {
                tracing::warn!(%error, "a transaction could not be rolled back");
            }
        }
        // A commit into a file that lost its name meanwhile is not acknowledged.
        end.and_then(|()| self.check_identity())
    }

    fn execute(&self, group: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
        let [only] = group else {
            for work in group {
                self.connection.prepare_cached("SAVEPOINT work")?.execute([])?;
                if let Err(error) = work.execute(&self.connection) {
                    // A full disk and its like undo the whole transaction.
                    if self.connection.is_autocommit() {
                        return Err(error);
                    }
                    self.connection.prepare_cached("ROLLBACK TO work")?.execute([])?;
                }
                self.connection.prepare_cached("RELEASE work")?.execute([])?;
            }
            return Ok(());
        };
        only.execute(&self.connection)
    }

    fn check_identity(&self) -> Result<(), StoreError> {
        if self.identity.unchanged() { Ok(()) } else { Err(gone()) }
    }

    fn check_version(&self) -> Result<(), StoreError> {
        let found: u32 = self.connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?;
        if found == self.version {
            return Ok(());
        }
        let message =
            format!("the database has schema version {found} by now; this process works with {}", self.version);
        Err(StoreError::new(Fault::SchemaChanged, message).with_hint("restart this process with the newer version"))
    }

    fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }

    fn end(self) {
        self.checkpointer.end();
        if self.identity.unchanged() {
            // The next start finds a short log; another process may still need it.
            if let Err(error) = self.connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE) {
                tracing::debug!(%error, "the log was left for the next start");
            }
        }
        self.connection.flush_prepared_statement_cache();
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the database did not close");
        }
    }
}

/// The file is not where it was.
pub(crate) fn gone() -> StoreError {
    StoreError::new(Fault::Gone, "the database file was moved, removed or replaced while in use")
        .with_hint("put the file back where it was; runs then go on, and nothing that was acknowledged is lost")
}
