//! `condition` and `parallel`: what begins with them, how they end, how far a
//! failure in them goes.

use serde_json::json;

use super::rig::{
    Rig, after, bare, body, calls, child, condition, each, error, holds, parallel, plan, sequential, step,
};
use crate::base::ErrorKind;
use crate::machine::{Command, Concluded, Evaluated, EventKind, InputKind, Opened, RunStatus, SkipReason, StepStatus};

fn side_by_side(threshold: f64) -> Vec<crate::workflow::plan::PlanStep> {
    vec![
        holds("p", &parallel(&[1, 2, 3, 4], threshold), json!({})),
        child("a", 0, json!({})),
        child("b", 0, json!({})),
        child("c", 0, json!({"depends_on": [1]})),
        child("d", 0, json!({"depends_on": [2]})),
    ]
}

#[test]
fn a_condition_runs_the_branch_that_is_taken_and_skips_the_others() {
    let steps = vec![
        holds("choose", &condition(&[&[1], &[2]], &[3]), json!({})),
        child("first", 0, json!({})),
        child("second", 0, json!({})),
        child("other", 0, json!({})),
        after("end", &[1, 2]),
    ];
    let mut rig = Rig::yielding(plan(steps), &[("choose", Evaluated::Open(Opened::Condition { branch: Some(1) }))]);
    assert_eq!(rig.in_flight(), ["second"]);
    assert_eq!((rig.status("first"), rig.status("other")), (StepStatus::Skipped, StepStatus::Skipped));
    let reason = |event: &crate::machine::Event| {
        if let EventKind::StepSkipped { reason, .. } = event.kind { Some(reason) } else { None }
    };
    assert!(rig.log.iter().filter_map(reason).all(|reason| reason == SkipReason::NotTaken));
    rig.complete("second");
    assert_eq!(rig.status("choose"), StepStatus::Completed);
    assert_eq!(rig.in_flight(), ["end"], "a step after a child of a branch runs when that one did");
}

#[test]
fn without_a_branch_that_holds_else_is_taken() {
    let steps = vec![
        holds("choose", &condition(&[&[1]], &[2]), json!({})),
        child("first", 0, json!({})),
        child("other", 0, json!({})),
    ];
    let rig = Rig::yielding(plan(steps), &[("choose", Evaluated::Open(Opened::Condition { branch: None }))]);
    assert_eq!(rig.in_flight(), ["other"]);
}

#[test]
fn a_condition_that_does_not_run_takes_its_steps_with_it_at_every_depth() {
    let steps = vec![
        holds("outer", &condition(&[&[1]], &[]), json!({"condition": "on_failure"})),
        holds("inner", &parallel(&[2, 3], 1.0), json!({"parent": 0})),
        child("a", 1, json!({})),
        holds("loop", &each(&[4]), json!({"parent": 1})),
        child("b", 3, json!({})),
    ];
    let rig = Rig::started(plan(steps));
    assert_eq!(rig.run_status(), RunStatus::Completed);
    assert_eq!(rig.state.count(StepStatus::Skipped), 4, "the loop's steps never came to be");
}

#[test]
fn a_container_is_a_step_to_what_depends_on_it() {
    let mut steps = side_by_side(1.0);
    steps.push(after("end", &[0]));
    let mut rig = Rig::started(plan(steps));
    for step in ["a", "b", "c"] {
        rig.complete(step);
    }
    assert_eq!(rig.in_flight(), ["d"]);
    assert_eq!(rig.status("p"), StepStatus::Running);
    rig.complete("d");
    assert_eq!((rig.status("p"), rig.in_flight()), (StepStatus::Completed, vec!["end"]));
    assert_eq!(rig.at("p").result, Some(body("of p")));
}

#[test]
fn the_bound_of_a_parallel_is_on_calls_in_it_at_any_depth() {
    let steps = vec![
        holds("p", &parallel(&[1, 3], 1.0), json!({})),
        holds("inner", &condition(&[&[2]], &[]), json!({"parent": 0})),
        child("a", 1, json!({"depends_on": [3]})),
        child("b", 0, json!({})),
        bare("beside"),
    ];
    let bound = Evaluated::Open(Opened::Parallel { max_concurrency: Some(1) });
    let mut rig = Rig::yielding(plan(steps), &[("p", bound)]);
    // The condition has begun and holds no place, or `b` could never run.
    assert_eq!(rig.in_flight(), ["b", "beside"]);
    rig.complete("b");
    assert_eq!(rig.in_flight(), ["a", "beside"]);
}

