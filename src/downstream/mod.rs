//! The user's own MCP servers: their processes, the sessions with them, what
//! tools they have and the calls.
//!
//! The only room that knows rmcp's client. Uses what stands left of it in the
//! order of `lib.rs`; time, the environment and ids come in as arguments. Must
//! not know runs, the catalogue of all tools or the client that calls: `registry`
//! takes its tools from here. `process` knows programs and no protocol; a way to
//! reach servers without a program stands beside it.

#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the servers that use it come with the next commits"))]
mod connection;
pub mod process;

pub use process::{Guard, PARENT_VARIABLE, stand_guard};
