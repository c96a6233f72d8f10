//! `loop`: iterations with instances of their own, their bounds, what they leave.

use serde_json::json;

use super::rig::{Rig, after, as_long_as, bare, body, child, each, holds, items, plan, sequential, told};
use crate::base::ErrorKind;
use crate::machine::{Evaluated, InputKind, MAX_INSTANCES, Opened, RunStatus, StepPath, StepStatus};
use crate::workflow::plan::Plan;

/// `each` over items, in it `a` then `b`; `end` after it.
fn over_items() -> Plan {
    plan(vec![
        holds("each", &each(&[1, 2]), json!({})),
        child("a", 0, json!({})),
        child("b", 0, json!({"depends_on": [1]})),
        after("end", &[0]),
    ])
}

#[test]
fn each_iteration_has_instances_of_its_own() {
    let mut rig = Rig::yielding(over_items(), &[("each", items(2, None))]);
    assert_eq!(rig.in_flight(), ["each[0].a", "each[1].a"]);
    rig.complete("each[1].a");
    assert_eq!(rig.in_flight(), ["each[0].a", "each[1].b"], "an iteration waits for its own steps only");
    assert_ne!(rig.at("each[0].a").key, rig.at("each[1].b").key);
}

#[test]
fn an_iteration_that_is_over_leaves_its_results_and_nothing_else() {
    let mut rig = Rig::yielding(over_items(), &[("each", items(2, None))]);
    rig.complete("each[1].a");
    let turn = rig.complete("each[1].b");
    assert!(rig.state.steps.get(&StepPath::from("each[1].a")).is_none(), "it is forgotten");
    let gone: Vec<&str> = turn.gone.iter().map(|step| step.path.as_str()).collect();
    assert_eq!(gone, ["each[1].a", "each[1].b"], "who writes what changed still sees it");
    assert_eq!(rig.state.count(StepStatus::Completed), 2, "it is still counted");
    let inside = rig.at("each").inside.clone().unwrap();
    let results = inside.loops().unwrap();
    assert!(results[0].is_empty(), "the first has not finished");
    assert_eq!(
        results[1].iter().map(|left| left.result.clone()).collect::<Vec<_>>(),
        [Some(body("1")), Some(body("1"))]
    );
    rig.complete("each[0].a");
    rig.complete("each[0].b");
    assert_eq!((rig.status("each"), rig.in_flight()), (StepStatus::Completed, vec!["end"]));
    assert_eq!(rig.at("each").inside.as_ref().unwrap().finished, 2);
}

#[test]
fn max_concurrency_bounds_iterations_and_not_the_calls_in_them() {
    let steps = vec![holds("each", &each(&[1, 2]), json!({})), child("a", 0, json!({})), child("b", 0, json!({}))];
    let mut rig = Rig::yielding(plan(steps), &[("each", items(5, Some(2)))]);
    assert_eq!(rig.in_flight(), ["each[0].a", "each[0].b", "each[1].a", "each[1].b"]);
    rig.complete("each[0].a");
    assert_eq!(rig.in_flight().len(), 3);
    rig.complete("each[0].b");
    assert_eq!(rig.in_flight(), ["each[1].a", "each[1].b", "each[2].a", "each[2].b"]);
}

#[test]
fn a_loop_over_nothing_completes_at_once() {
    let rig = Rig::yielding(over_items(), &[("each", items(0, None))]);
    assert_eq!((rig.status("each"), rig.in_flight()), (StepStatus::Completed, vec!["end"]));
}

#[test]
fn a_while_asks_before_each_iteration_and_sees_what_the_last_one_exported() {
    let steps = vec![holds("poll", &as_long_as(&[1]), json!({})), child("a", 0, json!({}))];
    let mut rig = Rig::created(plan(steps));
    rig.bench.iterations.insert("poll".to_owned(), Ok(2));
    rig.turn(Vec::new());
    assert_eq!(rig.in_flight(), ["poll[0].a"]);
    rig.reply("poll[0].a", super::rig::exporting("seen"));
    assert_eq!(rig.in_flight(), ["poll[1].a"]);
    rig.complete("poll[1].a");
    assert_eq!(rig.run_status(), RunStatus::Completed);
    let asked: Vec<usize> =
        rig.bench.evaluated.iter().filter(|(path, _)| path == "poll").map(|(_, seen)| seen.len()).collect();
    assert_eq!(asked, [0, 0, 1, 1], "once to begin, then before each iteration");
    assert_eq!(rig.at("poll").inside.as_ref().unwrap().ended, Some(false));
}

