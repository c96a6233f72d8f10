//! Order and bounds (P2, P8), progress (P9), one commit a step.

use indexmap::IndexMap;
use serde_json::json;

use super::rig::{Rig, after, bare, body, calls, exporting, plan, retry, sequential, step, told};
use crate::base::ErrorKind;
use crate::contract::Binding;
use crate::machine::{
    Answered, BodyRef, CallFacts, CallOutcome, Command, InputKind, MAX_RESULT_BYTES, RunStatus, StepStatus,
};
use crate::workflow::plan::Plan;

fn at_most(bound: u32, plan: Plan) -> Plan {
    Plan { max_parallel_steps: Some(bound), ..plan }
}

#[test]
fn a_completion_and_the_start_of_what_it_made_ready_are_one_turn() {
    let mut rig = Rig::started(plan(vec![bare("a"), after("b", &[0]), after("c", &[1])]));
    let turn = rig.complete("a");
    assert_eq!(told(&turn.events), ["step_completed a", "step_ready b", "step_started b"]);
    assert_eq!(calls(&turn), [("b", 1)]);
    rig.complete("b");
    let turn = rig.complete("c");
    assert_eq!(told(&turn.events), ["step_completed c", "run_completed"]);
    assert_eq!(turn.commands, []);
}

#[test]
fn parallel_steps_start_together_and_no_more_than_the_bound() {
    let steps = || vec![bare("a"), bare("b"), bare("c"), bare("d")];
    assert_eq!(Rig::started(plan(steps())).in_flight(), ["a", "b", "c", "d"]);
    let mut rig = Rig::started(at_most(2, plan(steps())));
    assert_eq!(rig.in_flight(), ["a", "b"]);
    rig.complete("b");
    assert_eq!(rig.in_flight(), ["a", "c"]);
    assert_eq!(Rig::started(at_most(0, plan(steps()))).in_flight(), ["a"], "no bound stops a run");
}

#[test]
fn a_permit_beyond_the_bound_is_given_back() {
    let mut rig = Rig::started(at_most(1, plan(vec![bare("a"), bare("b")])));
    let facts = Ok(CallFacts { repeat_safe: true, pin: None });
    rig.bench.held.push("b".to_owned());
    assert_eq!(rig.send(InputKind::Granted { path: "b".into(), facts }).events, []);
    assert_eq!(rig.bench.given_back, ["b"]);
    rig.complete("a");
    assert_eq!(rig.in_flight(), ["b"]);
}

#[test]
fn a_retry_counts_against_the_bound_when_it_is_due() {
    let mut rig = Rig::started(at_most(1, plan(vec![step("a", json!({"retry": retry()})), bare("b"), bare("c")])));
    rig.fail("a", ErrorKind::Unavailable);
    assert_eq!(rig.in_flight(), ["b"], "a parallel run goes on between two attempts");
    rig.wait(1);
    assert_eq!(calls(&rig.retry_timer("a")), []);
    rig.complete("b");
    assert_eq!(rig.in_flight(), ["a"], "in file order");
}

#[test]
fn steps_without_a_free_permit_wait_and_start_when_it_is_granted() {
    let mut rig = Rig::created(plan(vec![bare("a"), bare("b")]));
    rig.bench.permits = 1;
    let turn = rig.turn(Vec::new());
    assert_eq!(told(&turn.events), ["run_started", "step_ready a", "step_ready b", "step_started a"]);
    let facts = Ok(CallFacts { repeat_safe: false, pin: Some("p".into()) });
    rig.bench.held.push("b".to_owned());
    assert_eq!(calls(&rig.send(InputKind::Granted { path: "b".into(), facts: facts.clone() })), [("b", 1)]);
    assert_eq!(rig.send(InputKind::Granted { path: "b".into(), facts: facts.clone() }).events, [], "granted twice");
    rig.send(InputKind::Granted { path: "nobody".into(), facts });
    assert_eq!(rig.bench.given_back, ["b", "nobody"]);
}

