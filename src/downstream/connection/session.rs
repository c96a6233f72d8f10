//! A session that is open.

use std::any::Any;
use std::sync::Arc;

use rmcp::RoleClient;
use rmcp::service::Peer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

use super::handshake::Era;
use super::wire::Wire;
use super::{reader, subscription, writer};
use crate::base::json::Object;
use crate::config::Redaction;

/// The tasks that hold the pipes. Dropping them closes both.
pub(super) struct Pipes {
    wire: Arc<Wire>,
    tasks: TaskTracker,
    handles: Vec<AbortHandle>,
}

impl Pipes {
    pub(super) fn open<R, W>(
        name: String,
        redaction: Redaction,
        output: R,
        input: W,
        on_changed: Arc<dyn Fn() + Send + Sync>,
    ) -> Self
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (queue, queued) = mpsc::unbounded_channel();
        let wire = Arc::new(Wire::new(name, redaction, on_changed, queue));
        let tasks = TaskTracker::new();
        let handles = vec![
            tasks.spawn(reader::read(output, Arc::clone(&wire))).abort_handle(),
            tasks.spawn(writer::write(input, queued, Arc::clone(&wire))).abort_handle(),
        ];
        Self { wire, tasks, handles }
    }

    pub(super) fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }

    fn close(&self) {
        self.wire.end();
        for task in &self.handles {
            task.abort();
        }
        self.tasks.close();
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        self.close();
    }
}

/// What is known of the server since the opening.
pub(super) struct Facts {
    pub(super) era: Era,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) instructions: Option<String>,
    pub(super) declares_tools: bool,
    /// It says when its tools change.
    pub(super) tells_changes: bool,
    /// `_meta` of every request, in the modern era.
    pub(super) context: Option<Object>,
}

/// One live session with one server. Dropping it ends the session.
pub(in crate::downstream) struct Connection {
    pipes: Pipes,
    facts: Facts,
    /// rmcp's part; the session's subscription lives in it.
    _running: Box<dyn Any + Send + Sync>,
}

impl Connection {
    pub(super) fn new(
        mut pipes: Pipes,
        peer: Peer<RoleClient>,
        running: Box<dyn Any + Send + Sync>,
        facts: Facts,
    ) -> Self {
        if facts.era == Era::Modern && facts.tells_changes {
            let listening = subscription::listen(peer, Arc::clone(&pipes.wire));
            pipes.handles.push(pipes.tasks.spawn(listening).abort_handle());
        }
        Self { pipes, facts, _running: running }
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.pipes.wire
    }

    pub(super) fn name(&self) -> &str {
        &self.pipes.wire.name
    }

    pub(super) fn context(&self) -> Option<&Object> {
        self.facts.context.as_ref()
    }

    pub(super) fn declares_tools(&self) -> bool {
        self.facts.declares_tools
    }

    /// The era that the server is of: worth remembering for its next start.
    pub(in crate::downstream) fn era(&self) -> Era {
        self.facts.era
    }

    /// The server's own name and version, bounded; empty where it says none.
    pub(in crate::downstream) fn server_info(&self) -> (&str, &str) {
        (&self.facts.name, &self.facts.version)
    }

    /// What the server tells about its use: its own
    /// words without hidden characters, cut at 16,000.
    pub(in crate::downstream) fn instructions(&self) -> Option<&str> {
        self.facts.instructions.as_deref()
    }

    /// Waits for the end of the session: the server closed its output, or its input while nobody waits
    /// for an answer, or [`Connection::close`].
    pub(in crate::downstream) async fn closed(&self) {
        self.pipes.wire.done.cancelled().await;
    }

    /// Whether the session takes no more requests; those it has may still be answered.
    pub(in crate::downstream) fn is_closed(&self) -> bool {
        self.pipes.wire.over.is_cancelled()
    }

    /// Ends the session. When this returns both pipes are closed; calls that
    /// were waiting have failed.
    pub(in crate::downstream) async fn close(&self) {
        self.pipes.close();
        self.pipes.tasks.wait().await;
    }
}
