//! Moving the write-ahead log into the database, off the path of commits.
//!
//! A thread of its own does it while the writer goes on. Under steady load such
//! a checkpoint never catches up entirely, so beyond a limit the writer makes
//! one itself between two groups, when little is left to move.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};

use super::database::Access;

/// Pages yet to be moved that ask for a checkpoint: 4 MiB.
const WANTED: i32 = 1000;

/// Pages yet to be moved that the writer no longer lets pass: 32 MiB.
const OVERDUE: i32 = 8000;

/// Groups between two looks at the length of the log.
const GROUPS: u32 = 16;

/// The writer's side.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
    groups: AtomicU32,
}

impl Checkpointer {
    /// Starts the thread.
    pub(crate) fn start(path: PathBuf, access: Access, busy: Duration) -> std::io::Result<Self> {
        let (wake, wakes) = sync_channel::<()>(1);
        let thread = std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(move || {
            let mut connection = None;
            while wakes.recv().is_ok() {
                let result = match connection.take() {
                    Some(open) => Ok(open),
                    None => access.connect(&path, busy),
                }
                .and_then(|open: Connection| {
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
        Ok(Self { wake, thread, groups: AtomicU32::new(0) })
    }

    /// Looks at the log now and then, after a commit.
    pub(crate) fn committed(&self, writer: &Connection) {
        if !self.groups.fetch_add(1, Ordering::Relaxed).is_multiple_of(GROUPS) {
            return;
        }
        let moved = |mode| writer.wal_checkpoint_v2(Some(MAIN_DB), mode);
        match moved(CheckpointMode::NOOP) {
            Ok((pages, done)) if pages - done >= OVERDUE => {
                tracing::debug!(pages, done, "the log is long: the writer checkpoints");
                if let Err(error) = moved(CheckpointMode::PASSIVE) {
                    tracing::debug!(%error, "a checkpoint was not made");
                }
            }
            Ok((pages, done)) if pages - done >= WANTED => match self.wake.try_send(()) {
                // Full: it is awake already.
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            },
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the length of the log is not known"),
        }
    }

    /// Ends the thread; blocks until it has ended.
    pub(crate) fn end(self) {
        drop(self.wake);
        if self.thread.join().is_err() {
            tracing::warn!("the checkpoint thread ended by a fault of its own");
        }
    }
}
