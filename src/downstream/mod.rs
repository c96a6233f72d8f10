//! The user's own MCP servers: their processes, the sessions with them, what
//! tools they have and the calls.
//!
//! `catalogue` knows definitions: names, pins, what changed; `server.rs` is one
//! server's life, `servers.rs` all of them by the names that callers use;
//! `reach.rs` decides how a configured server is reached, `program.rs` does it.
//! `process` knows programs and no protocol, `connection` a session and no
//! process. The only room that knows rmcp's client. Uses what stands left of it
//! in the order of `lib.rs`; time, the environment and ids come in as arguments.
//! Must not know runs, the catalogue of all tools or the client that calls:
//! `registry` takes its tools from here. A way to reach servers without a
//! program stands beside `program.rs`.

mod catalogue;
mod connection;
mod link;
pub mod process;
mod program;
mod reach;
mod server;
mod servers;
mod status;

#[cfg(test)]
pub(crate) mod tests;

pub use catalogue::{RefusedTool, ServerTool};
pub use process::{Guard, PARENT_VARIABLE, stand_guard};
pub use reach::ServersParts;
pub use servers::{AcceptError, Servers};
pub use status::{Quarantined, ServerState, ServerStatus};
