use serde_json::json;

use super::answer;
use crate::recorder::World;

#[tokio::test]
async fn the_figures_are_those_of_the_log_up_to_the_call_before() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    process.calls(&["alpha", "beta", "alpha", "beta", "alpha", "fail"]).await;
    let output = process.call("get_learning_analytics", json!({})).await;
    let figures = answer(&process, "get_learning_analytics", &output)["analytics"].clone();
    let used = |place: usize| {
        let tool = &figures["most_used_tools"][place];
        (tool["tool"].clone(), tool["count"].clone(), tool["success_rate"].clone())
    };
    assert_eq!(used(0), (json!("alpha"), json!(3), json!(1.0)));
    assert_eq!(used(1), (json!("beta"), json!(2), json!(1.0)));
    assert_eq!(figures["lowest_success_tools"], json!([{"tool": "fail", "success_rate": 0.0, "total": 1}]));
    assert_eq!(
        figures["common_sequences"][0],
        json!({
            "from": "alpha", "to": "beta", "frequency": 2, "mean_seconds_between": 1.0, "success_rate": 1.0,
            "confidence": 0.4,
        })
    );
    assert_eq!((&figures["patterns"], &figures["workflows"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn since_and_limit_bound_what_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    process.calls(&["alpha", "alpha", "beta"]).await;
    let output = process.call("get_learning_analytics", json!({"limit": 1})).await;
    let told = answer(&process, "get_learning_analytics", &output);
    assert_eq!(told["analytics"]["most_used_tools"].as_array().unwrap().len(), 1);
    // The clock of these calls stands in November 2023.
    let output = process.call("get_learning_analytics", json!({"since": "2030-01-01"})).await;
    assert_eq!(answer(&process, "get_learning_analytics", &output)["analytics"]["most_used_tools"], json!([]));
    for (arguments, hint) in [
        (json!({"since": "yesterday"}), "write `2026-11-30`"),
        (json!({"limit": 0}), "example_call"),
        (json!({"limit": 101}), "example_call"),
    ] {
        let output = process.call("get_learning_analytics", arguments).await;
        let refused = answer(&process, "get_learning_analytics", &output);
        assert_eq!(refused["error_type"], "invalid_input");
        assert!(refused["hint"].as_str().unwrap().contains(hint), "{refused}");
    }
}

#[tokio::test]
async fn tokens_saved_are_the_results_of_steps_that_the_client_did_not_get() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let step = sequitur::contract::Origin::Step { session: Some("one".into()), run: "r".into(), step: "s".into() };
    process.call_as("large", json!({}), step).await.expect("an output");
    process.call("execute_workflow", json!({"template_id": "nothing"})).await;
    let savings = process.analytics().await["token_savings"].clone();
    assert!(savings["step_result_bytes"].as_u64().unwrap() > 100_000, "{savings}");
    assert!(savings["returned_bytes"].as_u64().unwrap() > 0, "{savings}");
    assert!(savings["estimated_tokens_saved"].as_u64().unwrap() > 24_000, "{savings}");
}
