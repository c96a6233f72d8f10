//! The ledger: one file of lines, to which any number of processes append.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mark {
    /// A server's process has started.
    Started,
    /// It has been greeted; `arguments` has the era and what the client says of itself.
    Greeted,
    /// Its tools were asked for.
    Listed,
    /// A child of it lives.
    Child,
    /// A call has come.
    Begin,
    /// What it does is done.
    Effect,
    /// It was done before, under this key.
    Deduped,
    /// It is being answered.
    Answer,
    /// The client has cancelled it.
    Cancel,
    /// The input has ended.
    Eof,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Line {
    pub(crate) mark: Mark,
    pub(crate) server: String,
    pub(crate) pid: u32,
    /// Which call of its process, from 1 on.
    pub(crate) call: u64,
    pub(crate) tool: String,
    /// `_meta["sequitur/idempotency_key"]`.
    pub(crate) key: Option<String>,
    pub(crate) arguments: Value,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            mark: Mark::Started,
            server: String::new(),
            pid: std::process::id(),
            call: 0,
            tool: String::new(),
            key: None,
            arguments: Value::Null,
        }
    }
}

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct Book(PathBuf);

impl Book {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Lines in the order in which they were written. A line that another
    /// process is about to write is not there yet.
    pub(crate) fn read(&self) -> Vec<Line> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The lines with this mark.
    pub(crate) fn marked(&self, mark: Mark) -> Vec<Line> {
        self.read().into_iter().filter(|line| line.mark == mark).collect()
    }

    /// The lines of one tool with this mark.
    pub(crate) fn of(&self, tool: &str, mark: Mark) -> Vec<Line> {
        self.read().into_iter().filter(|line| line.tool == tool && line.mark == mark).collect()
    }

    fn open(&self) -> File {
        OpenOptions::new().create(true).append(true).open(&self.0).unwrap()
    }

    pub(super) fn append(&self, line: &Line) {
        write(&mut self.open(), line);
    }

    /// Appends what `make` makes of the lines there are, and nobody who does the
    /// same comes between.
    pub(super) fn append_after(&self, make: impl FnOnce(&[Line]) -> Line) {
        let mut file = self.open();
        file.lock().unwrap();
        write(&mut file, &make(&self.read()));
        file.unlock().unwrap();
    }
}

/// In one write: lines of several processes stay whole, and one that is killed
/// later has written it.
fn write(file: &mut File, line: &Line) {
    let mut text = serde_json::to_string(line).unwrap();
    text.push('\n');
    file.write_all(text.as_bytes()).unwrap();
}

/// The most calls of `lines` that were under way at once.
pub(crate) fn most_at_once(lines: &[Line]) -> usize {
    let mut open: Vec<(u32, u64)> = Vec::new();
    let mut most = 0;
    for line in lines {
        match line.mark {
            Mark::Begin => open.push((line.pid, line.call)),
            Mark::Answer => open.retain(|call| *call != (line.pid, line.call)),
            Mark::Started
            | Mark::Greeted
            | Mark::Listed
            | Mark::Child
            | Mark::Effect
            | Mark::Deduped
            | Mark::Cancel
            | Mark::Eof => {}
        }
        most = most.max(open.len());
    }
    most
}
