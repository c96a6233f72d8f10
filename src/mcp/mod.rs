//! The server side of MCP: the wire on one side, the registry on the other.
//!
//! Both eras are served at once: the handshake of the revisions up to
//! 2025-11-25, and 2026-07-28 with its metadata on every request. What is
//! read and written is in `wire.rs`, `answer.rs` and `outbox.rs`; where a line
//! goes, in `intake.rs`: calls to `calls.rs`, everything else through
//! `transport.rs` to rmcp and by that to `handler.rs`. The start and the end are
//! in `serve.rs`; the thread for it all is in `front.rs`. Only this
//! module knows rmcp's server; it must not know any tool. A new request of the
//! protocol is a method of the handler and a capability in its `get_info`.

mod answer;
mod calls;
mod changes;
mod flights;
mod front;
mod handler;
mod intake;
mod outbox;
mod places;
mod progress;
mod serve;
mod transport;
mod wire;

pub use front::Front;
pub use serve::{Activity, Ended, ServeError, Settings, serve, stdio};
