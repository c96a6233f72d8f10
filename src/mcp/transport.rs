//! Our streams as rmcp's transport.
//!
//! Stands between the lines and rmcp, because rmcp by itself drops lines over
//! the limit without an answer, ends when a notification comes before the
//! session, and waits 5 s for handlers when the input has ended.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorData, GetMeta as _, JsonRpcMessage, ProtocolVersion,
    RequestId, ServerJsonRpcMessage,
};
use rmcp::transport::Transport;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use super::answer;
use super::serve::Ended;
use super::wire::{self, Incoming};
use crate::base::lines::{Line, Lines, MAX_LINE};

/// More requests at once than this are refused: each is answered, but not all are begun.
const MAX_IN_FLIGHT: usize = 50_000;
/// From the end of the input to the cancelling of what still runs: a script
/// that pipes its requests in still reads their answers.
const EOF_GRACE: Duration = Duration::from_millis(800);
/// From the cancelling to the dropping of what still runs.
const CANCEL_GRACE: Duration = Duration::from_millis(400);
/// From the dropping to the end.
const DROP_GRACE: Duration = Duration::from_millis(200);

/// How the end goes, told to everyone whom it concerns.
#[derive(Debug, Clone, Default)]
pub(super) struct EndSignals {
    /// The end begins: no more requests.
    pub(super) begun: CancellationToken,
    /// Calls are asked to end in order.
    pub(super) cancel: CancellationToken,
    /// Calls are dropped.
    pub(super) drop: CancellationToken,
    /// The output is closed or broken: nobody reads answers.
    pub(super) output_gone: CancellationToken,
    /// Why, once the end has begun.
    pub(super) why: Arc<OnceLock<Ended>>,
}

/// Reads until the stream ends or nobody takes the lines any more.
pub(super) async fn read<R>(stream: R, received: mpsc::Sender<Received>)
where
    R: AsyncRead + Unpin,
{
    let mut lines = Lines::new(stream);
    loop {
        let line = match lines.next().await {
            Ok(Some(Line::Whole(bytes))) => Received::Whole(bytes.to_vec()),
            Ok(Some(Line::TooLong { id })) => Received::TooLong(id.and_then(wire::request_id)),
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "the input cannot be read");
                return;
            }
        };
        if received.send(line).await.is_err() {
            return;
        }
    }
}

/// A line that was read, or of one over the limit the id.
#[derive(Debug)]
pub(super) enum Received {
    Whole(Vec<u8>),
    TooLong(Option<RequestId>),
}

/// A line to be written, and who waits for it.
pub(super) struct Outgoing {
    line: Vec<u8>,
    written: Option<oneshot::Sender<()>>,
}

