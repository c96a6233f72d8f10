//! From the start of the binary to its answer to `tools/list`: what a person
//! waits for when a client starts.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sequitur::base::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::chain::scratch;
use crate::figures::{Bound, bounded, median, millis, shown};

const ROUNDS: usize = 20;

pub(crate) fn measure() -> Vec<Bound> {
    let folder = scratch();
    let (mut bare, mut first, mut again) = (Vec::new(), Vec::new(), Vec::new());
    let used = folder.path().join("used");
    to_tools_list(&used);
    for round in 0..ROUNDS {
        bare.push(millis(to_version()));
        first.push(millis(to_tools_list(&folder.path().join(format!("new-{round}")))));
        again.push(millis(to_tools_list(&used)));
    }
    vec![
        shown("start: the process alone (`--version`, baseline)", median(bare), "ms"),
        bounded("start: to `tools/list`, a new data folder", median(first), "ms", 100.0),
        bounded("start: to `tools/list`, a used data folder", median(again), "ms", 100.0),
    ]
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sequitur"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn to_version() -> Duration {
    let clock = SystemClock::new();
    assert!(command().arg("--version").status().unwrap().success());
    clock.monotonic()
}

fn to_tools_list(data: &Path) -> Duration {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models");
    let clock = SystemClock::new();
    let mut child = command().arg("serve").arg("--data-dir").arg(data).arg("--root").arg(sample).spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    let mut from = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ask = |message: Value, answered: bool| {
        writeln!(to, "{message}").unwrap();
        if answered { from.next().unwrap().unwrap() } else { String::new() }
    };
    let client =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "b", "version": "1"}});
    ask(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client}), true);
    ask(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), false);
    let list = ask(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}), true);
    let took = clock.monotonic();
    assert!(list.contains("execute_workflow"), "{list}");
    drop(to);
    assert!(child.wait().unwrap().success());
    took
}
