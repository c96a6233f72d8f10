//! Writes the logs of this version's fixture; see `log.rs`, which reads them.

use serde_json::json;

use super::rig::{
    Rig, START, after, as_long_as, bare, body, child, condition, each, holds, human_task, items, parallel, plan, retry,
    step, wait_event, wait_seconds,
};
use crate::base::ErrorKind;
use crate::machine::{Answered, CURRENT_VERSION, InputKind, RunStatus, Timer};
use crate::workflow::plan::Plan;

fn fixture_plan() -> Plan {
    plan(vec![
        step("fetch", json!({"retry": retry()})),
        holds("each", &each(&[2]), json!({"depends_on": [0]})),
        child("post", 1, json!({"on_error": "continue"})),
        holds("poll", &as_long_as(&[4]), json!({"depends_on": [1]})),
        child("look", 3, json!({})),
        holds("route", &condition(&[&[6]], &[7]), json!({"depends_on": [3]})),
        child("yes", 5, json!({})),
        child("no", 5, json!({})),
        holds("side", &parallel(&[9, 10], 1.0), json!({"depends_on": [5]})),
        child("left", 8, json!({})),
        child("right", 8, json!({})),
        step("tidy", json!({"depends_on": [8], "condition": "always"})),
        after("note", &[0]),
        bare("alone"),
        holds("sum", &json!({"type": "transform", "input": 1}), json!({"depends_on": [1]})),
        holds("pause", &wait_seconds(), json!({"depends_on": [11]})),
        holds("paid", &wait_event("paid"), json!({"depends_on": [15]})),
        holds("approve", &human_task(json!(null), json!({"escalate_to": "boss"})), json!({"depends_on": [16]})),
    ])
}

fn begun() -> Rig {
    let mut rig = Rig::created(fixture_plan());
    rig.bench.evaluations.insert("each".to_owned(), items(3, Some(2)));
    rig.bench.iterations.insert("poll".to_owned(), Ok(1));
    rig.turn(Vec::new());
    rig
}

/// Past the first step: the loop is open.
fn looping() -> Rig {
    let mut rig = begun();
    rig.wait(1);
    rig.complete("fetch");
    rig
}

fn completed() -> Rig {
    let mut rig = begun();
    rig.fail("fetch", ErrorKind::Unavailable);
    rig.wait(2);
    rig.retry_timer("fetch");
    rig.complete("fetch");
    rig.send(InputKind::Pause { reason: "asked for".to_owned() });
    rig.complete("each[0].post");
    rig.send(InputKind::Resume);
    rig.fail("each[1].post", ErrorKind::ToolError);
    rig.lose("each[2].post");
    rig.answer("each[2].post#1", Answered::Retry);
    for step in ["each[2].post", "poll[0].look", "yes", "left", "right", "tidy", "note", "alone"] {
        rig.complete(step);
    }
    rig.signal("paid", "1");
    rig.wait(5);
    rig.wait_timer("pause");
    for _ in 0..2 {
        rig.wait(30);
        rig.wait_timer("approve");
    }
    rig.answer("approve", Answered::Given { answer: body("true") });
    assert_eq!(rig.run_status(), RunStatus::Completed);
    rig
}

fn failed() -> Rig {
    let mut rig = looping();
    rig.fail("note", ErrorKind::ToolError);
    for step in ["each[1].post", "each[0].post", "alone", "tidy"] {
        if rig.in_flight().contains(&step) {
            rig.complete(step);
        }
    }
    assert_eq!(rig.run_status(), RunStatus::Failed, "{:?}", rig.told());
    rig
}

fn cancelled() -> Rig {
    let mut rig = looping();
    rig.send(InputKind::Cancel { reason: Some("asked for".to_owned()), compensate: true });
    rig.lose("each[0].post");
    for step in ["each[1].post", "note", "alone"] {
        rig.complete(step);
    }
    assert_eq!(rig.run_status(), RunStatus::Cancelled);
    rig
}

fn timed_out() -> Rig {
    let mut rig = looping();
    rig.bench.facts.clear();
    rig.adopt();
    rig.answer("each[0].post#1", Answered::Retry);
    rig.send(InputKind::Cancel { reason: None, compensate: true });
    rig
}

fn out_of_time() -> Rig {
    let mut rig = begun();
    rig.wait(3_600);
    rig.send(InputKind::TimerFired(Timer::Run));
    rig.complete("fetch");
    rig.complete("alone");
    assert_eq!(rig.run_status(), RunStatus::TimedOut);
    rig
}

fn polling() -> Rig {
    let mut rig = looping();
    for step in ["each[0].post", "each[1].post", "each[2].post"] {
        rig.complete(step);
    }
    rig
}

/// All calls are over: it waits.
fn asking() -> Rig {
    let mut rig = beside();
    for step in ["right", "tidy", "note", "alone"] {
        rig.complete(step);
    }
    rig
}

fn beside() -> Rig {
    let mut rig = polling();
    for step in ["poll[0].look", "yes", "left"] {
        rig.complete(step);
    }
    rig
}

#[test]
#[ignore = "writes tests/fixtures/events for a new version or event: `cargo test --lib fixtures -- --ignored`"]
fn the_fixture_of_this_version_is_written() {
    let rigs = [
        completed(),
        asking(),
        failed(),
        cancelled(),
        timed_out(),
        out_of_time(),
        begun(),
        looping(),
        polling(),
        beside(),
    ];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/events");
    let lines = rigs.iter().flat_map(|rig| &rig.log).map(|event| serde_json::to_string(event).unwrap() + "\n");
    std::fs::write(folder.join(format!("v{CURRENT_VERSION}.jsonl")), lines.collect::<String>()).unwrap();
    let plan = serde_json::to_string_pretty(&fixture_plan()).unwrap() + "\n";
    std::fs::write(folder.join(format!("v{CURRENT_VERSION}.plan.json")), plan).unwrap();
    assert!(rigs[0].now >= START);
}
