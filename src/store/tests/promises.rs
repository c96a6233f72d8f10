//! P1 to P13, as far as they are the store's.

use serde_json::json;

use super::{
    OWNER, changes, claimable, committed, created, event, keyed, last_turn, new_run, open, post, process, step, task,
    turn,
};
use crate::base::Timestamp;
use crate::machine::{RunStatus, StepStatus, Via};
use crate::store::{
    Batch, ChangeToken, Changes, Claim, Creation, Fault, Outcome, Post, Posted, Retry, RunFilter, TaskClosed,
};

#[tokio::test]
async fn p1_a_created_run_exists_for_every_process_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    let other = open(folder.path());
    assert_eq!(other.run("r1").await.unwrap().unwrap().seq, 1);
    drop((store, other));

    let run = open(folder.path()).run("r1").await.unwrap().unwrap();
    assert_eq!(run.template_name, "Review");
    assert_eq!(run.projection.status, RunStatus::Pending);
}

#[tokio::test]
async fn p1_the_same_request_under_one_key_is_the_same_run_and_another_is_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.create_run(keyed("r1", "k", "h1")).await.unwrap(), Creation::Created { epoch: 1, seq: 1 });
    assert_eq!(store.create_run(keyed("r2", "k", "h1")).await.unwrap(), Creation::Existing { run: "r1".to_owned() });
    assert_eq!(store.create_run(keyed("r3", "k", "h2")).await.unwrap(), Creation::KeyConflict { run: "r1".to_owned() });
    assert_eq!(store.run("r2").await.unwrap(), None);
    assert_eq!(&*store.run_by_key("k").await.unwrap().unwrap().id, "r1");
}

#[tokio::test]
async fn p1_of_many_requests_at_once_under_one_key_one_makes_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()), open(folder.path()));
    let requests = (0..20).map(|n| if n % 2 == 0 { &one } else { &two }.create_run(keyed(&format!("r{n}"), "k", "h")));
    let outcomes = futures::future::join_all(requests).await;
    let made = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Creation::Created { .. }))).count();
    assert_eq!(made, 1);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

#[tokio::test]
async fn p2_what_was_acknowledged_can_be_read_by_another_process_before_a_call_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, other) = (open(folder.path()), open(folder.path()));
    created(&owner, "r1").await;
    let started = Batch {
        starts_work: true,
        changes: Changes {
            steps: vec![step("a", 0, StepStatus::Running)],
            ..changes(RunStatus::Running, vec![event("step_started", Some("a"), &json!({"attempt": 1}))])
        },
        ..turn("r1", 1)
    };
    assert_eq!(committed(&owner, started).await, 2);
    let log = other.load_events("r1").await.unwrap();
    assert_eq!(log.iter().map(|event| &*event.kind).collect::<Vec<_>>(), ["run_created", "step_started"]);
    assert_eq!(other.steps("r1").await.unwrap()[0].status, StepStatus::Running);
}

#[tokio::test]
async fn p2_a_batch_that_was_committed_is_recorded_once_however_often_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    for _ in 0..3 {
        assert_eq!(committed(&store, turn("r1", 1)).await, 2);
    }
    assert_eq!(store.load_events("r1").await.unwrap().len(), 2);

    let other_content =
        Batch { changes: changes(RunStatus::Running, vec![event("run_paused", None, &json!({}))]), ..turn("r1", 1) };
    let error = store.commit(other_content).await.unwrap_err();
    assert_eq!(error.fault, Fault::Conflict);
    assert_eq!(error.message, "run `r1` is at event 2, not at 1 as its owner thinks");
}

#[tokio::test]
async fn p4_another_owner_or_epoch_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    let stranger = Batch { owner: "owner-2".into(), ..turn("r1", 1) };
    assert_eq!(store.commit(stranger).await.unwrap(), Outcome::Fenced);
    for epoch in [0, 2] {
        assert_eq!(store.commit(Batch { epoch, ..turn("r1", 1) }).await.unwrap(), Outcome::Fenced);
    }
    let run = store.run("r1").await.unwrap().unwrap();
    assert_eq!((run.seq, run.projection.status), (1, RunStatus::Pending));
    assert_eq!(store.load_events("r1").await.unwrap().len(), 1);
}

