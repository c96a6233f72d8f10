//! Waits, questions and signals through the binary: clients, the command line,
//! a process that is killed.

use serde_json::{Value, json};

use super::place::Place;

fn template(id: &str, steps: Value) -> Value {
    let mut whole = json!({"template_id": id, "template_name": id, "description": "Waits.",
                           "outputs": {"said": "{{ ask }}"}});
    whole["steps"] = steps;
    whole
}

fn approval(extra: Value) -> Value {
    let mut step = json!({"step_id": "ask", "type": "human_task", "prompt": "Pay 5?"});
    let Value::Object(extra) = extra else { panic!("an object") };
    step.as_object_mut().unwrap().extend(extra);
    template("approval", json!([step]))
}

fn begun(client: &mut super::client::Client, template: &str) -> Value {
    client.done("execute_workflow", &json!({"template_id": template}))
}

#[test]
fn a_task_is_shown_answered_once_and_its_way_recorded_across_a_kill() {
    let place = Place::new();
    place.template(&approval(json!({})));
    let mut first = place.serve();
    let run = begun(&mut first, "approval");
    assert_eq!((&run["status"], &run["success"]), (&json!("waiting"), &json!(true)));
    let id = run["workflow_id"].as_str().unwrap().to_owned();
    let task = run["pending_tasks"][0].clone();
    assert_eq!(
        (&task["task_id"], &task["step_id"], &task["kind"], &task["assignee"], &task["prompt"]),
        (&json!("ask"), &json!("ask"), &json!("human_task"), &json!("human"), &json!("Pay 5?"))
    );
    assert_eq!(run["waiting_for"], json!([{"kind": "task", "step_id": "ask", "name": "ask"}]));
    first.killed();

    let mut second = place.serve();
    let respond = |answer: Value| json!({"workflow_id": id, "task_id": "ask", "answer": answer});
    let wrong = second.refused("respond_to_task", &respond(json!({"approved": "yes"})));
    assert_eq!(wrong["error_type"], "invalid_input");
    assert_eq!((&wrong["example"], &wrong["answer_schema"]), (&json!({"approved": true}), &task["answer_schema"]));
    let ended = second.done("respond_to_task", &respond(json!({"approved": true})));
    assert_eq!((&ended["status"], &ended["outputs"]["said"]), (&json!("completed"), &json!({"approved": true})));
    assert_eq!(ended["step_results"]["ask"]["answered_via"], "agent");
    let again = second.refused("respond_to_task", &respond(json!({"approved": false})));
    assert_eq!(again["error_type"], "conflict");
    let unknown = second.refused("respond_to_task", &json!({"workflow_id": "nobody", "task_id": "ask", "answer": 1}));
    assert_eq!(unknown["error_type"], "not_found");
    second.leave();
}

#[test]
fn a_task_for_a_person_is_refused_to_the_agent_and_answered_at_the_command_line() {
    let place = Place::new();
    place.template(&approval(json!({"answer_via": ["form", "cli"]})));
    let mut client = place.serve();
    let id = begun(&mut client, "approval")["workflow_id"].as_str().unwrap().to_owned();
    let respond = json!({"workflow_id": id, "task_id": "ask", "answer": {"approved": true}});
    let refused = client.refused("respond_to_task", &respond);
    assert_eq!(refused["error_type"], "human_required");
    assert_eq!(refused["command"], format!("sequitur respond {id} 'ask' approved=true"));
    let (code, inbox) = place.json(&["inbox"]);
    assert_eq!((code, &inbox["tasks"][0]["workflow_id"]), (0, &json!(id)));
    let (code, answered) = place.json(&["respond", &id, "ask", "approved=true"]);
    assert_eq!((code, &answered["status"]), (0, &json!("completed")));
    assert_eq!(answered["step_results"]["ask"]["answered_via"], "cli");
    assert_eq!(place.json(&["inbox"]).1["count"], 0);
    client.leave();
}

#[test]
fn the_command_line_leaves_a_waiting_run_with_exit_3_and_waits_for_the_clock_itself() {
    let place = Place::new();
    place.template(&approval(json!({})));
    let (code, run) = place.json(&["run", "approval"]);
    assert_eq!((code, &run["status"]), (3, &json!("waiting")));
    place.template(&template("nap", json!([{"step_id": "ask", "type": "wait", "seconds": 0.4}])));
    let (code, run) = place.json(&["run", "nap"]);
    assert_eq!((code, &run["status"]), (0, &json!("completed")), "{run:#}");
    assert!(run["outputs"]["said"]["waited_seconds"].as_f64().unwrap() >= 0.4);
}

