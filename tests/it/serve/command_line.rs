//! The commands of a person: exit codes, and `--json` as the tools answer.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::place::{Place, failing_template, long_template};

#[test]
fn exit_codes_tell_how_a_run_ended() {
    let place = Place::new();
    place.template(&failing_template());
    for (arguments, code) in [
        (&["run", "model_inventory"][..], 0),
        (&["run", "no_such_table"], 1),
        (&["run", "model_inventroy"], 2),
        (&["run", "model_inventory", "-p", "modle=x"], 2),
        (&["run", "model_inventory", "--mode", "fast"], 2),
        (&["walk"], 2),
        (&["show", "nobody"], 2),
        (&["cancel", "nobody"], 2),
        (&["run", "model_inventory", "--dry-run"], 0),
    ] {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(code == 0 || told.contains("error: "), "{arguments:?}: {told}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_cancels_the_run_and_ends_with_130() {
    let place = Place::new();
    place.template(&long_template());
    let mut command = place.command(&["run", "long_run", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Its runs can be listed once it has begun.
    let id = loop {
        let (_, listed) = place.json(&["runs"]);
        if let Some(id) = listed["runs"][0]["workflow_id"].as_str() {
            break id.to_owned();
        }
    };
    super::client::signal(child.id(), "INT");
    let mut text = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        text.push_str(&line.unwrap());
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&answer["workflow_id"], &answer["status"]), (&json!(id), &json!("cancelled")));
    assert_eq!(place.json(&["show", &id]).1["status"]["status"], "cancelled");
}

#[test]
fn json_is_what_the_matching_tool_answers() {
    let place = Place::new();
    let (code, ran) = place.json(&["run", "model_inventory"]);
    assert_eq!(code, 0);
    let id = ran["workflow_id"].as_str().unwrap();
    let mut client = place.serve();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let tool = client.done("execute_workflow", &json!({"template_id": "model_inventory"}));
    assert_eq!(keys(&ran), keys(&tool));
    assert_eq!(ran["outputs"], tool["outputs"]);
    // Next steps follow what was called before.
    let plain = |mut value: Value| {
        value.as_object_mut().unwrap().remove("_next_steps");
        value
    };
    for (arguments, tool, given) in [
        (&["show", id][..], "get_workflow_status", json!({"workflow_id": id})),
        (&["runs"], "get_workflow_status", json!({})),
        (&["templates"], "list_workflow_templates", json!({})),
    ] {
        let (code, printed) = place.json(arguments);
        assert_eq!((code, plain(printed)), (0, plain(client.done(tool, &given))), "{arguments:?}");
    }
    let (code, printed) = place.json(&["run", "model_inventroy"]);
    let told = client.refused("execute_workflow", &json!({"template_id": "model_inventroy"}));
    assert_eq!((code, plain(printed)), (2, plain(told)));
    client.leave();
}

#[test]
fn validate_tells_everything_wrong_with_a_file_at_once_and_where() {
    let place = Place::new();
    let file = place.write(
        "bad.yaml",
        "template_id: bad\ntemplate_name: Bad\nsteps:\n  - step_id: a\n    tool: 02_list_tables\n    depend_on: [b]\n  \
         - step_id: b\n    tool: 02_list_tables\n    depends_on: [c]\n  - step_id: c\n    tool: 02_list_tables\n    \
         depends_on: [b]\n    parameters: {x: \"{{ nope.y }\"}\n",
    );
    let file = file.to_str().unwrap();
    let (code, told) = place.json(&["validate", file]);
    assert_eq!(code, 2);
    let problems: Vec<(u64, &str)> = told["files"][0]["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| (problem["line"].as_u64().unwrap(), problem["name"].as_str().unwrap()))
        .collect();
    assert_eq!(problems, [(6, "unknown_key"), (7, "cycle"), (13, "bad_expression")]);
    let good = place.write(
        "good.yaml",
        "template_id: good\ntemplate_name: Good\ndescription: Good.\nsteps: [{step_id: a, tool: 02_list_tables}]\n",
    );
    assert_eq!(place.json(&["validate", good.to_str().unwrap()]).0, 0);
}

#[test]
fn doctor_tells_what_is_wrong_and_what_to_do() {
    let place = Place::new();
    let (code, told) = place.json(&["doctor"]);
    assert_eq!((code, &told["success"]), (0, &json!(true)), "{told:#}");
    std::fs::write(place.database(), "no database").unwrap();
    let (code, told) = place.json(&["doctor"]);
    assert_eq!((code, &told["success"]), (1, &json!(false)), "{told:#}");
    let store = told["checks"].as_array().unwrap().iter().find(|check| check["name"] == "store").unwrap();
    assert_ne!(store["status"], "ok", "{store}");
}
