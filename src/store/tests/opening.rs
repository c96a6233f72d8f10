//! Files that are new, old, newer, foreign, damaged, locked or read-only.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::json;

use super::{committed, created, last_turn, open, options, process, turn};
use crate::base::{ErrorKind, Timestamp};
use crate::store::database::Spec;
use crate::store::handle::RUNS;
use crate::store::{OpenError, SignalPost, Signalled, Store};

fn refused(folder: &Path) -> OpenError {
    let error = Store::open(folder, options()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable);
    error
}

/// Refused with `expected`, and the file is as it was.
fn refused_untouched(folder: &Path) -> OpenError {
    let file = folder.join("sequitur.db");
    let before = fs::read(&file).unwrap();
    let error = refused(folder);
    assert!(fs::read(&file).unwrap() == before, "the file was written");
    error
}

#[tokio::test]
async fn an_empty_file_is_a_fresh_database() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sequitur.db"), "").unwrap();
    created(&open(folder.path()), "r1").await;
}

#[tokio::test]
async fn a_database_that_a_crash_left_without_tables_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("sequitur.db")).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA user_version = 0;").unwrap();
    drop(connection);
    let store = open(folder.path());
    created(&store, "r1").await;
    let mode = store
        .inner()
        .writer
        .write(|connection| Ok(connection.query_row("PRAGMA auto_vacuum", [], |row| row.get::<_, i64>(0))?));
    assert_eq!(mode.await.unwrap(), 2, "space can be given back");
}

#[test]
fn a_folder_that_is_missing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    assert_eq!(open(&deep).warnings(), Vec::<String>::new());
    assert!(deep.join("sequitur.db").is_file());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    drop(open(&data));
    fs::set_permissions(data.join("sequitur.db"), fs::Permissions::from_mode(0o644)).unwrap();
    // Another program's connection has made the files beside it by then.
    let reader = Connection::open(data.join("sequitur.db")).unwrap();
    reader.query_row("SELECT count(*) FROM runs", [], |_| Ok(())).unwrap();

    let store = open(&data);
    store.register_process(process("p1")).await.unwrap();
    created(&store, "r1").await;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("processes")), 0o700);
    for file in ["sequitur.db", "sequitur.db-wal", "sequitur.db-shm", "sequitur.db.lock", "processes/p1.lock"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sequitur.db");
    for content in ["not a database at all, but a note", "x", &"long text ".repeat(1_000)] {
        fs::write(&file, content).unwrap();
        let error = refused_untouched(folder.path());
        let shown = file.display();
        assert_eq!(
            error.to_string(),
            format!("the database `{shown}` is damaged: it does not begin as a database does")
        );
        assert_eq!(
            error.hint(),
            format!(
                "restore a backup over `{shown}`, or move it aside (with `{shown}-wal` and `{shown}-shm`): a new one is \
                 then made"
            )
        );
    }
}

#[test]
fn another_programs_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sequitur.db");
    let connection = Connection::open(&file).unwrap();
    connection.execute_batch("CREATE TABLE notes (text TEXT);").unwrap();
    connection.close().unwrap();
    let error = refused_untouched(folder.path());
    assert_eq!(
        error.to_string(),
        format!("`{}` is not a database of sequitur: another program made it", file.display())
    );
}

#[tokio::test]
async fn a_damaged_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sequitur.db");
    let store = open(folder.path());
    created(&store, "r1").await;
    store.close().await.unwrap();
    let whole = fs::read(&file).unwrap();
    let mut scrambled = whole.clone();
    scrambled[4096 * 3..4096 * 8].fill(0xA5);
    let mut header = whole.clone();
    header[16] = 0xFF;
    for damaged in [&whole[..50], &whole[..4096], &whole[..whole.len() / 2], &scrambled, &header] {
        fs::write(&file, damaged).unwrap();
        let error = refused_untouched(folder.path());
        assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
        let message = error.to_string();
        assert!(message.starts_with(&format!("the database `{}` is damaged: ", file.display())), "{message}");
        assert!(error.hint().starts_with("restore a backup over `"), "{}", error.hint());
    }
    fs::write(&file, whole).unwrap();
    assert_eq!(open(folder.path()).run("r1").await.unwrap().unwrap().seq, 1);
}

#[tokio::test]
async fn p13_a_newer_schema_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sequitur.db");
    open(folder.path()).close().await.unwrap();
    let connection = Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 9).unwrap();
    // The version is in the log alone, and the log stays.
    let error = refused_untouched(folder.path());
    let expected = format!("the database `{}` has schema version 9; this build knows versions up to 3", file.display());
    assert_eq!(error.to_string(), expected);
    assert_eq!(
        error.hint(),
        "use the newer version of sequitur, or name another data folder with `--data-dir`; the file was not touched"
    );
    connection.close().unwrap();
    assert_eq!(refused_untouched(folder.path()).to_string(), expected, "without a log");
}

#[test]
fn a_database_that_another_program_holds_is_told() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let file = folder.path().join("sequitur.db");
    let holder = Connection::open(&file).unwrap();
    holder.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;").unwrap();
    let error = refused(folder.path());
    assert_eq!(error.to_string(), format!("the database `{}` is locked by another program", file.display()));
    assert_eq!(error.hint(), "close the program that has it open (a database browser, a backup), then try again");
    holder.execute_batch("ROLLBACK").unwrap();
    drop(holder);
    open(folder.path());
}

