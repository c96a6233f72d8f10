use std::sync::Arc;

use sequitur::intelligence::ModelNames;
use serde_json::json;

use super::answer;
use crate::recorder::World;

#[tokio::test]
async fn a_request_is_read_and_only_what_can_be_called_is_suggested() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let output = process.call("analyze_intent", json!({"request": "show me the columns of the 'Sales' table"})).await;
    let read = answer(&process, "analyze_intent", &output);
    assert_eq!((&read["intent_category"], &read["intent_subcategory"]), (&json!("exploration"), &json!("exploration")));
    assert_eq!(read["suggested_tools"][0], "02_describe_table");
    assert_eq!(read["suggested_parameters"], json!({"table": "Sales"}));
    assert_eq!(read["suggested_workflow"], json!(null));
    assert_eq!(read["_next_steps"][0]["tool"], "02_describe_table");
    for tool in read["suggested_tools"].as_array().unwrap() {
        assert!(process.recorder.catalogue().tool(tool.as_str().unwrap()).is_some(), "{tool}");
    }
}

#[tokio::test]
async fn names_in_the_connected_model_are_known_without_quotes() {
    let folder = tempfile::tempdir().unwrap();
    let names = Arc::new(ModelNames::new(["Fact Orders"], [("Fact Orders", "Net Revenue")], []));
    let world = World { model_names: Arc::new(move |_| Some(names.clone())), ..World::new(folder.path()) };
    let process = world.start().await;
    let request = json!({"request": "how is net revenue calculated"});
    let output = process.call_bound("analyze_intent", request.clone()).await;
    assert_eq!(answer(&process, "analyze_intent", &output)["entities"]["measure"], "Net Revenue");
    let output = process.call("analyze_intent", request).await;
    assert_eq!(answer(&process, "analyze_intent", &output)["entities"].get("measure"), None, "not connected");
}

#[tokio::test]
async fn the_context_fills_gaps_and_a_request_that_says_nothing_is_general() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let arguments = json!({"request": "describe this table", "context": {"last_table": "Sales"}});
    let output = process.call("analyze_intent", arguments).await;
    let read = answer(&process, "analyze_intent", &output);
    assert_eq!((&read["entities"]["table"], &read["entities"]["from_context"]), (&json!("Sales"), &json!(["table"])));
    for request in ["", "hello", "what is the weather in Oslo?"] {
        let output = process.call("analyze_intent", json!({"request": request})).await;
        assert_eq!(answer(&process, "analyze_intent", &output)["intent_category"], "general", "{request}");
    }
}

#[tokio::test]
async fn switched_off_it_says_which_key_switches_it_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path());
    world.intelligence.intent_analysis_enabled = false;
    let process = world.start().await;
    let output = process.call("analyze_intent", json!({"request": "list tables"})).await;
    let refused = answer(&process, "analyze_intent", &output);
    assert_eq!(refused["error"], "intent analysis is switched off by the configuration");
    assert_eq!((&refused["error_type"], &refused["retryable"]), (&json!("disabled"), &json!(false)));
    assert!(refused["hint"].as_str().unwrap().contains("`intelligence.intent_analysis_enabled`"), "{refused}");
}
