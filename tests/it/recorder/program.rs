//! The program itself: what a run leaves in the log and in the figures.

use serde_json::json;

use super::world::open;
use crate::tools::Program;

#[test]
fn a_runs_steps_are_in_the_log_and_figures_and_record_none_keeps_one_out() {
    let program = Program::new();
    let template = json!({
        "template_id": "two_requests", "template_name": "Two requests",
        "steps": [
            {"step_id": "open", "tool": "analyze_intent", "parameters": {"request": "list the tables"}},
            {"step_id": "closed", "tool": "analyze_intent", "parameters": {"request": "who earns most"}, "record": "none"},
        ],
    });
    let data = program.folder.path().join("data");
    std::fs::create_dir_all(data.join("workflows")).expect("made");
    program.write("data/workflows/two_requests.json", &template.to_string());
    let mut session = program.serve();
    let run = session.call("execute_workflow", &json!({"template_id": "two_requests"}));
    assert_eq!(run["status"], "completed", "{run}");
    assert!(run["_next_steps"].is_array(), "{run}");
    let figures = session.call("get_learning_analytics", &json!({}))["analytics"].clone();
    let used = figures["most_used_tools"].as_array().expect("a list");
    let of = |tool: &str| used.iter().find(|one| one["tool"] == tool).unwrap_or_else(|| panic!("{tool}: {figures}"));
    assert_eq!((&of("analyze_intent")["count"], &of("analyze_intent")["step_calls"]), (&json!(0), &json!(2)));
    assert_eq!(of("execute_workflow")["count"], 1);
    assert_eq!(figures["workflows"][0]["template_id"], "two_requests");
    assert_eq!((&figures["workflows"][0]["runs"], &figures["workflows"][0]["success_rate"]), (&json!(1), &json!(1.0)));
    drop(session);

    drop(open(&data));
    let files = ["learning.db", "learning.db-wal"].map(|name| std::fs::read(data.join(name)).unwrap_or_default());
    let holds =
        |text: &str| files.iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()));
    assert!(holds("list the tables"));
    assert!(!holds("who earns most"));
}

#[test]
fn a_command_leaves_its_calls_in_the_log() {
    let program = Program::new();
    assert!(program.cli(&["templates", "--json"]).status.success());
    let log = open(&program.folder.path().join("data"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let sums = runtime.block_on(log.tools(None)).expect("the sums");
    assert_eq!(
        sums.iter().map(|sum| (sum.tool.as_str(), sum.calls)).collect::<Vec<_>>(),
        [("list_workflow_templates", 1)]
    );
}
