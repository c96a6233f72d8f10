//! The database of runs and the learning log, in `SQLite`.
//!
//! The only place that knows SQL. One writer thread groups commits, a few
//! connections read, and every promise about what is durable is kept here: an
//! acknowledged fact survives power loss, a run belongs to one owner at a time,
//! a command that was posted is seen before anything new starts.
//!
//! Must not know what events mean (the machine's) or when to write (the
//! engine's). A new table is a migration; a new question is a function in
//! `query.rs` and a method of [`Store`].

mod body_cache;
mod checkpoint;
mod commit;
mod database;
mod error;
mod handle;
mod identity;
mod inbox;
mod learning;
mod location;
mod migrate;
mod open_error;
mod processes;
mod query;
mod readers;
mod rows;
mod signals;
mod sql;
mod writer;

#[cfg(test)]
mod tests;

pub use error::{Fault, Retry, StoreError};
pub use handle::{ChangeToken, Store, StoreOptions, StoreStats};
pub use learning::{
    CallEnded, CallStarted, InteractionRow, LearningStats, LearningStore, SequenceRow, ShownRow, SourceTotals,
    ToolSums, Transition,
};
pub use open_error::OpenError;
pub use processes::NewProcess;
pub use query::Counts;
pub use rows::{
    Batch, Body, Changes, Claim, Creation, EventRow, Idempotency, InboxRow, Needs, NewRun, OpenRun, Outcome, Post,
    Posted, ProcessRow, RunFilter, RunProjection, RunRow, SignalPost, Signalled, StepRow, TaskClosed, TaskRow,
    UnknownEvent, Usage, WaitRow,
};
