//! Starting runs, reading them, and what is said when that goes wrong.

use serde_json::{Value, json};

use super::Program;

fn one_step(parameters: &Value) -> Value {
    json!({"template_id": "one", "template_name": "One", "parameters": parameters,
        "steps": [{"step_id": "a", "tool": "01_detect_pbi_instances"}], "outputs": {"count": "{{ a.count }}"}})
}

fn has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "there is no `{field}` in {value}");
    }
}

#[test]
fn every_field_of_a_run_is_there_also_when_it_is_empty() {
    let program = Program::new();
    let mut client = program.serve();
    let fields = [
        "workflow_id",
        "workflow_name",
        "status",
        "progress_percentage",
        "duration_seconds",
        "steps_completed",
        "steps_failed",
        "steps_skipped",
        "step_results",
        "outputs",
        "final_context",
        "error",
        "pending_tasks",
    ];
    let step = ["step_name", "status", "result", "error", "duration_seconds", "attempts", "adaptations"];
    let run = client.call("execute_workflow", &json!({"definition": one_step(&json!([]))}));
    has(&run, &fields);
    has(&run["step_results"]["a"], &step);
    assert_eq!((&run["error"], &run["outputs"]), (&Value::Null, &json!({"count": 1})));
    has(&client.call("execute_workflow", &json!({"definition": one_step(&json!([])), "dry_run": true})), &fields);
    let status = client.call("get_workflow_status", &json!({"workflow_id": run["workflow_id"]}));
    has(&status["status"], &["current_step_name", "estimated_seconds_left", "waiting_for", "pending_tasks"]);
    let runs = client.call("get_workflow_status", &json!({}));
    has(&runs["runs"][0], &["workflow_id", "template_id", "status", "started_at", "waiting_for"]);
}

#[test]
fn the_example_call_of_bad_parameters_is_a_call_that_works() {
    let program = Program::new();
    let mut client = program.serve();
    let definition = one_step(&json!([{"name": "region", "type": "string", "required": true}]));
    let refused = client.call("execute_workflow", &json!({"definition": definition, "parameters": {"n": 1}}));
    assert_eq!(refused["parameters_schema"]["required"], json!(["region"]));
    let example = &refused["example_call"];
    let done = client.call(example["name"].as_str().expect("a tool"), &example["arguments"]);
    assert_eq!(done["status"], "completed");
    let refused = client.call("execute_workflow", &json!({"template_id": "model_inventory", "parameters": {"n": 1}}));
    assert_eq!(
        refused["example_call"],
        json!({"name": "execute_workflow", "arguments": {"template_id": "model_inventory"}})
    );
}

#[test]
fn a_definition_is_a_persons_own_at_the_command_line_and_an_agents_from_a_client() {
    let program = Program::new();
    program.write("config.json", r#"{"secrets": {"KEY": "long-enough"}}"#);
    let mut definition = one_step(&json!([]));
    definition["steps"][0]["parameters"] = json!({"roots": ["{{ secrets.KEY }}"]});
    let refused = program.serve().call("execute_workflow", &json!({"definition": definition, "dry_run": true}));
    assert_eq!(refused["problems"][0]["name"], "agent_not_allowed");
    program.write("one.json", &definition.to_string());
    let output = program.cli(&["run", "one.json", "--dry-run", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_tool_that_is_not_there_is_told_with_the_nearest_name() {
    let program = Program::new();
    let mut definition = one_step(&json!([]));
    definition["steps"][0]["tool"] = json!("01_detect_pbi_instance");
    let refused = program.serve().call("execute_workflow", &json!({"definition": definition}));
    assert_eq!(refused["missing_tools"], json!(["01_detect_pbi_instance"]));
    assert_eq!(refused["hint"], "did you mean `01_detect_pbi_instances`?");
}

#[test]
fn what_cannot_be_answered_is_refused_with_a_hint() {
    let program = Program::new();
    let mut client = program.serve();
    let run = client.call("execute_workflow", &json!({"definition": one_step(&json!([]))}));
    let id = &run["workflow_id"];
    let mut kind = |tool: &str, arguments: Value| client.call(tool, &arguments)["error_type"].clone();
    assert_eq!(kind("get_workflow_status", json!({"step_id": "a"})), "invalid_input");
    assert_eq!(kind("get_workflow_status", json!({"workflow_id": id, "step_id": "zz"})), "not_found");
    assert_eq!(
        kind("get_workflow_status", json!({"workflow_id": id, "step_id": "a", "offset": 99_999})),
        "invalid_input"
    );
    assert_eq!(kind("execute_workflow", json!({"template_id": "a", "definition": {}})), "invalid_input");
    assert_eq!(kind("cancel_workflow", json!({"workflow_id": id})), "conflict");
    let answer = |answer: Value| json!({"workflow_id": id, "task_id": "a", "answer": answer});
    assert_eq!(kind("respond_to_task", answer(json!(1))), "conflict");
    assert_eq!(kind("respond_to_task", answer(json!({"action": "retry"}))), "conflict");
    assert_eq!(kind("respond_to_task", json!({"workflow_id": "no", "task_id": "a", "answer": 1})), "not_found");
}

#[test]
fn the_answer_of_a_run_of_many_steps_is_small_and_says_what_it_leaves_out() {
    let program = Program::new();
    let mut client = program.serve();
    let step = |n: usize| {
        json!({"step_id": format!("s{n}"), "tool": "02_list_tables", "on_error": "continue",
        "parameters": {"page_size": 8, "model": if n == 0 { json!("nope") } else { json!(0) }}})
    };
    let steps: Vec<Value> = (0..60).map(step).collect();
    let definition = json!({"template_id": "many", "template_name": "Many", "steps": steps});
    let run = client.call("execute_workflow", &json!({"definition": definition}));
    assert!(run.to_string().len() <= 16_384, "{} bytes", run.to_string().len());
    let shown = run["step_results"].as_object().expect("steps").len();
    assert_eq!(run["steps_omitted"], json!(60 - shown));
    assert_eq!((&run["step_results"]["s0"]["status"], run.get("truncated")), (&json!("failed"), None));
    let last = &run["step_results"]["s59"]["result"]["read_with"];
    let value = client.call(last["tool"].as_str().expect("a tool"), &last["arguments"]);
    assert_eq!(value["value"]["total"], 12);
    let full = client.call("execute_workflow", &json!({"definition": definition, "detail": "full"}));
    assert_eq!(full["step_results"].as_object().expect("steps").len(), 60);
    assert_eq!(
        (full["step_results"]["s59"]["result"]["rows"].as_array().map(Vec::len), full.get("truncated")),
        (Some(8), None)
    );
}
