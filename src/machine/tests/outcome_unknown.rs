//! A call was sent and no reply came (P3), and adoption after a crash (P5).

use serde_json::json;

use super::rig::{Rig, bare, body, calls, completed, plan, retry, step, told};
use crate::base::ErrorKind;
use crate::machine::{Answered, EventKind, Refused, RunStatus, StepStatus, Via};
use crate::workflow::plan::OnUnknown;

fn only_interrupted() -> serde_json::Value {
    let mut retry = retry();
    retry["retryable_errors"] = json!(["interrupted"]);
    retry
}

#[test]
fn an_unsafe_call_without_a_reply_asks_and_nothing_else_starts() {
    let mut rig =
        Rig::started(plan(vec![step("a", json!({"retry": retry()})), bare("b"), super::rig::after("c", &[1])]));
    rig.lose("a");
    assert_eq!((rig.status("a"), rig.run_status()), (StepStatus::Interrupted, RunStatus::Paused));
    assert_eq!(rig.state.tasks.keys().collect::<Vec<_>>(), ["a#1"]);
    rig.complete("b");
    assert_eq!((rig.status("b"), rig.status("c")), (StepStatus::Completed, StepStatus::Pending));
    rig.answer("a#1", Answered::Done { result: body("2"), exports: [("x".to_owned(), body("3"))].into() });
    assert_eq!(rig.in_flight(), ["c"]);
    assert_eq!((rig.status("a"), rig.at("a").result.clone()), (StepStatus::Completed, Some(body("2"))));
    assert_eq!(rig.at("a").answered_via, Some(Via::Cli));
    assert_eq!(rig.state.context.get("x"), Some(&body("3")));
}

