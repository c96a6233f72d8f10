//! How writes are grouped, and what a kill leaves.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use serde_json::json;

use super::{changes, committed, created, event, new_run, open, turn};
use crate::machine::RunStatus;
use crate::store::{Batch, Changes, Fault, Outcome, StoreStats};

#[tokio::test]
async fn two_hundred_batches_queued_at_once_take_few_commits() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for n in 0..200 {
        // Made one by one, so that the turns below are queued on an idle writer.
        created(&store, &format!("r{n}")).await;
    }
    let before = store.stats();
    let held = hold(&store);
    let turns: Vec<_> = (0..200).map(|n| store.commit(turn(&format!("r{n}"), 1))).collect();
    held.send(()).unwrap();
    for outcome in futures::future::join_all(turns).await {
        assert!(matches!(outcome.unwrap(), Outcome::Committed { seq: 2, .. }));
    }
    let after = store.stats();
    assert_eq!(after, StoreStats { commits: before.commits + 2, batches: before.batches + 201 });
}

/// Keeps the writer busy until the sender says so.
fn hold(store: &crate::store::Store) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    drop(store.inner().writer.write(move |_| {
        begun.send(()).unwrap();
        released.recv().unwrap();
        Ok(())
    }));
    has_begun.recv().unwrap();
    release
}

#[tokio::test]
async fn a_batch_that_fails_takes_no_other_of_its_group_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "good").await;
    created(&store, "bad").await;
    let held = hold(&store);
    let good = store.commit(turn("good", 1));
    let twice = step_twice();
    let bad = store.commit(Batch { changes: twice, ..turn("bad", 1) });
    let also_good = store.commit(turn("good", 2));
    held.send(()).unwrap();
    assert!(matches!(good.await.unwrap(), Outcome::Committed { seq: 2, .. }));
    assert_eq!(bad.await.unwrap_err().fault, Fault::Internal);
    assert!(matches!(also_good.await.unwrap(), Outcome::Committed { seq: 3, .. }));
    assert_eq!(store.load_events("bad").await.unwrap().len(), 1, "its first event went with its second");
    assert_eq!(store.load_events("good").await.unwrap().len(), 3);
}

/// Opens one question twice, which the schema forbids, after an event was written.
fn step_twice() -> Changes {
    let asks = vec![super::task("t"), super::task("t")];
    Changes { tasks_opened: asks, ..changes(RunStatus::Running, vec![event("asked", None, &json!({}))]) }
}

#[tokio::test]
async fn what_is_queued_when_the_store_closes_is_written_and_later_writes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    let queued = store.commit(turn("r1", 1));
    store.close().await.unwrap();
    assert!(matches!(queued.await.unwrap(), Outcome::Committed { seq: 2, .. }));
    let error = store.commit(turn("r1", 2)).await.unwrap_err();
    assert_eq!((error.fault, error.message.as_str()), (Fault::Closed, "the store was closed"));
    assert_eq!(store.run("r1").await.unwrap_err().fault, Fault::Closed);
    let log = std::fs::metadata(folder.path().join("sequitur.db-wal"));
    assert!(log.is_err(), "the log was moved into the database");
    assert_eq!(open(folder.path()).run("r1").await.unwrap().unwrap().seq, 2);
}

#[tokio::test]
async fn under_steady_load_the_log_stays_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    for seq in 1..=160 {
        let body = crate::store::Body::new(format!("\"{seq}{}\"", "x".repeat(600_000)));
        let changes = Changes { bodies: vec![body], ..turn("r1", seq).changes };
        committed(&store, Batch { changes, ..turn("r1", seq) }).await;
    }
    let log = std::fs::metadata(folder.path().join("sequitur.db-wal")).unwrap().len();
    // 96 MB went through it.
    assert!(log < 64 << 20, "{log} bytes");
}

/// The other half of the test below: commits until it is killed, and prints each
/// acknowledged event.
#[tokio::test]
#[ignore = "run by the test of a kill, in a process of its own"]
async fn commits_until_it_is_killed() {
    let mut folder = String::new();
    std::io::stdin().read_line(&mut folder).unwrap();
    let store = open(std::path::Path::new(folder.trim()));
    for run in ["r1", "r2"] {
        assert!(store.create_run(new_run(run)).await.is_ok());
    }
    let mut out = std::io::stdout();
    for seq in 1.. {
        let (one, two) = (store.commit(turn("r1", seq)), store.commit(turn("r2", seq)));
        assert!(matches!(one.await.unwrap(), Outcome::Committed { .. }));
        assert!(matches!(two.await.unwrap(), Outcome::Committed { .. }));
        writeln!(out, "acknowledged {}", seq + 1).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn a_kill_in_the_midst_of_commits_loses_nothing_that_was_acknowledged() {
    for acknowledged_before in [1, 7, 40] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::commits::commits_until_it_is_killed", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{}", folder.path().display()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let number = |line: String| line.split("acknowledged ").nth(1).and_then(|number| number.parse::<u64>().ok());
        let mut acknowledged = lines.by_ref().filter_map(number).nth(acknowledged_before).expect("the child commits");
        child.kill().unwrap();
        acknowledged = lines.filter_map(number).last().unwrap_or(acknowledged);
        child.wait().unwrap();

        let store = open(folder.path());
        for run in ["r1", "r2"] {
            let log = store.load_events(run).await.unwrap();
            let seq = store.run(run).await.unwrap().unwrap().seq;
            assert!(seq >= acknowledged, "{run} has {seq} of {acknowledged} events");
            assert_eq!(log.len() as u64, seq, "the log and its index agree");
        }
        assert_eq!(store.check().await.unwrap(), None);
    }
}
