//! The binary with servers behind it: what is forwarded, what a server does
//! wrong, what is left of it afterwards. The servers are this program itself
//! (`tests/ledger`), which is why it has a `main` of its own.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "the tests of the protocol use all of it")]
#[path = "../it/serve/client.rs"]
mod client;
#[path = "../ledger/mod.rs"]
mod ledger;
mod ledger_server;
mod process;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test's name and body.
type Test = (&'static str, fn());

/// `tests!(module: a, b)`: the functions of a module, under their names.
macro_rules! tests {
    ($module:ident: $($test:ident),+ $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($test)), $module::$test as fn())),+]
    };
}

const TESTS: &[&[Test]] = &[
    tests!(ledger_server:
    speaks_both_eras_or_one,
    keeps_its_ledger_with_several_processes,
    ends_before_and_after_the_effect,
    answers_late_twice_and_in_another_order,
    is_cancelled_or_deaf_to_it,
    reports_progress_and_talks_between,
    changes_its_tools,
    starts_slowly_hangs_or_ends,
    knows_keys,
    ),
    #[cfg(unix)]
    tests!(ledger_server: clings_to_life_with_its_children),
];

fn main() -> ExitCode {
    if let Some(ended) = ledger::served() {
        return ended;
    }
    let tests = TESTS.iter().flat_map(|module| module.iter());
    let trials = tests.map(|(name, test)| {
        Trial::test(*name, || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
