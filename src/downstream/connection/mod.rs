//! One live session with one MCP server over a pair of pipes.
//!
//! Both eras of the protocol. rmcp opens the session and keeps the modern
//! era's subscription; calls and lists go past it, so that a result keeps every
//! field, progress keeps its place before the result, and it is known whether a
//! request had been handed to the pipe. Knows no process, no catalogue and no
//! restart: when the session is over it says so. What is read is sorted in
//! `reader.rs`, what is asked is an `exchange.rs`; another request of the
//! protocol is a file beside `call.rs` and `list.rs`.

mod call;
mod exchange;
mod failure;
mod handshake;
mod list;
mod message;
mod output;
mod reader;
mod session;
mod subscription;
mod text;
mod transport;
mod wire;
mod writer;

#[cfg(test)]
mod tests;

pub(super) use call::{Failed, Request};
pub(super) use handshake::{Era, OURSELVES, Opening};
pub(super) use session::Connection;
