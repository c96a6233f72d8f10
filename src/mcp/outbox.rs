//! Lines to the client, in their order, and how much of them it has not read.
//!
//! Whoever has a line queues it and goes on; what makes more of them waits for
//! [`Outbox::room`] first, so that a client that does not read fills no memory.
//! Must not know what a line says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::model::ServerJsonRpcMessage;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// With more bytes unread, nothing is taken in and no call is begun.
pub(super) const MAX_UNREAD: usize = 32 * 1024 * 1024;
/// Lines that wait are written at once, up to this many bytes.
const BATCH: usize = 64 * 1024;

enum Outgoing {
    Line {
        line: Vec<u8>,
        /// Who waits for it to be written.
        written: Option<oneshot::Sender<()>>,
    },
    End,
}

/// The way out; clones share it.
#[derive(Clone)]
pub(super) struct Outbox {
    queue: mpsc::UnboundedSender<Outgoing>,
    unread: Arc<Unread>,
}

#[derive(Default)]
struct Unread {
    bytes: AtomicUsize,
    fewer: Notify,
}

/// The end that is written from.
pub(super) struct Queue {
    lines: mpsc::UnboundedReceiver<Outgoing>,
    unread: Arc<Unread>,
}

impl Outbox {
    pub(super) fn new() -> (Self, Queue) {
        let (queue, lines) = mpsc::unbounded_channel();
        let unread = Arc::new(Unread::default());
        (Self { queue, unread: Arc::clone(&unread) }, Queue { lines, unread })
    }

    fn push(&self, line: Vec<u8>, written: Option<oneshot::Sender<()>>) {
        self.unread.bytes.fetch_add(line.len(), Ordering::Relaxed);
        // The writer being gone is told by `output_gone`.
        self.queue.send(Outgoing::Line { line, written }).ok();
    }

    /// Queues a line, with its end.
    pub(super) fn line(&self, line: Vec<u8>) {
        self.push(line, None);
    }

    /// The same; the receiver tells when it was written, or fails when it never will be.
    pub(super) fn told(&self, line: Vec<u8>) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        self.push(line, Some(written));
        done
    }

    /// Queues a message.
    pub(super) fn message(&self, message: &ServerJsonRpcMessage) {
        match line(message) {
            Ok(line) => self.line(line),
            Err(error) => tracing::error!(%error, "a message cannot be written"),
        }
    }

    /// Waits until the client has read most of what there is for it.
    pub(super) async fn room(&self) {
        while self.unread.bytes.load(Ordering::Acquire) > MAX_UNREAD {
            let fewer = self.unread.fewer.notified();
            tokio::pin!(fewer);
            // Before the second look: what is written in between counts.
            fewer.as_mut().enable();
            if self.unread.bytes.load(Ordering::Acquire) > MAX_UNREAD {
                fewer.await;
            }
        }
    }

    /// What is queued by now is written; nothing else.
    pub(super) fn end(&self) {
        self.queue.send(Outgoing::End).ok();
    }
}

/// A message as a line.
pub(super) fn line<T: serde::Serialize>(message: &T) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// Writes lines in their order, many at once when there are many.
pub(super) async fn write<W>(mut stream: W, mut queue: Queue, gone: CancellationToken)
where
    W: AsyncWrite + Unpin,
{
    let mut waiting = Vec::new();
    let mut ended = false;
    while !ended && let Some(Outgoing::Line { line: mut batch, written }) = queue.lines.recv().await {
        waiting.extend(written);
        while batch.len() < BATCH
            && let Ok(next) = queue.lines.try_recv()
        {
            match next {
                Outgoing::Line { line, written } => {
                    batch.extend_from_slice(&line);
                    waiting.extend(written);
                }
                Outgoing::End => {
                    ended = true;
                    break;
                }
            }
        }
        let done = async {
            stream.write_all(&batch).await?;
            stream.flush().await
        };
        if let Err(error) = done.await {
            tracing::info!(%error, "the output is gone");
            gone.cancel();
            return;
        }
        queue.unread.bytes.fetch_sub(batch.len(), Ordering::Release);
        queue.unread.fewer.notify_waiters();
        for written in waiting.drain(..) {
            // Whoever asked may have stopped waiting.
            written.send(()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio_util::sync::CancellationToken;

    use super::{MAX_UNREAD, Outbox, write};

    #[tokio::test]
    async fn there_is_no_room_until_the_client_has_read() {
        let (mut client, stream) = tokio::io::duplex(1024);
        let (outbox, queue) = Outbox::new();
        let writing = tokio::spawn(write(stream, queue, CancellationToken::new()));
        outbox.line(vec![b'x'; MAX_UNREAD]);
        outbox.room().await;
        outbox.line(vec![b'y'; 1]);
        let mut room = Box::pin(outbox.room());
        assert!(futures::poll!(&mut room).is_pending());
        let mut read = vec![0; MAX_UNREAD];
        client.read_exact(&mut read).await.unwrap();
        room.await;
        outbox.end();
        outbox.line(vec![b'z'; 1]);
        writing.await.unwrap();
        let mut rest = String::new();
        client.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "y", "nothing after the end");
    }
}
