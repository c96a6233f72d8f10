//! What must hold when processes end, callers go away and rows cannot be read.

use futures::FutureExt as _;
use sequitur::base::Timestamp;
use sequitur::engine::Request;
use sequitur::machine::{RunStatus, StepStatus};
use sequitur::store::{Claim, Post, Posted, RunFilter};
use serde_json::json;

use super::world::{Process, Tools, plan, request, soon};

#[tokio::test]
async fn a_request_that_this_version_cannot_read_does_not_stop_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "echo", "depends_on": ["a"]}]);
    let run = process.run(plan(steps, json!({}))).await;
    tools.called("gate", 1).await;
    let post = Post {
        run: run.to_string(),
        kind: "dance".to_owned(),
        task: None,
        payload: json!({"kind": "dance"}),
        at: Timestamp(0),
        from_process: None,
    };
    assert!(matches!(process.store.post(post).await.unwrap(), Posted::Accepted(_)));
    tools.gate.add_permits(1);
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test]
async fn a_cancel_of_a_run_without_a_process_starts_nothing_first() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    tools.called("gate", 1).await;
    first.dies().await;
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    second.engine.ask(&run, Request::Cancel { reason: None, compensate: true }).await.unwrap();
    assert_eq!(second.status(&run).await, RunStatus::Cancelled);
    assert_eq!(tools.calls("gate").len(), 1);
    second.dies().await;
}

#[tokio::test]
async fn a_run_whose_caller_went_away_before_it_was_acknowledged_is_driven() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let wanted = request(plan(json!([{"id": "a", "tool": "echo"}]), json!({})), serde_json::Map::new());
    let mut start = Box::pin(process.engine.start(wanted));
    assert!(start.as_mut().now_or_never().is_none());
    drop(start);
    let run = soon(async {
        loop {
            if let Some(row) = process
                .store
                .runs(RunFilter { statuses: Vec::new(), open_limit: 9, finished_limit: 9 })
                .await
                .unwrap()
                .pop()
            {
                return row.id;
            }
        }
    })
    .await;
    assert_eq!(soon(process.settled(&run)).await.status(), RunStatus::Completed);
    process.dies().await;
}

#[tokio::test]
async fn a_run_that_this_process_owns_and_nobody_drives_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    tools.called("gate", 1).await;
    first.dies().await;
    // As after a claim whose maker went away: the row is ours, no task is.
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    let row = second.engine.row(&run).await.unwrap();
    let claimed = second.store.claim(&run, "two", row.owner.as_deref(), row.epoch).await.unwrap();
    assert_eq!(claimed, Claim::Claimed(row.epoch + 1));
    assert_eq!(second.engine.adopt_all().await.unwrap(), 1);
    tools.gate.add_permits(2);
    assert_eq!(soon(second.settled(&run)).await.status(), RunStatus::Completed);
    second.dies().await;
}

#[tokio::test]
async fn a_run_with_an_event_of_another_version_is_shown_paused_and_left_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "gate"}]), json!({}))).await;
    tools.called("gate", 1).await;
    first.dies().await;
    let newer = |version: u32| {
        let database = rusqlite::Connection::open(folder.path().join("sequitur.db")).unwrap();
        database.execute("UPDATE events SET version = ?1 WHERE kind = 'step_started'", [version]).unwrap();
    };
    newer(99);
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    assert_eq!(second.engine.adopt_all().await.unwrap(), 0);
    let row = second.engine.row(&run).await.unwrap();
    assert_eq!((row.projection.status, row.owner), (RunStatus::Paused, None));
    assert_eq!(row.projection.waiting_for.unwrap()["kind"], "process");
    newer(1);
    let third = Process::start(folder.path(), "three", tools.clone()).await;
    assert_eq!(third.engine.adopt_all().await.unwrap(), 1);
    tools.gate.add_permits(2);
    while third.status(&run).await != RunStatus::Completed {
        tokio::task::yield_now().await;
    }
    second.dies().await;
    third.dies().await;
}

#[tokio::test]
async fn a_reply_that_came_before_the_process_ended_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let steps = json!([{"id": "a", "tool": "gate"}, {"id": "b", "tool": "echo", "depends_on": ["a"]}]);
    let run = first.run(plan(steps, json!({}))).await;
    tools.called("gate", 1).await;
    tools.gate.add_permits(1);
    first.engine.stop().await;
    let state = first.engine.state(&run).await.unwrap();
    assert_eq!((state.steps["a"].status, state.steps["b"].attempts), (StepStatus::Completed, 0));
    first.dies().await;
}

#[tokio::test]
async fn a_run_that_is_taken_over_while_the_process_stops_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let run = first.run(plan(json!([{"id": "a", "tool": "hang"}]), json!({}))).await;
    tools.called("hang", 1).await;
    first.dies().await;
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    second.engine.stop().await;
    second.engine.adopt_run(&run).await.unwrap();
    soon(async {
        while !second.engine.driven().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(tools.calls("hang").len(), 1);
    second.store.close().await.unwrap();
}
