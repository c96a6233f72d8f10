//! Our streams as rmcp's transport.
//!
//! Stands between the lines and rmcp, because rmcp by itself drops lines over
//! the limit without an answer, ends when a notification comes before the
//! session, and waits 5 s for handlers when the input has ended.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage, ServerResult};
use rmcp::transport::Transport;
use tokio::sync::mpsc;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use super::flights::Flights;
use super::intake::Opened;
use super::outbox::Outbox;
use super::serve::Ended;
use super::{answer, outbox};

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

#[derive(Debug)]
enum Phase {
    Open,
    Finishing(Pin<Box<Sleep>>),
    Cancelled(Pin<Box<Sleep>>),
    Dropped(Pin<Box<Sleep>>),
}

/// The transport that rmcp's service loop reads and writes.
pub(super) struct LineTransport {
    messages: mpsc::Receiver<ClientJsonRpcMessage>,
    outbox: Outbox,
    shutdown: CancellationToken,
    signals: EndSignals,
    phase: Phase,
    flights: Arc<Flights>,
    opened: Arc<Opened>,
}

impl LineTransport {
    pub(super) fn new(
        messages: mpsc::Receiver<ClientJsonRpcMessage>,
        outbox: Outbox,
        shutdown: CancellationToken,
        signals: EndSignals,
        flights: Arc<Flights>,
        opened: Arc<Opened>,
    ) -> Self {
        Self { messages, outbox, shutdown, signals, phase: Phase::Open, flights, opened }
    }

    /// The next message while the transport is open; `None` when the end has begun.
    async fn next_open(&mut self) -> Option<ClientJsonRpcMessage> {
        let why = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Ended::Shutdown,
            () = self.signals.output_gone.cancelled() => Ended::OutputClosed,
            message = self.messages.recv() => match message {
                Some(message) => return Some(message),
                None => Ended::InputClosed,
            },
        };
        self.begin_end(why);
        None
    }

    fn begin_end(&mut self, why: Ended) {
        // The end begins once.
        self.signals.why.get_or_init(|| why);
        self.messages.close();
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
        let flights = Arc::clone(&self.flights);
        loop {
            let fewer = flights.fewer();
            tokio::pin!(fewer);
            // Before the look: what ends in between counts.
            fewer.as_mut().enable();
            if flights.is_empty() {
                return;
            }
            match &mut self.phase {
                Phase::Open => return,
                Phase::Finishing(time) => {
                    tokio::select! {
                        () = fewer => continue,
                        () = time => {}
                        () = self.shutdown.cancelled() => {}
                        () = self.signals.output_gone.cancelled() => {}
                    }
                    self.cancel_calls();
                }
                Phase::Cancelled(time) => {
                    tokio::select! {
                        () = fewer => continue,
                        () = time => {}
                    }
                    self.signals.drop.cancel();
                    self.phase = Phase::Dropped(Box::pin(tokio::time::sleep(DROP_GRACE)));
                }
                Phase::Dropped(time) => {
                    tokio::select! {
                        () = fewer => {}
                        () = time => return,
                    }
                }
            }
        }
    }
}

impl Transport<RoleServer> for LineTransport {
    type Error = std::io::Error;

    fn send(
        &mut self,
        mut item: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let mut handshake = false;
        match &item {
            JsonRpcMessage::Response(response) => {
                self.flights.end(&response.id);
                handshake = matches!(response.result, ServerResult::InitializeResult(_));
            }
            JsonRpcMessage::Error(error) => {
                if let Some(id) = &error.id {
                    self.flights.end(id);
                }
            }
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
        }
        let line = match answer::carried(&mut item) {
            Some(line) => Ok(line.into_bytes()),
            None => outbox::line(&item),
        };
        // Queued here, not in the future: the order of the calls is the order on the wire.
        let written = line.map(|line| self.outbox.told(line));
        if handshake {
            self.opened.by_handshake();
        }
        async move {
            match written {
                Ok(done) => done.await.map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe)),
                Err(error) => {
                    tracing::error!(%error, "a message cannot be written");
                    Err(error.into())
                }
            }
        }
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
        self.outbox.end();
        std::future::ready(Ok(()))
    }
}

impl Drop for LineTransport {
    fn drop(&mut self) {
        // rmcp leaves a session that never began without closing it.
        self.outbox.end();
    }
}
