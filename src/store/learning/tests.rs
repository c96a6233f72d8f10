//! The learning log: what is written is there, nobody waits, nothing breaks.

use std::time::Duration;

use serde_json::json;

use super::{CallEnded, CallStarted, LearningStore, SequenceRow, ShownRow, SourceTotals, ToolSums, Transition};
use crate::base::{ErrorKind, Timestamp};
use crate::contract::Origin;
use crate::store::OpenError;

fn open(folder: &std::path::Path) -> LearningStore {
    LearningStore::open(&folder.join("learning.db"), Duration::from_millis(50)).unwrap()
}

fn client() -> Origin {
    Origin::Client { session: "s1".to_owned() }
}

fn step(session: Option<&str>) -> Origin {
    Origin::Step { session: session.map(str::to_owned), run: "r1".to_owned(), step: "a".to_owned() }
}

fn started(id: &str, at: i64, tool: &str, origin: Origin) -> CallStarted {
    CallStarted {
        id: id.to_owned(),
        at: Timestamp(at),
        origin,
        tool: tool.to_owned(),
        parameters: json!({"table": "Sales"}),
    }
}

fn ended(id: &str, error_type: Option<ErrorKind>) -> CallEnded {
    CallEnded {
        id: id.to_owned(),
        error_type,
        duration_ms: 30,
        result_bytes: 100,
        model: Some("Retail".to_owned()),
        table: Some("Sales".to_owned()),
        user_intent: Some("find slow measures".to_owned()),
    }
}

fn transition(from: &str, to: &str, seconds: f64, success: bool) -> Transition {
    Transition {
        after: "i1".to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        seconds,
        success,
        at: Timestamp(5_000),
    }
}

#[tokio::test]
async fn rows_are_gathered_and_written_without_anybody_asking() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let commits = || log.inner.writer.counters.commits.load(std::sync::atomic::Ordering::Relaxed);
    for n in 0..50 {
        log.started(started(&format!("i{n}"), 1_000, "t", client()));
        log.ended(ended(&format!("i{n}"), None));
    }
    let last = async {
        while log.call("i49").await.unwrap().is_none_or(|call| call.success.is_none()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), last).await.expect("it is written unasked");
    assert!(commits() <= 10, "{} commits for 100 rows", commits());
    assert_eq!(log.stats().dropped, 0);
}

#[tokio::test]
async fn rows_that_are_gathered_at_the_end_are_written_and_later_ones_counted() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    log.started(started("i1", 1_000, "t", client()));
    log.close().await.unwrap();
    log.started(started("i2", 1_000, "t", client()));
    assert_eq!(log.stats().dropped, 1);
    let again = open(folder.path());
    assert!(again.call("i1").await.unwrap().is_some());
    assert_eq!(again.call("i2").await.unwrap(), None);
}

#[tokio::test]
async fn a_call_is_known_from_its_beginning_and_whole_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    log.started(started("i1", 1_000, "02_list_measures", client()));
    log.flush().await.unwrap();
    let begun = log.call("i1").await.unwrap().unwrap();
    assert_eq!((begun.tool.as_str(), begun.success, begun.duration_ms), ("02_list_measures", None, None));
    assert_eq!((begun.origin, begun.parameters), (client(), json!({"table": "Sales"})));

    log.ended(ended("i1", Some(ErrorKind::Timeout)));
    log.followed(transition("02_list_measures", "workflow:review", 2.0, true));
    assert!(log.rate("i1", 4, Some("useful".to_owned())).await.unwrap());
    assert!(!log.rate("i9", 4, None).await.unwrap());
    let whole = open(folder.path()).call("i1").await.unwrap().unwrap();
    assert_eq!((whole.success, whole.error_type), (Some(false), Some(ErrorKind::Timeout)));
    assert_eq!((whole.duration_ms, whole.result_bytes), (Some(30), Some(100)));
    assert_eq!((whole.model.as_deref(), whole.table.as_deref()), (Some("Retail"), Some("Sales")));
    assert_eq!(whole.user_intent.as_deref(), Some("find slow measures"));
    assert_eq!(whole.followed_by.as_deref(), Some("workflow:review"));
    assert_eq!((whole.rating, whole.comment.as_deref()), (Some(4), Some("useful")));
    assert_eq!(log.call("i2").await.unwrap(), None);
}

