//! A few connections that only read, used from blocking threads.
//!
//! Readers see what is committed and never wait for the writer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::database::Access;
use super::error::{Fault, StoreError};

/// Reads at one time.
const AT_ONCE: usize = 4;

/// The pool.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    busy: Duration,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, busy: Duration) -> Self {
        Self { path, busy, idle: Mutex::default(), permits: Semaphore::new(AT_ONCE) }
    }

    /// Runs `query` on a blocking thread, in a transaction: all that it reads is
    /// of one moment. Must be called inside a tokio runtime.
    pub(crate) async fn read<T, F>(self: &Arc<Self>, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let _permit = self.permits.acquire().await.map_err(|_| StoreError::closed())?;
        let pool = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || pool.read_now(query));
        read.await.map_err(|error| StoreError::new(Fault::Internal, format!("a read ended by a fault: {error}")))?
    }

    pub(crate) fn read_now<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Access::Read.connect(&self.path, self.busy)?,
        };
        let transaction = connection.unchecked_transaction()?;
        let result = query(&transaction);
        // Nothing was written: how it ends is all the same, and a connection
        // that cannot end it is not used again.
        if transaction.commit().is_ok() && !self.permits.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        result
    }

    /// Ends all reading.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
