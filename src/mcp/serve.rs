//! The start and the end of serving one client.

use std::sync::Arc;
use std::time::Duration;

use rmcp::service::{ServerInitializeError, ServiceExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::calls::Calls;
use super::flights::Flights;
use super::handler::Handler;
use super::intake::{Intake, Opened};
use super::outbox::{self, Outbox};
use super::transport::{EndSignals, LineTransport};
use crate::base::{Clock, ErrorKind};
use crate::registry::Registry;

/// From the beginning of the end to giving up on what does not end: hosts kill
/// after 2 s.
const HARD_END: Duration = Duration::from_millis(1_700);

/// How to serve.
#[derive(Clone)]
pub struct Settings {
    /// The id of this process's session.
    pub session: String,
    /// Time, for what progress says.
    pub clock: Arc<dyn Clock>,
    /// The longest silence of a call that reports progress.
    pub progress_interval: Duration,
    /// Told once of each kind of activity.
    pub activity: Option<Arc<dyn Fn(Activity) + Send + Sync>>,
    /// Where calls run that are more than forwarded, so that they do not hold up
    /// the thread that serves. Without it they run there.
    pub workers: Option<tokio::runtime::Handle>,
}

/// What a client did for the first time. Some clients start a second process
/// only to look: what has side effects waits for these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// A request of any kind but ping.
    FirstRequest,
    /// A `tools/call`.
    FirstCall,
}

/// Why serving ended, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The client closed our input.
    InputClosed,
    /// The client closed our output.
    OutputClosed,
    /// We were asked to end.
    Shutdown,
}

/// Serving could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The session could not be set up.
    #[error("the session could not be set up: {0}")]
    Handshake(String),
    /// The service loop failed.
    #[error("the service loop failed: {0}")]
    Loop(#[from] tokio::task::JoinError),
}

impl ServeError {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Handshake(_) => ErrorKind::Unavailable,
            Self::Loop(_) => ErrorKind::Internal,
        }
    }
}

/// The process's own streams: without blocking where they are pipes. Elsewhere
/// a read may still hang in a thread after the end, so the runtime is to be
/// shut down without waiting for its threads.
#[must_use]
pub fn stdio() -> (impl AsyncRead + Unpin + Send + 'static, impl AsyncWrite + Unpin + Send + 'static) {
    rmcp::transport::stdio_pipes()
}

/// Serves one client until its input ends or `shutdown` fires.
///
/// Returns within 2 s of either. On the end of the input, calls that run may
/// finish for a moment and are answered; then, and on `shutdown` at once, they
/// are cancelled, then dropped.
pub async fn serve<R, W>(
    registry: Arc<Registry>,
    reader: R,
    writer: W,
    settings: Settings,
    shutdown: CancellationToken,
) -> Result<Ended, ServeError>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let signals = EndSignals::default();
    let (to_rmcp, messages) = mpsc::channel(16);
    let (outbox, queued) = Outbox::new();
    let (flights, opened) = (Arc::new(Flights::default()), Arc::new(Opened::default()));
    let calls = Arc::new(Calls::new(Arc::clone(&registry), settings, signals.clone(), outbox.clone()));
    let intake = Intake {
        calls: Arc::clone(&calls),
        flights: Arc::clone(&flights),
        opened: Arc::clone(&opened),
        to_rmcp,
        session_open: false,
    };
    let reading = tokio::spawn(intake.read(reader));
    let writing = tokio::spawn(outbox::write(writer, queued, signals.output_gone.clone()));
    let transport = LineTransport::new(messages, outbox, shutdown, signals.clone(), flights, opened);
    let handler = Handler::new(calls);
    let all = async {
        let served = run(handler, transport).await;
        // What is queued is written before we say that we are done.
        writing.await?;
        served
    };
    let hard_end = async {
        signals.begun.cancelled().await;
        tokio::time::sleep(HARD_END).await;
    };
    let done = tokio::select! {
        done = all => done,
        never = registry.follow() => match never {},
        () = hard_end => {
            tracing::warn!("not everything ended in time");
            Ok(())
        }
    };
    signals.cancel.cancel();
    signals.drop.cancel();
    reading.abort();
    done.map(|()| signals.why.get().copied().unwrap_or(Ended::InputClosed))
}

async fn run(handler: Handler, transport: LineTransport) -> Result<(), ServeError> {
    // The token is ours alone: our transport says when it is over.
    match handler.serve_with_ct(transport, CancellationToken::new()).await {
        Ok(service) => {
            service.waiting().await?;
            Ok(())
        }
        // Before a session, this is how the end of the input looks.
        Err(
            ServerInitializeError::ConnectionClosed(_)
            | ServerInitializeError::Cancelled
            | ServerInitializeError::TransportError { .. },
        ) => Ok(()),
        Err(error) => Err(ServeError::Handshake(error.to_string())),
    }
}
