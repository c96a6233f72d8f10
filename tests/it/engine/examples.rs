//! Each template of `workflows/examples` runs, and brings what it is there to show.

use std::sync::Arc;

use sequitur::base::SystemClock;
use sequitur::engine::webhook::Webhooks;
use sequitur::engine::{Request, Signal};
use sequitur::machine::{RunStatus, Via};
use sequitur::workflow::load_file;
use sequitur::workflow::plan::{Plan, Source};
use serde_json::{Value, json};

use super::world::{Process, Tools};
use crate::receiver::{OK, Receiver};

fn example(kind: &str) -> Plan {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("workflows/examples/{kind}.yaml"));
    let loaded = load_file(&path, Source::User).unwrap_or_else(|rejected| panic!("{rejected:?}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    (*loaded.plan).clone()
}

/// The outputs of an example with these parameters over its own defaults.
async fn outputs(kind: &str, parameters: &Value) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let listed = Webhooks::new(&["127.0.0.1".to_owned()], Arc::new(SystemClock::new())).unwrap();
    process.engine.set_webhooks(listed);
    let plan = example(kind);
    let mut bound: serde_json::Map<String, Value> =
        plan.parameters.iter().filter_map(|one| Some((one.name.clone(), one.default.clone()?))).collect();
    bound.extend(parameters.as_object().unwrap().clone());
    let run = process.run_with(plan, bound).await;
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Completed, "{:?}", state.error);
    assert!(state.warnings.is_empty(), "{:?}", state.warnings);
    let outputs = process.engine.value(&run, state.outputs.as_ref().unwrap()).await.unwrap();
    process.dies().await;
    outputs
}

#[tokio::test]
async fn every_example_has_a_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows/examples");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    // It needs a server of somebody else: the tests against real clients run it.
    found.retain(|example| example != "content_types");
    found.sort();
    assert_eq!(
        found,
        ["condition", "event", "human_task", "loop", "parallel", "prompt", "transform", "wait", "webhook"]
    );
}

#[tokio::test]
async fn a_condition_takes_one_of_several_ways() {
    for (total, branch, by) in [(5, json!("else"), "nobody"), (120, json!(1), "machine"), (2_000, json!(0), "person")] {
        let outputs = outputs("condition", &json!({"total": total})).await;
        assert_eq!(outputs, json!({"filed": {"branch": branch, "by": by}}));
    }
}

/// The outputs of an example that asks: its answer, or the signal that it waits for.
async fn told(kind: &str, parameters: &Value, tell: impl AsyncFnOnce(&Process, &str)) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let plan = example(kind);
    let mut bound: serde_json::Map<String, Value> =
        plan.parameters.iter().filter_map(|one| Some((one.name.clone(), one.default.clone()?))).collect();
    bound.extend(parameters.as_object().unwrap().clone());
    let run = process.run_with(plan, bound).await;
    assert_eq!(process.settled(&run).await.status(), RunStatus::Waiting);
    tell(&process, &run).await;
    let state = process.settled(&run).await;
    assert_eq!((state.status(), &state.warnings), (RunStatus::Completed, &Vec::new()), "{:?}", state.error);
    let outputs = process.engine.value(&run, state.outputs.as_ref().unwrap()).await.unwrap();
    process.dies().await;
    outputs
}

#[tokio::test]
async fn a_wait_goes_on_by_the_clock() {
    let outputs = outputs("wait", &json!({})).await;
    assert!(outputs["waited"].as_f64().unwrap() >= 0.05 && outputs["late"] == true, "{outputs}");
}

#[tokio::test]
async fn a_wait_for_an_event_takes_what_comes_with_it() {
    let outputs = told("event", &json!({"event": {"order": "A-17"}}), async |process, _| {
        let signal = Signal { event: "payment_A-17".into(), run: None, payload: json!({"amount": 5}), signal_id: None };
        assert_eq!(process.engine.signal(signal).await.unwrap().waits, 1);
    })
    .await;
    assert_eq!(outputs, json!({"booked": {"order": "A-17", "amount": 5}}));
}

#[tokio::test]
async fn a_person_decides_and_the_agent_is_asked() {
    for (kind, answer, expected) in [
        ("human_task", json!({"approved": true}), json!({"paid": true})),
        ("prompt", json!("Mostly late."), json!({"summary": "Mostly late.", "length": 12})),
    ] {
        let outputs = told(kind, &json!({}), async |process, run| {
            let open = process.store.open_tasks(Some(run)).await.unwrap();
            let task = open[0].1.id.clone();
            process.engine.ask(run, Request::Answer { task, answer: answer.clone(), via: Via::Cli }).await.unwrap();
        })
        .await;
        assert_eq!(outputs, expected);
    }
}

#[tokio::test]
async fn a_parallel_asks_several_at_once() {
    let outputs = outputs("parallel", &json!({})).await;
    assert_eq!(outputs["sum"], json!({"sold": 7, "answered": 2}));
    assert_eq!((&outputs["west"], outputs["rate"].as_f64().unwrap() > 0.6), (&Value::Null, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_tells_somebody_outside() {
    let receiver = Receiver::answering(&[OK]);
    let outputs = outputs("webhook", &json!({"receiver": receiver.url("")})).await;
    assert_eq!(outputs, json!({"number": 7, "status": 200}));
    assert!(receiver.requests()[0].starts_with("PUT /orders/A-17 "));
}

#[tokio::test]
async fn a_transform_makes_values_of_values() {
    let outputs = outputs("transform", &json!({})).await;
    assert_eq!(outputs, json!({"large": 2, "customers": [{"customer": "A", "total": 3500}]}));
}

#[tokio::test]
async fn a_loop_goes_over_items_and_repeats() {
    let outputs = outputs("loop", &json!({"names": ["x", "y", "z"]})).await;
    let expected = json!({"text": {"text": "1: hello y"}, "sent": {"got": "1: hello y"}});
    assert_eq!(outputs["greetings"][1], expected);
    assert_eq!(outputs["last"], "2: hello z");
    assert_eq!((&outputs["iterations"], &outputs["seen"]), (&json!(3), &json!(3)));
}
