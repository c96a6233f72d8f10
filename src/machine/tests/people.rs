//! Pause, resume, cancel, the run's timeout: who asks and what it waits for.

use std::time::Duration;

use serde_json::json;

use super::rig::{Rig, START, after, bare, body, calls, plan, retry, step, told};
use crate::base::{ErrorKind, Timestamp};
use crate::machine::{Answered, Command, InputKind, Refused, RunStatus, StepStatus, Timer, Turn};

fn pause() -> InputKind {
    InputKind::Pause { reason: "a person asks".to_owned() }
}

fn cancel() -> InputKind {
    InputKind::Cancel { reason: Some("enough".to_owned()), compensate: true }
}

fn cancelled_calls(turn: &Turn) -> Vec<&str> {
    let mut paths = Vec::new();
    for command in &turn.commands {
        if let Command::CancelCall(path) = command {
            paths.push(path.as_str());
        }
    }
    paths
}

fn timer(turn: &Turn, which: &Timer) -> Option<Timestamp> {
    let one = |command: &Command| {
        let Command::StartTimer { timer, at } = command else { return None };
        (timer == which).then_some(*at)
    };
    turn.commands.iter().find_map(one)
}

#[test]
fn a_paused_run_finishes_its_calls_and_starts_nothing_until_it_is_resumed() {
    let mut rig = Rig::started(plan(vec![bare("a"), after("b", &[0]), step("c", json!({"retry": retry()}))]));
    rig.send(pause());
    assert_eq!(rig.run_status(), RunStatus::Paused);
    rig.complete("a");
    rig.fail("c", ErrorKind::Unavailable);
    rig.wait(60);
    rig.retry_timer("c");
    assert_eq!(rig.in_flight(), [""; 0]);
    assert_eq!((rig.status("a"), rig.status("b")), (StepStatus::Completed, StepStatus::Pending));
    assert_eq!(calls(&rig.send(InputKind::Resume)), [("c", 2), ("b", 1)]);
}

#[test]
fn a_permit_that_comes_while_the_run_is_paused_is_given_back_and_asked_for_again() {
    let mut rig = Rig::created(plan(vec![bare("a")]));
    rig.bench.permits = 0;
    rig.turn(Vec::new());
    rig.send(pause());
    rig.bench.held.push("a".to_owned());
    let facts = Ok(crate::machine::CallFacts { repeat_safe: true, pin: None });
    assert_eq!(rig.send(InputKind::Granted { path: "a".into(), facts }).events, []);
    assert_eq!(rig.bench.given_back, ["a"]);
    assert_eq!(calls(&rig.send(InputKind::Resume)), [("a", 1)]);
}

#[test]
fn a_run_can_be_paused_before_it_gets_a_place() {
    let mut rig = Rig::created(plan(vec![bare("a")]));
    rig.send(pause());
    assert_eq!(rig.send(InputKind::Placed).events, []);
    assert_eq!(rig.run_status(), RunStatus::Paused);
    assert_eq!(
        told(&rig.send(InputKind::Resume).events),
        ["run_resumed", "run_started", "step_ready a", "step_started a"]
    );
}

#[test]
fn pausing_twice_or_resuming_what_runs_changes_nothing() {
    let mut rig = Rig::started(plan(vec![bare("a")]));
    assert_eq!(rig.send(InputKind::Resume), Turn { commands: rig_timers(&rig), ..Turn::default() });
    rig.send(pause());
    assert_eq!(rig.send(pause()), Turn::default());
}

fn rig_timers(rig: &Rig) -> Vec<Command> {
    crate::machine::outstanding(&rig.state, rig.now)
}

#[test]
fn a_bare_resume_repeats_nothing_while_a_question_is_open() {
    let mut rig = Rig::started(plan(vec![bare("a")]));
    rig.lose("a");
    assert_eq!(rig.send(InputKind::Resume), Turn::default());
    rig.send(pause());
    rig.answer("a#1", Answered::Retry);
    assert_eq!((rig.run_status(), rig.status("a")), (RunStatus::Paused, StepStatus::Pending), "still paused");
    assert_eq!(calls(&rig.send(InputKind::Resume)), [("a", 2)]);
}

