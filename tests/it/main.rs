//! Tests of the crate from outside, in one binary.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod arch;
mod engine;
mod mcp;
mod processes;
mod receiver;
mod recorder;
mod schemas;
mod semantic_model;
mod serve;
mod states;
mod templates;
mod tools;
