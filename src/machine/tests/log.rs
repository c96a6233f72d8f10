//! The log: which event can happen to what, its form on disk, old logs (P13).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::rig::{Rig, START, body, completed, created_event, error, plan, step};
use crate::base::ErrorKind;
use crate::contract::Binding;
use crate::machine::{
    Answered, CURRENT_VERSION, Event, EventKind, Handling, IllegalTransition, InputKind, Opened, RUN_EVENTS, RunStatus,
    STEP_TRANSITIONS, SkipReason, State, StepPath, StepStatus, Timer, Via, Waiting, Waits, Woken, apply,
};
use crate::workflow::plan::Plan;

fn binding() -> Binding {
    Binding { model_path: "/models/shop".into(), model_name: "shop".into(), fingerprint: "f".into() }
}

/// Every event, where it matters in each of its forms, about step `a`.
fn every_event() -> Vec<EventKind> {
    let path = || "a".into();
    let opened = |opened| EventKind::StepOpened { path: path(), opened };
    let exports = || [("x".to_owned(), body("1"))].into();
    let failed = |handling| EventKind::StepFailed { path: path(), error: error(ErrorKind::ToolError), handling };
    let answered =
        |answer| EventKind::InterruptionAnswered { task: "a#1".into(), path: path(), answer, via: Via::Form };
    let waiting = |waits| EventKind::StepWaiting { path: path(), waits };
    let woken = |by| EventKind::StepWoken { path: path(), by };
    let EventKind::RunCreated { run, plan, parameters, context, timeout_ms, on_unknown, .. } = created_event() else {
        panic!("it is that event");
    };
    let created = EventKind::RunCreated {
        run,
        plan,
        parameters,
        context,
        timeout_ms,
        on_unknown,
        session: Some("s".into()),
        binding: Some(binding()),
        forked_from: Some("run-0".into()),
    };
    vec![
        created,
        created_event(),
        EventKind::RunStarted,
        EventKind::StepReady { path: path(), parameters: body("{}"), tool: "t".into(), timeout_ms: Some(9) },
        EventKind::StepStarted { path: path(), attempt: 1, key: "k".into(), repeat_safe: true, pin: Some("p".into()) },
        EventKind::StepCompleted { path: path(), result: body("1"), exports: exports(), binds: Some(binding()) },
        EventKind::StepRetrying {
            path: path(),
            error: error(ErrorKind::Unavailable),
            not_before: START,
            after_unknown: true,
        },
        failed(Handling::Abort),
        failed(Handling::Continue),
        failed(Handling::Skip),
        EventKind::StepSkipped { path: path(), reason: SkipReason::ConditionFalse },
        EventKind::StepSkipped { path: path(), reason: SkipReason::DependenciesSkipped },
        EventKind::StepSkipped { path: path(), reason: SkipReason::DependencyFailed },
        EventKind::StepSkipped { path: path(), reason: SkipReason::NothingFailed },
        EventKind::StepSkipped { path: path(), reason: SkipReason::RunAborted },
        EventKind::StepSkipped { path: path(), reason: SkipReason::NotTaken },
        EventKind::StepInterrupted { path: path(), error: error(ErrorKind::Interrupted), task: "a#1".into() },
        answered(Answered::Retry),
        answered(Answered::Done { result: body("1"), exports: exports() }),
        answered(Answered::Fail),
        EventKind::StepCancelled { path: path(), outcome_unknown: true },
        EventKind::StepComputed { path: path(), result: body("1"), exports: exports() },
        opened(Opened::Condition { branch: Some(0) }),
        opened(Opened::Parallel { max_concurrency: Some(2) }),
        opened(Opened::ForEach { items: body("[1]"), count: 1, max_concurrency: None }),
        opened(Opened::While { max_iterations: 3 }),
        EventKind::IterationStarted { path: path(), index: 0 },
        EventKind::IterationFinished { path: path(), index: 0 },
        EventKind::IterationsEnded { path: path(), max_iterations_reached: true },
        EventKind::StepCutShort { path: path() },
        waiting(Waits::Timer { until: START }),
        waiting(Waits::Event { name: "paid".into(), until: Some(START) }),
        waiting(Waits::Task {
            task: "a".into(),
            assignee: "human".into(),
            prompt: body("\"?\""),
            deadline: Some(START),
            remind_at: None,
        }),
        woken(Woken::Time),
        woken(Woken::Signal { number: Some(0), payload: body("1") }),
        woken(Woken::Answer { answer: body("1"), via: Via::Agent }),
        EventKind::TaskReminded { path: path() },
        EventKind::TaskEscalated { path: path(), assignee: "boss".into(), deadline: START },
        EventKind::SignalReceived { name: "paid".into(), payload: body("1") },
        EventKind::RunAdopted,
        EventKind::RunPaused { reason: "r".into() },
        EventKind::RunResumed,
        EventKind::CancelRequested { reason: Some("r".into()), compensate: true },
        EventKind::TimeoutReached,
        EventKind::RunCompleted { outputs: body("{}"), warnings: vec!["w".into()] },
        EventKind::RunFailed { step: Some(path()), error: error(ErrorKind::ToolError) },
        EventKind::RunCancelled,
        EventKind::RunTimedOut,
    ]
}