#[test]
fn a_cancel_stops_calls_in_flight_and_starts_nothing_more() {
    let steps = vec![bare("a"), bare("b"), step("always", json!({"depends_on": [0], "condition": "always"}))];
    let mut rig = Rig::started(plan(steps));
    let turn = rig.send(cancel());
    assert_eq!(cancelled_calls(&turn), ["a", "b"]);
    assert_eq!(timer(&turn, &Timer::Grace), Some(rig.now.plus(Duration::from_secs(5))));
    assert_eq!(rig.run_status(), RunStatus::Cancelling);
    rig.complete("a");
    assert_eq!((rig.status("a"), rig.status("always")), (StepStatus::Completed, StepStatus::Pending));
    rig.fail("b", ErrorKind::Unavailable);
    assert_eq!((rig.status("b"), rig.status("always")), (StepStatus::Failed, StepStatus::Cancelled));
    assert_eq!(rig.run_status(), RunStatus::Cancelled);
    assert_eq!(rig.state.unresolved(), []);
}

#[test]
fn after_the_grace_time_a_safe_call_is_dropped_and_an_unsafe_one_is_unresolved() {
    let mut rig = Rig::started_safe(plan(vec![bare("safe"), bare("unsafe")]), &["safe"]);
    rig.send(cancel());
    rig.wait(5);
    rig.send(InputKind::TimerFired(Timer::Grace));
    assert_eq!(rig.run_status(), RunStatus::Cancelled);
    let unresolved = rig.state.unresolved();
    assert_eq!(unresolved.len(), 1);
    assert_eq!((unresolved[0].step_id.as_str(), unresolved[0].tool.as_str()), ("unsafe", "t"));
    assert_eq!(Some(unresolved[0].key.as_str()), rig.at("unsafe").key.as_deref());
}

#[test]
fn a_cancelled_call_that_says_its_outcome_is_unknown_is_unresolved_and_nobody_is_asked() {
    let mut rig = Rig::started_safe(plan(vec![bare("safe"), bare("unsafe")]), &["safe"]);
    rig.send(cancel());
    rig.lose("safe");
    rig.lose("unsafe");
    assert_eq!((rig.run_status(), rig.state.tasks.len()), (RunStatus::Cancelled, 0));
    assert_eq!(rig.state.unresolved().iter().map(|one| one.step_id.as_str()).collect::<Vec<_>>(), ["unsafe"]);
}

#[test]
fn a_cancel_ends_an_open_question_as_unresolved() {
    let mut rig = Rig::started(plan(vec![bare("a")]));
    rig.lose("a");
    rig.send(cancel());
    assert_eq!((rig.run_status(), rig.status("a")), (RunStatus::Cancelled, StepStatus::Cancelled));
    assert_eq!(rig.state.unresolved().len(), 1);
    let turn = rig.answer("a#1", Answered::Retry);
    assert_eq!(turn.refused[0].1.to_string(), "the run is `cancelled`: it cannot be answered");
}

#[test]
fn a_run_that_waits_for_a_place_or_is_paused_or_retrying_is_cancelled_at_once() {
    let mut rig = Rig::created(plan(vec![bare("a")]));
    assert_eq!(told(&rig.send(cancel()).events), ["cancel_requested", "step_cancelled a", "run_cancelled"]);

    let mut rig = Rig::started(plan(vec![step("a", json!({"retry": retry()}))]));
    rig.fail("a", ErrorKind::Unavailable);
    rig.send(pause());
    rig.send(cancel());
    assert_eq!((rig.run_status(), rig.status("a")), (RunStatus::Cancelled, StepStatus::Cancelled));
    assert_eq!(rig.state.unresolved(), [], "its last attempt was answered");
}

#[test]
fn an_adopted_run_that_was_being_cancelled_ends_without_asking() {
    let mut rig = Rig::started_safe(plan(vec![bare("safe"), bare("unsafe")]), &["safe"]);
    rig.send(cancel());
    rig.adopt();
    assert_eq!(rig.run_status(), RunStatus::Cancelled);
    assert_eq!(rig.state.unresolved().iter().map(|one| one.step_id.as_str()).collect::<Vec<_>>(), ["unsafe"]);
}

#[test]
fn the_end_is_the_end() {
    let mut rig = Rig::started(plan(vec![bare("a")]));
    rig.complete("a");
    assert_eq!(rig.run_status(), RunStatus::Completed);
    assert_eq!((rig.state.outputs.clone(), rig.state.warnings.len()), (Some(body("{\"out\":1}")), 1));
    let ended = rig.state.clone();
    rig.wait(10_000);
    for input in [
        InputKind::Placed,
        InputKind::Adopted,
        InputKind::TimerFired(Timer::Run),
        InputKind::TimerFired(Timer::Grace),
        InputKind::TimerFired(Timer::Retry("a".into())),
        InputKind::OutputsEvaluated { outputs: body("{}"), warnings: Vec::new() },
    ] {
        assert_eq!(rig.send(input), Turn::default());
    }
    rig.complete("a");
    for (input, asked) in [(pause(), "paused"), (InputKind::Resume, "resumed"), (cancel(), "cancelled")] {
        let turn = rig.send(input);
        assert_eq!(turn.refused, [(0, Refused::Status { status: RunStatus::Completed, asked })]);
        assert_eq!(turn.refused[0].1.to_string(), format!("the run is `completed`: it cannot be {asked}"));
        assert_eq!(turn.refused[0].1.kind(), ErrorKind::Conflict);
    }
    assert_eq!(rig.state, ended);
}

