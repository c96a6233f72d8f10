//! A call fails and its effect is known: retry, then `on_error`.

use std::time::Duration;

use serde_json::json;

use super::rig::{Rig, after, bare, calls, error, plan, retry, step};
use crate::base::ErrorKind;
use crate::machine::{Answered, CallOutcome, Command, Evaluated, EventKind, InputKind, RunStatus, StepStatus, Timer};

#[test]
fn a_failed_attempt_is_retried_after_its_delay_under_the_same_key() {
    let mut rig = Rig::started(plan(vec![step("a", json!({"retry": retry()}))]));
    let key = rig.at("a").key.clone();
    let turn = rig.fail("a", ErrorKind::Unavailable);
    let due = rig.now.plus(Duration::from_millis(500));
    assert_eq!(rig.status("a"), StepStatus::Retrying);
    assert_eq!(rig.run_status(), RunStatus::Running);
    let timer = Command::StartTimer { timer: Timer::Retry("a".into()), at: due };
    assert!(turn.commands.contains(&timer), "{:?}", turn.commands);

    assert_eq!(rig.retry_timer("a").events, [], "too early");
    rig.wait(1);
    assert_eq!(calls(&rig.retry_timer("a")), [("a", 2)]);
    assert_eq!(rig.at("a").key, key);
    assert!(key.is_some());
    rig.complete("a");
    assert_eq!((rig.run_status(), rig.at("a").error.clone()), (RunStatus::Completed, None));
}

#[test]
fn retries_end_and_the_last_error_is_the_step_s() {
    let mut rig = Rig::started(plan(vec![step("a", json!({"retry": retry()}))]));
    for attempt in 1..=3 {
        assert_eq!(rig.at("a").attempts, attempt);
        rig.fail("a", if attempt == 3 { ErrorKind::RateLimited } else { ErrorKind::Unavailable });
        rig.wait(2);
        rig.retry_timer("a");
    }
    assert_eq!((rig.status("a"), rig.at("a").attempts), (StepStatus::Failed, 3));
    assert_eq!(rig.at("a").error.as_ref().map(|error| error.kind), Some(ErrorKind::RateLimited));
    assert_eq!(rig.run_status(), RunStatus::Failed);
    assert_eq!(rig.state.error, rig.at("a").error);
}

#[test]
fn retry_after_is_waited_for() {
    let mut rig = Rig::started(plan(vec![step("a", json!({"retry": retry()}))]));
    let outcome =
        CallOutcome::Failed { error: error(ErrorKind::RateLimited), retry_after: Some(Duration::from_secs(30)) };
    rig.reply("a", outcome);
    rig.wait(29);
    assert_eq!(rig.retry_timer("a").events, []);
    rig.wait(1);
    assert_eq!(calls(&rig.retry_timer("a")), [("a", 2)]);
}

#[test]
fn continue_leaves_the_step_failed_and_skip_leaves_it_skipped_and_the_run_completes() {
    for (on_error, left) in [("continue", StepStatus::Failed), ("skip", StepStatus::Skipped)] {
        let mut rig = Rig::started(plan(vec![step("a", json!({"on_error": on_error})), bare("b")]));
        rig.fail("a", ErrorKind::ToolError);
        rig.complete("b");
        assert_eq!((rig.status("a"), rig.run_status()), (left, RunStatus::Completed));
        assert!(rig.at("a").error.is_some());
        assert_eq!(rig.at("a").result, None);
    }
}

#[test]
fn abort_finishes_what_is_in_flight_then_runs_always_and_on_failure_then_fails() {
    let steps = vec![
        bare("a"),
        bare("in_flight"),
        after("never", &[1]),
        step("handler", json!({"depends_on": [0], "condition": "on_failure"})),
        step("cleanup", json!({"depends_on": [2, 3], "condition": "always"})),
        step("no_handler", json!({"depends_on": [1], "condition": "on_failure"})),
    ];
    let mut rig = Rig::started(plan(steps));
    rig.fail("a", ErrorKind::ToolError);
    assert_eq!(rig.in_flight(), ["in_flight", "handler"]);
    rig.complete("in_flight");
    assert_eq!(rig.status("never"), StepStatus::Skipped);
    assert_eq!(rig.status("no_handler"), StepStatus::Skipped);
    rig.complete("handler");
    assert_eq!(rig.in_flight(), ["cleanup"]);
    assert_eq!(rig.run_status(), RunStatus::Running);
    rig.complete("cleanup");
    assert_eq!(rig.run_status(), RunStatus::Failed);
    assert_eq!(rig.state.failure.as_ref().map(|(path, _)| path.as_str()), Some("a"));
    let end = EventKind::RunFailed { step: Some("a".into()), error: error(ErrorKind::ToolError) };
    assert_eq!(rig.log.last().map(|event| event.kind.clone()), Some(end));
}