#[cfg(unix)]
#[test]
fn a_read_only_file_or_folder_is_refused_by_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(open(&data));
    let file = data.join("sequitur.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    assert_eq!(refused(&data).to_string(), format!("the database `{}` is read-only", file.display()));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();

    fs::set_permissions(&data, fs::Permissions::from_mode(0o500)).unwrap();
    let error = refused(&data);
    assert_eq!(error.to_string(), format!("the data folder `{}` cannot be used: it is read-only", data.display()));
    assert_eq!(error.hint(), "make the folder writable, or name another with `--data-dir` or SEQUITUR_DATA_DIR");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
}

const NEXT: &str = "ALTER TABLE runs ADD COLUMN colour TEXT;";
const TWO: Spec<'static> =
    Spec { migrations: &[RUNS.migrations[0], RUNS.migrations[1], RUNS.migrations[2], NEXT], ..RUNS };
const BROKEN: Spec<'static> = Spec {
    migrations: &[RUNS.migrations[0], RUNS.migrations[1], RUNS.migrations[2], NEXT, "ALTER TABLE missing ADD x TEXT;"],
    ..RUNS
};
/// The schema before signals.
const ONE: Spec<'static> = Spec { migrations: &[RUNS.migrations[0], RUNS.migrations[1]], ..RUNS };
/// The schema as it was first.
const FIRST: Spec<'static> = Spec { migrations: &[RUNS.migrations[0]], ..RUNS };

#[tokio::test]
async fn p13_a_run_of_the_first_schema_says_nothing_of_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    Store::open_as(folder.path(), options(), FIRST).unwrap().close().await.unwrap();
    let old = rusqlite::Connection::open(folder.path().join("sequitur.db")).unwrap();
    old.execute_batch(
        "INSERT INTO plans VALUES (x'00', 2, '{}');
         INSERT INTO runs (id, template_id, template_name, template_version, source, mode, priority, plan, parameters,
                           parameters_bytes, created_at, epoch, seq, status, progress, steps_total, steps_completed,
                           steps_failed, steps_skipped, updated_at)
         VALUES ('r1', 't', 'T', '1', 'user', 'parallel', 'medium', x'00', x'00', 2, 0, 0, 1, 'running', 0.0, 0, 0,
                 0, 0, 0);",
    )
    .unwrap();
    drop(old);
    let store = open(folder.path());
    assert_eq!(store.run("r1").await.unwrap().unwrap().needs, None);
    created(&store, "r2").await;
    assert!(store.run("r2").await.unwrap().unwrap().needs.unwrap().secrets.contains("TOKEN"));
}

#[tokio::test]
async fn p13_an_upgrade_keeps_every_row_and_leaves_a_backup_of_the_version_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    committed(&store, turn("r1", 1)).await;
    store.close().await.unwrap();

    let upgraded = Store::open_as(folder.path(), options(), TWO).unwrap();
    assert_eq!(upgraded.counts().await.unwrap().schema_version, 4);
    assert_eq!(upgraded.load_events("r1").await.unwrap().len(), 2);
    committed(&upgraded, last_turn("r1", 2)).await;

    let copy = folder.path().join("sequitur.v3.backup.db");
    let old = tempfile::tempdir().unwrap();
    fs::copy(&copy, old.path().join("sequitur.db")).unwrap();
    assert_eq!(open(old.path()).run("r1").await.unwrap().unwrap().seq, 2, "the copy is a database of version 3");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn p13_runs_of_a_database_before_signals_go_on_and_take_signals() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_as(folder.path(), options(), ONE).unwrap();
    created(&store, "r1").await;
    committed(&store, turn("r1", 1)).await;
    store.close().await.unwrap();

    let store = open(folder.path());
    let signal = SignalPost {
        run: Some("r1".to_owned()),
        event: "paid".to_owned(),
        signal_id: Some("s1".to_owned()),
        payload: json!({}),
        at: Timestamp(1),
        from_process: None,
    };
    assert!(matches!(store.signal(signal.clone()).await.unwrap(), Signalled::Delivered { waits: 1, .. }));
    assert_eq!(store.signal(signal).await.unwrap(), Signalled::Repeated);
    committed(&store, last_turn("r1", 2)).await;
    assert_eq!(store.load_events("r1").await.unwrap().len(), 3);
}

#[tokio::test]
async fn p13_an_upgrade_waits_for_no_living_process_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let living = open(folder.path());
    living.register_process(process("p1")).await.unwrap();
    let error = Store::open_as(folder.path(), options(), TWO).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the database `{}` must be upgraded from schema version 3 to 4 while `serve` (process 4711) uses it",
            living.path().display()
        )
    );
    assert_eq!(error.hint(), "close `serve` (process 4711), then try again");
    living.close().await.unwrap();
    assert!(Store::open_as(folder.path(), options(), TWO).is_ok());
}

#[tokio::test]
async fn p13_a_migration_that_fails_leaves_the_version_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    created(&store, "r1").await;
    store.close().await.unwrap();
    let error = Store::open_as(folder.path(), options(), BROKEN).unwrap_err();
    let expected = "could not be upgraded to schema version 5: no such table: missing";
    assert!(error.to_string().contains(expected), "{error}");
    let store = Store::open_as(folder.path(), options(), TWO).unwrap();
    assert_eq!(store.run("r1").await.unwrap().unwrap().seq, 1);
}

#[test]
fn p13_processes_that_start_at_once_on_a_fresh_folder_all_open_it() {
    let folder = tempfile::tempdir().unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let folder = folder.path().to_owned();
            std::thread::spawn(move || Store::open(&folder, super::StoreOptions::default()).map(drop))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn the_linked_sqlite_is_new_enough() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}
