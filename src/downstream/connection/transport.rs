//! What rmcp sees of a session: the messages that open it and those of its
//! subscription.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorCode, ErrorData, JsonRpcMessage, ProtocolVersion, RequestId,
    ServerJsonRpcMessage, ServerResult,
};
use rmcp::transport::Transport;
use tokio::sync::mpsc;
use tokio::time::Sleep;

use super::wire::Wire;

/// Few: an opening needs three, a subscription one for each change.
const KEPT: usize = 64;

/// What becomes of rmcp's question whether the server is of the modern era.
#[derive(Debug, Clone, Copy)]
pub(super) enum Probe {
    /// It is asked, and counts as answered with "no" after this time.
    Ask(Duration),
    /// It is not asked: the server is known to be of the legacy era.
    Skip,
}

/// rmcp's end of a session.
pub(super) struct Lifecycle {
    wire: Arc<Wire>,
    inbox: mpsc::Receiver<ServerJsonRpcMessage>,
    probe: Probe,
    /// The question that is open, and when it counts as answered.
    probing: Option<(RequestId, Pin<Box<Sleep>>)>,
    /// What rmcp asked last. It asks one thing after another, and does not take
    /// the late answer to what it gave up for what it is.
    asked: Option<RequestId>,
    /// Set when the question counted as answered without an answer.
    guessed: Arc<AtomicBool>,
}

impl Lifecycle {
    /// From now on messages for rmcp come here. The mark tells in the end
    /// whether the server's era was only guessed.
    pub(super) fn attach(wire: &Arc<Wire>, probe: Probe) -> (Self, Arc<AtomicBool>) {
        let (sender, inbox) = mpsc::channel(KEPT);
        wire.listen(sender);
        let guessed = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&guessed);
        (Self { wire: Arc::clone(wire), inbox, probe, probing: None, asked: None, guessed }, mark)
    }

    /// Whether rmcp waits for this message.
    fn awaited(&self, message: &ServerJsonRpcMessage) -> bool {
        let id = match message {
            JsonRpcMessage::Response(response) => Some(&response.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        let awaited = id.is_none_or(|id| self.asked.as_ref().is_some_and(|asked| same(asked, id)));
        if !awaited {
            self.wire.stray();
        }
        awaited
    }

    /// The answer to the question about the era as rmcp is to see it: what only
    /// a server of the legacy era answers is "no".
    fn judge(&mut self, message: ServerJsonRpcMessage) -> ServerJsonRpcMessage {
        let Some((id, _)) = &self.probing else { return message };
        let legacy = match &message {
            JsonRpcMessage::Response(response) => {
                if let ServerResult::DiscoverResult(found) = &response.result {
                    only_legacy(&found.supported_versions)
                } else {
                    // Some answer every request with a success.
                    true
                }
            }
            JsonRpcMessage::Error(error) if error.error.code == ErrorCode::UNSUPPORTED_PROTOCOL_VERSION => {
                let supported = error.error.data.as_ref().and_then(|data| data.get("supported")).cloned();
                supported
                    .and_then(|list| serde_json::from_value(list).ok())
                    .is_some_and(|list: Vec<_>| only_legacy(&list))
            }
            JsonRpcMessage::Error(_) | JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => false,
        };
        let judged = if legacy { no(id.clone()) } else { message };
        self.probing = None;
        judged
    }
}

/// Some servers answer a number with its text.
fn same(asked: &RequestId, answered: &RequestId) -> bool {
    asked == answered || asked.to_string() == answered.to_string()
}

fn only_legacy(versions: &[ProtocolVersion]) -> bool {
    !versions.contains(&ProtocolVersion::LATEST)
        && versions.iter().any(|version| version.has_initialize() && ProtocolVersion::KNOWN_VERSIONS.contains(version))
}

/// "There is no such method": what a server of the legacy era says to the question.
fn no(id: RequestId) -> ServerJsonRpcMessage {
    let error = ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "the server is of the legacy era", None);
    ServerJsonRpcMessage::error(error, Some(id))
}

impl Transport<RoleClient> for Lifecycle {
    type Error = std::io::Error;

    fn send(&mut self, item: ClientJsonRpcMessage) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let mut skipped = false;
        if let JsonRpcMessage::Request(request) = &item {
            self.asked = Some(request.id.clone());
            self.probing = None;
            if matches!(request.request, ClientRequest::DiscoverRequest(_)) {
                let time = match self.probe {
                    Probe::Ask(time) => time,
                    Probe::Skip => Duration::ZERO,
                };
                skipped = matches!(self.probe, Probe::Skip);
                self.probing = Some((request.id.clone(), Box::pin(tokio::time::sleep(time))));
            }
        }
        if !skipped {
            // Queued here, not in the future: the order of the calls is the order on the wire.
            self.wire.send(&item);
        }
        std::future::ready(Ok(()))
    }

    /// Safe to be dropped at any point: nothing is taken before it is returned.
    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            let over = async {
                match &mut self.probing {
                    Some((id, time)) => {
                        time.await;
                        id.clone()
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                message = self.inbox.recv() => {
                    let message = message?;
                    if self.awaited(&message) {
                        return Some(self.judge(message));
                    }
                }
                id = over => {
                    self.probing = None;
                    self.guessed.store(true, Ordering::Relaxed);
                    return Some(no(id));
                }
            }
        }
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inbox.close();
        std::future::ready(Ok(()))
    }
}
