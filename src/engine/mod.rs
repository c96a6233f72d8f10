//! Runs workflows: starts runs, drives them, takes over those of processes that
//! are gone, and passes on what people ask of them.
//!
//! `driver.rs` is the loop: inputs, the pure machine, one commit, then the
//! commands. `handle.rs` is the door. Calls go out through
//! [`crate::contract::CallTool`] and nothing else, so the engine must not know
//! which tools there are, nor MCP, nor SQL.

mod adopt;
mod alarms;
mod answers;
mod asked;
mod bodies;
mod call;
mod compiled;
mod driver;
mod error;
mod evaluate;
mod handle;
mod hearing;
mod inbox;
mod journal;
mod lease;
mod left;
mod needs;
mod permits;
mod prospects;
mod shared;
mod signal;
mod snapshot;
mod wait;
mod waits;
pub mod webhook;
mod whole;

pub use asked::{Question, Unfit, check_answer};
pub use error::EngineError;
pub use handle::{Engine, EngineParts, RunRequest, Settings, Started};
pub use inbox::{Answer, Request};
pub use shared::Secrets;
pub use signal::{Delivered, Signal};
pub use snapshot::Snapshot;
pub use wait::Until;
