//! The end of a run's task, however it ends. Must not decide anything about the run.

use std::sync::Arc;

use super::journal;
use super::shared::Shared;

/// A run that is driven here until this is dropped. One that could not be driven
/// on is given up: owned by a living process it would be nobody's to adopt.
pub(super) struct Left {
    pub(super) shared: Arc<Shared>,
    pub(super) run: Arc<str>,
    /// Under this epoch it is given up.
    pub(super) hold: Option<u64>,
}

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(epoch) = self.hold {
            self.shared.leave_alone(self.run.clone());
            let owner = Some(&*self.shared.process);
            // Queued by the call; nobody waits for it.
            drop(self.shared.store.hold(&self.run, &self.shared.process, owner, epoch, journal::another_process()));
        }
        self.shared.alarms.forget(&self.run);
        self.shared.forget(&self.run);
    }
}
