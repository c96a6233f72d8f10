//! The engine over a real store, with tools that keep a ledger.

mod durable;
mod places;
mod recovery;
mod runs;
mod world;
