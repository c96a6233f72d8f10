//! Steps that wait: for an instant, a signal, an answer.

use serde_json::{Value, json};

use super::rig::{
    Rig, START, after, bare, body, child, each, holds, human_task, items, parallel, plan, sequential, step, told,
    wait_event, wait_seconds,
};
use crate::base::{ErrorKind, Timestamp};
use crate::machine::{
    Answered, BodyRef, Command, Evaluated, EventKind, InputKind, MAX_SIGNALS, Refused, RunStatus, StepStatus, Timer,
    Turn, Via, WaitInput, Woken, outstanding,
};
use crate::workflow::plan::{Plan, PlanStep};

fn timer(id: &str, with: Value) -> PlanStep {
    holds(id, &wait_seconds(), with)
}

fn event(id: &str, with: Value) -> PlanStep {
    holds(id, &wait_event("paid"), with)
}

fn task(id: &str, with: Value) -> PlanStep {
    holds(id, &human_task(json!(null), json!({})), with)
}

fn given(rig: &mut Rig, task: &str) -> Turn {
    rig.answer(task, Answered::Given { answer: body("true") })
}

/// The timers that a turn leaves, in seconds from the start.
fn timers(turn: &Turn) -> Vec<(Timer, i64)> {
    let mut timers = Vec::new();
    for command in &turn.commands {
        if let Command::StartTimer { timer: timer @ Timer::Wait(_), at } = command {
            timers.push((timer.clone(), (at.0 - START.0) / 1_000));
        }
    }
    timers
}

/// What woke a step.
fn woken(rig: &Rig, step: &str) -> Vec<Woken> {
    let mut all = Vec::new();
    for event in &rig.log {
        if let EventKind::StepWoken { path, by } = &event.kind
            && path.as_str() == step
        {
            all.push(by.clone());
        }
    }
    all
}

fn timed(mut plan: Plan, seconds: f64) -> Plan {
    plan.timeout_seconds = Some(seconds);
    plan
}

#[test]
fn a_wait_holds_nothing_and_goes_on_at_its_instant_and_not_before() {
    let mut rig = Rig::created(plan(vec![timer("a", json!({})), after("b", &[0])]));
    let turn = rig.turn(Vec::new());
    assert_eq!(timers(&turn), [(Timer::Wait("a".into()), 5)]);
    assert_eq!((rig.status("a"), rig.run_status()), (StepStatus::Waiting, RunStatus::Waiting));
    assert_eq!((rig.bench.held.len(), rig.in_flight().len()), (0, 0));
    rig.wait(4);
    rig.wait_timer("a");
    assert_eq!(rig.status("a"), StepStatus::Waiting, "a timer that fires early changes nothing");
    rig.wait(1);
    let turn = rig.wait_timer("a");
    assert_eq!(told(&turn.events), ["step_woken a", "step_completed a", "step_ready b", "step_started b"]);
    assert_eq!(rig.at("a").waits.as_ref().unwrap().waited().as_secs(), 5);
    rig.wait_timer("a");
    assert_eq!(woken(&rig, "a"), [Woken::Time], "and once");
}