#[tokio::test]
async fn p4_a_living_owners_run_is_left_alone_and_a_dead_ones_is_taken_over_once() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (open(folder.path()), open(folder.path()));
    first.register_process(process(OWNER)).await.unwrap();
    second.register_process(process("owner-2")).await.unwrap();
    created(&first, "r1").await;

    assert!(second.is_alive(OWNER).unwrap());
    assert_eq!(claimable(&second).await, []);
    assert_eq!(second.claim("r1", "owner-2", Some(OWNER), 1).await.unwrap(), Claim::OwnerAlive);

    // The handle's end frees the lock, as the end of a process does.
    drop(first);
    assert!(!second.is_alive(OWNER).unwrap());
    let free = claimable(&second).await;
    assert_eq!((&*free[0].run, free[0].owner.as_deref(), free[0].epoch), ("r1", Some(OWNER), 1));
    assert_eq!(second.claim("r1", "owner-2", Some(OWNER), 1).await.unwrap(), Claim::Claimed(2));
    assert_eq!(second.claim("r1", "owner-3", Some(OWNER), 1).await.unwrap(), Claim::Lost);
    assert_eq!(claimable(&second).await, []);

    // What the old owner still had under way comes too late.
    assert_eq!(second.commit(turn("r1", 1)).await.unwrap(), Outcome::Fenced);
    let batch = Batch { owner: "owner-2".into(), epoch: 2, ..turn("r1", 1) };
    assert_eq!(committed(&second, batch).await, 2);
}

#[tokio::test]
async fn p4_a_run_that_was_given_up_is_nobodys() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    assert!(!store.release("r1", OWNER, 2).await.unwrap());
    assert!(store.release("r1", OWNER, 1).await.unwrap());
    assert_eq!(store.commit(turn("r1", 1)).await.unwrap(), Outcome::Fenced);
    assert_eq!(claimable(&store).await[0].owner, None);
    assert_eq!(store.claim("r1", "owner-2", None, 1).await.unwrap(), Claim::Claimed(2));
}

#[tokio::test]
async fn p4_an_orderly_end_gives_up_its_runs_and_leaves_no_trace_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (open(folder.path()), open(folder.path()));
    first.register_process(process(OWNER)).await.unwrap();
    created(&first, "r1").await;
    first.close().await.unwrap();
    assert_eq!(claimable(&second).await[0].owner, None);
    assert_eq!(second.processes().await.unwrap(), []);
    assert_eq!(std::fs::read_dir(folder.path().join("processes")).unwrap().count(), 0);
}

#[tokio::test]
async fn p4_a_dead_process_is_forgotten_once_it_owns_nothing_open() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    first.register_process(process(OWNER)).await.unwrap();
    created(&first, "r1").await;
    drop(first);

    let second = open(folder.path());
    second.register_process(process("owner-2")).await.unwrap();
    let listed = |rows: Vec<crate::store::ProcessRow>| -> Vec<(String, bool)> {
        rows.into_iter().map(|row| (row.id.to_string(), row.alive)).collect()
    };
    let both = [(OWNER.to_owned(), false), ("owner-2".to_owned(), true)];
    assert_eq!(listed(second.processes().await.unwrap()), both);
    assert_eq!(second.claim("r1", "owner-2", Some(OWNER), 1).await.unwrap(), Claim::Claimed(2));

    let third = open(folder.path());
    third.register_process(process("owner-3")).await.unwrap();
    assert_eq!(listed(third.processes().await.unwrap()), [("owner-2".to_owned(), true), ("owner-3".to_owned(), true)]);
}

#[tokio::test]
async fn p4_a_lease_that_stands_still_loses_the_run_and_one_that_moved_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (open(folder.path()), open(folder.path()));
    first.register_process(process(OWNER)).await.unwrap();
    second.register_process(process("owner-2")).await.unwrap();
    created(&first, "r1").await;
    let seen = second.open_runs().await.unwrap().remove(0);
    assert_eq!((seen.owner.as_deref(), seen.epoch, seen.renewals), (Some(OWNER), 1, 0));
    first.renew(OWNER).await.unwrap();
    assert_eq!(second.claim_stalled("r1", "owner-2", OWNER, 1, 0).await.unwrap(), Claim::OwnerAlive);
    assert_eq!(second.claim_stalled("r1", "owner-2", OWNER, 1, 1).await.unwrap(), Claim::Claimed(2));
    assert_eq!(first.renew(OWNER).await.unwrap(), [], "it learns that the run is another's");
    assert_eq!(first.commit(turn("r1", 1)).await.unwrap(), Outcome::Fenced);
}

