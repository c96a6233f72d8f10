//! What a durable step costs, and how fast a client has its tools.
//!
//! A plain program: each bound is a ratio or a count over rounds that alternate
//! with their baseline, so that a busy machine slows both. It prints a table
//! and fails when a bound is missed. `cargo bench --bench spine -- chain` runs
//! one part. A new bound is a file that makes a [`Bound`] and a line in `PARTS`.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot go on ends")]

mod baseline;
mod chain;
mod figures;
mod parallel;
mod start;
mod world;

use std::process::ExitCode;

use figures::Bound;

type Part = (&'static str, fn() -> Vec<Bound>);

const PARTS: &[Part] = &[("chain", chain::measure), ("parallel", parallel::measure), ("start", start::measure)];

fn main() -> ExitCode {
    // Cargo adds `--bench`; every other argument names a part.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let parts = PARTS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| part == name));
    let bounds: Vec<Bound> = parts.flat_map(|(_, measure)| measure()).collect();
    println!("\n{}", figures::table(&bounds));
    if bounds.iter().all(Bound::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