#[test]
fn while_it_is_being_cancelled_a_run_cannot_be_paused_or_resumed_and_a_second_cancel_is_no_news() {
    let mut rig = Rig::started(plan(vec![bare("a")]));
    rig.send(cancel());
    for (input, asked) in [(pause(), "paused"), (InputKind::Resume, "resumed")] {
        assert_eq!(rig.send(input).refused, [(0, Refused::Status { status: RunStatus::Cancelling, asked })]);
    }
    rig.wait(1);
    let turn = rig.send(cancel());
    assert_eq!((turn.events, turn.refused), (Vec::new(), Vec::new()));
}

#[test]
fn the_run_s_timeout_gives_calls_in_flight_the_same_grace() {
    let mut rig = Rig::created(plan(vec![bare("a"), after("b", &[0])]));
    let turn = rig.turn(Vec::new());
    let due = START.plus(Duration::from_hours(1));
    assert_eq!(timer(&turn, &Timer::Run), Some(due));
    rig.wait(3599);
    assert_eq!(rig.send(InputKind::TimerFired(Timer::Run)).events, [], "too early");
    rig.wait(1);
    let turn = rig.send(InputKind::TimerFired(Timer::Run));
    assert_eq!((told(&turn.events), cancelled_calls(&turn)), (vec!["timeout_reached".to_owned()], vec!["a"]));
    assert_eq!(timer(&turn, &Timer::Grace), Some(rig.now.plus(Duration::from_secs(5))));
    rig.complete("a");
    assert_eq!((rig.run_status(), rig.status("b")), (RunStatus::TimedOut, StepStatus::Cancelled));
}

#[test]
fn waiting_for_a_person_does_not_use_up_the_run_s_time() {
    let mut rig = Rig::started(plan(vec![bare("a")]));
    rig.wait(600);
    rig.lose("a");
    rig.wait(100_000);
    assert_eq!(rig.send(InputKind::TimerFired(Timer::Run)).events, []);
    let turn = rig.answer("a#1", Answered::Retry);
    assert_eq!(timer(&turn, &Timer::Run), Some(rig.now.plus(Duration::from_mins(50))));
    rig.wait(1000);
    rig.send(pause());
    rig.wait(100_000);
    let turn = rig.send(InputKind::Resume);
    assert_eq!(timer(&turn, &Timer::Run), Some(rig.now.plus(Duration::from_secs(2000))));
    rig.wait(2000);
    assert_eq!(told(&rig.send(InputKind::TimerFired(Timer::Run)).events), ["timeout_reached"]);
}

#[test]
fn waiting_for_a_place_does_not_use_up_the_run_s_time() {
    let mut rig = Rig::created(plan(vec![bare("a")]));
    rig.bench.places = 0;
    assert_eq!(rig.turn(Vec::new()), Turn::default());
    rig.wait(10_000);
    assert_eq!(rig.send(InputKind::TimerFired(Timer::Run)), Turn::default());
    let turn = rig.send(InputKind::Placed);
    assert_eq!(timer(&turn, &Timer::Run), Some(rig.now.plus(Duration::from_hours(1))));
    assert_eq!(rig.send(InputKind::Placed).events, [], "one place is enough");
}

#[test]
fn time_before_a_crash_uses_up_the_run_s_timeout_up_to_its_last_event() {
    let mut rig = Rig::started_safe(plan(vec![bare("a"), after("b", &[0])]), &["a", "b"]);
    rig.wait(600);
    rig.complete("a");
    rig.wait(86_400);
    let turn = rig.adopt();
    assert_eq!(timer(&turn, &Timer::Run), Some(rig.now.plus(Duration::from_mins(50))));
}

#[test]
fn time_in_which_nobody_drove_the_run_does_not_use_up_its_timeout() {
    let mut rig = Rig::started_safe(plan(vec![bare("a")]), &["a"]);
    rig.wait(100);
    rig.turn(vec![]);
    let left = rig.state.time_left(rig.now);
    // Its last event was the start: what came after it may have been an empty house.
    rig.wait(86_400);
    rig.adopt();
    assert_eq!(rig.state.time_left(rig.now), left + std::time::Duration::from_secs(100));
    assert_eq!(told(&rig.send(InputKind::TimerFired(Timer::Run)).events), [""; 0]);
}