#[tokio::test]
async fn p4_a_lease_is_a_counter() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.register_process(process(OWNER)).await.unwrap();
    assert_eq!(store.renew(OWNER).await.unwrap(), []);
    created(&store, "r1").await;
    assert_eq!(store.renew(OWNER).await.unwrap(), [("r1".into(), 1)]);
    assert_eq!(store.processes().await.unwrap()[0].renewals, 2);
    let error = store.renew("nobody").await.unwrap_err();
    assert_eq!(error.message, "process `nobody` is not registered");
}

#[tokio::test]
async fn p6_a_command_from_another_process_comes_before_anything_new_starts() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, other) = (open(folder.path()), open(folder.path()));
    created(&owner, "r1").await;
    let Posted::Accepted(id) = other.post(post("r1", "cancel")).await.unwrap() else { panic!("not accepted") };

    let starts = Batch { starts_work: true, ..turn("r1", 1) };
    let Outcome::InboxFirst(rows) = owner.commit(starts.clone()).await.unwrap() else { panic!("it started") };
    assert_eq!((rows[0].id, &*rows[0].run, &*rows[0].kind), (id, "r1", "cancel"));
    assert_eq!(rows[0].payload, json!({"reason": "changed my mind"}));
    assert_eq!(owner.load_events("r1").await.unwrap().len(), 1, "nothing was written");
    assert_eq!(owner.unseen_inbox(OWNER).await.unwrap(), rows);
    assert_eq!(owner.unseen_inbox("owner-2").await.unwrap(), []);

    // Once taken in, it is in no one's way, and is taken in once.
    assert_eq!(committed(&owner, Batch { inbox_seen: id, ..starts }).await, 2);
    assert_eq!(owner.unseen_inbox(OWNER).await.unwrap(), []);
    assert_eq!(owner.run("r1").await.unwrap().unwrap().inbox_seen, id);
}

#[tokio::test]
async fn p6_a_turn_that_starts_nothing_is_written_and_brings_the_commands_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    assert!(matches!(store.post(post("r1", "pause")).await.unwrap(), Posted::Accepted(_)));
    let Outcome::Committed { seq: 2, inbox } = store.commit(turn("r1", 1)).await.unwrap() else { panic!() };
    assert_eq!(inbox[0].kind, "pause");
}

#[tokio::test]
async fn p6_a_command_to_an_ended_or_unknown_run_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    committed(&store, last_turn("r1", 1)).await;
    assert_eq!(store.post(post("r1", "cancel")).await.unwrap(), Posted::RunEnded(RunStatus::Completed));
    assert_eq!(store.post(post("r2", "cancel")).await.unwrap(), Posted::UnknownRun);
}

#[tokio::test]
async fn p6_the_first_answer_to_a_question_wins() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, other) = (open(folder.path()), open(folder.path()));
    created(&owner, "r1").await;
    let asks = Changes {
        tasks_opened: vec![task("t1")],
        ..changes(RunStatus::Paused, vec![event("asked", None, &json!({}))])
    };
    committed(&owner, Batch { changes: asks, ..turn("r1", 1) }).await;
    let answer = |task: &str| Post { task: Some(task.to_owned()), ..post("r1", "answer") };

    assert_eq!(other.post(answer("t2")).await.unwrap(), Posted::UnknownTask);
    let Posted::Accepted(id) = other.post(answer("t1")).await.unwrap() else { panic!("not accepted") };
    assert_eq!(owner.post(answer("t1")).await.unwrap(), Posted::TaskClosed, "an answer is on its way");

    let closed = TaskClosed { id: "t1".to_owned(), at: Timestamp(5_000), via: Some(Via::Cli) };
    let takes = Changes {
        tasks_closed: vec![closed],
        ..changes(RunStatus::Running, vec![event("answered", None, &json!({}))])
    };
    committed(&owner, Batch { inbox_seen: id, changes: takes, ..turn("r1", 2) }).await;
    assert_eq!(other.post(answer("t1")).await.unwrap(), Posted::TaskClosed);
}

