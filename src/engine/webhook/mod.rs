//! Webhooks: one HTTP request out, to a host that the configuration lists, at
//! an address that was looked up once, checked and kept.
//!
//! [`Webhooks`] is the door. `target.rs` and `host.rs` read what an author
//! wrote, `hosts.rs` and `address.rs` say where it may go, `network.rs` gets
//! there, `exchange.rs` sends and listens, `answer.rs` says what came back.
//! Must not know plans, runs or the machine: a request is a JSON object with
//! secrets filled in, its end a value or a
//! [`CallFailure`](crate::contract::CallFailure), as for every call. A new rule
//! about addresses goes into `address.rs`.

mod address;
mod answer;
mod client;
mod exchange;
mod expect;
mod host;
mod hosts;
mod network;
mod request;
mod target;
#[cfg(test)]
mod tests;
mod tls;

pub use client::Webhooks;
pub use hosts::BadHostEntry;
pub use network::{Network, Stream, SystemNetwork};
