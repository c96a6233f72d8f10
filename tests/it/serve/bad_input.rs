//! Mistakes of a client: each is told with what to do, and the session goes on.

use std::collections::HashSet;

use serde_json::json;

use super::place::{Place, failing_template};

#[test]
fn the_nearest_name_is_told_for_templates_parameters_arguments_and_tools() {
    let place = Place::new();
    let mut client = place.serve();
    let wrong = client.refused("execute_workflow", &json!({"template_id": "model_inventroy"}));
    assert_eq!(
        (&wrong["error_type"], &wrong["hint"]),
        (&json!("not_found"), &json!("did you mean `model_inventory`?"))
    );
    assert_eq!(
        wrong["available_templates"],
        json!([
            "measure_development",
            "model_inventory",
            "model_review_complete",
            "performance_optimization",
            "repository_health"
        ])
    );

    let call = json!({"template_id": "model_inventory", "parameters": {"modle": "x"}});
    let wrong = client.refused("execute_workflow", &call);
    assert_eq!((&wrong["error_type"], &wrong["hint"]), (&json!("invalid_input"), &json!("did you mean `model`?")));
    assert!(wrong["parameters_schema"]["properties"]["model"].is_object());
    assert_eq!(wrong["example_call"]["arguments"]["template_id"], "model_inventory");

    let call = json!({"template_id": "model_inventory", "parameters": {"active_relationships_only": "maybe"}});
    let wrong = client.refused("execute_workflow", &call);
    assert_eq!(
        wrong["error"],
        "the parameters of `model_inventory` do not fit: `active_relationships_only`: \"maybe\" is not of type \"boolean\""
    );

    let wrong = client.refused("execute_workflow", &json!({"template": "model_inventory"}));
    assert_eq!(wrong["hint"], "did you mean `template_id` instead of `template`?");

    let unknown = client.ask("tools/call", json!({"name": "execute_workflw", "arguments": {}}));
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    assert!(unknown.to_string().contains("execute_workflow"), "{unknown}");

    let nobody = client.refused("get_workflow_status", &json!({"workflow_id": "nobody"}));
    assert_eq!(nobody["error_type"], "not_found");
    client.leave();
}

#[test]
fn a_failed_run_tells_step_kind_and_nearest_name() {
    let place = Place::new();
    place.template(&failing_template());
    let mut client = place.serve();
    let failed = client.refused("execute_workflow", &json!({"template_id": "no_such_table"}));
    assert_eq!((&failed["status"], &failed["error_type"]), (&json!("failed"), &json!("not_found")));
    let error = failed["error"].as_str().unwrap();
    assert!(error.starts_with("the run failed at step `describe`: ") && error.contains("Salse"), "{error}");
    client.leave();
}

#[test]
fn broken_lines_long_arguments_and_a_burst_leave_the_session_whole() {
    let place = Place::new();
    let mut client = place.serve();
    for line in ["{", "nonsense", "[]", "{\"jsonrpc\": \"2.0\"}", "null", "\u{0}"] {
        client.send_line(line);
    }
    // What is answered to those has no id of ours.
    client.strict = false;
    let long = "x".repeat(10 << 20);
    let call = json!({"template_id": "model_inventory", "parameters": {"model": long}});
    assert!(client.refused("execute_workflow", &call).to_string().len() < 32_000, "a long value is not told in full");
    let mut asked: HashSet<i64> = (0..10_000).map(|_| client.request("ping", json!({}))).collect();
    while !asked.is_empty() {
        let answer = client.next().unwrap();
        assert!(answer["result"].is_object() && asked.remove(&answer["id"].as_i64().unwrap()), "{answer}");
    }
    assert!(client.tools().len() > 10);
    client.leave();
}
