//! The opening of a session, in the era that the server is of.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ProtocolVersion, RequestMetaObject};
use rmcp::service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt as _, RunningService};
use rmcp::{ClientHandler, RoleClient};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};

use super::failure::{self, Asked};
use super::session::{Connection, Facts, Pipes};
use super::text::readable;
use super::transport::{Lifecycle, Probe};
use super::wire::Wire;
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::config::Redaction;
use crate::contract::CallFailure;

/// Our name, to servers and of servers.
pub(in crate::downstream) const OURSELVES: &str = "sequitur";
/// More of a server's instructions is not kept.
const INSTRUCTIONS: usize = 16_000;
/// More of its name and version is not kept.
const NAME: usize = 200;

/// The two ways in which a session is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::downstream) enum Era {
    /// `initialize`, then requests: up to 2025-11-25.
    Legacy,
    /// Every request by itself: from 2026-07-28 on.
    Modern,
}

/// What a session is opened with.
pub(in crate::downstream) struct Opening<R, W> {
    /// The server's name in the configuration, for messages.
    pub(in crate::downstream) name: String,
    /// What the server writes.
    pub(in crate::downstream) output: R,
    /// What the server reads.
    pub(in crate::downstream) input: W,
    /// The era that it was of the last time, if it is known. A server that was
    /// of the legacy era is not asked again unless it refuses.
    pub(in crate::downstream) era: Option<Era>,
    /// For the whole opening.
    pub(in crate::downstream) timeout: Duration,
    /// What must not go out of what the server says.
    pub(in crate::downstream) redaction: Redaction,
    /// Our version, as we introduce ourselves.
    pub(in crate::downstream) client_version: String,
    /// Called when the server says that its tools have changed. Must not block.
    pub(in crate::downstream) on_changed: Arc<dyn Fn() + Send + Sync>,
}

/// What rmcp asks of a client. Requests and notifications of the server never
/// come this far: `reader.rs` answers them.
pub(super) struct Client(ClientConfig);

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        self.0.clone()
    }
}

type Running = RunningService<RoleClient, Client>;

impl Connection {
    /// Opens a session.
    ///
    /// Nothing has been called when this fails. `unavailable` means one thing:
    /// the server ended before it was ready. Some servers end when they are
    /// asked for an era that they do not know, so one more process is worth a
    /// try: with `Some(Era::Legacy)` where the era was not known, with `None`
    /// where it was.
    pub(in crate::downstream) async fn open<R, W>(opening: Opening<R, W>) -> Result<Self, CallFailure>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let Opening { name, output, input, era, timeout, redaction, client_version, on_changed } = opening;
        let pipes = Pipes::open(name, redaction, output, input, on_changed);
        let us = Implementation::new(OURSELVES, client_version).with_title("Sequitur");
        let server = pipes.wire().name.clone();
        let shaken = tokio::time::timeout(timeout, shake_hands(pipes.wire(), era, &us, timeout)).await;
        let running = shaken.unwrap_or_else(|_| {
            let told = format!("server `{server}` did not get ready within {} s", timeout.as_secs_f64());
            Err(CallFailure::new(ErrorKind::Timeout, told)
                .with_hint("a first start may download what it runs: allow more time, or start it once by hand"))
        })?;
        let facts = facts(pipes.wire(), &running, us)?;
        Ok(Self::new(pipes, running.peer().clone(), Box::new(running), facts))
    }
}

async fn shake_hands(
    wire: &Arc<Wire>,
    era: Option<Era>,
    us: &Implementation,
    timeout: Duration,
) -> Result<Running, CallFailure> {
    let ask = Probe::Ask(timeout / 3);
    let probe = if era == Some(Era::Legacy) { Probe::Skip } else { ask };
    let (lifecycle, guessed) = Lifecycle::attach(wire, probe);
    let refused = match attempt(lifecycle, us).await {
        Ok(running) => return Ok(running),
        Err(error) => error,
    };
    // A server that was not asked, or was too slow to answer, may be of the
    // modern era after all: it said no to `initialize`, and is still there.
    if guessed.load(Ordering::Relaxed) && !wire.over.is_cancelled() && said_no_to_initialize(&refused) {
        tracing::debug!(server = wire.name, "the server refuses `initialize`: it is asked for its era");
        let (lifecycle, _) = Lifecycle::attach(wire, ask);
        return attempt(lifecycle, us).await.map_err(|error| told(wire, &error));
    }
    Err(told(wire, &refused))
}