/// A run whose shown status is this one, if this version has it.
fn run_in(status: RunStatus) -> Option<State> {
    let mut state = Rig::created(plan(vec![step("a", json!({}))])).state;
    state.started_at = (status != RunStatus::Pending).then_some(START);
    match status {
        RunStatus::Pending | RunStatus::Running => {}
        RunStatus::Paused => state.pause = Some("r".into()),
        RunStatus::Cancelling => state.cancel = Some((None, false)),
        RunStatus::Waiting => {
            state.change(&"a".into(), |step| {
                step.status = StepStatus::Waiting;
                step.waits = Some(Box::new(Waiting::new(Waits::Timer { until: START }, START)));
            });
        }
        // No step of this version is undone.
        RunStatus::Compensating => return None,
        RunStatus::Completed | RunStatus::Failed | RunStatus::Cancelled | RunStatus::TimedOut => {
            state.end = Some(status);
        }
    }
    assert_eq!(state.status(), status);
    Some(state)
}

#[test]
fn every_event_happens_to_a_step_as_listed_or_is_illegal_and_says_both_names() {
    for event in every_event() {
        let Some(path) = event.path().cloned() else { continue };
        let row = STEP_TRANSITIONS.iter().find(|row| row.event == event.name()).expect("every step event has a row");
        for status in StepStatus::ALL {
            let mut state = run_in(RunStatus::Running).unwrap();
            state.change(&path, |step| step.status = status);
            let before = state.clone();
            let outcome = apply(&mut state, &Event { at: START, kind: event.clone() });
            if row.from.contains(&status) {
                assert_eq!(outcome, Ok(()), "{} on `{status}`", row.event);
                let left = state.steps[&path].status;
                assert!(row.to.contains(&left), "{} on `{status}` led to `{left}`", row.event);
            } else {
                let message = format!("step `a` is `{status}`: `{}` cannot happen to it", row.event);
                assert_eq!(outcome.unwrap_err().to_string(), message);
                assert_eq!(state, before, "an illegal event changed something");
            }
        }
    }
}

#[test]
fn every_status_that_a_row_leads_to_is_reached() {
    for row in STEP_TRANSITIONS {
        let mut reached = BTreeSet::new();
        for event in every_event().into_iter().filter(|event| event.name() == row.event) {
            for &status in row.from {
                let mut state = run_in(RunStatus::Running).unwrap();
                state.change(&"a".into(), |step| step.status = status);
                apply(&mut state, &Event { at: START, kind: event.clone() }).unwrap();
                reached.insert(state.steps[&StepPath::from("a")].status);
            }
        }
        assert_eq!(reached, row.to.iter().copied().collect(), "{}", row.event);
    }
}

#[test]
fn every_event_happens_to_a_run_as_listed_or_is_illegal_and_says_both_names() {
    for event in every_event() {
        for status in RunStatus::ALL {
            let Some(mut state) = run_in(status) else { continue };
            let before = state.clone();
            let outcome = apply(&mut state, &Event { at: START, kind: event.clone() });
            let listed = if event.path().is_some() {
                !status.is_terminal()
            } else {
                RUN_EVENTS.iter().any(|(name, from)| *name == event.name() && from.contains(&status))
            };
            if listed {
                // The step may still not allow it; that is the step's table.
                let run_fault = matches!(outcome, Err(IllegalTransition::Run { .. }));
                assert!(!run_fault, "{} on `{status}`", event.name());
            } else {
                let message = format!("the run is `{status}`: `{}` cannot happen to it", event.name());
                assert_eq!(outcome.unwrap_err().to_string(), message);
                assert_eq!(state, before, "an illegal event changed something");
            }
        }
    }
}