#[test]
fn a_failure_that_the_threshold_allows_skips_what_needs_the_step_and_ends_nothing_else() {
    let mut rig = Rig::started(plan(side_by_side(0.5)));
    rig.fail("a", ErrorKind::ToolError);
    assert_eq!(rig.state.failure, None);
    assert_eq!(rig.status("c"), StepStatus::Skipped, "its dependency failed and nothing handled that");
    rig.complete("b");
    rig.complete("d");
    assert_eq!((rig.status("p"), rig.run_status()), (StepStatus::Completed, RunStatus::Completed));
}

#[test]
fn a_failure_beyond_the_threshold_stops_the_list_and_what_is_around_at_once() {
    let mut steps = side_by_side(1.0);
    steps.extend([bare("long"), after("never", &[5]), step("last", json!({"depends_on": [0], "condition": "always"}))]);
    let mut rig = Rig::started(plan(steps));
    rig.fail("a", ErrorKind::ToolError);
    assert_eq!(rig.state.failure.as_ref().map(|(path, _)| path.as_str()), Some("a"));
    assert_eq!(rig.status("c"), StepStatus::Skipped);
    assert_eq!(rig.status("never"), StepStatus::Skipped, "the run is certain to fail");
    assert_eq!(rig.status("p"), StepStatus::Running, "a call in it is in flight");
    rig.complete("b");
    assert_eq!(rig.status("p"), StepStatus::Failed);
    let error = rig.at("p").error.clone().unwrap();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::ToolError, "its step `a` failed: as the test says"));
    assert!(rig.in_flight().contains(&"last"), "`always` after the container that failed");
    rig.complete("long");
    rig.complete("last");
    assert_eq!(rig.run_status(), RunStatus::Failed);
}

#[test]
fn a_container_that_fails_counts_once_in_the_container_around_it() {
    let steps = vec![
        holds("outer", &parallel(&[1, 3], 0.5), json!({})),
        holds("inner", &parallel(&[2], 1.0), json!({"parent": 0})),
        child("a", 1, json!({})),
        child("b", 0, json!({})),
    ];
    let mut rig = Rig::started(plan(steps));
    rig.fail("a", ErrorKind::ToolError);
    assert_eq!((rig.status("inner"), &rig.state.failure), (StepStatus::Failed, &None), "one of two may fail");
    rig.complete("b");
    assert_eq!((rig.status("outer"), rig.run_status()), (StepStatus::Completed, RunStatus::Completed));
}

#[test]
fn on_error_of_a_container_handles_what_fails_in_it() {
    for (on_error, status) in [("continue", StepStatus::Failed), ("skip", StepStatus::Skipped)] {
        let steps = vec![
            holds("p", &parallel(&[1, 2], 1.0), json!({"on_error": on_error})),
            child("a", 0, json!({})),
            child("b", 0, json!({"depends_on": [1]})),
            bare("beside"),
            step("end", json!({"depends_on": [0], "condition": "always"})),
        ];
        let mut rig = Rig::started(plan(steps));
        rig.fail("a", ErrorKind::ToolError);
        assert_eq!((rig.status("p"), rig.status("b")), (status, StepStatus::Skipped));
        assert_eq!(rig.state.failure, None);
        rig.complete("beside");
        rig.complete("end");
        assert_eq!(rig.run_status(), RunStatus::Completed);
    }
}

#[test]
fn always_runs_in_a_list_that_fails_and_a_container_that_outlives_runs_whole() {
    let steps = vec![
        holds("p", &parallel(&[1, 2, 3], 1.0), json!({})),
        child("a", 0, json!({})),
        child("tidy", 0, json!({"depends_on": [1], "condition": "always"})),
        holds("inner", &parallel(&[4], 1.0), json!({"parent": 0, "depends_on": [1], "condition": "on_failure"})),
        child("told", 3, json!({})),
    ];
    let mut rig = Rig::started(plan(steps));
    rig.fail("a", ErrorKind::ToolError);
    assert_eq!(rig.in_flight(), ["tidy", "told"]);
    rig.complete("tidy");
    rig.complete("told");
    assert_eq!((rig.status("inner"), rig.status("p")), (StepStatus::Completed, StepStatus::Failed));
    assert_eq!(rig.run_status(), RunStatus::Failed);
}

