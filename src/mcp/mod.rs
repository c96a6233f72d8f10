//! The server side of MCP: the wire on one side, the registry on the other.
//!
//! Both eras are served at once: the handshake of the revisions up to
//! 2025-11-25, and 2026-07-28 with its metadata on every request. What is
//! read and written is in `wire.rs`, `answer.rs` and `transport.rs`; what is
//! answered, in `handler.rs`; the start and the end, in `serve.rs`. Only this
//! module knows rmcp's server; it must not know any tool. A new request of the
//! protocol is a method of the handler and a capability in its `get_info`.

mod answer;
mod changes;
mod handler;
mod progress;
mod serve;
mod transport;
mod wire;

pub use serve::{Activity, Ended, ServeError, Settings, serve, stdio};
