//! When a step runs once its dependencies are finished.

use serde_json::{Value, json};

use super::rig::{Rig, after, bare, body, error, plan, step};
use crate::base::ErrorKind;
use crate::machine::{Evaluated, EventKind, RunStatus, SkipReason, StepStatus};

/// How the one dependency, or each of two, ends.
#[derive(Debug, Clone, Copy)]
enum Ends {
    Completed,
    /// Its own condition is false.
    Skipped,
    /// Failed under `continue`.
    Continued,
    /// Failed under `skip`.
    SkippedByError,
    /// Failed under `abort`.
    Aborted,
}

use Ends::{Aborted, Completed, Continued, Skipped, SkippedByError};
use SkipReason::{DependenciesSkipped, DependencyFailed, NothingFailed, RunAborted};

/// `Ok` when the step is called, else why not.
type Fate = Result<(), SkipReason>;

/// What becomes of a step with this condition after dependencies that end so.
fn after_these(ends: &[Ends], condition: &Value) -> Fate {
    let mut steps: Vec<_> = ends
        .iter()
        .enumerate()
        .map(|(index, end)| {
            let on_error = match end {
                Completed | Skipped | Aborted => "abort",
                Continued => "continue",
                SkippedByError => "skip",
            };
            step(&format!("d{index}"), json!({"on_error": on_error}))
        })
        .collect();
    let all: Vec<usize> = (0..steps.len()).collect();
    steps.push(step("x", json!({"depends_on": all, "condition": condition})));
    let mut rig = Rig::created(plan(steps));
    for (index, end) in ends.iter().enumerate() {
        if matches!(end, Skipped) {
            let skip = Evaluated::Skip(SkipReason::ConditionFalse);
            rig.bench.evaluations.insert(format!("d{index}"), skip);
        }
    }
    rig.turn(Vec::new());
    for (index, end) in ends.iter().enumerate() {
        let id = format!("d{index}");
        match end {
            Completed => drop(rig.complete(&id)),
            Continued | SkippedByError | Aborted => drop(rig.fail(&id, ErrorKind::ToolError)),
            Skipped => {}
        }
    }
    if rig.status("x") == StepStatus::Running {
        return Ok(());
    }
    let mut reasons = Vec::new();
    for event in &rig.log {
        if let EventKind::StepSkipped { path, reason } = &event.kind
            && path.as_str() == "x"
        {
            reasons.push(*reason);
        }
    }
    assert_eq!(rig.status("x"), StepStatus::Skipped, "after {ends:?} with {condition}");
    assert_eq!(reasons.len(), 1, "after {ends:?} with {condition}");
    Err(reasons[0])
}

#[test]
fn each_condition_runs_or_skips_by_how_the_dependencies_ended() {
    let on_success = json!("on_success");
    let on_failure = json!("on_failure");
    let always = json!("always");
    let when = json!({"when": "true"});
    let table: [(&[Ends], [Fate; 4]); 11] = [
        // Dependencies, then on_success, on_failure, always, an expression that is true.
        (&[], [Ok(()), Err(NothingFailed), Ok(()), Ok(())]),
        (&[Completed], [Ok(()), Err(NothingFailed), Ok(()), Ok(())]),
        (&[Skipped], [Err(DependenciesSkipped), Err(NothingFailed), Ok(()), Ok(())]),
        (&[SkippedByError], [Err(DependenciesSkipped), Err(NothingFailed), Ok(()), Ok(())]),
        (&[Continued], [Ok(()), Ok(()), Ok(()), Ok(())]),
        (&[Aborted], [Err(DependencyFailed), Ok(()), Ok(()), Err(DependencyFailed)]),
        (&[Completed, Skipped], [Ok(()), Err(NothingFailed), Ok(()), Ok(())]),
        (&[Skipped, Skipped], [Err(DependenciesSkipped), Err(NothingFailed), Ok(()), Ok(())]),
        (&[Continued, Skipped], [Ok(()), Ok(()), Ok(()), Ok(())]),
        (&[Completed, Continued], [Ok(()), Ok(()), Ok(()), Ok(())]),
        (&[Completed, Aborted], [Err(DependencyFailed), Ok(()), Ok(()), Err(DependencyFailed)]),
    ];
    for (ends, expected) in table {
        for (condition, expected) in [&on_success, &on_failure, &always, &when].into_iter().zip(expected) {
            assert_eq!(after_these(ends, condition), expected, "after {ends:?} with {condition}");
        }
    }
}

#[test]
fn a_step_waits_for_every_dependency() {
    let mut rig = Rig::started(plan(vec![bare("a"), bare("b"), after("x", &[0, 1])]));
    rig.complete("b");
    assert_eq!(rig.status("x"), StepStatus::Pending);
    rig.complete("a");
    assert_eq!(rig.status("x"), StepStatus::Running);
}

#[test]
fn in_a_failing_run_what_does_not_depend_on_the_failure_is_skipped_as_aborted() {
    let mut rig = Rig::started(plan(vec![bare("a"), bare("b"), after("x", &[1])]));
    rig.fail("a", ErrorKind::ToolError);
    assert_eq!(rig.status("b"), StepStatus::Running, "a call in flight goes on");
    let skipped = EventKind::StepSkipped { path: "x".into(), reason: RunAborted };
    assert_eq!(rig.log.last().map(|event| &event.kind), Some(&skipped));
    rig.complete("b");
    assert_eq!((rig.status("b"), rig.run_status()), (StepStatus::Completed, RunStatus::Failed));
}

#[test]
fn a_skip_is_passed_down_a_chain_in_the_same_turn() {
    let mut rig = Rig::created(plan(vec![bare("a"), after("b", &[0]), after("c", &[1])]));
    rig.bench.evaluations.insert("a".into(), Evaluated::Skip(SkipReason::ConditionFalse));
    rig.turn(Vec::new());
    assert_eq!(rig.state.count(StepStatus::Skipped), 3);
    assert_eq!(rig.run_status(), RunStatus::Completed);
}

#[test]
fn a_failed_expression_fails_the_step_past_retry_and_its_on_error_applies() {
    for (on_error, run) in [("abort", RunStatus::Failed), ("continue", RunStatus::Completed)] {
        let mut rig = Rig::created(plan(vec![step("a", json!({"on_error": on_error, "retry": super::rig::retry()}))]));
        rig.bench.evaluations.insert("a".into(), Evaluated::Fail(error(ErrorKind::ToolError)));
        rig.turn(Vec::new());
        assert_eq!((rig.status("a"), rig.at("a").attempts, rig.run_status()), (StepStatus::Failed, 0, run));
    }
}

#[test]
fn what_was_evaluated_is_what_is_recorded() {
    let mut rig = Rig::created(plan(vec![bare("a")]));
    let run = Evaluated::Run { parameters: body("{\"n\":1}"), timeout_ms: Some(1_500) };
    rig.bench.evaluations.insert("a".into(), run);
    rig.turn(Vec::new());
    let ready = rig.at("a").ready.clone().unwrap();
    assert_eq!((ready.parameters, ready.tool.as_str(), ready.timeout_ms), (body("{\"n\":1}"), "t", Some(1_500)));
}
