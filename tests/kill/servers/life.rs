//! One life of the binary: a client talks to it, and at some moment it is killed.

use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sequitur::base::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::errand::{book, parameters};
use super::story::Story;
use crate::client::{Client, Era};
use crate::rounds::wait;
use crate::workplace::Workplace;

/// Runs side by side.
const OPEN_RUNS: usize = 4;
/// In every life something has to go on after so long, and the last has to end within so long.
const GOES_ON: Duration = Duration::from_secs(15);
const LAST_LIFE: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(2);

/// When it is killed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    AfterStart(Duration),
    /// After its first call of a server's tool.
    AfterCall(Duration),
}

/// What was seen of it.
pub(super) struct Lived {
    pub(super) pid: u32,
    pub(super) log: String,
    /// From its start to its first call of a server's tool.
    pub(super) went_on_after: Option<Duration>,
}

/// Lives until it is killed.
pub(super) fn until(moment: Moment, era: Era, workplace: &Workplace, story: &mut Story) -> Lived {
    let tail = Tail::of(&book(workplace.folder()));
    let clock = SystemClock::new();
    let mut client = Client::start(&mut workplace.command(&["serve"]));
    client.mortal = true;
    let pid = client.id();
    let went_on_after = std::thread::scope(|scope| {
        let killer = scope.spawn(|| kill(pid, moment, tail, &clock));
        Talk::new(&mut client, story, true).hold(era);
        killer.join().unwrap()
    });
    Lived { pid, log: client.killed(), went_on_after }
}

/// Lives until every run has ended, then does `more` with its client and leaves.
pub(super) fn to_the_end(workplace: &Workplace, story: &mut Story, more: impl FnOnce(&mut Client, &Story)) -> Lived {
    let tail = Tail::of(&book(workplace.folder()));
    let clock = SystemClock::new();
    let mut client = Client::start(&mut workplace.command(&["serve"]));
    let pid = client.id();
    let ended = AtomicBool::new(false);
    let went_on_after = std::thread::scope(|scope| {
        let watch =
            scope.spawn(|| first_call(tail, &clock, || ended.load(Ordering::SeqCst) || clock.monotonic() >= GOES_ON));
        Talk::new(&mut client, story, false).hold(Era::Legacy);
        ended.store(true, Ordering::SeqCst);
        watch.join().unwrap()
    });
    more(&mut client, story);
    Lived { pid, log: client.leave(), went_on_after }
}

fn kill(pid: u32, moment: Moment, tail: Tail, clock: &SystemClock) -> Option<Duration> {
    let (from, called) = match moment {
        Moment::AfterStart(after) => (after, first_call(tail, clock, || clock.monotonic() >= after)),
        Moment::AfterCall(after) => {
            let called = first_call(tail, clock, || clock.monotonic() >= GOES_ON);
            // Nothing goes on: it is killed all the same, and the test fails.
            (called.map_or(Duration::ZERO, |called| called + after), called)
        }
    };
    wait(from.saturating_sub(clock.monotonic()));
    // Its parent has not waited for it: the number is its own.
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    assert!(called.is_some() || matches!(moment, Moment::AfterStart(_)), "nothing went on for {GOES_ON:?}");
    called
}

fn first_call(mut tail: Tail, clock: &SystemClock, enough: impl Fn() -> bool) -> Option<Duration> {
    loop {
        if tail.has_call() {
            return Some(clock.monotonic());
        }
        if enough() {
            return None;
        }
        wait(LOOK);
    }
}

/// What is new in the ledger.
struct Tail {
    path: PathBuf,
    from: u64,
}

impl Tail {
    fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), from: std::fs::metadata(path).map_or(0, |file| file.len()) }
    }

    fn has_call(&mut self) -> bool {
        let Ok(mut file) = std::fs::File::open(&self.path) else { return false };
        let mut text = String::new();
        file.seek(SeekFrom::Start(self.from)).unwrap();
        file.read_to_string(&mut text).unwrap();
        text.contains(r#""mark":"begin""#)
    }
}

