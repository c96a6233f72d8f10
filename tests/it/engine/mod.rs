//! The engine over a real store, with tools that keep a ledger.

mod recovery;
mod runs;
mod world;