#[tokio::test]
async fn calls_of_steps_are_logged_apart_from_the_clients() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    for (id, at, origin, error) in [
        ("i1", 1_000, client(), None),
        ("i2", 2_000, Origin::Cli { session: "s1".to_owned() }, Some(ErrorKind::ToolError)),
        ("i3", 3_000, step(Some("s1")), None),
        ("i4", 4_000, step(None), None),
    ] {
        log.started(started(id, at, "list", origin));
        log.ended(ended(id, error));
    }
    log.started(started("i5", 5_000, "list", client()));
    log.flush().await.unwrap();
    let sums = ToolSums {
        tool: "list".to_owned(),
        calls: 2,
        successes: 1,
        mean_duration_ms: 30.0,
        step_calls: 2,
        result_bytes: 200,
        step_result_bytes: 100,
    };
    assert_eq!(log.tools(None).await.unwrap(), std::slice::from_ref(&sums));
    let late = ToolSums { calls: 1, successes: 0, result_bytes: 100, ..sums };
    assert_eq!(log.tools(Some(Timestamp(2_000))).await.unwrap(), [late]);
    assert_eq!(log.tools(Some(Timestamp(5_000))).await.unwrap(), [], "that call has not ended");

    let ids = |calls: Vec<super::InteractionRow>| calls.into_iter().map(|call| call.id).collect::<Vec<_>>();
    assert_eq!(ids(log.last_calls("s1", 10).await.unwrap()), ["i5", "i2", "i1"]);
    assert_eq!(ids(log.last_calls("s1", 1).await.unwrap()), ["i5"]);
    assert_eq!(log.call("i4").await.unwrap().unwrap().origin, step(None));
}

#[tokio::test]
async fn sequences_add_up_with_the_time_between_and_the_share_of_success() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    for (to, seconds, success) in [("b", 1.0, true), ("b", 3.0, false), ("b", 2.0, true), ("c", 9.0, true)] {
        log.followed(transition("a", to, seconds, success));
    }
    log.followed(Transition { at: Timestamp(9_000), ..transition("b", "c", 1.5, true) });
    log.flush().await.unwrap();
    let row = |from: &str, to: &str, frequency, from_total, mean_seconds, successes, last_seen| SequenceRow {
        from: from.to_owned(),
        to: to.to_owned(),
        frequency,
        from_total,
        mean_seconds,
        successes,
        last_seen: Timestamp(last_seen),
    };
    let (ab, ac) = (row("a", "b", 3, 4, 2.0, 2, 5_000), row("a", "c", 1, 4, 9.0, 1, 5_000));
    let bc = row("b", "c", 1, 1, 1.5, 1, 9_000);
    assert_eq!(log.follow_ups("a", 10).await.unwrap(), [ab.clone(), ac.clone()]);
    assert_eq!(log.follow_ups("a", 1).await.unwrap(), std::slice::from_ref(&ab));
    assert_eq!(log.follow_ups("z", 10).await.unwrap(), []);
    assert_eq!(log.sequences(None, 10).await.unwrap(), [ab, ac, bc.clone()]);
    assert_eq!(log.sequences(Some(Timestamp(6_000)), 10).await.unwrap(), [bc]);
}