#[test]
fn answered_retry_calls_again_under_the_same_key() {
    let mut rig = Rig::started(plan(vec![bare("a")]));
    let key = rig.at("a").key.clone();
    rig.lose("a");
    assert_eq!(calls(&rig.answer("a#1", Answered::Retry)), [("a", 2)]);
    assert_eq!(rig.at("a").key, key);
    rig.lose("a");
    assert_eq!(rig.state.tasks.keys().collect::<Vec<_>>(), ["a#2"], "each attempt has its own question");
    rig.answer("a#2", Answered::Retry);
    rig.complete("a");
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn answered_fail_is_a_failure_of_kind_interrupted_past_retry() {
    for (on_error, run) in [("abort", RunStatus::Failed), ("continue", RunStatus::Completed)] {
        let mut rig = Rig::started(plan(vec![step("a", json!({"retry": retry(), "on_error": on_error}))]));
        rig.lose("a");
        rig.answer("a#1", Answered::Fail);
        assert_eq!((rig.status("a"), rig.run_status()), (StepStatus::Failed, run));
        assert_eq!(rig.at("a").error.as_ref().map(|error| error.kind), Some(ErrorKind::Interrupted));
    }
}

#[test]
fn a_question_is_answered_once_and_by_its_name() {
    let mut rig = Rig::started(plan(vec![bare("a"), bare("b")]));
    rig.lose("a");
    let turn = rig.answer("b#1", Answered::Retry);
    assert_eq!(turn.refused, [(0, Refused::NoTask { task: "b#1".to_owned() })]);
    assert_eq!(turn.refused[0].1.to_string(), "no question `b#1` is open in this run");
    rig.answer("a#1", Answered::Retry);
    let turn = rig.answer("a#1", Answered::Fail);
    assert_eq!(turn.refused, [(0, Refused::NoTask { task: "a#1".to_owned() })]);
    assert_eq!(turn.events, []);
}

#[test]
fn a_repeat_safe_call_without_a_reply_is_a_plain_failure() {
    let mut rig = Rig::started_safe(plan(vec![step("a", json!({"retry": retry()})), bare("b")]), &["a", "b"]);
    rig.lose("a");
    assert_eq!((rig.status("a"), rig.at("a").failures), (StepStatus::Retrying, 1));
    rig.lose("b");
    assert_eq!(rig.at("b").error.as_ref().map(|error| error.kind), Some(ErrorKind::Timeout));
    assert_eq!(rig.run_status(), RunStatus::Failed);
}

#[test]
fn the_author_s_word_makes_a_call_repeat_safe() {
    let mut rig = Rig::started(plan(vec![step("a", json!({"idempotent": true, "retry": retry()}))]));
    rig.lose("a");
    assert_eq!(rig.status("a"), StepStatus::Retrying);
}

#[test]
fn on_unknown_fail_fails_with_kind_interrupted_past_retry_and_goes_on_to_on_error() {
    let a = step("a", json!({"on_unknown": "fail", "retry": retry(), "on_error": "continue"}));
    let mut rig = Rig::started(plan(vec![a]));
    rig.lose("a");
    assert_eq!((rig.status("a"), rig.run_status()), (StepStatus::Failed, RunStatus::Completed));
    assert_eq!(rig.at("a").error.as_ref().map(|error| error.kind), Some(ErrorKind::Interrupted));
}

#[test]
fn on_unknown_retry_and_retryable_errors_that_name_interrupted_repeat_without_asking() {
    let by_key = json!({"on_unknown": "retry", "retry": retry()});
    let by_kind = json!({"retry": only_interrupted()});
    let over_the_key = json!({"on_unknown": "ask", "retry": only_interrupted()});
    for with in [by_key, by_kind, over_the_key] {
        let mut rig = Rig::started(plan(vec![step("a", with.clone())]));
        rig.lose("a");
        assert_eq!(rig.status("a"), StepStatus::Retrying, "{with}");
        rig.wait(1);
        assert_eq!(calls(&rig.retry_timer("a")), [("a", 2)], "{with}");
    }
}

#[test]
fn the_run_s_on_unknown_counts_where_the_step_says_nothing() {
    let mut rig = Rig::created(plan(vec![bare("a"), step("b", json!({"on_unknown": "ask"}))]));
    rig.state.on_unknown = OnUnknown::Fail;
    let EventKind::RunCreated { on_unknown, .. } = &mut rig.log[0].kind else { panic!("the first event") };
    *on_unknown = OnUnknown::Fail;
    rig.turn(Vec::new());
    rig.lose("b");
    assert_eq!(rig.status("b"), StepStatus::Interrupted);
    rig.lose("a");
    assert_eq!(rig.status("a"), StepStatus::Failed);
}

#[test]
fn an_adopted_run_repeats_what_is_safe_under_the_same_key_and_asks_for_the_rest() {
    let mut rig = Rig::started_safe(plan(vec![bare("safe"), bare("unsafe")]), &["safe"]);
    let key = rig.at("safe").key.clone();
    let turn = rig.adopt();
    assert_eq!((rig.status("safe"), rig.status("unsafe")), (StepStatus::Retrying, StepStatus::Interrupted));
    assert_eq!(calls(&turn), [], "an open question: nothing starts");
    assert_eq!(calls(&rig.answer("unsafe#1", Answered::Done { result: body("1"), exports: [].into() })), [("safe", 2)]);
    assert_eq!((&rig.at("safe").key, rig.at("safe").failures), (&key, 0), "a crash is no failure of the step");
}

#[test]
fn an_adopted_safe_call_is_repeated_without_retry_settings_and_at_once() {
    let mut rig = Rig::started_safe(plan(vec![bare("a")]), &["a"]);
    for attempt in 2..6 {
        assert_eq!(calls(&rig.adopt()), [("a", attempt)]);
    }
    rig.complete("a");
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn adoption_goes_by_what_was_recorded_and_not_by_what_the_tool_says_now() {
    let mut rig = Rig::started_safe(plan(vec![bare("a")]), &["a"]);
    rig.bench.facts.clear();
    assert_eq!(calls(&rig.adopt()), [("a", 2)]);
    rig.adopt();
    assert_eq!(rig.status("a"), StepStatus::Interrupted, "the second attempt was recorded as unsafe");
}

#[test]
fn adoption_follows_on_unknown() {
    for (with, left) in [
        (json!({"on_unknown": "fail", "retry": retry()}), StepStatus::Failed),
        (json!({"on_unknown": "retry"}), StepStatus::Running),
        (json!({"retry": only_interrupted()}), StepStatus::Running),
    ] {
        let mut rig = Rig::started(plan(vec![step("a", with.clone())]));
        rig.adopt();
        assert_eq!(rig.status("a"), left, "{with}");
    }
}

#[test]
fn adoption_of_a_run_that_has_nothing_in_flight_is_noted_and_changes_nothing() {
    let mut rig = Rig::started(plan(vec![bare("a")]));
    rig.lose("a");
    assert_eq!(told(&rig.adopt().events), ["run_adopted"]);
    assert_eq!(rig.state.tasks.keys().collect::<Vec<_>>(), ["a#1"]);
}

#[test]
fn a_completed_step_is_not_called_again_after_adoption() {
    let mut rig = Rig::started_safe(plan(vec![bare("a"), super::rig::after("b", &[0])]), &["a", "b"]);
    rig.complete("a");
    assert_eq!(calls(&rig.adopt()), [("b", 2)]);
}

#[test]
fn replies_that_come_late_or_twice_lead_to_nothing() {
    let mut rig = Rig::started(plan(vec![step("a", json!({"retry": retry()})), bare("b")]));
    rig.fail("a", ErrorKind::Unavailable);
    assert_eq!(rig.late_reply("a", 1, completed()).events, [], "between two attempts");
    rig.wait(1);
    rig.retry_timer("a");
    assert_eq!(rig.late_reply("a", 1, completed()).events, [], "of an earlier attempt");
    rig.lose("a");
    assert_eq!(rig.late_reply("a", 2, completed()).events, [], "while a person is asked");
    rig.answer("a#2", Answered::Retry);
    assert_eq!(rig.complete("a").events.len(), 1);
    assert_eq!(rig.late_reply("a", 3, super::rig::failed(ErrorKind::Internal)).events, [], "twice");
    assert_eq!(rig.late_reply("nobody", 1, completed()).events, [], "of an unknown step");
}
