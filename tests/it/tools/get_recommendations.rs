use serde_json::{Value, json};

use super::answer;
use crate::recorder::World;

#[tokio::test]
async fn without_arguments_it_is_about_the_last_call_of_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    process.call("fail", json!({"n": 7})).await;
    for _ in 0..2 {
        // Asking does not take the place of the call that it is about.
        let output = process.call("get_recommendations", json!({})).await;
        let told = answer(&process, "get_recommendations", &output);
        assert_eq!(told["after"], "fail");
        let first = &told["recommendations"][0];
        assert_eq!((&first["tool"], &first["auto_params"]), (&json!("fail"), &json!({"n": 7})));
        assert_eq!((&first["priority"], &first["source"]), (&json!("medium"), &json!("rule")));
        assert_eq!(told["_next_steps"], told["recommendations"]);
    }
    assert_eq!(process.analytics().await["recommendations"]["shown"], 3, "each answer has shown it");
}

#[tokio::test]
async fn it_can_be_asked_about_another_tool_and_answer() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    process.call("fail", json!({"n": 7})).await;
    let found = json!({"success": true, "instances": [{"index": 0, "name": "Retail", "path": "/m"}], "count": 1});
    let arguments = json!({"current_tool": "01_detect_pbi_instances", "current_result": found});
    let output = process.call("get_recommendations", arguments).await;
    let told = answer(&process, "get_recommendations", &output);
    assert_eq!(told["after"], "01_detect_pbi_instances");
    assert_eq!(told["recommendations"][0]["tool"], "01_connect_to_instance");
    let unknown = process.call("get_recommendations", json!({"current_tool": "nobody_knows_it"})).await;
    assert_eq!(answer(&process, "get_recommendations", &unknown)["recommendations"], json!([]));
}

#[tokio::test]
async fn a_new_session_has_no_last_call_and_the_context_counts() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let output = process.call("get_recommendations", json!({})).await;
    let told = answer(&process, "get_recommendations", &output);
    assert_eq!(told["after"], Value::Null);
    let wrong = process.call("get_recommendations", json!({"current_tol": "x"})).await;
    let refused = answer(&process, "get_recommendations", &wrong);
    assert_eq!(refused["hint"], "did you mean `current_tool` instead of `current_tol`?");
}