/// Writes lines in their order, many at once when there are many.
pub(super) async fn write<W>(mut stream: W, mut queue: mpsc::UnboundedReceiver<Outgoing>, gone: CancellationToken)
where
    W: AsyncWrite + Unpin,
{
    const BATCH: usize = 64 * 1024;
    while let Some(first) = queue.recv().await {
        let mut batch = first.line;
        let mut waiting: Vec<_> = first.written.into_iter().collect();
        while batch.len() < BATCH
            && let Ok(next) = queue.try_recv()
        {
            batch.extend_from_slice(&next.line);
            waiting.extend(next.written);
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
        for written in waiting {
            // Whoever asked may have stopped waiting.
            written.send(()).ok();
        }
    }
}

#[derive(Debug)]
enum Phase {
    Open,
    Finishing(Pin<Box<Sleep>>),
    Cancelled(Pin<Box<Sleep>>),
    Dropped(Pin<Box<Sleep>>),
}

/// The transport that rmcp's service loop reads and writes.
pub(super) struct LineTransport {
    lines: mpsc::Receiver<Received>,
    queue: Option<mpsc::UnboundedSender<Outgoing>>,
    shutdown: CancellationToken,
    signals: EndSignals,
    phase: Phase,
    /// Requests that are not answered yet.
    in_flight: HashSet<RequestId>,
    /// Whether rmcp has left its handshake: until then a notification would end it.
    session_open: bool,
}

impl LineTransport {
    pub(super) fn new(
        lines: mpsc::Receiver<Received>,
        queue: mpsc::UnboundedSender<Outgoing>,
        shutdown: CancellationToken,
        signals: EndSignals,
    ) -> Self {
        let phase = Phase::Open;
        Self { lines, queue: Some(queue), shutdown, signals, phase, in_flight: HashSet::new(), session_open: false }
    }

    /// The next message while the transport is open; `None` when the end has begun.
    async fn next_open(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            let line = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => {
                    self.begin_end(Ended::Shutdown);
                    return None;
                }
                () = self.signals.output_gone.cancelled() => {
                    self.begin_end(Ended::OutputClosed);
                    return None;
                }
                line = self.lines.recv() => line,
            };
            let incoming = match line {
                None => {
                    self.begin_end(Ended::InputClosed);
                    return None;
                }
                Some(Received::TooLong(id)) => Incoming::Wrong(id, wire::too_long(MAX_LINE)),
                Some(Received::Whole(bytes)) => wire::read(&bytes),
            };
            match incoming {
                Incoming::Nothing => {}
                Incoming::Wrong(id, error) => self.answer(id, error),
                Incoming::Message(message) => {
                    if let Some(message) = self.admit(*message) {
                        return Some(message);
                    }
                }
            }
        }
    }

    /// Takes a message in, or deals with it here.
    fn admit(&mut self, message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        match &message {
            JsonRpcMessage::Request(request) => {
                if self.in_flight.len() >= MAX_IN_FLIGHT {
                    self.answer(
                        Some(request.id.clone()),
                        ErrorData::internal_error("too many requests at once: send it again later", None),
                    );
                    return None;
                }
                if self.in_flight.contains(&request.id) {
                    // With the id, this would answer the request that still runs.
                    let told = format!("`id` {} belongs to a request that is not answered yet", request.id);
                    self.answer(None, ErrorData::invalid_request(told, None));
                    return None;
                }
                self.in_flight.insert(request.id.clone());
                self.session_open |= opens_session(&request.request);
            }
            JsonRpcMessage::Notification(notification) => {
                if !self.session_open {
                    tracing::debug!("a notification before the session is dropped");
                    return None;
                }
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    // rmcp sends no answer to a cancelled request.
                    self.in_flight.remove(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {
                if !self.session_open {
                    return None;
                }
            }
        }
        Some(message)
    }

    fn answer(&self, id: Option<RequestId>, error: ErrorData) {
        let message = ServerJsonRpcMessage::error(error, id);
        self.queue(&message, None);
    }

    fn queue(&self, message: &ServerJsonRpcMessage, written: Option<oneshot::Sender<()>>) {
        match serde_json::to_vec(message) {
            Ok(mut line) => {
                line.push(b'\n');
                self.queue_line(line, written);
            }
            Err(error) => tracing::error!(%error, "a message cannot be written"),
        }
    }

    fn queue_line(&self, line: Vec<u8>, written: Option<oneshot::Sender<()>>) {
        if let Some(queue) = &self.queue {
            // The writer being gone is told by `output_gone`.
            queue.send(Outgoing { line, written }).ok();
        }
    }

    fn begin_end(&mut self, why: Ended) {
        // The end begins once.
        self.signals.why.get_or_init(|| why);
        self.lines.close();
        self.signals.begun.cancel();
        match why {
            Ended::InputClosed => self.phase = Phase::Finishing(Box::pin(tokio::time::sleep(EOF_GRACE))),
            Ended::Shutdown | Ended::OutputClosed => self.cancel_calls(),
        }
    }

    fn cancel_calls(&mut self) {
        self.signals.cancel.cancel();
        self.phase = Phase::Cancelled(Box::pin(tokio::time::sleep(CANCEL_GRACE)));
    }

    /// Waits for the answers that are still due, each phase for its time.
    async fn finish(&mut self) {
        while !self.in_flight.is_empty() {
            match &mut self.phase {
                Phase::Open => return,
                Phase::Finishing(time) => {
                    tokio::select! {
                        () = time => {}
                        () = self.shutdown.cancelled() => {}
                        () = self.signals.output_gone.cancelled() => {}
                    }
                    self.cancel_calls();
                }
                Phase::Cancelled(time) => {
                    time.await;
                    self.signals.drop.cancel();
                    self.phase = Phase::Dropped(Box::pin(tokio::time::sleep(DROP_GRACE)));
                }
                Phase::Dropped(time) => {
                    time.await;
                    return;
                }
            }
        }
    }
}

/// Whether rmcp leaves its handshake with this request: `initialize`, or one
/// that carries all its metadata and is no probe.
fn opens_session(request: &ClientRequest) -> bool {
    if matches!(request, ClientRequest::InitializeRequest(_)) {
        return true;
    }
    if matches!(request, ClientRequest::DiscoverRequest(_) | ClientRequest::PingRequest(_)) {
        return false;
    }
    let meta = request.get_meta();
    meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty()
        && meta.protocol_version().is_some_and(|version| ProtocolVersion::KNOWN_VERSIONS.contains(&version))
}

impl Transport<RoleServer> for LineTransport {
    type Error = std::io::Error;

    fn send(
        &mut self,
        mut item: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        match &item {
            JsonRpcMessage::Response(response) => {
                self.in_flight.remove(&response.id);
            }
            JsonRpcMessage::Error(error) => {
                if let Some(id) = &error.id {
                    self.in_flight.remove(id);
                }
            }
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
        }
        let (written, done) = oneshot::channel();
        // Queued here, not in the future: the order of the calls is the order on the wire.
        match answer::carried(&mut item) {
            Some(line) => self.queue_line(line.into_bytes(), Some(written)),
            None => self.queue(&item, Some(written)),
        }
        async move { done.await.map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe)) }
    }

    /// Safe to be dropped at any point: lines are read by a task of their own.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        if matches!(self.phase, Phase::Open)
            && let Some(message) = self.next_open().await
        {
            return Some(message);
        }
        self.finish().await;
        // What still runs now was cancelled by the client: nobody waits for it.
        self.signals.cancel.cancel();
        self.signals.drop.cancel();
        None
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        // The writer ends when it has written what is queued.
        self.queue = None;
        std::future::ready(Ok(()))
    }
}
