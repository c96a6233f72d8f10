//! Moving the write-ahead log into the database, off the path of commits.
//!
//! A thread of its own does it while the writer goes on. Under steady load such
//! a checkpoint never catches up entirely, and only a log that is moved to its
//! end is written again from its start. A log that grows costs far more to
//! flush than one that is written over, so once the thread has moved the bulk,
//! the writer moves the rest itself between two groups.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};

use super::database::Access;

/// Pages yet to be moved that ask for a checkpoint: 4 MiB.
const WANTED: i32 = 1000;

/// Pages yet to be moved that are few enough for the writer: 2 MiB.
const FEW: i32 = 500;

/// Pages in the log, moved or not, that the writer no longer lets pass: 32 MiB.
/// The log starts over only when all of it was moved.
const OVERDUE: i32 = 8000;

/// The writer's side.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
    /// Held during a checkpoint: a second one would not wait for the first.
    moving: Arc<Mutex<()>>,
    /// The writer makes no checkpoint before the log has so many pages.
    not_before: AtomicI32,
}

impl Checkpointer {
    /// Starts the thread.
    pub(crate) fn start(path: PathBuf, access: Access, busy: Duration) -> std::io::Result<Self> {
        let (wake, wakes) = sync_channel::<()>(1);
        let moving = Arc::new(Mutex::new(()));
        let own = Arc::clone(&moving);
        let thread = std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(move || {
            let mut connection = None;
            while wakes.recv().is_ok() {
                let result = match connection.take() {
                    Some(open) => Ok(open),
                    None => access.connect(&path, busy),
                }
                .and_then(|open: Connection| {
                    let _moving = own.lock().unwrap_or_else(PoisonError::into_inner);
                    open.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE)?;
                    Ok(open)
                });
                match result {
                    Ok(open) => connection = Some(open),
                    // The writer meets the same fault and tells it.
                    Err(error) => tracing::debug!(%error, "a checkpoint was not made"),
                }
            }
        })?;
        Ok(Self { wake, thread, moving, not_before: AtomicI32::new(0) })
    }

    /// Looks at the log after a commit, which costs a few reads of shared memory.
    pub(crate) fn committed(&self, writer: &Connection) {
        if let Err(error) = self.look(writer) {
            tracing::debug!(%error, "a checkpoint was not made");
        }
    }

    fn look(&self, writer: &Connection) -> rusqlite::Result<()> {
        let (pages, moved) = writer.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::NOOP)?;
        let left = pages - moved;
        let last_bit = pages >= WANTED && left <= FEW;
        if left > 0 && (last_bit || pages >= OVERDUE) && pages >= self.not_before.load(Ordering::Relaxed) {
            let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
            let (pages, moved) = writer.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE)?;
            // What a reader still needs stays: not tried again at every commit.
            let next = if moved < pages { pages.saturating_add(WANTED) } else { 0 };
            self.not_before.store(next, Ordering::Relaxed);
            tracing::debug!(pages, moved, "the writer made a checkpoint");
        } else if left >= WANTED {
            match self.wake.try_send(()) {
                // Full: it is awake already.
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
        Ok(())
    }

    /// Ends the thread; blocks until it has ended.
    pub(crate) fn end(self) {
        drop(self.wake);
        if self.thread.join().is_err() {
            tracing::warn!("the checkpoint thread ended by a fault of its own");
        }
    }
}