#[test]
fn an_instant_in_the_past_is_asked_for_at_once_and_one_after_a_takeover_again() {
    let past = Evaluated::Wait(WaitInput::At(Timestamp(START.0 - 60_000)));
    let mut rig = Rig::yielding(plan(vec![timer("a", json!({}))]), &[("a", past)]);
    let turn = rig.adopt();
    assert_eq!(timers(&turn), [(Timer::Wait("a".into()), -60)]);
    rig.wait_timer("a");
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn a_clock_that_is_set_back_makes_a_wait_longer_and_never_negative() {
    let mut rig = Rig::started(plan(vec![timer("a", json!({})), event("b", json!({}))]));
    rig.now = Timestamp(START.0 - 3_600_000);
    let turn = rig.wait_timer("a");
    assert_eq!((rig.status("a"), timers(&turn).len()), (StepStatus::Waiting, 1));
    rig.signal("paid", "1");
    assert_eq!(rig.status("b"), StepStatus::Completed);
    assert!(rig.at("b").waits.as_ref().unwrap().waited().is_zero());
}

#[test]
fn a_run_is_waiting_only_while_nothing_in_it_can_go_on() {
    let mut rig = Rig::started(plan(vec![event("a", json!({})), bare("b"), after("c", &[1])]));
    assert_eq!(rig.run_status(), RunStatus::Running);
    rig.complete("b");
    assert_eq!(rig.run_status(), RunStatus::Running, "c is in flight");
    rig.complete("c");
    assert_eq!(rig.run_status(), RunStatus::Waiting);
    rig.signal("paid", "1");
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn in_a_sequential_run_the_next_step_does_not_overtake_a_wait() {
    let mut rig = Rig::started(sequential(vec![bare("a"), event("b", json!({})), bare("c")]));
    rig.complete("a");
    assert_eq!((rig.status("b"), rig.status("c")), (StepStatus::Waiting, StepStatus::Pending));
    assert_eq!(rig.run_status(), RunStatus::Waiting);
    rig.signal("paid", "1");
    assert_eq!(rig.in_flight(), ["c"]);
}

#[test]
fn signals_are_kept_and_taken_oldest_first_each_once() {
    let mut rig = Rig::started(plan(vec![
        bare("a"),
        event("b", json!({"depends_on": [0]})),
        event("c", json!({"depends_on": [1]})),
    ]));
    for payload in ["1", "2", "3"] {
        rig.signal("paid", payload);
    }
    rig.signal("other", "9");
    assert_eq!(rig.state.signals["paid"].len(), 3);
    rig.complete("a");
    let by = |number, payload: &str| Woken::Signal { number: Some(number), payload: body(payload) };
    assert_eq!((woken(&rig, "b"), woken(&rig, "c")), (vec![by(0, "1")], vec![by(1, "2")]));
    assert_eq!(rig.run_status(), RunStatus::Completed, "what nobody took ends with the run");
}

#[test]
fn a_signal_wakes_the_wait_that_was_open_longest_and_one_only() {
    let mut rig =
        Rig::started(plan(vec![bare("a"), event("late", json!({"depends_on": [0]})), event("early", json!({}))]));
    rig.wait(1);
    rig.complete("a");
    rig.signal("paid", "1");
    assert_eq!((rig.status("early"), rig.status("late")), (StepStatus::Completed, StepStatus::Waiting));
}

#[test]
fn a_signal_to_all_open_waits_reaches_each_and_is_not_kept() {
    let mut rig = Rig::started(plan(vec![
        event("a", json!({})),
        event("b", json!({})),
        bare("c"),
        event("d", json!({"depends_on": [2]})),
    ]));
    rig.send(InputKind::Signal { name: "paid".into(), payload: body("1"), kept: false });
    assert_eq!((rig.status("a"), rig.status("b")), (StepStatus::Completed, StepStatus::Completed));
    rig.complete("c");
    assert_eq!((rig.status("d"), rig.state.signals.len()), (StepStatus::Waiting, 0));
}

#[test]
fn a_signal_that_comes_while_the_run_is_paused_is_kept_and_taken_when_it_goes_on() {
    let mut rig = Rig::started(plan(vec![event("a", json!({}))]));
    rig.send(InputKind::Pause { reason: "p".into() });
    rig.signal("paid", "1");
    assert_eq!((rig.status("a"), rig.run_status()), (StepStatus::Waiting, RunStatus::Paused));
    rig.send(InputKind::Resume);
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn a_run_keeps_a_bounded_number_of_signals() {
    let mut rig = Rig::started(plan(vec![bare("a")]));
    let kept: std::collections::BTreeMap<u64, BodyRef> = (0..MAX_SIGNALS as u64).map(|n| (n, body("1"))).collect();
    rig.state.signals.insert("paid".to_owned(), kept);
    let input = InputKind::Signal { name: "x".into(), payload: body("1"), kept: true };
    let now = rig.now;
    let refused = crate::machine::decide(&rig.state, &crate::machine::Input { now, kind: input }).unwrap_err();
    assert_eq!((refused.clone(), refused.kind()), (Refused::TooManySignals, ErrorKind::LimitExceeded));
}

#[test]
fn a_run_that_ends_takes_no_signals() {
    let mut rig = Rig::started(plan(vec![bare("a"), event("b", json!({}))]));
    rig.send(InputKind::Cancel { reason: None, compensate: true });
    let turn = rig.signal("paid", "1");
    assert!(matches!(turn.refused[..], [(0, Refused::Status { status: RunStatus::Cancelling, asked: "signalled" })]));
    rig.complete("a");
    assert_eq!((rig.status("b"), rig.run_status()), (StepStatus::Cancelled, RunStatus::Cancelled));
}

#[test]
fn a_wait_for_an_event_fails_with_timeout_when_its_time_is_over() {
    let waits = |timeout_ms| Evaluated::Wait(WaitInput::Event { name: "paid".into(), timeout_ms });
    let steps = vec![event("a", json!({"on_error": "continue"})), after("b", &[0])];
    let mut rig = Rig::yielding(plan(steps), &[("a", waits(Some(7_000)))]);
    rig.wait(7);
    rig.wait_timer("a");
    let error = rig.at("a").error.clone().unwrap();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Timeout, "no `paid` came within 7 s"));
    assert_eq!(rig.in_flight(), ["b"]);
}

#[test]
fn a_task_is_answered_once_and_says_how() {
    let mut rig = Rig::started(plan(vec![task("a", json!({})), after("b", &[0])]));
    assert_eq!(rig.state.tasks.keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(rig.run_status(), RunStatus::Waiting);
    let turn = rig.answer("a", Answered::Retry);
    assert_eq!(turn.refused, [(0, Refused::Unfit { task: "a".into() })], "it is no interrupted call");
    given(&mut rig, "a");
    assert_eq!((rig.status("a"), rig.at("a").answered_via), (StepStatus::Completed, Some(Via::Cli)));
    let turn = given(&mut rig, "a");
    assert_eq!(turn.refused, [(0, Refused::NoTask { task: "a".into() })]);
}

#[test]
fn an_answer_while_the_run_is_paused_is_kept_for_when_it_goes_on() {
    let mut rig = Rig::started(plan(vec![task("a", json!({}))]));
    rig.send(InputKind::Pause { reason: "p".into() });
    given(&mut rig, "a");
    assert_eq!(rig.status("a"), StepStatus::Waiting);
    rig.adopt();
    rig.send(InputKind::Resume);
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn a_task_reminds_once_then_asks_another_then_fails_with_timeout() {
    let boss = human_task(json!(null), json!({"escalate_to": "boss"}));
    let mut rig = Rig::started(plan(vec![holds("a", &boss, json!({}))]));
    rig.wait(30);
    let turn = rig.wait_timer("a");
    assert_eq!(
        (told(&turn.events), timers(&turn)),
        (vec!["task_reminded a".to_owned()], vec![(Timer::Wait("a".into()), 60)])
    );
    rig.wait(30);
    let turn = rig.wait_timer("a");
    assert_eq!(
        (told(&turn.events), timers(&turn)),
        (vec!["task_escalated a".to_owned()], vec![(Timer::Wait("a".into()), 120)])
    );
    rig.wait(60);
    rig.wait_timer("a");
    let error = rig.state.error.clone().unwrap();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Timeout, "nobody answered in time; `boss` was asked"));
    assert!(rig.state.tasks.is_empty());
}

#[test]
fn a_default_is_the_answer_at_the_deadline_and_no_retry_asks_again() {
    let with_default = human_task(json!({"approved": false}), json!({}));
    let mut rig = Rig::started(plan(vec![
        holds("a", &with_default, json!({})),
        task("b", json!({"retry": super::rig::retry(), "on_error": "continue"})),
    ]));
    rig.wait(60);
    for step in ["a", "b"] {
        rig.wait_timer(step);
    }
    assert_eq!((woken(&rig, "a"), rig.at("a").answered_via), (vec![Woken::Time], None));
    assert_eq!((rig.status("b"), rig.run_status()), (StepStatus::Failed, RunStatus::Completed));
}

#[test]
fn a_deadline_that_passes_while_nobody_drives_the_run_counts_when_somebody_does() {
    let mut rig = Rig::started(plan(vec![task("a", json!({"on_error": "continue"}))]));
    rig.wait(86_400);
    let turn = rig.adopt();
    // The reminder is due too.
    assert_eq!(timers(&turn), [(Timer::Wait("a".into()), 30)]);
    rig.wait_timer("a");
    assert_eq!((rig.status("a"), rig.run_status()), (StepStatus::Failed, RunStatus::Completed));
}

#[test]
fn waits_give_way_when_what_is_around_them_fails() {
    let mut rig = Rig::started(plan(vec![
        bare("a"),
        task("b", json!({})),
        event("c", json!({})),
        timer("d", json!({"condition": "always"})),
    ]));
    rig.fail("a", ErrorKind::ToolError);
    assert_eq!((rig.status("b"), rig.status("c")), (StepStatus::Skipped, StepStatus::Skipped));
    assert!(rig.state.tasks.is_empty());
    assert_eq!(rig.run_status(), RunStatus::Waiting, "`always` outlives it");
    rig.wait(5);
    rig.wait_timer("d");
    assert_eq!(rig.run_status(), RunStatus::Failed);
}

#[test]
fn waits_in_containers_bound_iterations_and_fold_with_them() {
    let mut rig = Rig::yielding(
        plan(vec![
            holds("l", &each(&[1]), json!({})),
            child("w", 0, json!({"kind": wait_event("paid")})),
            holds("p", &parallel(&[3], 0.0), json!({"depends_on": [0]})),
            child("q", 2, json!({"kind": wait_seconds()})),
        ]),
        &[("l", items(3, Some(2)))],
    );
    assert_eq!(rig.run_status(), RunStatus::Waiting, "two iterations are open and no third may be");
    rig.signal("paid", "1");
    assert_eq!((rig.at("l[2].w").status, rig.run_status()), (StepStatus::Waiting, RunStatus::Waiting));
    for _ in 0..2 {
        rig.signal("paid", "1");
    }
    assert_eq!(rig.status("q"), StepStatus::Waiting);
    rig.wait(5);
    rig.wait_timer("q");
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn waiting_for_people_and_events_does_not_use_up_the_run_s_time_and_its_own_waits_do() {
    let run_timer = |rig: &Rig| {
        outstanding(&rig.state, rig.now).iter().any(|one| matches!(one, Command::StartTimer { timer: Timer::Run, .. }))
    };
    let mut rig = Rig::started(timed(plan(vec![task("a", json!({})), event("b", json!({}))]), 10.0));
    assert!(!run_timer(&rig));
    rig.wait(86_400);
    rig.send(InputKind::TimerFired(Timer::Run));
    assert_eq!(rig.run_status(), RunStatus::Waiting);
    let rig = Rig::started(timed(plan(vec![timer("a", json!({}))]), 10.0));
    assert!(run_timer(&rig), "the template bounds its own time");
    let rig = Rig::started(plan(vec![timer("a", json!({}))]));
    assert!(!run_timer(&rig), "without a bound of its own it may wait for days");
}

#[test]
fn a_run_that_waits_is_paused_and_cancelled_as_any_other() {
    let mut rig = Rig::started(plan(vec![timer("a", json!({})), task("b", json!({}))]));
    rig.send(InputKind::Pause { reason: "p".into() });
    rig.wait(100);
    rig.wait_timer("a");
    assert_eq!((rig.status("a"), rig.run_status()), (StepStatus::Waiting, RunStatus::Paused), "nothing goes on");
    let turn = rig.send(InputKind::Resume);
    assert_eq!(timers(&turn)[0], (Timer::Wait("a".into()), 5), "it is due");
    rig.send(InputKind::Cancel { reason: None, compensate: true });
    assert_eq!((rig.status("a"), rig.run_status()), (StepStatus::Cancelled, RunStatus::Cancelled));
    assert!(!rig.at("a").outcome_unknown && rig.state.unresolved().is_empty());
}

#[test]
fn an_interrupted_call_beside_a_task_pauses_the_run_and_each_has_its_answer() {
    let mut rig = Rig::started(plan(vec![task("a", json!({})), step("b", json!({}))]));
    rig.lose("b");
    assert_eq!(rig.run_status(), RunStatus::Paused);
    let turn = rig.answer("b#1", Answered::Given { answer: body("1") });
    assert_eq!(turn.refused, [(0, Refused::Unfit { task: "b#1".into() })]);
    rig.answer("b#1", Answered::Fail);
    assert_eq!(rig.run_status(), RunStatus::Failed, "the task gave way");
}
