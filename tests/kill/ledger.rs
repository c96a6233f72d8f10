//! What the ledger's tools did: a line before and a line after each call, each
//! on the disk before anything else happens.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Which side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    Begin,
    End,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) what: What,
    pub(crate) step: String,
    pub(crate) key: String,
    /// What the step was given of the step before it.
    pub(crate) before: i64,
    /// The process that called.
    pub(crate) pid: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Ledger(PathBuf);

impl Ledger {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn append(&self, line: &Line) {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0).unwrap();
        // One write: lines of parallel calls stay whole.
        file.write_all(format!("{}\n", serde_json::to_string(line).unwrap()).as_bytes()).unwrap();
        file.sync_data().unwrap();
    }

    pub(crate) fn read(&self) -> Vec<Line> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The lines of one step that say `what`.
pub(crate) fn of<'l>(lines: &'l [Line], step: &str, what: What) -> Vec<&'l Line> {
    lines.iter().filter(|line| line.step == step && line.what == what).collect()
}