#[test]
fn a_while_ends_at_max_iterations_and_says_so() {
    let steps = vec![holds("poll", &as_long_as(&[1]), json!({})), child("a", 0, json!({}))];
    let mut rig = Rig::created(plan(steps));
    rig.bench.iterations.insert("poll".to_owned(), Ok(9));
    rig.bench.evaluations.insert("poll".to_owned(), Evaluated::Open(Opened::While { max_iterations: 2 }));
    rig.turn(Vec::new());
    rig.complete("poll[0].a");
    rig.complete("poll[1].a");
    assert_eq!(rig.run_status(), RunStatus::Completed);
    assert_eq!(rig.at("poll").inside.as_ref().unwrap().ended, Some(true));
}

#[test]
fn a_condition_that_fails_is_the_loop_s_failure() {
    let steps = vec![holds("poll", &as_long_as(&[1]), json!({})), child("a", 0, json!({}))];
    let mut rig = Rig::created(plan(steps));
    rig.bench.iterations.insert("poll".to_owned(), Err(super::rig::error(ErrorKind::InvalidInput)));
    rig.turn(Vec::new());
    assert_eq!((rig.status("poll"), rig.run_status()), (StepStatus::Failed, RunStatus::Failed));
}

#[test]
fn a_failure_stops_the_loop_in_all_its_iterations() {
    let mut rig = Rig::yielding(over_items(), &[("each", items(5, Some(2)))]);
    rig.fail("each[0].a", ErrorKind::ToolError);
    assert_eq!(rig.in_flight(), ["each[1].a"], "no iteration begins");
    rig.complete("each[1].a");
    assert_eq!((rig.status("each"), rig.run_status()), (StepStatus::Failed, RunStatus::Failed));
    assert_eq!(rig.state.error.as_ref().unwrap().message, "as the test says");
}

#[test]
fn a_failure_beside_a_loop_lets_no_iteration_begin_and_cuts_it_short() {
    let mut steps = over_items().steps;
    steps.push(bare("bad"));
    let mut rig = Rig::yielding(plan(steps), &[("each", items(5, Some(2)))]);
    rig.fail("bad", ErrorKind::ToolError);
    rig.complete("each[0].a");
    assert_eq!(rig.in_flight(), ["each[1].a"]);
    rig.complete("each[1].a");
    assert_eq!((rig.status("each"), rig.run_status()), (StepStatus::Skipped, RunStatus::Failed));
}

#[test]
fn a_failure_that_a_step_handles_lets_the_loop_go_on() {
    let steps = vec![
        holds("each", &each(&[1, 2]), json!({})),
        child("a", 0, json!({"on_error": "continue"})),
        child("b", 0, json!({"depends_on": [1], "condition": "on_failure"})),
    ];
    let mut rig = Rig::yielding(plan(steps), &[("each", items(2, Some(1)))]);
    rig.fail("each[0].a", ErrorKind::ToolError);
    assert_eq!(rig.in_flight(), ["each[0].b"]);
    rig.complete("each[0].b");
    rig.complete("each[1].a");
    assert_eq!(rig.run_status(), RunStatus::Completed);
    let inside = rig.at("each").inside.clone().unwrap();
    let left = &inside.loops().unwrap();
    assert_eq!((left[0][0].result.clone(), left[0][1].result.clone()), (None, Some(body("1"))));
}