/// A request that was made.
enum Asked {
    Start { label: String },
    Status { run: String },
    Answer { run: String, task: String },
}

/// What a client says: it starts runs, asks how they are, answers what they ask.
struct Talk<'t> {
    client: &'t mut Client,
    story: &'t mut Story,
    /// A run that has ended is followed by another.
    starts: bool,
    open: HashMap<i64, Asked>,
}

impl<'t> Talk<'t> {
    fn new(client: &'t mut Client, story: &'t mut Story, starts: bool) -> Self {
        Self { client, story, starts, open: HashMap::new() }
    }

    /// Until it is killed, or until every run has ended.
    fn hold(mut self, era: Era) {
        let clock = SystemClock::new();
        if self.client.greet_or_end(era).is_none() {
            return;
        }
        for (label, run) in self.story.unended() {
            match run {
                Some(run) => self.status(run, "done"),
                None => self.start(label),
            }
        }
        self.fill();
        while self.starts || !self.story.unended().is_empty() {
            assert!(self.starts || clock.monotonic() < LAST_LIFE, "not ended: {:?}", self.story.unended());
            let Some(message) = self.client.next() else { return };
            // Progress has no number.
            let Some(asked) = message["id"].as_i64().and_then(|id| self.open.remove(&id)) else { continue };
            assert!(message["error"].is_null(), "{message:#}");
            self.answered(asked, &message["result"]);
        }
    }

    fn ask(&mut self, tool: &str, arguments: &Value, asked: Asked) {
        let id = self.client.request("tools/call", json!({"name": tool, "arguments": arguments}));
        self.open.insert(id, asked);
    }

    fn fill(&mut self) {
        while self.starts && self.story.unended().len() < OPEN_RUNS {
            let label = self.story.new_run();
            self.start(label);
        }
    }

    fn start(&mut self, label: String) {
        let arguments = json!({"template_id": "long_run", "parameters": parameters(&label), "idempotency_key": label,
                               "wait_seconds": 0});
        self.ask("execute_workflow", &arguments, Asked::Start { label });
    }

    fn status(&mut self, run: String, until: &str) {
        let seconds = if until == "done" { 50 } else { 1 };
        let arguments = json!({"workflow_id": run, "wait_seconds": seconds, "until": until});
        self.ask("get_workflow_status", &arguments, Asked::Status { run });
    }

    fn answered(&mut self, asked: Asked, result: &Value) {
        let content = &result["structuredContent"];
        match asked {
            Asked::Start { label } => {
                let run = content["workflow_id"].as_str().unwrap_or_else(|| panic!("{result:#}")).to_owned();
                self.story.started(&label, &run);
                self.status(run, "done");
            }
            Asked::Status { run } => {
                assert_eq!(result["isError"], false, "{result:#}");
                self.seen(run, &content["status"]);
            }
            Asked::Answer { run, task } => {
                self.story.taken(&run, &task, content);
                if !self.open.values().any(|open| matches!(open, Asked::Answer { run: other, .. } if *other == run)) {
                    self.status(run, "change");
                }
            }
        }
    }

    fn seen(&mut self, run: String, status: &Value) {
        let name = status["status"].as_str().unwrap();
        if ["completed", "failed"].contains(&name) {
            self.story.ended(&run);
            self.fill();
            return;
        }
        assert!(["pending", "running", "paused"].contains(&name), "{status:#}");
        let mut asks = false;
        for task in status["pending_tasks"].as_array().unwrap() {
            let Some(answer) = self.story.answer(&run, task) else { continue };
            let task = task["task_id"].as_str().unwrap().to_owned();
            let arguments = json!({"workflow_id": run, "task_id": task, "answer": answer, "wait_seconds": 0});
            self.ask("respond_to_task", &arguments, Asked::Answer { run: run.clone(), task });
            asks = true;
        }
        if !asks {
            self.status(run, if name == "paused" { "change" } else { "done" });
        }
    }
}