async fn attempt(lifecycle: Lifecycle, us: &Implementation) -> Result<Running, ClientInitializeError> {
    // We declare nothing: forms, sampling and roots of servers have nobody to answer them here.
    let client = ClientConfig::new(ClientCapabilities::default(), us.clone())
        .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE);
    let mode = ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
    };
    Client(client).serve_with_lifecycle(lifecycle, mode).await
}

fn said_no_to_initialize(error: &ClientInitializeError) -> bool {
    matches!(error, ClientInitializeError::LegacyFallbackFailed { fallback, .. }
        if matches!(**fallback, ClientInitializeError::JsonRpcError(_)))
}

/// What the opening found out.
fn facts(wire: &Wire, running: &Running, us: Implementation) -> Result<Facts, CallFailure> {
    let server = wire.name.as_str();
    let Some(info) = running.peer().peer_info() else {
        return Err(CallFailure::new(
            ErrorKind::Internal,
            format!("server `{server}` has introduced itself to nobody"),
        ));
    };
    let version = &info.protocol_version;
    if !ProtocolVersion::KNOWN_VERSIONS.contains(version) {
        let known: Vec<&str> = ProtocolVersion::KNOWN_VERSIONS.iter().map(ProtocolVersion::as_str).collect();
        let told = format!(
            "server `{server}` offers version `{}` of MCP, which is not known",
            wire.shown(version.as_str(), 50)
        );
        let hint = format!("known are {}: update the server, or Sequitur", known.join(", "));
        return Err(CallFailure::new(ErrorKind::Conflict, told).with_hint(hint));
    }
    let name = info.server_info.as_ref().map(|server| wire.shown(&server.name, NAME)).unwrap_or_default();
    let era = if version.has_initialize() { Era::Legacy } else { Era::Modern };
    let context = match era {
        Era::Legacy => None,
        Era::Modern => {
            let meta = RequestMetaObject::with_client_context(version.clone(), us, ClientCapabilities::default());
            Some(object(json!(meta)))
        }
    };
    let tools = info.capabilities.tools.as_ref();
    Ok(Facts {
        era,
        name,
        version: info.server_info.as_ref().map(|server| wire.shown(&server.version, NAME)).unwrap_or_default(),
        instructions: info.instructions.as_ref().map(|text| readable(text, INSTRUCTIONS, &wire.redaction)),
        declares_tools: tools.is_some(),
        tells_changes: tools.is_some_and(|tools| tools.list_changed == Some(true)),
        context,
    })
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Object::new(),
    }
}

/// A failed opening, as its callers read it.
fn told(wire: &Wire, error: &ClientInitializeError) -> CallFailure {
    let server = wire.name.as_str();
    match error {
        ClientInitializeError::JsonRpcError(data) => {
            failure::refused(server, Asked::Opening, &json!(data), &wire.redaction)
        }
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => told(wire, fallback),
        ClientInitializeError::ConnectionClosed(_)
        | ClientInitializeError::TransportError { .. }
        | ClientInitializeError::Cancelled => {
            CallFailure::new(ErrorKind::Unavailable, format!("server `{server}` ended before it was ready"))
                .with_hint("run its command by hand to see why; what it wrote to stderr is in the log")
        }
        ClientInitializeError::NoCompatibleProtocolVersion { server_supported, .. } => {
            let offered: Vec<String> = server_supported.iter().take(10).map(|one| wire.shown(one.as_str(), 50)).collect();
            let told = format!(
                "server `{server}` speaks no version of MCP that is known, but {}",
                if offered.is_empty() { "names none".to_owned() } else { offered.join(", ") }
            );
            CallFailure::new(ErrorKind::Conflict, told).with_hint("update the server, or Sequitur")
        }
        ClientInitializeError::ExpectedInitResponse(_)
        | ClientInitializeError::ExpectedInitResult(_)
        | ClientInitializeError::ConflictInitResponseId(..)
        | ClientInitializeError::UncorrelatedErrorResponse { .. }
        | ClientInitializeError::NoPreferredProtocolVersion
        // The enum is open.
        | _ => CallFailure::new(
            ErrorKind::ToolError,
            format!("server `{server}` answered the start of a session with something that cannot be read"),
        )
        .with_hint("this is a fault of the server, or its command starts something else than an MCP server"),
    }
}