#[tokio::test]
async fn p6_a_process_notices_what_others_commit_and_post_and_not_its_own_turns() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()), open(folder.path()));
    created(&one, "r1").await;
    let token = one.changed_since(ChangeToken::default()).await.unwrap().unwrap();
    assert_eq!(one.changed_since(token).await.unwrap(), None);
    committed(&one, turn("r1", 1)).await;
    assert_eq!(one.changed_since(token).await.unwrap(), None, "its own commit is no news");

    assert!(matches!(two.post(post("r1", "pause")).await.unwrap(), Posted::Accepted(_)));
    let token = one.changed_since(token).await.unwrap().expect("another process posted");
    let mut posts = one.posts();
    assert!(matches!(one.post(post("r1", "resume")).await.unwrap(), Posted::Accepted(_)));
    assert!(posts.has_changed().unwrap());
    assert_eq!(*posts.borrow_and_update(), 1);
    assert!(one.changed_since(token).await.unwrap().is_some(), "a command by the process itself");
}

#[tokio::test]
async fn p6_terminal_states_never_change() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    committed(
        &store,
        Batch { changes: Changes { tasks_opened: vec![task("t1")], ..turn("r1", 1).changes }, ..turn("r1", 1) },
    )
    .await;
    committed(&store, last_turn("r1", 2)).await;
    assert_eq!(store.open_tasks(None).await.unwrap(), [], "its questions end with it");
    let error = store.commit(turn("r1", 3)).await.unwrap_err();
    assert_eq!((error.fault, error.message.as_str()), (Fault::Conflict, "run `r1` has ended and cannot change"));
    assert_eq!(store.claim("r1", "owner-2", None, 1).await.unwrap(), Claim::Ended);
    assert_eq!(store.run("r1").await.unwrap().unwrap().projection.status, RunStatus::Completed);
}

#[tokio::test]
async fn p8_batches_of_a_run_are_written_in_the_order_of_the_calls() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    // Queued by the call: the futures are awaited in reverse.
    let mut futures: Vec<_> = (1..=50).map(|seq| store.commit(turn("r1", seq))).collect();
    while let Some(future) = futures.pop() {
        assert!(matches!(future.await.unwrap(), Outcome::Committed { .. }));
    }
    assert_eq!(store.run("r1").await.unwrap().unwrap().seq, 51);
}

#[tokio::test]
async fn p10_runs_are_written_with_the_settings_that_survive_power_loss() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let pragma = |name: &'static str| {
        store.inner().writer.write(move |connection| {
            Ok(connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))?)
        })
    };
    for (name, expected) in [
        ("synchronous", 2),
        ("fullfsync", 1),
        ("checkpoint_fullfsync", 1),
        ("foreign_keys", 1),
        ("auto_vacuum", 2),
        ("wal_autocheckpoint", 0),
        ("journal_size_limit", 64 << 20),
        ("application_id", i64::from(crate::store::handle::RUNS.application_id)),
        ("user_version", 3),
    ] {
        assert_eq!(pragma(name).await.unwrap(), expected.into(), "{name}");
    }
    assert_eq!(pragma("journal_mode").await.unwrap(), "wal".to_owned().into());
}

#[tokio::test]
async fn p10_while_the_file_is_gone_nothing_is_acknowledged_and_afterwards_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    assert!(store.identity_unchanged());
    let away = folder.path().join("away.db");
    std::fs::rename(store.path(), &away).unwrap();
    assert!(!store.identity_unchanged());
    let error = store.commit(turn("r1", 1)).await.unwrap_err();
    assert_eq!((error.fault, error.retry()), (Fault::Gone, Retry::WhenFixed));
    assert_eq!(error.message, "the database file was moved, removed or replaced while in use");

    // Another file in its place is not the file.
    std::fs::copy(&away, store.path()).unwrap();
    assert!(!store.identity_unchanged());
    assert_eq!(store.commit(turn("r1", 1)).await.unwrap_err().fault, Fault::Gone);

    std::fs::rename(&away, store.path()).unwrap();
    assert!(store.identity_unchanged());
    assert_eq!(committed(&store, turn("r1", 1)).await, 2);
}

