//! Several processes on one data folder, one after another and side by side.

use serde_json::json;

use super::client::{Client, Era};
use super::place::{Place, long_template};

#[test]
fn a_second_process_works_beside_the_first_and_reaches_its_runs() {
    let place = Place::new();
    place.template(&long_template());
    let (mut first, mut second) = (place.serve(), place.serve());
    let begun = first.done("execute_workflow", &json!({"template_id": "long_run", "wait_seconds": 0}));
    let id = begun["workflow_id"].clone();
    assert_eq!(second.done("execute_workflow", &json!({"template_id": "model_inventory"}))["status"], "completed");
    let paused = second.done("pause_workflow", &json!({"workflow_id": id}));
    assert_eq!(paused["status"], "paused");
    let status = first.done("get_workflow_status", &json!({"workflow_id": id}))["status"].clone();
    assert_eq!(status["status"], "paused");
    let before = status["progress_percentage"].as_f64().unwrap();
    assert!(before < 100.0, "it was paused in time");

    // The first one still has the run: the second resumes it there.
    second.done("resume_workflow", &json!({"workflow_id": id, "wait_seconds": 0}));
    let cancelled = second.done("cancel_workflow", &json!({"workflow_id": id, "reason": "enough"}));
    assert!(matches!(cancelled["status"].as_str(), Some("cancelling" | "cancelled")), "{cancelled}");
    let wait = json!({"workflow_id": id, "wait_seconds": 20});
    assert_eq!(first.done("get_workflow_status", &wait)["status"]["status"], "cancelled");
    let again = second.refused("resume_workflow", &json!({"workflow_id": id}));
    assert_eq!(again["error_type"], "conflict");
    first.leave();
    second.leave();
}

#[test]
fn a_process_that_is_only_looked_at_takes_nothing_over() {
    let place = Place::new();
    place.template(&long_template());
    let mut first = place.serve();
    let begun = first.done("execute_workflow", &json!({"template_id": "long_run", "wait_seconds": 0}));
    let id = begun["workflow_id"].as_str().unwrap().to_owned();
    first.killed();
    let progress = || {
        let (code, shown) = place.json(&["show", &id]);
        assert_eq!(code, 0);
        assert_eq!(shown["status"]["waiting_for"][0]["kind"], "process", "{shown:#}");
        shown["status"]["progress_percentage"].clone()
    };
    let before = progress();
    for era in [Era::Legacy, Era::Modern] {
        let mut probe = Client::greeted(&mut place.command(&["serve"]), era);
        probe.tools();
        probe.leave();
    }
    for command in [&["runs"][..], &["templates"], &["doctor"], &["inbox"], &["tools"]] {
        assert_eq!(place.run(command).status.code(), Some(0));
    }
    assert_eq!(progress(), before);

    let mut client = place.serve();
    let wait = json!({"workflow_id": id, "wait_seconds": 50});
    assert_eq!(client.done("get_workflow_status", &wait)["status"]["status"], "completed");
    client.leave();
}
