//! A configuration that cannot be read, and a project's that nobody trusted.

use serde_json::{Value, json};

use super::client::{Client, Era};
use super::place::Place;

/// What works without a store, and how the rest is refused.
pub(super) fn stays_up(client: &mut Client, error_type: &str) -> Value {
    assert!(client.tools().len() > 10, "it lists its tools");
    assert_eq!(client.done("01_connect_to_instance", &json!({}))["model_name"], "Bramble Retail");
    assert_eq!(client.done("02_list_tables", &json!({}))["total"], 12);
    assert_eq!(client.done("analyze_intent", &json!({"request": "list the measures"}))["success"], true);
    let listed = client.done("list_workflow_templates", &json!({}));
    assert_eq!(listed["templates"][0]["template_id"], "measure_development");
    let refused = client.refused("execute_workflow", &json!({"template_id": "model_inventory"}));
    for (tool, arguments) in [
        ("get_workflow_status", json!({})),
        ("get_workflow_status", json!({"workflow_id": "x"})),
        ("cancel_workflow", json!({"workflow_id": "x"})),
        ("pause_workflow", json!({"workflow_id": "x"})),
        ("resume_workflow", json!({"workflow_id": "x"})),
        ("respond_to_task", json!({"workflow_id": "x", "task_id": "y", "answer": {"action": "done"}})),
    ] {
        let same = client.refused(tool, &arguments);
        assert_eq!(
            (&same["error_type"], &same["error"], &same["hint"]),
            (&refused["error_type"], &refused["error"], &refused["hint"])
        );
    }
    assert_eq!(refused["error_type"], error_type);
    let warnings = listed["warnings"].to_string();
    let error = refused["error"].as_str().unwrap();
    assert!(warnings.contains(&error.replace('"', "\\\"")), "{warnings} does not tell {error}");
    refused
}

fn with_configuration(text: &str) -> (String, Value) {
    let place = Place::new();
    let file = place.write("config.json", text);
    let file = file.to_str().unwrap().to_owned();
    let mut client = Client::greeted(&mut place.command(&["serve", "--config", &file]), Era::Legacy);
    let refused = stays_up(&mut client, "config_invalid");
    client.leave();
    (file, refused)
}

#[test]
fn a_broken_configuration_is_told_with_file_line_and_cause_and_serve_stays_up() {
    let (file, refused) = with_configuration("{\n  \"workflows\": {\n    \"enabled\": tru\n  }\n}");
    assert_eq!(refused["error"], format!("{file}:3:16: expected a value, found `tru`"));
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_one() {
    let (file, refused) = with_configuration("{\"workflows\":\n {\"max_concurrent_workflow\": 3}}");
    assert_eq!(refused["error"], format!("{file}:2:3: `workflows`: unknown key `max_concurrent_workflow`"));
    assert_eq!(refused["hint"], "did you mean `max_concurrent_workflows`?");
}

#[test]
fn a_configuration_that_is_not_there_is_told() {
    let place = Place::new();
    let mut client = Client::greeted(&mut place.command(&["serve", "--config", "gone.json"]), Era::Legacy);
    let refused = stays_up(&mut client, "config_invalid");
    assert!(refused["error"].as_str().unwrap().ends_with("gone.json: there is no such file"), "{refused}");
    client.leave();
    let run = place.run(&["run", "model_inventory", "--config", "gone.json"]);
    assert_eq!(run.status.code(), Some(2), "other commands do not go on");
}

#[test]
fn what_a_project_asks_for_counts_once_a_person_trusts_it_until_it_changes() {
    let place = Place::new();
    place.write(
        "own/mine.yaml",
        "template_id: mine\ntemplate_name: Mine\ndescription: Mine.\nsteps: [{step_id: a, tool: 02_list_tables}]\n",
    );
    place.write("sequitur.json", r#"{"workflows": {"directories": ["own"], "max_parallel_steps": 3}}"#);
    let listed = |place: &Place| {
        let mut client = place.serve();
        let listed = client.done("list_workflow_templates", &json!({}));
        client.leave();
        (listed["count"].as_u64().unwrap(), listed["warnings"].clone())
    };
    let (count, warnings) = listed(&place);
    assert_eq!(count, 5, "the built-ins");
    let warning = warnings[0].as_str().unwrap();
    assert!(warning.contains("`workflows.directories`") && warning.contains("sequitur trust ."), "{warning}");
    let doctor = place.json(&["doctor"]).1.to_string();
    assert!(doctor.contains("is not trusted"), "{doctor}");

    assert_eq!(place.run(&["trust", "."]).status.code(), Some(0));
    assert_eq!(listed(&place), (6, json!([])));

    place.write("sequitur.json", r#"{"workflows": {"directories": ["own", "more"]}}"#);
    let (count, warnings) = listed(&place);
    assert_eq!(count, 5);
    assert!(warnings[0].as_str().unwrap().contains("changed"), "{warnings}");
}