#[tokio::test]
async fn p10_a_full_disk_writes_nothing_of_the_batch_and_the_same_batch_is_written_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    let bound = |pages: u32| {
        store.inner().writer.write(move |connection| {
            Ok(connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
        })
    };
    bound(1).await.unwrap();
    let large = Changes {
        bodies: vec![crate::store::Body::new(format!("\"{}\"", "x".repeat(1 << 20)))],
        ..turn("r1", 1).changes
    };
    let batch = Batch { changes: large, ..turn("r1", 1) };
    let error = store.commit(batch.clone()).await.unwrap_err();
    assert_eq!((error.fault, error.retry()), (Fault::DiskFull, Retry::WhenFixed));
    assert_eq!(error.message, "the disk that holds the data folder is full");
    assert_eq!(store.load_events("r1").await.unwrap().len(), 1);

    bound(1 << 30).await.unwrap();
    assert_eq!(committed(&store, batch).await, 2);
}

#[tokio::test]
async fn p10_a_lock_of_another_program_is_told_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    let other = rusqlite::Connection::open(store.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.commit(turn("r1", 1)).await.unwrap_err();
    assert_eq!((error.fault, error.retry()), (Fault::Locked, Retry::Soon));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(committed(&store, turn("r1", 1)).await, 2);
}

#[tokio::test]
async fn p11_a_run_keeps_its_plan_and_runs_of_one_plan_share_it_until_the_last_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for run in ["r1", "r2"] {
        created(&store, run).await;
        committed(&store, last_turn(run, 1)).await;
    }
    let plan = new_run("r1").plan;
    let kept = || {
        store
            .inner()
            .writer
            .write(|connection| Ok(connection.query_row("SELECT count(*) FROM plans", [], |row| row.get::<_, i64>(0))?))
    };
    assert_eq!(store.plan(&plan.at.hash).await.unwrap(), Some(plan.text));
    assert!(store.delete_run("r1").await.unwrap());
    assert_eq!(kept().await.unwrap(), 1);
    assert!(store.delete_run("r2").await.unwrap());
    assert_eq!(kept().await.unwrap(), 0);
}

#[tokio::test]
async fn p13_each_write_checks_the_schema_version() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    rusqlite::Connection::open(store.path()).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let error = store.commit(turn("r1", 1)).await.unwrap_err();
    assert_eq!((error.fault, error.retry()), (Fault::SchemaChanged, Retry::Never));
    assert_eq!(error.message, "the database has schema version 7 by now; this process works with 3");
}

#[tokio::test]
async fn retention_deletes_a_finished_run_with_all_that_is_its_and_never_an_open_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    created(&store, "r2").await;
    let full = Changes {
        bodies: vec![crate::store::Body::new("[1]")],
        steps: vec![step("a", 0, StepStatus::Completed)],
        tasks_opened: vec![task("t1")],
        ..turn("r1", 1).changes
    };
    committed(&store, Batch { changes: full, ..turn("r1", 1) }).await;
    assert!(matches!(store.post(post("r1", "pause")).await.unwrap(), Posted::Accepted(_)));
    let error = store.delete_run("r1").await.unwrap_err();
    assert_eq!(error.message, "run `r1` has not ended");
    assert_eq!(error.hint.as_deref(), Some("cancel it first: `sequitur cancel r1`"));

    committed(&store, last_turn("r1", 2)).await;
    assert!(store.delete_run("r1").await.unwrap());
    assert!(!store.delete_run("r1").await.unwrap());
    let rows_per_run = store.inner().writer.write(|connection| {
        let tables = ["events", "bodies", "steps", "tasks", "inbox"];
        let count = |table: &str| {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
        };
        Ok(tables.into_iter().map(count).collect::<Result<Vec<_>, _>>()?)
    });
    assert_eq!(rows_per_run.await.unwrap(), [1, 1, 0, 0, 0], "only what r2 has");
    let filter = RunFilter { statuses: Vec::new(), open_limit: 10, finished_limit: 10 };
    assert_eq!(store.runs(filter).await.unwrap().len(), 1);
}
