//! Lines from the client, each to where it is handled.
//!
//! Calls of tools are nearly all that a client says once its session is open,
//! and rmcp needs several tasks and copies for each: they go past it to
//! `calls.rs`. Everything else goes to rmcp, and so does every call of which it
//! is not plain that rmcp would only pass it on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorData, GetMeta as _, JsonRpcMessage, ProtocolVersion,
    RequestId, RequestMetaObject, ServerJsonRpcMessage,
};
use tokio::io::AsyncRead;
use tokio::sync::mpsc;

use super::calls::{Asked, Calls};
use super::flights::{Flights, Refused};
use super::wire::{self, Incoming, PlainCall};
use crate::base::lines::{Line, Lines, MAX_LINE};

/// A longer line is read beside the others.
const LARGE: usize = 256 * 1024;

/// How the session was opened, as far as calls may go past rmcp. Opened in both
/// ways, rmcp alone knows what holds.
#[derive(Debug, Default)]
pub(super) struct Opened(AtomicU8);

const LEGACY: u8 = 1;
const MODERN: u8 = 2;

impl Opened {
    /// `initialize` was answered.
    pub(super) fn by_handshake(&self) {
        self.0.fetch_or(LEGACY, Ordering::Release);
    }

    /// A request had all its metadata with it.
    fn by_request(&self) {
        self.0.fetch_or(MODERN, Ordering::Release);
    }

    /// Whether rmcp would pass a request with this metadata on, and then whether
    /// it is of the modern era.
    fn takes(&self, meta: &RequestMetaObject) -> Option<bool> {
        match self.0.load(Ordering::Acquire) {
            LEGACY => meta.protocol_version().is_none().then_some(false),
            MODERN => is_whole(meta).then_some(true),
            _ => None,
        }
    }
}

/// Whether a request of the modern era has all that it must have.
fn is_whole(meta: &RequestMetaObject) -> bool {
    let version = meta.protocol_version();
    version.is_some_and(|version| !version.has_initialize() && ProtocolVersion::KNOWN_VERSIONS.contains(&version))
        && meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty()
}

/// What lines are sorted with.
pub(super) struct Intake {
    pub(super) calls: Arc<Calls>,
    pub(super) flights: Arc<Flights>,
    pub(super) opened: Arc<Opened>,
    pub(super) to_rmcp: mpsc::Sender<ClientJsonRpcMessage>,
    /// Whether rmcp has left its handshake: until then a notification would end it.
    pub(super) session_open: bool,
}

impl Intake {
    /// Reads until the stream ends or the end has begun.
    pub(super) async fn read<R>(mut self, stream: R)
    where
        R: AsyncRead + Unpin,
    {
        let mut lines = Lines::new(stream);
        let ending = self.calls.signals.begun.clone();
        loop {
            let next = async {
                self.calls.outbox.room().await;
                lines.next().await
            };
            let line = tokio::select! {
                biased;
                () = ending.cancelled() => return,
                line = next => line,
            };
            let incoming = match line {
                Ok(Some(Line::Whole(line))) if line.len() > LARGE => {
                    let line = line.to_vec();
                    match tokio::task::spawn_blocking(move || wire::read(&line)).await {
                        Ok(incoming) => incoming,
                        Err(error) => {
                            tracing::error!(%error, "a line could not be read");
                            continue;
                        }
                    }
                }
                Ok(Some(Line::Whole(line))) if self.past(line) => continue,
                Ok(Some(Line::Whole(line))) => wire::read(line),
                Ok(Some(Line::TooLong { id })) => {
                    Incoming::Wrong(id.and_then(wire::request_id), wire::too_long(MAX_LINE))
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "the input cannot be read");
                    return;
                }
            };
            match incoming {
                Incoming::Nothing => {}
                Incoming::Wrong(id, error) => self.refuse(id, error),
                Incoming::Message(message) => {
                    if self.admit(&message) && self.to_rmcp.send(*message).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Begins the call that a line is; false when it is none, or is for rmcp.
    fn past(&self, line: &[u8]) -> bool {
        let Some(PlainCall { id, tool, arguments, meta }) = wire::plain_call(line) else { return false };
        let Some(modern) = self.opened.takes(&meta) else { return false };
        let cancel = self.calls.signals.cancel.child_token();
        let flight = match self.flights.begin_past(&id, cancel.clone()) {
            Ok(flight) => flight,
            Err(refused) => {
                self.refuse_to_begin(id, refused);
                return true;
            }
        };
        let asked = Asked {
            tool,
            arguments,
            progress: meta.get_progress_token(),
            session: self.calls.session(&meta),
            modern,
            large: false,
            cancel,
        };
        let calls = Arc::clone(&self.calls);
        tokio::spawn(async move {
            let answered = calls.answer(flight.id(), asked).await;
            flight.land(|id| match answered {
                Ok(line) => calls.outbox.line(line.into_bytes()),
                Err(error) => calls.outbox.message(&ServerJsonRpcMessage::error(error, Some(id.clone()))),
            });
        });
        true
    }

    /// Whether rmcp gets the message; what it does not get is dealt with here.
    fn admit(&mut self, message: &ClientJsonRpcMessage) -> bool {
        match message {
            JsonRpcMessage::Request(request) => {
                if let Err(refused) = self.flights.begin(&request.id) {
                    self.refuse_to_begin(request.id.clone(), refused);
                    return false;
                }
                if opens_session(&request.request) {
                    self.session_open = true;
                    if !matches!(request.request, ClientRequest::InitializeRequest(_)) {
                        self.opened.by_request();
                    }
                }
                true
            }
            JsonRpcMessage::Notification(notification) => {
                if !self.session_open {
                    tracing::debug!("a notification before the session is dropped");
                    return false;
                }
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    // rmcp sends no answer to a cancelled request.
                    return !self.flights.cancel(id);
                }
                true
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => self.session_open,
        }
    }

    fn refuse_to_begin(&self, id: RequestId, refused: Refused) {
        match refused {
            Refused::TooMany => {
                let told = "too many requests at once: send it again later";
                self.refuse(Some(id), ErrorData::internal_error(told, None));
            }
            // With the id, this would answer the request that still runs.
            Refused::Taken => {
                let told = format!("`id` {id} belongs to a request that is not answered yet");
                self.refuse(None, ErrorData::invalid_request(told, None));
            }
        }
    }

    fn refuse(&self, id: Option<RequestId>, error: ErrorData) {
        self.calls.outbox.message(&ServerJsonRpcMessage::error(error, id));
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
