//! Processes of a life that are still there.

use std::path::Path;
use std::time::Duration;

use sequitur::base::{Clock as _, SystemClock};

use crate::rounds::wait;

/// What the promise allows.
pub(super) const ALLOWED: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(10);

/// A process that has not ended.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "a test that fails shows all of it")]
struct Process {
    pid: u32,
    arguments: Vec<String>,
}

impl Process {
    /// Whether it is the guard of one of these sessions.
    fn guards(&self, sessions: &[String]) -> bool {
        matches!(&self.arguments[..], [_, command, session] if command == "guard" && sessions.contains(session))
    }

    /// Whether it was told of this folder: the servers and what they start are, through their ledger.
    fn knows(&self, folder: &str) -> bool {
        self.arguments.iter().any(|argument| argument.contains(folder))
    }
}

/// All that are there now and have something to do with `folder`, or are guards.
fn all(folder: &str) -> Vec<Process> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that has ended has no arguments any more, waited for or not.
        let Ok(line) = std::fs::read(entry.path().join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line);
        let arguments: Vec<String> = line.trim_end_matches('\0').split('\0').map(ToOwned::to_owned).collect();
        let process = Process { pid, arguments };
        if process.knows(folder) || process.arguments.get(1).is_some_and(|command| command == "guard") {
            all.push(process);
        }
    }
    all
}

/// Looks, right after a kill, what of the life is there.
pub(super) struct Leftovers {
    folder: String,
    clock: SystemClock,
    seen: Vec<Process>,
}

impl Leftovers {
    /// What was told of this folder; the clock begins.
    pub(super) fn of(folder: &Path) -> Self {
        let folder = folder.to_str().unwrap().to_owned();
        let clock = SystemClock::new();
        Self { seen: all(&folder), folder, clock }
    }

    /// Waits until neither those nor guards of these sessions are there; how many there were at first, and how
    /// long it took.
    pub(super) fn gone(self, sessions: &[String]) -> (usize, Duration) {
        let ours = |process: &Process| process.knows(&self.folder) || process.guards(sessions);
        let at_first = self.seen.iter().filter(|process| ours(process)).count();
        loop {
            let left: Vec<Process> = all(&self.folder).into_iter().filter(ours).collect();
            let took = self.clock.monotonic();
            if left.is_empty() {
                return (at_first, took);
            }
            assert!(took <= ALLOWED, "left after {took:?}: {left:#?}");
            wait(LOOK);
        }
    }
}
