//! What a call costs that goes through the gateway to a server behind it,
//! against the same call made directly.
//!
//! A plain program like `spine`: the client is rmcp's on both sides, the server
//! is this program itself (`tests/ledger`) and only echoes, and the two sides
//! alternate in the same run. `cargo bench --bench forward -- latency` runs one
//! part. A new bound is a function that makes a [`Bound`] and a line in `PARTS`.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot go on ends")]

#[allow(dead_code, reason = "shared with the benchmark of the spine")]
#[path = "../spine/figures.rs"]
mod figures;
#[path = "../../tests/ledger/mod.rs"]
mod ledger;
mod measure;
mod side;

use std::process::ExitCode;

use figures::Bound;

type Part = (&'static str, fn() -> Vec<Bound>);

const PARTS: &[Part] = &[("latency", measure::latency), ("throughput", measure::throughput)];

fn main() -> ExitCode {
    if let Some(ended) = ledger::served() {
        return ended;
    }
    // Cargo adds `--bench`; every other argument names a part.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let parts = PARTS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| part == name));
    let bounds: Vec<Bound> = parts.flat_map(|(_, measure)| measure()).collect();
    println!("\n{}", figures::table(&bounds));
    if bounds.iter().all(Bound::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
