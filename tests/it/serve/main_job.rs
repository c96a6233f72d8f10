//! The main job, from the handshake to the outputs, in both eras.

use serde_json::{Value, json};

use super::client::{Client, Era};
use super::place::{Place, long_template};

const ALWAYS: [&str; 11] = [
    "execute_workflow",
    "list_workflow_templates",
    "get_workflow_status",
    "cancel_workflow",
    "analyze_intent",
    "get_recommendations",
    "get_learning_analytics",
    "pause_workflow",
    "resume_workflow",
    "respond_to_task",
    "signal_workflow",
];

fn inventory(era: Era) {
    let place = Place::new();
    let mut client = Client::greeted(&mut place.command(&["serve"]), era);
    let tools = client.tools();
    assert_eq!(tools[..ALWAYS.len()], ALWAYS, "the sets of our own come first");
    assert!(tools.iter().any(|tool| tool == "02_list_tables"), "a model lies in the roots: {tools:?}");

    let call = json!({"name": "execute_workflow", "arguments": {"template_id": "model_inventory"},
                      "_meta": {"progressToken": "t"}});
    let answer = client.ask("tools/call", call);
    let result = &answer["result"];
    let run = &result["structuredContent"];
    assert_eq!(run["status"], "completed", "{answer:#}");
    assert_eq!(serde_json::from_str::<Value>(result["content"][0]["text"].as_str().unwrap()).unwrap(), *run);
    assert!(run["_next_steps"].is_array() && result["_meta"]["sequitur/interaction_id"].is_string());
    assert_eq!(
        (&run["steps_completed"], &run["steps_failed"], &run["progress_percentage"]),
        (&json!(7), &json!(0), &json!(100.0))
    );
    for (output, value) in [
        ("model", json!("Bramble Retail")),
        ("tables", json!(12)),
        ("measures", json!(41)),
        ("relationships", json!(15)),
    ] {
        assert_eq!(run["outputs"][output], value, "{run:#}");
    }
    let id = run["workflow_id"].as_str().unwrap();
    told_progress(&client.notifications, id);

    // The model that the run connected is the session's.
    assert_eq!(client.done("02_list_tables", &json!({}))["total"], 12);
    client.hang_up();
    let (status, log) = client.ended();
    assert!(status.success(), "{log}");
}

#[test]
fn the_review_finds_what_is_wrong_and_writes_a_document_of_it() {
    let place = Place::new();
    let mut client = Client::greeted(&mut place.command(&["serve"]), Era::Legacy);
    let run = client.done("execute_workflow", &json!({"template_id": "model_review_complete", "detail": "full"}));
    assert_eq!(run["status"], "completed", "{run:#}");
    assert_eq!((&run["steps_completed"], &run["steps_failed"]), (&json!(8), &json!(0)));
    let found = run["outputs"]["summary"]["issue_count"].as_u64().unwrap();
    assert!(found > 100, "the sample has faults of every kind: {found}");
    let document = std::fs::read(run["outputs"]["documentation"].as_str().unwrap()).unwrap();
    assert!(document.starts_with(b"PK"), "a Word document is a zip file");

    let slow = client.done("execute_workflow", &json!({"template_id": "performance_optimization", "detail": "full"}));
    assert_eq!((&slow["status"], &slow["steps_completed"]), (&json!("completed"), &json!(5)), "{slow:#}");
    let tree = slow["outputs"]["dependency_tree"].as_array().unwrap();
    let measure = slow["outputs"]["most_complex_measure"].as_str().unwrap();
    assert_eq!(tree[0]["object"], format!("[{measure}]"), "the last step looks at what the one before found");
}

fn told_progress(notifications: &[Value], run: &str) {
    let told: Vec<&Value> = notifications
        .iter()
        .filter(|one| one["method"] == "notifications/progress")
        .map(|one| &one["params"])
        .collect();
    assert!(told.len() >= 2, "{notifications:?}");
    assert!(told[0]["message"].as_str().unwrap().contains(run), "the first one names the run: {}", told[0]);
    let progress: Vec<f64> = told.iter().map(|one| one["progress"].as_f64().unwrap()).collect();
    assert!(progress.windows(2).all(|pair| pair[0] < pair[1]), "{progress:?}");
    assert!(told.iter().all(|one| one["total"] == 100.0 && one["progressToken"] == "t"));
}

#[test]
fn the_main_job_runs_in_the_legacy_era() {
    inventory(Era::Legacy);
}

#[test]
fn the_main_job_runs_in_the_modern_era() {
    inventory(Era::Modern);
}

#[test]
fn a_call_that_does_not_wait_is_followed_by_status_to_the_end() {
    let place = Place::new();
    place.template(&long_template());
    let mut client = place.serve();
    let begun = client.done("execute_workflow", &json!({"template_id": "long_run", "wait_seconds": 0}));
    assert!(matches!(begun["status"].as_str(), Some("pending" | "running")), "{begun:#}");
    let id = begun["workflow_id"].clone();
    let mut shown = 0.0;
    loop {
        let until = json!({"workflow_id": id, "wait_seconds": 20, "until": "change"});
        let status = client.done("get_workflow_status", &until)["status"].clone();
        let progress = status["progress_percentage"].as_f64().unwrap();
        assert!(progress >= shown, "progress fell from {shown} to {progress}");
        shown = progress;
        if status["status"] == "completed" {
            break;
        }
        assert_eq!(status["total_steps"], 200);
    }
    assert!(shown > 99.95, "{shown}");
    let read = json!({"workflow_id": id, "step_id": "s199", "select": "result.model.name"});
    assert_eq!(client.done("get_workflow_status", &read)["value"], "Bramble Retail");
    let runs = client.done("get_workflow_status", &json!({}))["runs"].clone();
    assert_eq!((&runs[0]["workflow_id"], &runs[0]["status"]), (&id, &json!("completed")));
    client.leave();
}

#[test]
fn the_same_key_is_the_same_run_and_a_definition_runs_without_being_saved() {
    let place = Place::new();
    let mut client = place.serve();
    let definition = "template_id: once\ntemplate_name: Once\ndescription: Once.\nsteps: [{step_id: a, tool: 02_list_tables}]\n\
                      outputs: {tables: '{{ a.total }}'}\n";
    let call = json!({"definition": definition, "idempotency_key": "k"});
    let first = client.done("execute_workflow", &call);
    assert_eq!(first["outputs"], json!({"tables": 12}));
    assert_eq!(client.done("execute_workflow", &call)["workflow_id"], first["workflow_id"]);
    let other = client.refused("execute_workflow", &json!({"template_id": "model_inventory", "idempotency_key": "k"}));
    assert_eq!(other["error_type"], "conflict");
    let listed = client.done("list_workflow_templates", &json!({"query": "once"}));
    assert!(listed["templates"].as_array().unwrap().iter().all(|one| one["template_id"] != "once"), "{listed:#}");
    client.leave();
}