#[tokio::test]
async fn a_recommendation_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let shown = |interaction: &str, rank, source: &str, at| ShownRow {
        interaction: interaction.to_owned(),
        rank,
        target: "b".to_owned(),
        source: source.to_owned(),
        confidence: 0.7,
        at: Timestamp(at),
    };
    log.shown(vec![shown("i1", 0, "rule", 1_000), shown("i1", 1, "learned", 1_000)]);
    log.shown(vec![shown("i2", 0, "rule", 2_000)]);
    log.shown(Vec::new());
    log.accepted("i1", 0, Timestamp(1_500));
    log.accepted("i1", 0, Timestamp(1_600));
    log.accepted("i1", 7, Timestamp(1_600));
    log.flush().await.unwrap();
    let totals = |source: &str, shown, accepted| SourceTotals { source: source.to_owned(), shown, accepted };
    assert_eq!(log.recommendations(None).await.unwrap(), [totals("learned", 1, 0), totals("rule", 2, 1)]);
    assert_eq!(log.recommendations(Some(Timestamp(2_000))).await.unwrap(), [totals("rule", 1, 0)]);
}

#[tokio::test]
async fn what_is_older_than_the_limit_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    for (id, at) in [("i1", 1_000), ("i2", 2_000)] {
        log.started(started(id, at, "list", client()));
    }
    log.followed(transition("a", "b", 1.0, true));
    assert_eq!(log.prune(Timestamp(2_000)).await.unwrap(), 1);
    assert_eq!(log.call("i1").await.unwrap(), None);
    assert!(log.call("i2").await.unwrap().is_some());
    assert_eq!(log.prune(Timestamp(6_000)).await.unwrap(), 1);
    assert_eq!(log.sequences(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_full_disk_costs_rows_and_is_counted_and_no_caller_waits_or_fails() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let bound = |pages: u32| {
        log.inner.writer.write(move |connection| {
            Ok(connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
        })
    };
    bound(1).await.unwrap();
    let large = json!({"text": "x".repeat(100_000)});
    log.started(CallStarted { parameters: large, ..started("i1", 1_000, "list", client()) });
    drop(log.flush().await);
    assert_eq!((log.stats().queued, log.stats().dropped), (0, 1));
    bound(1 << 30).await.unwrap();
    log.started(started("i2", 2_000, "list", client()));
    log.flush().await.unwrap();
    assert!(log.call("i2").await.unwrap().is_some());
}

#[tokio::test]
async fn too_many_waiting_rows_are_dropped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (begin, begun) = std::sync::mpsc::channel::<()>();
    let held = log.inner.writer.write(move |_| {
        begin.send(()).unwrap();
        released.recv().unwrap();
        Ok(())
    });
    begun.recv().unwrap();
    for _ in 0..super::QUEUE + 5 {
        log.log(|_| Ok(()));
    }
    assert_eq!((log.stats().queued, log.stats().dropped), (super::QUEUE, 5));
    release.send(()).unwrap();
    held.await.unwrap();
    log.flush().await.unwrap();
    assert_eq!((log.stats().queued, log.stats().dropped), (0, 5));
}

#[tokio::test]
async fn two_processes_log_at_once_and_what_is_queued_at_the_end_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let open = || LearningStore::open(&folder.path().join("learning.db"), Duration::from_secs(5)).unwrap();
    let (one, two) = (open(), open());
    for n in 0..200 {
        one.started(started(&format!("one{n}"), n, "list", client()));
        two.started(started(&format!("two{n}"), n, "list", client()));
    }
    one.close().await.unwrap();
    two.close().await.unwrap();
    one.started(started("late", 1, "list", client()));
    assert_eq!((one.stats().dropped, two.stats().dropped), (1, 0), "only what came after the end");
    let log = open();
    assert_eq!(log.last_calls("s1", 1_000).await.unwrap().len(), 400);
}

#[test]
fn a_damaged_or_foreign_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("learning.db");
    std::fs::write(&file, "no database").unwrap();
    let error = LearningStore::open(&file, Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
    // The other database of ours is foreign here too.
    let runs = tempfile::tempdir().unwrap();
    drop(crate::store::Store::open(runs.path(), crate::store::StoreOptions::default()).unwrap());
    let error = LearningStore::open(&runs.path().join("sequitur.db"), Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error}");
}
