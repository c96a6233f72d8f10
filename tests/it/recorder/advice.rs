//! What is proposed, and what is learned from what was called.

use std::time::Duration;

use sequitur::contract::Origin;
use serde_json::{Value, json};

use super::world::{World, body, named, next_steps, step};

#[tokio::test]
async fn what_followed_three_times_is_proposed_as_learned() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let third = process.calls(&["alpha", "beta", "alpha", "beta", "alpha"]).await;
    assert_eq!(next_steps(&third), Vec::<Value>::new(), "twice is not often enough");
    let fourth = process.calls(&["beta", "alpha"]).await;
    assert_eq!(
        next_steps(&fourth),
        [json!({
            "tool": "beta", "reason": "Came next after 3 of 3 such calls", "priority": "medium", "confidence": 0.6,
            "auto_params": {}, "source": "learned",
        })]
    );
}

#[tokio::test]
async fn the_next_process_knows_what_was_learned_before() {
    let folder = tempfile::tempdir().unwrap();
    let first = World::new(folder.path()).start().await;
    first.calls(&["alpha", "beta", "alpha", "beta", "alpha", "beta"]).await;
    first.recorder.close().await.unwrap();
    let second = World::new(folder.path()).build();
    // A call made before the log is open is counted once, like any other.
    second.calls(&["alpha", "beta"]).await;
    second.recorder.clone().start().await;
    let steps = next_steps(&second.call("alpha", json!({})).await);
    assert_eq!(steps[0]["reason"], "Came next after 4 of 4 such calls");
    let sequences = second.analytics().await["common_sequences"].clone();
    assert_eq!((&sequences[0]["from"], &sequences[0]["frequency"]), (&json!("alpha"), &json!(4)));
}

#[tokio::test]
async fn a_recommendation_that_is_followed_counts_as_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    process.calls(&["alpha", "beta", "alpha", "beta", "alpha", "beta", "alpha"]).await;
    // The last answer shows `beta`. It is called third, which is not too late, and then `alpha` is shown.
    process.calls(&["gamma", "gamma", "beta"]).await;
    let figures = process.analytics().await["recommendations"].clone();
    assert_eq!(figures, json!({"shown": 2, "accepted": 1, "acceptance_rate": 0.5}));
}

#[tokio::test]
async fn an_answer_that_went_nowhere_has_shown_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let gone = process.call("hang", json!({}));
    assert!(futures::FutureExt::now_or_never(gone).is_none());
    let person = Origin::Cli { session: "shell".to_owned() };
    let failed = process.call_as("fail", json!({}), person).await.expect("a person gets an output");
    assert_eq!(named(&next_steps(&failed)), ["fail"], "a person is told");
    assert_eq!(process.analytics().await["recommendations"]["shown"], 0, "but takes no tool's advice");
}

#[tokio::test]
async fn calls_of_steps_teach_nothing_of_what_people_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    for _ in 0..4 {
        for tool in ["alpha", "beta"] {
            process.call_as(tool, json!({}), step("r")).await.expect("an output");
        }
    }
    assert_eq!(next_steps(&process.call("alpha", json!({})).await), Vec::<Value>::new());
    assert_eq!(process.analytics().await["common_sequences"], json!([]));
}

#[tokio::test]
async fn failures_say_how_to_go_on_and_so_do_wrong_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    let failed = process.call("fail", json!({"n": 1})).await;
    assert!(failed.is_error);
    let again = &next_steps(&failed)[0];
    assert_eq!((&again["tool"], &again["auto_params"]), (&json!("fail"), &json!({"n": 1})));
    let refused = process.call("strict", json!({"n": "seven"})).await;
    assert_eq!(body(&refused)["error_type"], "invalid_input");
    assert_eq!(named(&next_steps(&refused)), ["strict"]);
}

#[tokio::test]
async fn nothing_is_proposed_that_cannot_be_called() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    // Workflows count as called by their id, whether or not they can be started.
    for id in ["not_ready", "gone", "ready"] {
        for _ in 0..4 {
            process.call("gamma", json!({"about": id})).await;
            process.call("execute_workflow", json!({"template_id": id})).await;
        }
        process.call("alpha", json!({})).await;
    }
    let callable = process.recorder.catalogue();
    let mut seen = 0;
    let calls = [("gamma", json!({})), ("execute_workflow", json!({"template_id": "gone"})), ("alpha", json!({}))];
    for (tool, arguments) in calls {
        for one in next_steps(&process.call(tool, arguments).await) {
            seen += 1;
            let tool = one["tool"].as_str().is_none_or(|tool| callable.tool(tool).is_some());
            let workflow = one["workflow"].as_str().is_none_or(|id| id == "ready");
            assert!(tool && workflow, "{one}");
        }
    }
    assert!(seen > 0);
    let analytics = process.analytics().await;
    let to_gone = |one: &Value| one["to"] == "workflow:gone";
    assert!(analytics["common_sequences"].as_array().unwrap().iter().any(to_gone), "it was learned all the same");
}

#[tokio::test]
async fn what_is_switched_off_is_not_proposed() {
    let folder = tempfile::tempdir().unwrap();
    let world = World { switched_off: vec!["beta".to_owned()], ..World::new(folder.path()) };
    let process = world.start().await;
    let last = process.calls(&["alpha", "beta", "alpha", "beta", "alpha", "beta", "alpha"]).await;
    assert_eq!(next_steps(&last), Vec::<Value>::new());
}

#[tokio::test]
async fn beside_a_servers_answer_stand_at_most_six_hundred_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let process = World::new(folder.path()).start().await;
    for _ in 0..4 {
        process.calls(&["s__alpha", "s__beta"]).await;
    }
    let output = process.call("s__alpha", json!({})).await;
    assert_eq!(output.structured, Some(json!({"success": true})), "the answer itself stays as it is");
    let steps = output.meta["sequitur/next_steps"].as_array().expect("next steps").clone();
    assert_eq!(named(&steps), ["s__beta"]);
    let blocks: Vec<&str> = output.content.iter().filter_map(|block| block["text"].as_str()).collect();
    assert!(blocks.iter().any(|text| text.starts_with("{\"_next_steps\"") && text.len() <= 600), "{blocks:?}");
    let failed = process.call("s__fail", json!({"text": "y".repeat(200)})).await;
    assert!(json!({"_next_steps": next_steps(&failed)}).to_string().len() <= 600);
}

#[tokio::test]
async fn new_workflows_are_known_soon_and_no_call_waits_for_the_list() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let folder = tempfile::tempdir().unwrap();
    let listed = Arc::new(AtomicUsize::new(0));
    let count = listed.clone();
    let of_world = World::new(folder.path()).workflows;
    let workflows: sequitur::registry::Workflows = Arc::new(move || {
        // Empty at the start; the workflows come with the second listing.
        if count.fetch_add(1, Ordering::SeqCst) == 0 { Vec::new() } else { of_world() }
    });
    let process = World { workflows, ..World::new(folder.path()) }.start().await;
    assert!(process.recorder.catalogue().workflow("ready").is_none());
    process.clock.advance(Duration::from_secs(3));
    while process.recorder.catalogue().workflow("ready").is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(listed.load(Ordering::SeqCst), 2);
    assert!(process.recorder.catalogue().workflow("not_ready").is_none(), "a tool of it is not there");
}