#[test]
fn a_container_that_a_failure_around_cuts_short_counts_as_skipped() {
    let steps = vec![
        holds("p", &parallel(&[1, 2], 1.0), json!({})),
        child("a", 0, json!({})),
        child("b", 0, json!({"depends_on": [1]})),
        bare("bad"),
    ];
    let mut rig = Rig::started(plan(steps));
    rig.fail("bad", ErrorKind::ToolError);
    rig.complete("a");
    assert_eq!((rig.status("a"), rig.status("b")), (StepStatus::Completed, StepStatus::Skipped));
    assert_eq!(rig.status("p"), StepStatus::Skipped);
    assert!(rig.told().contains(&"step_cut_short p".to_owned()));
    assert_eq!(rig.run_status(), RunStatus::Failed);
}

#[test]
fn a_container_whose_steps_all_ended_completes_in_a_failing_run() {
    let steps = vec![holds("p", &parallel(&[1], 1.0), json!({})), child("a", 0, json!({})), bare("bad")];
    let mut rig = Rig::started(plan(steps));
    rig.fail("bad", ErrorKind::ToolError);
    rig.complete("a");
    assert_eq!(rig.status("p"), StepStatus::Completed);
}

#[test]
fn exports_of_a_container_that_fail_are_its_failure() {
    let steps = vec![holds("p", &parallel(&[1], 1.0), json!({})), child("a", 0, json!({}))];
    let mut rig = Rig::started(plan(steps));
    rig.bench.conclusions.insert("p".to_owned(), Err(error(ErrorKind::InvalidInput)));
    rig.complete("a");
    assert_eq!((rig.status("p"), rig.run_status()), (StepStatus::Failed, RunStatus::Failed));
    assert_eq!(rig.state.failure.as_ref().map(|(path, _)| path.as_str()), Some("p"));
}

#[test]
fn exports_of_a_container_are_in_the_context() {
    let steps = vec![holds("p", &parallel(&[1], 1.0), json!({})), child("a", 0, json!({}))];
    let mut rig = Rig::started(plan(steps));
    let exports = [("x".to_owned(), body("7"))].into();
    rig.bench.conclusions.insert("p".to_owned(), Ok(Concluded { result: body("1"), exports }));
    rig.complete("a");
    assert_eq!(rig.state.context.get("x"), Some(&body("7")));
}

#[test]
fn a_chain_in_a_container_is_one_turn_a_step() {
    let steps = vec![
        holds("p", &parallel(&[1, 2], 1.0), json!({})),
        child("a", 0, json!({})),
        child("b", 0, json!({"depends_on": [1]})),
        after("end", &[0]),
    ];
    let mut rig = Rig::started(plan(steps));
    assert_eq!(calls(&rig.complete("a")), [("b", 1)]);
    let turn = rig.complete("b");
    assert_eq!(calls(&turn), [("end", 1)], "the end of the container and the start of the next are one turn");
}

#[test]
fn a_sequential_run_goes_through_containers_in_file_order() {
    let steps = vec![
        holds("p", &parallel(&[1, 2], 1.0), json!({})),
        child("a", 0, json!({})),
        child("b", 0, json!({})),
        bare("end"),
    ];
    let mut rig = Rig::started(sequential(steps));
    for step in ["a", "b", "end"] {
        assert_eq!(rig.in_flight(), [step]);
        rig.complete(step);
    }
    assert_eq!(rig.run_status(), RunStatus::Completed);
    let ended = rig.told();
    let at = |what: &str| ended.iter().position(|one| one == what).unwrap();
    assert!(at("step_completed p") < at("step_ready end"));
}

#[test]
fn a_pause_and_a_cancel_reach_into_containers() {
    let mut rig = Rig::started(plan(side_by_side(1.0)));
    rig.send(InputKind::Pause { reason: "r".to_owned() });
    rig.complete("a");
    assert_eq!(rig.in_flight(), ["b"], "nothing new starts");
    rig.send(InputKind::Resume);
    assert_eq!(rig.in_flight(), ["b", "c"]);
    let turn = rig.send(InputKind::Cancel { reason: None, compensate: true });
    assert_eq!(turn.commands.iter().filter(|one| matches!(one, Command::CancelCall(_))).count(), 2);
    rig.complete("b");
    rig.lose("c");
    assert_eq!((rig.status("p"), rig.run_status()), (StepStatus::Cancelled, RunStatus::Cancelled));
    assert_eq!(rig.state.unresolved()[0].step_id, "c");
}

#[test]
fn a_question_in_a_container_holds_up_the_run_and_its_answer_goes_on() {
    let mut rig = Rig::started(plan(side_by_side(1.0)));
    rig.lose("a");
    assert_eq!(rig.run_status(), RunStatus::Paused);
    rig.answer("a#1", crate::machine::Answered::Done { result: body("1"), exports: [].into() });
    assert_eq!(rig.in_flight(), ["b", "c"]);
}