#[test]
fn abort_ends_the_retries_of_other_steps() {
    let mut rig = Rig::started(plan(vec![bare("a"), step("b", json!({"retry": retry()}))]));
    rig.fail("b", ErrorKind::Unavailable);
    rig.fail("a", ErrorKind::ToolError);
    assert_eq!((rig.status("b"), rig.at("b").attempts), (StepStatus::Failed, 1));
    assert_eq!(rig.run_status(), RunStatus::Failed);
}

#[test]
fn after_an_abort_no_other_failure_is_retried() {
    let mut rig = Rig::started(plan(vec![bare("a"), step("b", json!({"retry": retry()}))]));
    rig.fail("a", ErrorKind::ToolError);
    rig.fail("b", ErrorKind::Unavailable);
    assert_eq!((rig.status("b"), rig.run_status()), (StepStatus::Failed, RunStatus::Failed));
    assert!(!rig.told().contains(&"step_retrying b".to_owned()));
    assert_eq!(rig.state.failure.as_ref().map(|(path, _)| path.as_str()), Some("a"), "the first failure is the run's");
}

#[test]
fn steps_that_may_start_after_an_abort_may_also_be_retried_after_it() {
    for condition in ["always", "on_failure"] {
        let cleanup = step("cleanup", json!({"depends_on": [0], "condition": condition, "retry": retry()}));
        let mut rig = Rig::started(plan(vec![bare("a"), cleanup]));
        rig.fail("a", ErrorKind::ToolError);
        rig.fail("cleanup", ErrorKind::Unavailable);
        assert_eq!(rig.status("cleanup"), StepStatus::Retrying, "{condition}");
        rig.wait(1);
        rig.retry_timer("cleanup");
        rig.complete("cleanup");
        assert_eq!((rig.status("cleanup"), rig.run_status()), (StepStatus::Completed, RunStatus::Failed));
    }
}

#[test]
fn after_an_abort_a_person_may_still_have_an_interrupted_call_made_again() {
    let mut rig = Rig::started(plan(vec![bare("a"), bare("b")]));
    rig.lose("b");
    rig.fail("a", ErrorKind::ToolError);
    assert_eq!(rig.run_status(), RunStatus::Paused);
    assert_eq!(calls(&rig.answer("b#1", Answered::Retry)), [("b", 2)]);
    rig.complete("b");
    assert_eq!((rig.status("b"), rig.run_status()), (StepStatus::Completed, RunStatus::Failed));
}

#[test]
fn a_failure_and_a_permit_in_one_turn_start_nothing() {
    let mut rig = Rig::created(plan(vec![bare("a"), bare("b")]));
    rig.bench.permits = 1;
    rig.turn(Vec::new());
    let failure = CallOutcome::Failed { error: error(ErrorKind::ToolError), retry_after: None };
    let facts = Ok(crate::machine::CallFacts { repeat_safe: true, pin: None });
    rig.turn(vec![
        InputKind::CallFinished { path: "a".into(), attempt: 1, outcome: failure, jitter: 0.5 },
        InputKind::Granted { path: "b".into(), facts },
    ]);
    assert_eq!((rig.status("b"), rig.at("b").attempts), (StepStatus::Skipped, 0));
    assert_eq!(rig.bench.given_back, ["b"]);
}

#[test]
fn an_expression_that_fails_lets_no_step_start_that_was_queued_in_the_same_turn() {
    let steps = vec![bare("a"), bare("queued"), after("broken", &[0])];
    let mut rig = Rig::created(plan(steps));
    rig.bench.permits = 1;
    rig.bench.evaluations.insert("broken".into(), Evaluated::Fail(error(ErrorKind::InvalidInput)));
    rig.turn(Vec::new());
    assert_eq!(rig.in_flight(), ["a"]);
    rig.complete("a");
    assert_eq!(rig.run_status(), RunStatus::Failed);
    assert_eq!((rig.status("queued"), rig.at("queued").attempts), (StepStatus::Skipped, 0));
    assert_eq!(rig.bench.held, [""; 0], "its permit is free again");
}

#[test]
fn a_tool_that_cannot_be_called_is_a_plain_failure_without_an_attempt() {
    let mut rig = Rig::created(plan(vec![step("a", json!({"retry": retry()}))]));
    rig.bench.facts.insert("a".into(), Err(error(ErrorKind::Unavailable)));
    rig.turn(Vec::new());
    assert_eq!((rig.status("a"), rig.at("a").attempts, rig.at("a").failures), (StepStatus::Retrying, 0, 1));
    assert_eq!(rig.bench.held, [""; 0]);
    for _ in 0..2 {
        rig.wait(1);
        rig.retry_timer("a");
    }
    assert_eq!((rig.status("a"), rig.at("a").attempts, rig.run_status()), (StepStatus::Failed, 0, RunStatus::Failed));
}
