//! Signals: to one run, or to all that wait for an event.

use std::sync::Arc;

use serde_json::Value;

use super::error::EngineError;
use super::handle::Engine;
use super::inbox::Request;
use crate::base::ErrorKind;
use crate::machine::RunStatus;
use crate::store::{SignalPost, Signalled};

/// Bytes of what comes with a signal: it is kept once for each run that waits.
const MAX_PAYLOAD: usize = 1 << 20;
/// Runs that are waited for until they have taken a signal in.
const HEARD: usize = 16;
/// Characters of an event's name or a signal's id.
const MAX_NAME: usize = 200;

/// A signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// The event's name.
    pub event: String,
    /// The run it is for: kept there until a wait takes it. Else for the waits
    /// that are open, in every run.
    pub run: Option<String>,
    /// What comes with it.
    pub payload: Value,
    /// A signal with the same id is delivered once.
    pub signal_id: Option<String>,
}

/// What came of a signal. It is durable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Waits it reached; 1 for a run that was named.
    pub waits: usize,
    /// Their runs.
    pub runs: Vec<Arc<str>>,
    /// One with this id was delivered before.
    pub repeated: bool,
    /// The run that was named has ended so.
    pub ended: Option<RunStatus>,
}

impl Engine {
    /// Delivers a signal, whichever processes drive the runs it is for.
    pub async fn signal(&self, signal: Signal) -> Result<Delivered, EngineError> {
        let Signal { event, run, payload, signal_id } = signal;
        for (what, name) in [("the event's name", Some(&event)), ("the signal_id", signal_id.as_ref())] {
            let length = name.map_or(1, |name| name.chars().count());
            if !(1..=MAX_NAME).contains(&length) {
                let message = format!("{what} has {length} characters; it has 1 to {MAX_NAME}");
                return Err(EngineError::new(ErrorKind::InvalidInput, message));
            }
        }
        let bytes = payload.to_string().len();
        if bytes > MAX_PAYLOAD {
            let message = format!("the payload has {bytes} bytes; the limit is {MAX_PAYLOAD}");
            return Err(EngineError::new(ErrorKind::ResultTooLarge, message)
                .hint("put what is large where a step can read it, and send where that is"));
        }
        let request =
            Request::Signal { event: event.clone(), payload: self.shared.clean(payload), kept: run.is_some() };
        let post = SignalPost {
            run: run.clone(),
            event,
            signal_id,
            payload: serde_json::to_value(&request).map_err(|error| EngineError::internal(error.to_string()))?,
            at: self.shared.clock.now(),
            from_process: Some(self.shared.process.to_string()),
        };
        let (waits, rows) = match self.shared.store.signal(post).await? {
            Signalled::Delivered { waits, rows } => (waits, rows),
            Signalled::Repeated => return Ok(Delivered { repeated: true, ..Delivered::default() }),
            Signalled::RunEnded(status) => return Ok(Delivered { ended: Some(status), ..Delivered::default() }),
            Signalled::UnknownRun => return Err(EngineError::no_run(run.as_deref().unwrap_or_default())),
        };
        if rows.len() > HEARD {
            self.deliver().await?;
        }
        // All at once: each may wait for the process that drives the run.
        let heard = rows.iter().filter(|_| rows.len() <= HEARD).map(|(run, row)| self.heard(run, *row));
        for (heard, (run, _)) in futures::future::join_all(heard).await.into_iter().zip(&rows) {
            match heard {
                Ok(()) => {}
                // It is durable; a run may have ended, or been cancelled, before it took it in.
                Err(error) if rows.len() > 1 => tracing::debug!(%run, %error, "a signal"),
                Err(error) => return Err(error),
            }
        }
        Ok(Delivered { waits, runs: rows.into_iter().map(|(run, _)| run).collect(), repeated: false, ended: None })
    }
}
