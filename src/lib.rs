//! Sequitur ("it follows"): durable multi-step workflows behind one MCP call.
//!
//! The crate is a library and one binary. Data takes one way, and the modules
//! stand in its order; `tests/it/arch.rs` reads the `use` lines and fails when
//! a module reaches for one that stands to its right:
//!
//! `base, config < expr, contract, semantic_model, workflow < machine < store
//! < downstream, intelligence, engine < registry < tools < mcp, cli < app, main`
//!
//! `docs/architecture.md` says what each room is for and what must not happen.

pub mod app;
pub mod base;
pub mod cli;
pub mod config;
pub mod contract;
pub mod downstream;
pub mod engine;
pub mod expr;
pub mod intelligence;
pub mod machine;
pub mod mcp;
pub mod registry;
pub mod semantic_model;
pub mod store;
pub mod telemetry;
pub mod tools;
pub mod workflow;
