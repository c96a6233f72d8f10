//! The one thread on which lines are read and written: those of the client, and
//! those of the servers whose tools it calls.
//!
//! A call that is only forwarded touches four pipes. With all of them and the
//! call itself on one thread, no other thread is woken on the way. So nothing
//! that takes the processor for long may run here: it goes to the workers
//! (`calls.rs`) or to a blocking thread. Must not know what is served.

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// The thread. It ends when this is dropped, with everything that is on it.
#[derive(Debug)]
pub struct Front {
    handle: Handle,
    stop: CancellationToken,
}

impl Front {
    /// Starts the thread.
    pub fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        std::thread::Builder::new().name("front".to_owned()).spawn(move || {
            runtime.block_on(stopped.cancelled());
            // A thread that reads the terminal must not keep the process.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, stop })
    }

    /// The way to run something on it.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
