//! What is found out of a step's tool before it is called: whether its server
//! can take a call now, and what the call relies on.
//!
//! A server may take a minute to start. The step waits for it before it takes
//! any permit, so that the steps of other servers go on. Must not know how
//! servers are started, nor what a permit is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::driver::Message;
use super::shared::Shared;
use crate::base::ErrorKind;
use crate::contract::Pinned;
use crate::machine::{CallFacts, StepError, StepPath};

/// How the wait for a server stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Going,
    /// The server has started, or cannot: the call tells.
    Over,
    /// Longer than the step waits.
    Late,
}

/// What is known of the tools of one run's steps.
#[derive(Default)]
pub(super) struct Prospects {
    waits: BTreeMap<StepPath, Wait>,
    facts: BTreeMap<StepPath, CallFacts>,
}

impl Prospects {
    /// Whether the step's tool, if it has one, can be called now. If not, an error if it was not within
    /// `bound` (milliseconds), or none while it is waited for: [`Message::Started`] tells the end of the wait.
    pub(super) fn ready(
        &mut self,
        shared: &Arc<Shared>,
        path: &StepPath,
        tool: Option<&str>,
        bound: Option<u64>,
        sender: &mpsc::UnboundedSender<Message>,
    ) -> Result<(), Option<StepError>> {
        let Some(tool) = tool else { return Ok(()) };
        let bound = bound.map(Duration::from_millis);
        match self.waits.get(path) {
            Some(Wait::Over) => return Ok(()),
            Some(Wait::Going) => return Err(None),
            Some(Wait::Late) => {
                self.forget(path);
                let seconds = bound.unwrap_or_default().as_secs_f64();
                let message =
                    format!("the call of `{tool}` was not sent within {seconds} s: its server is still starting");
                return Err(Some(StepError::new(ErrorKind::Timeout, message)));
            }
            None => {}
        }
        let Some(started) = shared.tools().ready(tool) else { return Ok(()) };
        self.waits.insert(path.clone(), Wait::Going);
        let (stopping, path, sender) = (shared.stopping.clone(), path.clone(), sender.clone());
        shared.tasks.spawn(async move {
            let late = async {
                match bound {
                    Some(bound) => tokio::time::sleep(bound).await,
                    None => std::future::pending().await,
                }
            };
            let in_time = tokio::select! {
                biased;
                () = started => true,
                () = late => false,
                () = stopping.cancelled() => return,
            };
            // The run may have ended.
            sender.send(Message::Started(path, in_time)).ok();
        });
        Err(None)
    }

    /// A wait is over.
    pub(super) fn started(&mut self, path: &StepPath, in_time: bool) {
        if let Some(wait) = self.waits.get_mut(path) {
            *wait = if in_time { Wait::Over } else { Wait::Late };
        }
    }

    /// Remembers what the step's call relies on.
    pub(super) fn rely(&mut self, path: &StepPath, facts: &CallFacts) {
        self.facts.insert(path.clone(), facts.clone());
    }

    /// What the step's call relies on, for those who make it.
    pub(super) fn expected(&self, path: &StepPath) -> Option<Pinned> {
        let facts = self.facts.get(path)?;
        Some(Pinned { repeat_safe: facts.repeat_safe, pin: facts.pin.clone()? })
    }

    /// The step calls nothing for now.
    pub(super) fn forget(&mut self, path: &StepPath) {
        self.waits.remove(path);
        self.facts.remove(path);
    }
}
