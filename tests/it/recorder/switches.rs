//! What the configuration switches off, and a log that cannot be had.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sequitur::config::Intelligence;
use serde_json::{Value, json};

use super::world::{World, body, next_steps};

const ROUND: [&str; 7] = ["alpha", "beta", "alpha", "beta", "alpha", "beta", "alpha"];

fn with(folder: &std::path::Path, change: impl FnOnce(&mut Intelligence)) -> World {
    let mut world = World::new(folder);
    change(&mut world.intelligence);
    world
}

#[tokio::test]
async fn without_recommendations_answers_have_no_next_steps_and_calls_are_logged() {
    let folder = tempfile::tempdir().unwrap();
    let process = with(folder.path(), |intelligence| intelligence.recommendations_enabled = false).start().await;
    let last = process.calls(&ROUND).await;
    assert_eq!(body(&last), json!({"success": true}));
    assert_eq!(process.calls(&["s__alpha"]).await.meta.get("sequitur/next_steps"), None);
    let refused = process.call("get_recommendations", json!({})).await;
    assert_eq!(body(&refused)["error_type"], "disabled");
    assert!(body(&refused)["hint"].as_str().unwrap().contains("`intelligence.recommendations_enabled`"));
    let analytics = process.analytics().await;
    assert_eq!(analytics["common_sequences"][0]["frequency"], 3);
    assert_eq!(analytics["recommendations"]["shown"], 0);
}

#[tokio::test]
async fn without_learning_nothing_is_written_or_learned_and_rules_still_propose() {
    let folder = tempfile::tempdir().unwrap();
    let process = with(folder.path(), |intelligence| intelligence.learning_enabled = false).start().await;
    let last = process.calls(&ROUND).await;
    assert_eq!(next_steps(&last), Vec::<Value>::new());
    assert_eq!(next_steps(&process.call("fail", json!({})).await)[0]["source"], "rule");
    let refused = body(&process.call("get_learning_analytics", json!({})).await);
    assert_eq!(refused["error_type"], "disabled");
    assert!(refused["hint"].as_str().unwrap().contains("`intelligence.learning_enabled`"), "{refused}");
    process.recorder.close().await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn one_key_switches_off_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let process = with(folder.path(), |intelligence| intelligence.enabled = false).start().await;
    assert_eq!(body(&process.calls(&ROUND).await), json!({"success": true}));
    for (tool, arguments) in [
        ("analyze_intent", json!({"request": "list tables"})),
        ("get_recommendations", json!({})),
        ("get_learning_analytics", json!({})),
    ] {
        let refused = body(&process.call(tool, arguments).await);
        assert_eq!(refused["error_type"], "disabled", "{tool}");
        assert!(refused["hint"].as_str().unwrap().contains("`intelligence.enabled`"), "{refused}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_count_and_the_least_confidence_are_the_configurations() {
    let folder = tempfile::tempdir().unwrap();
    let world = with(folder.path(), |intelligence| {
        intelligence.recommendation_count = sequitur::config::Count::new(1);
        intelligence.min_confidence_threshold = sequitur::config::Share::new(0.2);
    });
    let process = world.start().await;
    for next in ["beta", "gamma"] {
        for _ in 0..3 {
            process.calls(&["alpha", next]).await;
        }
    }
    // Both followed three times of six: 3 / 8 is over the least.
    let steps = next_steps(&process.calls(&["alpha"]).await);
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0]["confidence"], 0.38);
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_opened_is_told_once_and_calls_go_on() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("learning.db"), "this is no database, and it stays as it is").unwrap();
    let process = World::new(folder.path()).start().await;
    assert_eq!(body(&process.calls(&ROUND).await)["success"], true);
    let learned = &next_steps(&process.calls(&["beta", "alpha"]).await)[0];
    assert_eq!(learned["source"], "learned", "in memory it goes on");
    let refused = body(&process.call("get_learning_analytics", json!({})).await);
    assert_eq!(refused["error_type"], "store_unavailable");
    assert!(refused["hint"].is_string(), "{refused}");
    process.recorder.clone().start().await;
    process.recorder.close().await.unwrap();
    let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(told.matches("calls are not logged").count(), 1, "{told}");
    let kept = std::fs::read_to_string(folder.path().join("learning.db")).unwrap();
    assert!(kept.starts_with("this is no database"));
}
