//! Lines to the server, in the order in which they were queued, and how far
//! each of them has come.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::wire::Wire;

/// Lines that wait are written at once, up to this many bytes.
const BATCH: usize = 64 * 1024;

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits to be written; it can still be withdrawn.
    Queued,
    /// The pipe is taking it.
    Writing,
    /// The pipe took it.
    Written(Instant),
    /// Its caller took it back before it was written.
    Withdrawn,
    /// The pipe broke before it had taken all of it.
    Unsent,
}

/// The stage of one request, shared by its caller and the writer.
#[derive(Debug)]
pub(super) struct Sent(Mutex<Letter>);

#[derive(Debug)]
struct Letter {
    stage: Stage,
    /// With its end; empty once the writer has it or nobody wants it written.
    line: Vec<u8>,
}

impl Sent {
    pub(super) fn new(line: Vec<u8>) -> Self {
        Self(Mutex::new(Letter { stage: Stage::Queued, line }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Letter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stage(&self) -> Stage {
        self.lock().stage
    }

    /// Takes the request back if it is not being written yet.
    pub(super) fn withdraw(&self) -> bool {
        let mut letter = self.lock();
        if letter.stage == Stage::Queued {
            letter.stage = Stage::Withdrawn;
            // It may stand in the queue for long: a server that hangs takes nothing out of it.
            letter.line = Vec::new();
        }
        matches!(letter.stage, Stage::Withdrawn | Stage::Unsent)
    }

    /// The line, if it is still to be written.
    fn begin(&self) -> Option<Vec<u8>> {
        let mut letter = self.lock();
        if letter.stage != Stage::Queued {
            return None;
        }
        letter.stage = Stage::Writing;
        Some(std::mem::take(&mut letter.line))
    }

    fn advance(&self, next: Stage) {
        self.lock().stage = next;
    }
}

/// A line to be written, with its end.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A request with this id, whose caller waits.
    Call(i64, Arc<Sent>),
    /// The answer to a request of the server's.
    Reply(Vec<u8>),
    /// Nobody waits.
    Other(Vec<u8>),
}

/// What stands in a batch: where it ends, and whose it is.
type Part = (usize, i64, Arc<Sent>);

/// What the writer has in hand. Dropped, however the writer ends, it tells all
/// who wait how far their requests have come.
struct Desk {
    queue: mpsc::UnboundedReceiver<Outgoing>,
    batch: Vec<u8>,
    parts: Vec<Part>,
    /// How much of the batch the pipe took.
    taken: usize,
    wire: Arc<Wire>,
}

impl Desk {
    /// Takes the next batch; false when the session is over.
    async fn fill(&mut self) -> bool {
        let first = tokio::select! {
            biased;
            () = self.wire.over.cancelled() => None,
            next = self.queue.recv() => next,
        };
        let Some(first) = first else { return false };
        self.taken = 0;
        self.batch.clear();
        self.batch.shrink_to(BATCH);
        add(first, &self.wire, &mut self.batch, &mut self.parts);
        while self.batch.len() < BATCH
            && let Ok(next) = self.queue.try_recv()
        {
            add(next, &self.wire, &mut self.batch, &mut self.parts);
        }
        true
    }

    /// Tells of each request in the batch whether the pipe took it.
    fn settle(&mut self) {
        for (end, id, sent) in self.parts.drain(..) {
            // All but the line's end is enough to be understood.
            if self.taken + 1 < end {
                sent.advance(Stage::Unsent);
                self.wire.lose(id);
            } else {
                sent.advance(Stage::Written(now()));
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.settle();
        self.queue.close();
        while let Ok(left) = self.queue.try_recv() {
            if let Outgoing::Call(id, sent) = left
                && sent.begin().is_some()
            {
                sent.advance(Stage::Unsent);
                self.wire.lose(id);
            }
        }
        self.wire.writer_gone();
    }
}

/// Writes until the session is over.
pub(super) fn write<W>(
    mut stream: W,
    queue: mpsc::UnboundedReceiver<Outgoing>,
    wire: Arc<Wire>,
) -> impl Future<Output = ()> + Send
where
    W: AsyncWrite + Unpin + Send,
{
    // Made here, not in the future: a task may be ended before it has begun.
    let mut desk = Desk { queue, batch: Vec::new(), parts: Vec::new(), taken: 0, wire };
    async move {
        while desk.fill().await {
            let done = tokio::select! {
                done = write_all(&mut stream, &desk.batch, &mut desk.taken) => done,
                () = desk.wire.over.cancelled() => break,
            };
            if let Err(error) = done {
                tracing::debug!(server = desk.wire.name, %error, "the server's input is gone");
                desk.wire.input_gone();
                break;
            }
            desk.settle();
        }
    }
}

/// The runtime's own clock, which is what its timers go by.
#[expect(clippy::disallowed_methods, reason = "compared with tokio's timers only, and stands still with them in tests")]
pub(super) fn now() -> Instant {
    Instant::now()
}

fn add(outgoing: Outgoing, wire: &Wire, batch: &mut Vec<u8>, parts: &mut Vec<Part>) {
    match outgoing {
        Outgoing::Call(id, sent) => {
            if let Some(line) = sent.begin() {
                batch.extend_from_slice(&line);
                parts.push((batch.len(), id, sent));
            }
        }
        Outgoing::Reply(line) => {
            wire.reply_taken();
            batch.extend_from_slice(&line);
        }
        Outgoing::Other(line) => batch.extend_from_slice(&line),
    }
}

/// Like `AsyncWriteExt::write_all`, but tells how much was taken when it fails.
async fn write_all<W>(stream: &mut W, bytes: &[u8], taken: &mut usize) -> std::io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    while *taken < bytes.len() {
        match stream.write(&bytes[*taken..]).await? {
            0 => return Err(std::io::ErrorKind::WriteZero.into()),
            more => *taken += more,
        }
    }
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use super::{Sent, Stage};

    #[test]
    fn a_request_that_was_taken_back_keeps_no_memory() {
        let sent = Sent::new(vec![b' '; 1 << 20]);
        assert!(sent.withdraw());
        assert_eq!((sent.stage(), sent.lock().line.capacity()), (Stage::Withdrawn, 0));
        assert_eq!(sent.begin(), None);
    }
}
