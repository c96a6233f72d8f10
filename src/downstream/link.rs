//! What a server's life needs of a session with it, and of the way to open one.
//!
//! The seam between `server.rs` and everything that touches a process or a
//! wire: tests script it. Must not know names that callers use, or pins.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::connection::{Failed, Request};
use crate::base::json::Object;
use crate::contract::{CallFailure, ToolOutput};

/// Opens sessions with one server.
pub(super) trait Connect: Send + Sync {
    /// Starts or reaches the server and opens a session. Dropping the future
    /// ends what it has started.
    fn connect(&self, wish: Wish) -> BoxFuture<'_, Result<Arc<dyn Link>, CallFailure>>;
}

/// How a session is to be opened.
pub(super) struct Wish {
    /// The era of the last time.
    pub(super) era: Option<String>,
    /// For all of it.
    pub(super) timeout: Duration,
    /// Called when the server says that its tools have changed.
    pub(super) on_changed: Arc<dyn Fn() + Send + Sync>,
}

/// Who is at the other end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Peer {
    /// `legacy` or `modern`.
    pub(super) era: String,
    /// As it calls itself.
    pub(super) name: String,
    pub(super) version: String,
    /// What it tells about its use.
    pub(super) instructions: Option<String>,
}

/// One session.
pub(super) trait Link: Send + Sync {
    fn peer(&self) -> Peer;

    /// The tools as the server lists them.
    fn tools(&self, timeout: Duration) -> BoxFuture<'_, Result<Vec<Object>, CallFailure>>;

    fn call<'c>(&'c self, request: Request<'c>) -> BoxFuture<'c, Result<ToolOutput, Failed>>;

    /// Whether it takes no more calls; those it has may still be answered.
    fn is_over(&self) -> bool;

    /// Waits until it takes no more calls and answers none; how that came, to stand behind a name.
    fn over(&self) -> BoxFuture<'_, String>;

    /// Ends it and the server with it, after `grace` by force.
    fn end(&self, grace: Duration) -> BoxFuture<'_, ()>;
}
