//! One request and the wait for its answer.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::wire::{Answer, Wire};
use super::writer::{self, Sent, Stage};
use crate::contract::ProgressSink;

/// How long a cancelled request may still be answered. Whoever waits for less
/// drops the wait.
const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// How a wait ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// With an answer, or with the session's end.
    Answered(Answer),
    /// Without one in the time allowed.
    TimedOut,
    /// It was cancelled, and not answered in time after that.
    Cancelled,
}

/// A request under way. Dropping it before its answer tells the server that
/// nobody waits any more.
pub(super) struct Exchange<'w> {
    wire: &'w Wire,
    id: i64,
    sent: Arc<Sent>,
    answer: oneshot::Receiver<Answer>,
    /// The server knows that it need not answer, or has answered.
    settled: bool,
    cancelled: bool,
}

impl<'w> Exchange<'w> {
    /// Queues the request.
    pub(super) fn begin(wire: &'w Wire, id: i64, line: Vec<u8>, progress: Option<ProgressSink>) -> Self {
        let (sent, answer) = wire.ask(id, line, progress);
        Self { wire, id, sent, answer, settled: false, cancelled: false }
    }

    /// Whether the pipe may have taken the request.
    pub(super) fn handed_over(&self) -> bool {
        matches!(self.sent.stage(), Stage::Writing | Stage::Written(_))
    }

    /// Whether the server was told that the answer is not wanted.
    pub(super) fn cancelled(&self) -> bool {
        self.cancelled
    }

    /// Waits. The time counts from when the request was written; a request that
    /// the pipe does not take in that time is taken back.
    pub(super) async fn wait(&mut self, cancel: &CancellationToken, timeout: Option<Duration>) -> Ending {
        let mut grace = pin!(never_or(None));
        let mut timer = pin!(never_or(timeout));
        loop {
            tokio::select! {
                biased;
                answer = &mut self.answer => {
                    self.settled = true;
                    let answer = answer.unwrap_or(Answer::Lost);
                    if matches!(answer, Answer::Lost) {
                        // What was not written by now never will be.
                        self.sent.withdraw();
                    }
                    return Ending::Answered(answer);
                }
                () = cancel.cancelled(), if !self.cancelled => {
                    self.cancelled = true;
                    if self.stop("cancelled by the caller") {
                        return Ending::Cancelled;
                    }
                    grace.set(never_or(Some(CANCEL_GRACE)));
                }
                () = &mut grace => return Ending::Cancelled,
                () = &mut timer => {
                    if let (Stage::Written(at), Some(timeout)) = (self.sent.stage(), timeout) {
                        let left = timeout.saturating_sub(writer::now().saturating_duration_since(at));
                        if !left.is_zero() {
                            timer.set(never_or(Some(left)));
                            continue;
                        }
                    }
                    self.stop("no answer in the time allowed");
                    return Ending::TimedOut;
                }
            }
        }
    }

    /// Takes the request back, or tells the server that it is not wanted; true when it was never sent.
    fn stop(&mut self, reason: &str) -> bool {
        let unsent = self.sent.withdraw();
        if !unsent && !self.settled {
            self.wire.cancel(self.id, reason);
        }
        self.settled = true;
        unsent
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.stop("its caller is gone");
        }
        self.wire.forget(self.id);
    }
}

async fn never_or(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