#[test]
fn loops_nest_and_each_level_waits_for_its_own() {
    let steps = vec![
        bare("first"),
        holds("outer", &each(&[2, 3]), json!({})),
        child("a", 1, json!({})),
        holds("inner", &each(&[4]), json!({"parent": 1, "depends_on": [2]})),
        child("b", 3, json!({"depends_on": [0]})),
    ];
    let mut rig = Rig::started(plan(steps));
    rig.complete("outer[1].a");
    assert_eq!(rig.status("outer[1].inner[0].b"), StepStatus::Pending, "it waits for a step of the outermost list");
    rig.complete("first");
    assert_eq!(rig.in_flight(), ["outer[0].a", "outer[1].inner[0].b", "outer[1].inner[1].b"]);
    for step in ["outer[1].inner[0].b", "outer[1].inner[1].b", "outer[0].a", "outer[0].inner[1].b"] {
        rig.complete(step);
    }
    assert!(rig.state.steps.get(&"outer[1].inner".into()).is_none());
    let inside = rig.at("outer").inside.clone().unwrap();
    let left = &inside.loops().unwrap()[1][1];
    assert_eq!(left.iterations.as_ref().unwrap().len(), 2, "what a loop in a loop left stays");
    rig.complete("outer[0].inner[0].b");
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn a_sequential_run_takes_iterations_one_by_one_in_the_place_of_the_loop() {
    let plan = Plan { mode: crate::workflow::plan::Mode::Sequential, ..over_items() };
    let mut rig = Rig::yielding(plan, &[("each", items(2, Some(2)))]);
    for step in ["each[0].a", "each[0].b", "each[1].a", "each[1].b", "end"] {
        assert_eq!(rig.in_flight(), [step]);
        rig.complete(step);
    }
    assert_eq!(rig.run_status(), RunStatus::Completed);
    let whiles = vec![holds("poll", &as_long_as(&[1]), json!({})), child("a", 0, json!({})), bare("end")];
    let mut rig = Rig::created(sequential(whiles));
    rig.bench.iterations.insert("poll".to_owned(), Ok(1));
    rig.turn(Vec::new());
    rig.complete("poll[0].a");
    assert_eq!(rig.in_flight(), ["end"]);
}

#[test]
fn a_long_loop_keeps_few_instances_and_its_progress_never_falls() {
    let mut rig = Rig::yielding(over_items(), &[("each", items(1_000, None))]);
    let mut most = 0;
    let mut before = 0.0;
    while let Some(step) = rig.in_flight().first().map(|step| (*step).to_owned()) {
        most = most.max(rig.state.steps.len());
        // The bench replays the log after each turn, which is quadratic: only the state is turned here.
        rig.bench.held.retain(|held| *held != step);
        let attempt = rig.at(&step).attempts;
        let path = StepPath::from(step.as_str());
        let input = InputKind::CallFinished { path, attempt, outcome: super::rig::completed(), jitter: 0.0 };
        crate::machine::turn(&mut rig.state, vec![input], rig.now, &mut rig.bench).unwrap();
        assert!(rig.state.progress_percentage() >= before);
        before = rig.state.progress_percentage();
    }
    assert_eq!(rig.run_status(), RunStatus::Completed);
    assert_eq!(rig.state.total_steps(), 2 + 2_000);
    assert_eq!(rig.state.count(StepStatus::Completed), 2_002);
    assert!(most <= 2 + 2 * 64, "{most} instances at once");
}

#[test]
fn progress_counts_an_iteration_for_its_share_of_the_loop() {
    let mut rig = Rig::yielding(over_items(), &[("each", items(2, Some(1)))]);
    assert_eq!(format!("{:.0}", rig.state.progress_percentage()), "0");
    rig.complete("each[0].a");
    rig.complete("each[0].b");
    // Two of its nodes' four parts, half of them.
    assert_eq!(format!("{:.0}", rig.state.progress_percentage()), "25");
    rig.complete("each[1].a");
    rig.complete("each[1].b");
    assert_eq!(format!("{:.0}", rig.state.progress_percentage()), "75");
}

#[test]
fn a_loop_over_more_than_a_run_may_hold_fails_before_it_begins() {
    let count = u32::try_from(MAX_INSTANCES).unwrap();
    let rig = Rig::yielding(over_items(), &[("each", items(count, None))]);
    let error = rig.at("each").error.clone().unwrap();
    assert_eq!(error.kind, ErrorKind::LimitExceeded);
    assert_eq!(error.message, "a run has at most 100000 step instances");
    assert_eq!(rig.state.total_steps(), 2);
}

#[test]
fn a_run_that_was_adopted_in_a_loop_goes_on_where_it_was() {
    let mut rig = Rig::yielding(over_items(), &[("each", items(3, Some(1)))]);
    rig.complete("each[0].a");
    rig.complete("each[0].b");
    rig.complete("each[1].a");
    let turn = rig.adopt();
    assert_eq!(told(&turn.events), ["run_adopted", "step_interrupted each[1].b"]);
    rig.answer("each[1].b#1", crate::machine::Answered::Retry);
    assert_eq!(rig.in_flight(), ["each[1].b"]);
}

#[test]
fn a_cancel_ends_open_iterations_and_begins_no_other() {
    let mut rig = Rig::yielding(over_items(), &[("each", items(3, Some(2)))]);
    rig.send(InputKind::Cancel { reason: None, compensate: false });
    rig.complete("each[0].a");
    rig.lose("each[1].a");
    assert_eq!(rig.run_status(), RunStatus::Cancelled);
    let unresolved = rig.state.unresolved();
    assert_eq!((unresolved.len(), unresolved[0].step_id.as_str()), (1, "each[1].a"));
    assert_eq!(rig.status("each"), StepStatus::Cancelled);
}

#[test]
fn a_step_that_calls_nothing_completes_in_the_turn_that_makes_it_ready() {
    let steps = vec![
        holds("each", &each(&[1]), json!({})),
        holds("sum", &json!({"type": "transform", "input": 1}), json!({"parent": 0})),
        after("end", &[0]),
    ];
    let rig = Rig::yielding(plan(steps), &[("each", items(100, Some(3)))]);
    assert_eq!(rig.in_flight(), ["end"]);
    assert_eq!(rig.state.count(StepStatus::Completed), 101);
    assert_eq!(rig.at("each").inside.as_ref().unwrap().finished, 100);
}

#[test]
fn a_loop_without_steps_still_counts_its_iterations() {
    let steps = vec![holds("each", &each(&[]), json!({}))];
    let rig = Rig::yielding(plan(steps), &[("each", items(3, Some(1)))]);
    assert_eq!(rig.run_status(), RunStatus::Completed);
    assert_eq!(rig.at("each").inside.as_ref().unwrap().finished, 3);
}
