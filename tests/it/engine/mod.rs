//! The engine over a real store, with tools that keep a ledger.

mod containers;
mod durable;
mod examples;
mod ownership;
mod places;
mod recovery;
mod runs;
mod unknown_outcome;
mod waits;
mod webhooks;
mod world;
