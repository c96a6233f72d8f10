//! Bare commits: what a run of the engine wrote, written again by a loop over
//! one connection, group by group, with nothing around it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use sequitur::base::{Clock as _, SystemClock};
use sequitur::store::{Store, StoreOptions};

/// The rows that one commit wrote.
#[derive(Default)]
struct Group {
    bodies: Vec<Vec<Value>>,
    events: Vec<Vec<Value>>,
    steps: Vec<Vec<Value>>,
    run: Vec<Value>,
}

/// Every commit of one run of a chain.
pub(crate) struct Recording {
    head: Vec<(String, Vec<Value>)>,
    groups: Vec<Group>,
}

const RUN_COLUMNS: [&str; 18] = [
    "seq",
    "inbox_seen",
    "status",
    "progress",
    "steps_total",
    "steps_completed",
    "steps_failed",
    "steps_skipped",
    "started_at",
    "updated_at",
    "waiting_for",
    "error",
    "failed_step",
    "outputs",
    "outputs_bytes",
    "warnings",
    "binding",
    "finished_at",
];

impl Recording {
    /// Reads what the engine wrote for `run` back from its database.
    pub(crate) fn of(database: &Path, run: &str) -> Self {
        let connection = Connection::open(database).unwrap();
        let no: i64 = connection.query_row("SELECT no FROM runs WHERE id = ?1", [run], |row| row.get(0)).unwrap();
        let all = |sql: &str| rows(&connection, sql, no);
        let head = vec![
            (
                "plans".to_owned(),
                rows(&connection, "SELECT * FROM plans WHERE hash = (SELECT plan FROM runs WHERE no = ?1)", no)
                    .remove(0),
            ),
            ("runs".to_owned(), all("SELECT * FROM runs WHERE no = ?1").remove(0)),
        ];
        let columns = RUN_COLUMNS.join(", ");
        let last = all(&format!("SELECT {columns} FROM runs WHERE no = ?1")).remove(0);
        let mut bodies = all("SELECT * FROM bodies WHERE run = ?1 ORDER BY rowid").into_iter();
        let mut groups: Vec<Group> = Vec::new();
        for event in all("SELECT * FROM events WHERE run = ?1 ORDER BY seq") {
            let (seq, kind, step) = (event[1].clone(), text(&event[4]).unwrap(), text(&event[5]));
            if matches!(kind.as_str(), "run_created" | "run_started" | "step_completed") {
                groups.push(Group::default());
            }
            let group = groups.last_mut().unwrap();
            if let Some(step) = step {
                group.steps.retain(|row| text(&row[1]).as_deref() != Some(step.as_str()));
                let row = format!("SELECT * FROM steps WHERE run = ?1 AND path = '{step}'");
                let mut row = all(&row).remove(0);
                if kind != "step_completed" {
                    // As it was then: running, without an end.
                    row[6] = Value::Text("running".to_owned());
                    row[9..12].fill(Value::Null);
                }
                group.steps.push(row);
            }
            group.run.clone_from(&last);
            group.run[0] = seq;
            if kind != "run_completed" {
                group.run[2] = Value::Text("running".to_owned());
                group.run[13..15].fill(Value::Null);
                group.run[17] = Value::Null;
            }
            // Each of these events brought one body of its own.
            if matches!(kind.as_str(), "run_created" | "step_ready" | "step_completed" | "run_completed") {
                group.bodies.extend(bodies.next());
            }
            group.events.push(event);
        }
        // The rows of the steps as they are when the run is made.
        let mut fresh = all("SELECT * FROM steps WHERE run = ?1");
        for row in &mut fresh {
            row[6] = Value::Text("pending".to_owned());
            row[8..12].fill(Value::Null);
        }
        groups[0].steps = fresh;
        Self { head, groups }
    }

    pub(crate) fn commits(&self) -> usize {
        self.groups.len()
    }
}

fn rows(connection: &Connection, sql: &str, no: i64) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([no], |row| (0..columns).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn text(value: &Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text.clone()) } else { None }
}

/// A database of the same schema with one connection of the same settings.
pub(crate) struct Bare {
    connection: Connection,
    clock: Arc<SystemClock>,
    next: i64,
}

impl Bare {
    pub(crate) fn new(folder: &Path, clock: &Arc<SystemClock>) -> Self {
        let store = Store::open(folder, StoreOptions::default()).unwrap();
        let path = store.path().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(store.close()).unwrap();
        let connection = Connection::open(path).unwrap();
        connection.set_prepared_statement_cache_capacity(64);
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;",
            )
            .unwrap();
        Self { connection, clock: clock.clone(), next: 1 }
    }

    /// Writes the recorded commits under a new run; the time they took.
    pub(crate) fn write(&mut self, recording: &Recording) -> Duration {
        let no = Value::Integer(self.next);
        self.next += 1;
        let begun = self.clock.monotonic();
        for (at, group) in recording.groups.iter().enumerate() {
            self.execute("BEGIN IMMEDIATE", &[]);
            if at == 0 {
                for (table, row) in &recording.head {
                    let mut row = row.clone();
                    if table == "runs" {
                        row[0] = no.clone();
                        row[1] = Value::Text(format!("run-{:032}", self.next));
                    }
                    self.insert("INSERT OR IGNORE INTO", table, &row);
                }
            }
            for (table, rows) in [("bodies", &group.bodies), ("events", &group.events), ("steps", &group.steps)] {
                for row in rows {
                    let mut row = row.clone();
                    row[0] = no.clone();
                    self.insert("INSERT OR REPLACE INTO", table, &row);
                }
            }
            let set = RUN_COLUMNS.map(|column| format!("{column} = ?")).join(", ");
            let values: Vec<Value> = group.run.iter().chain([&no]).cloned().collect();
            self.execute(&format!("UPDATE runs SET {set} WHERE no = ?"), &values);
            self.execute("COMMIT", &[]);
        }
        self.clock.monotonic().saturating_sub(begun)
    }

    fn insert(&self, how: &str, table: &str, row: &[Value]) {
        self.execute(&format!("{how} {table} VALUES ({})", vec!["?"; row.len()].join(", ")), row);
    }

    fn execute(&self, sql: &str, values: &[Value]) {
        self.connection.prepare_cached(sql).unwrap().execute(params_from_iter(values)).unwrap();
    }
}