#[test]
fn a_permit_that_comes_before_a_retry_is_due_is_given_back() {
    let mut rig = Rig::started(plan(vec![step("a", json!({"retry": retry()}))]));
    rig.fail("a", ErrorKind::Unavailable);
    let facts = Ok(CallFacts { repeat_safe: true, pin: None });
    assert_eq!(rig.send(InputKind::Granted { path: "a".into(), facts }).events, []);
    assert_eq!(rig.bench.given_back, ["a"]);
}

#[test]
fn a_sequential_run_takes_one_step_at_a_time_in_file_order() {
    let mut rig = Rig::started(sequential(vec![after("a", &[2]), bare("b"), bare("c")]));
    let mut order = Vec::new();
    while let [one] = rig.in_flight()[..] {
        let one = one.to_owned();
        rig.complete(&one);
        order.push(one);
    }
    assert_eq!(order, ["b", "c", "a"]);
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn in_a_sequential_run_what_a_step_exports_is_there_when_the_next_is_evaluated() {
    let mut rig = Rig::started(sequential(vec![bare("a"), bare("b"), bare("c")]));
    rig.reply("a", exporting("x"));
    rig.reply("b", exporting("y"));
    let seen: Vec<(&str, usize)> = rig.bench.evaluated.iter().map(|(id, keys)| (id.as_str(), keys.len())).collect();
    assert_eq!(seen, [("a", 0), ("b", 1), ("c", 2)]);
}

#[test]
fn in_a_sequential_run_a_step_between_two_attempts_is_not_overtaken() {
    let mut rig = Rig::started(sequential(vec![step("a", json!({"retry": retry()})), bare("b")]));
    rig.fail("a", ErrorKind::Unavailable);
    assert_eq!(rig.in_flight(), [""; 0]);
    assert_eq!(rig.bench.evaluated.len(), 1, "`b` is not even evaluated");
    rig.wait(1);
    assert_eq!(calls(&rig.retry_timer("a")), [("a", 2)]);
    assert_eq!(rig.in_flight(), ["a"]);
}

#[test]
fn in_a_sequential_run_a_step_that_waits_for_its_permit_is_not_overtaken() {
    let mut rig = Rig::created(sequential(vec![bare("a"), bare("b")]));
    rig.bench.permits = 0;
    rig.turn(Vec::new());
    assert_eq!(rig.bench.evaluated.len(), 1);
    assert_eq!(rig.turn(Vec::new()).events, []);
}

#[test]
fn in_a_sequential_run_an_interrupted_step_is_not_overtaken() {
    let mut rig = Rig::started(sequential(vec![bare("a"), bare("b")]));
    rig.lose("a");
    assert_eq!(calls(&rig.answer("a#1", Answered::Retry)), [("a", 2)]);
    assert_eq!(rig.bench.evaluated.len(), 1);
}

#[test]
fn what_a_step_binds_stays_bound_until_another_step_binds() {
    let binding = |name: &str| {
        let fingerprint = "f".to_owned();
        Some(Binding { model_path: format!("/models/{name}"), model_name: name.to_owned(), fingerprint })
    };
    let bound = |binds| CallOutcome::Completed { result: body("1"), exports: IndexMap::new(), binds };
    let mut rig = Rig::started(plan(vec![bare("a"), after("b", &[0]), after("c", &[1])]));
    assert_eq!(rig.state.binding, None);
    rig.reply("a", bound(binding("shop")));
    rig.reply("b", bound(None));
    assert_eq!(rig.state.binding, binding("shop"));
    rig.reply("c", bound(binding("bank")));
    assert_eq!(rig.state.binding, binding("bank"));
}

#[test]
fn keys_differ_between_steps_and_runs() {
    let rig = Rig::started(plan(vec![bare("a"), bare("b")]));
    assert_ne!(rig.at("a").key, rig.at("b").key);
    let mut other = Rig::created(plan(vec![bare("a")]));
    let crate::machine::EventKind::RunCreated { run, .. } = &mut other.log[0].kind else { panic!("the first event") };
    *run = "run-2".into();
    other.state.run = "run-2".into();
    other.turn(Vec::new());
    assert_ne!(rig.at("a").key, other.at("a").key);
    let key = other.at("a").key.clone().unwrap();
    assert_eq!(key.len(), 32);
}

#[test]
fn progress_grows_with_finished_steps_and_is_100_only_at_a_completed_end() {
    let percent = |rig: &Rig| rig.state.progress_percentage();
    let mut rig = Rig::started(plan(vec![bare("a"), bare("b"), bare("c"), bare("d")]));
    assert!(percent(&rig) < 0.001);
    rig.complete("a");
    assert!((percent(&rig) - 25.0).abs() < 0.001);
    rig.lose("b");
    assert!((percent(&rig) - 25.0).abs() < 0.001, "an interrupted step is not finished");
    rig.answer("b#1", Answered::Retry);
    rig.complete("b");
    rig.complete("c");
    rig.fail("d", ErrorKind::ToolError);
    assert_eq!(rig.run_status(), RunStatus::Failed);
    assert!(percent(&rig) < 100.0);

    let mut rig = Rig::started(plan(vec![bare("a")]));
    rig.complete("a");
    assert!((percent(&rig) - 100.0).abs() < 0.001);
    assert!(percent(&Rig::created(plan(Vec::new()))) < 0.001, "not even when there is nothing to do");
}

#[test]
fn what_a_cancel_cut_off_is_no_progress() {
    let mut rig = Rig::started(plan(vec![bare("a"), bare("b"), after("c", &[0, 1]), after("d", &[2])]));
    rig.complete("a");
    rig.send(InputKind::Cancel { reason: None, compensate: true });
    rig.complete("b");
    assert_eq!(rig.run_status(), RunStatus::Cancelled);
    assert!((rig.state.progress_percentage() - 50.0).abs() < 0.001);
}

#[test]
fn a_run_without_steps_completes() {
    assert_eq!(Rig::started(plan(Vec::new())).run_status(), RunStatus::Completed);
}

#[test]
fn what_is_outstanding_after_a_turn_is_what_the_turn_handed_out() {
    let mut rig = Rig::created(at_most(2, plan(vec![step("a", json!({"retry": retry()})), bare("b"), bare("c")])));
    rig.bench.permits = 1;
    rig.turn(Vec::new());
    let turn = rig.fail("a", ErrorKind::Unavailable);
    let open: Vec<Command> = crate::machine::outstanding(&rig.replayed(), rig.now);
    let (asked, handed): (Vec<_>, Vec<_>) = open.into_iter().partition(|one| matches!(one, Command::Acquire(_)));
    assert_eq!(asked, [Command::Acquire("c".into())], "the wish is remembered by whoever owns the permits");
    let timers: Vec<_> = turn.commands.iter().filter(|one| matches!(one, Command::StartTimer { .. })).collect();
    assert_eq!(timers, handed.iter().collect::<Vec<_>>());
    assert_eq!(rig.status("b"), StepStatus::Running);
}

#[test]
fn results_beyond_what_a_run_may_hold_fail_their_step_which_is_not_called_again() {
    let retried = step("b", json!({"retry": retry(), "on_error": "continue"}));
    let mut rig = Rig::started(plan(vec![bare("a"), retried, bare("c")]));
    let large = |name: &str, bytes: u64| CallOutcome::Completed {
        result: BodyRef { bytes, ..BodyRef::of(name) },
        exports: IndexMap::new(),
        binds: None,
    };
    rig.reply("a", large("a", MAX_RESULT_BYTES - 10));
    rig.reply("b", large("b", 11));
    let error = rig.at("b").error.clone().unwrap();
    assert_eq!((rig.status("b"), error.kind), (StepStatus::Failed, ErrorKind::LimitExceeded));
    assert_eq!(error.message, "the results of a run are at most 1024 MiB in all");
    rig.reply("c", large("c", 10));
    assert_eq!(rig.status("c"), StepStatus::Completed);
}
