//! The binary with servers behind it: what is forwarded, what a server does
//! wrong, what is left of it afterwards. The servers are this program itself
//! (`tests/ledger`), which is why it has a `main` of its own.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod bad_servers;
mod changed_tools;
#[allow(dead_code, reason = "the tests of the protocol use all of it")]
#[path = "../it/serve/client.rs"]
mod client;
mod command_line;
mod forwarding;
mod gateway;
#[path = "../ledger/mod.rs"]
mod ledger;
mod ledger_server;
mod outcomes;
#[allow(dead_code, reason = "the tests of the program use all of it")]
#[path = "../it/serve/place.rs"]
mod place;
mod process;
#[cfg(unix)]
mod remains;

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
    tests!(forwarding:
    a_result_passes_untouched,
    arguments_arrive_untouched_and_without_a_key,
    progress_comes_in_order_and_before_the_answer,
    a_cancelled_call_is_cancelled_at_the_server,
    a_server_gets_no_more_calls_at_once_than_it_may,
    calls_are_answered_as_they_are_done_not_as_they_came,
    the_list_is_there_at_once_from_the_second_start_on,
    a_server_that_says_its_tools_changed_is_listed_anew,
    a_list_of_many_pages_is_read_to_its_end,
    ),
    tests!(bad_servers:
    one_that_is_missing,
    one_that_exits_at_its_start,
    one_that_hangs_at_initialise,
    one_that_exits_in_a_call,
    one_that_hangs_in_a_call_and_clings_to_life_does_not_hold_our_end_up,
    one_that_never_answers,
    one_that_answers_twice,
    one_that_talks_beside_the_protocol,
    one_whose_result_is_too_large,
    two_with_one_name,
    two_tools_with_one_name,
    one_with_a_variable_that_is_not_set,
    one_that_tells_the_secrets_it_was_given,
    one_that_is_sequitur_itself,
    many_bad_ones_at_once,
    ),
    tests!(changed_tools:
    what_a_person_accepts_is_callable_in_a_process_that_serves_within_two_seconds,
    pins_that_cannot_be_read_hold_back_what_a_person_has_to_accept,
    between_two_steps_it_is_quarantined_until_accepted,
    a_trusted_server_may_change_its_tools,
    ),
    tests!(outcomes:
    every_attempt_has_the_same_key_and_every_step_its_own,
    a_safe_step_is_repeated_under_its_key_after_we_were_killed,
    a_server_that_honours_keys_does_it_once_for_all_that,
    an_unsafe_call_without_an_answer_asks_and_is_repeated_under_its_key,
    an_unsafe_call_without_an_answer_asks_and_is_told_that_it_is_done,
    an_unsafe_call_without_an_answer_asks_and_fails_when_told_so,
    an_unsafe_call_in_flight_when_we_were_killed_asks,
    a_call_that_was_never_sent_is_a_plain_failure,
    ),
    tests!(command_line:
    a_lost_call_is_asked_about_and_a_retry_goes_out_under_the_same_key,
    a_lost_call_is_taken_as_done_with_the_result_that_a_person_gives,
    a_lost_call_fails_where_a_person_says_so,
    ),
    #[cfg(unix)]
    tests!(remains:
    after_the_end_of_the_input,
    after_a_signal_to_terminate,
    after_a_kill,
    after_a_kill_of_our_whole_group,
    ),
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