#[test]
fn an_event_about_a_step_that_the_plan_does_not_have_is_illegal() {
    let mut state = run_in(RunStatus::Running).unwrap();
    let kind = EventKind::StepCancelled { path: "b".into(), outcome_unknown: false };
    let fault = apply(&mut state, &Event { at: START, kind }).unwrap_err();
    assert_eq!(fault.to_string(), "the plan has no step `b`, which `step_cancelled` names");
}

#[test]
fn a_log_begins_with_the_creation_of_its_run() {
    let plan = Arc::new(plan(Vec::new()));
    let event = Event { at: START, kind: EventKind::RunStarted };
    let fault = State::replay(plan.clone(), [&event]).unwrap_err();
    assert_eq!(fault.to_string(), "the run is `pending`: `run_started` cannot happen to it");
    assert_eq!(State::replay(plan, []), Ok(None));
}

#[test]
fn every_event_reads_back_from_its_json() {
    for kind in every_event() {
        let event = Event { at: START, kind };
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["type"], event.kind.name());
        assert_eq!(value["at"], START.0);
    }
}

#[test]
fn an_event_that_this_version_does_not_know_is_an_error() {
    let text = r#"{"at":1,"type":"step_teleported","path":"a"}"#;
    assert!(serde_json::from_str::<Event>(text).is_err());
}

/// The logs of a fixture: runs of one plan, each from its `run_created` on.
fn fixture(version: u32) -> (Arc<Plan>, Vec<Vec<Event>>) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/events");
    let read = |name: String| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
    };
    let plan = serde_json::from_str(&read(format!("v{version}.plan.json"))).unwrap();
    let mut logs: Vec<Vec<Event>> = Vec::new();
    for line in read(format!("v{version}.jsonl")).lines() {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault} in {line}"));
        if matches!(event.kind, EventKind::RunCreated { .. }) {
            logs.push(Vec::new());
        }
        logs.last_mut().expect("a log begins with `run_created`").push(event);
    }
    (Arc::new(plan), logs)
}

#[test]
fn logs_of_every_version_hold_every_event_of_it_and_are_finished_by_this_build() {
    for version in 1..=CURRENT_VERSION {
        let (plan, logs) = fixture(version);
        let held: BTreeSet<&str> = logs.iter().flatten().map(|event| event.kind.name()).collect();
        if version == CURRENT_VERSION {
            let known: BTreeSet<&str> = every_event().iter().map(EventKind::name).collect();
            assert_eq!(held, known);
        }
        let mut ends = BTreeSet::new();
        for log in logs {
            let state = State::replay(plan.clone(), &log).unwrap().unwrap();
            let mut rig = Rig::created(super::rig::plan(Vec::new()));
            rig.now = log.last().unwrap().at;
            (rig.plan, rig.log, rig.state) = (plan.clone(), log, state);
            rig.adopt();
            finish(&mut rig);
            ends.insert(rig.run_status().as_str());
        }
        assert_eq!(ends, ["cancelled", "completed", "failed", "timed_out"].into());
    }
}

/// Goes on to the end: every call completes, every question is answered `retry`.
fn finish(rig: &mut Rig) {
    for _ in 0..100 {
        if rig.run_status().is_terminal() {
            return;
        }
        rig.wait(10);
        let waits = rig.state.waiting().next().map(|(step, _)| step.path.clone());
        if rig.state.pause.is_some() {
            rig.send(InputKind::Resume);
        } else if let Some((task, open)) = rig.state.tasks.first() {
            let (task, waits) = (task.clone(), rig.state.waiting_step(&open.path).is_some());
            rig.answer(&task, if waits { Answered::Given { answer: body("1") } } else { Answered::Retry });
        } else if let Some(step) = waits {
            rig.wait(100_000);
            rig.send(InputKind::Signal { name: "paid".into(), payload: body("1"), kept: true });
            rig.send(InputKind::TimerFired(Timer::Wait(step)));
        } else if let Some(step) = rig.in_flight().first().map(|&step| step.to_owned()) {
            rig.reply(&step, completed());
        } else {
            rig.send(InputKind::TimerFired(Timer::Run));
        }
    }
    panic!("it does not end: {:?}", rig.told());
}
