//! Kills processes that drive runs, at random moments, and looks whether what
//! they had promised holds: what was completed is not called again, an unsafe
//! call that was cut off is asked about, everything else goes on.
//!
//! With `--process` this program is such a process: the binary's own command
//! line, with tools that keep a ledger on disk beside its own. Else it runs its
//! tests; it has a `main` because what libtest prints would be no messages of
//! MCP. `SEQUITUR_KILL_SEED` repeats the moments of an earlier run, `SEQUITUR_KILL_ROUNDS` says how often
//! one of two processes is killed in the long series.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and this one prints what it saw"
)]

mod binary;
#[allow(dead_code, reason = "the tests of the protocol use all of it")]
#[path = "../it/serve/client.rs"]
mod client;
mod ledger;
#[path = "../ledger/mod.rs"]
mod ledger_server;
#[cfg(unix)]
mod pairs;
mod process;
mod record;
mod rounds;
// What is left of a life is read from `/proc`, and what left its group is found there alone.
#[cfg(target_os = "linux")]
mod servers;
mod tally;
mod workplace;

use std::process::ExitCode;

struct Test {
    name: &'static str,
    ignored: bool,
    run: fn(),
}

const TESTS: &[Test] = &[
    Test { name: "a_run_goes_on_after_each_of_eight_kills", ignored: false, run: || rounds::kill_and_go_on(8) },
    Test { name: "the_binary_itself_goes_on_after_kills", ignored: false, run: binary::kill_and_go_on },
    Test { name: "a_hundred_kills", ignored: true, run: || rounds::kill_and_go_on(100) },
    #[cfg(unix)]
    Test {
        name: "of_two_processes_one_is_killed_or_stopped_and_the_other_goes_on",
        ignored: false,
        run: || pairs::kill_and_go_on(8),
    },
    #[cfg(unix)]
    Test { name: "a_hundred_kills_of_two_processes", ignored: true, run: || pairs::kill_and_go_on(rounds::times(100)) },
    #[cfg(target_os = "linux")]
    Test {
        name: "the_binary_goes_on_with_its_servers_after_kills",
        ignored: false,
        run: || servers::kill_and_go_on(10, 2),
    },
    #[cfg(target_os = "linux")]
    Test { name: "three_hundred_kills_with_servers", ignored: true, run: || servers::kill_and_go_on(300, 4) },
];

fn main() -> ExitCode {
    if let Some(ended) = ledger_server::served() {
        return ended;
    }
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|first| first == process::ARGUMENT).is_some() {
        return process::main(arguments);
    }
    let arguments: Vec<String> = arguments.map(|argument| argument.into_string().unwrap()).collect();
    let given = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let named = |test: &Test| filters.is_empty() || filters.iter().any(|filter| test.name.contains(filter.as_str()));
    let mut failed = 0;
    for test in TESTS.iter().filter(|test| named(test)) {
        if given("--list") {
            println!("{}: test", test.name);
        } else if given("--include-ignored") || test.ignored == given("--ignored") {
            println!("test {} ...", test.name);
            let passed = std::panic::catch_unwind(test.run).is_ok();
            println!("test {} ... {}", test.name, if passed { "ok" } else { "FAILED" });
            failed += usize::from(!passed);
        } else {
            println!("test {} ... ignored", test.name);
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