#[test]
fn the_agent_is_asked_with_a_prompt_and_nobody_else() {
    let place = Place::new();
    place.template(&template("ask", json!([{"step_id": "ask", "prompt": "Which region?"}])));
    let mut client = place.serve();
    let run = begun(&mut client, "ask");
    let task = &run["pending_tasks"][0];
    assert_eq!((&task["kind"], &task["assignee"]), (&json!("agent_task"), &json!("agent")));
    assert_eq!(place.json(&["inbox"]).1["count"], 0);
    let answer = json!({"workflow_id": run["workflow_id"], "task_id": "ask", "answer": ["north"]});
    assert_eq!(client.done("respond_to_task", &answer)["outputs"]["said"], json!(["north"]));
    client.leave();
}

#[test]
fn a_deadline_fails_a_task_or_takes_its_default_after_a_kill_too() {
    let place = Place::new();
    place.template(&approval(json!({"timeout_seconds": 0.5, "default": {"approved": false}})));
    let mut first = place.serve();
    let run = first.done("execute_workflow", &json!({"template_id": "approval", "wait_seconds": 0}));
    let id = run["workflow_id"].clone();
    first.killed();
    let mut second = place.serve();
    let mut status = json!(null);
    for _ in 0..100 {
        status = second.done("get_workflow_status", &json!({"workflow_id": id, "wait_seconds": 1, "until": "change"}));
        if status["status"]["status"] == "completed" {
            break;
        }
    }
    assert_eq!(status["status"]["status"], "completed", "{status:#}");
    let said = second.done("get_workflow_status", &json!({"workflow_id": id, "step_id": "ask"}));
    assert_eq!(said["value"], json!({"approved": false}));
    second.leave();
}

#[test]
fn signals_reach_runs_and_start_templates_and_tell_when_nobody_hears() {
    let place = Place::new();
    place.template(&template("paid", json!([{"step_id": "ask", "type": "wait", "event": "paid"}])));
    let mut started =
        template("ordered", json!([{"step_id": "ask", "type": "transform", "input": "{{ params.event.order }}"}]));
    started["on_event"] = json!("order_placed");
    place.template(&started);
    let mut client = place.serve();
    let nobody = client.done("signal_workflow", &json!({"event": "paid"}));
    assert_eq!(nobody["delivered"], 0);
    assert!(nobody["hint"].as_str().unwrap().contains("no run waits for `paid`"), "{nobody}");
    let unknown = client.refused("signal_workflow", &json!({"event": "paid", "workflow_id": "nobody"}));
    assert_eq!(unknown["error_type"], "not_found");

    let run = begun(&mut client, "paid");
    assert_eq!(run["waiting_for"], json!([{"kind": "event", "step_id": "ask", "name": "paid"}]));
    let id = run["workflow_id"].as_str().unwrap().to_owned();
    let signal =
        json!({"event": "paid", "workflow_id": id, "payload": {"amount": 5}, "signal_id": "s1", "wait_seconds": 10});
    let told = client.done("signal_workflow", &signal);
    assert_eq!((&told["delivered"], &told["runs"][0]["status"]), (&json!(1), &json!("completed")), "{told}");
    assert_eq!(client.done("signal_workflow", &signal)["delivered"], 0);

    let order = json!({"event": "order_placed", "payload": {"order": "A-17"}, "signal_id": "o1", "wait_seconds": 10});
    let told = client.done("signal_workflow", &order);
    assert_eq!((&told["delivered"], &told["runs"][0]["started"]), (&json!(1), &json!("ordered")), "{told}");
    let made = told["runs"][0]["workflow_id"].clone();
    let value = client.done("get_workflow_status", &json!({"workflow_id": made, "step_id": "ask"}));
    assert_eq!(value["value"], "A-17");
    let again = client.done("signal_workflow", &order);
    assert_eq!((&again["delivered"], &again["repeated"]), (&json!(0), &json!(true)));
    client.leave();
}

#[test]
fn the_command_line_signals_a_run_that_no_process_drives_and_sees_it_through() {
    let place = Place::new();
    place.template(&template(
        "paid",
        json!([
            {"step_id": "ask", "type": "wait", "event": "paid"},
            {"step_id": "look", "tool": "07_export_model_schema", "depends_on": ["ask"]},
        ]),
    ));
    let (code, run) = place.json(&["run", "paid"]);
    assert_eq!((code, &run["status"]), (3, &json!("waiting")));
    let id = run["workflow_id"].as_str().unwrap();
    let (code, told) = place.json(&["signal", "paid", "--run", id, "--payload", "{\"amount\": 5}"]);
    assert_eq!((code, &told["delivered"], &told["runs"][0]["status"]), (0, &json!(1), &json!("completed")), "{told}");
    let shown = String::from_utf8(place.run(&["signal", "nothing"]).stdout).unwrap();
    assert!(shown.contains("delivered: 0"), "{shown}");
}
