//! One call: what its tool is told to do, one act after another.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::book::{Book, Line, Mark};
use super::children::stay;
use super::output::Output;
use super::spec::{Act, Answer, OnCancel, Tool};

/// How often a file is looked for.
const LOOK: Duration = Duration::from_millis(2);

/// Whether the client still wants a call.
#[derive(Default)]
pub(super) struct Wanted {
    cancelled: Mutex<bool>,
    told: Condvar,
}

impl Wanted {
    pub(super) fn cancel(&self) {
        *self.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    fn is_cancelled(&self) -> bool {
        *self.cancelled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits; whether it was cancelled.
    fn wait(&self, time: Duration) -> bool {
        let cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        *self.told.wait_timeout_while(cancelled, time, |cancelled| !*cancelled).unwrap().0
    }
}

/// One call that has come.
pub(super) struct Call {
    pub(super) id: Value,
    pub(super) number: u64,
    pub(super) server: String,
    pub(super) arguments: Value,
    pub(super) key: Option<String>,
    pub(super) progress_token: Option<Value>,
    pub(super) modern: bool,
    pub(super) dedupe: bool,
    pub(super) on_cancel: OnCancel,
    pub(super) wanted: Arc<Wanted>,
    pub(super) book: Option<Book>,
    pub(super) output: Output,
}

/// How a call ended.
pub(super) enum Ended {
    Over,
    /// The process is to end.
    Exit(u8),
}

/// Whether the acts take time: then they are not for the thread that reads.
pub(super) fn takes_time(acts: &[Act]) -> bool {
    acts.iter().any(|act| match act {
        Act::Wait { .. } | Act::Until(_) | Act::Hang | Act::Stderr { .. } => true,
        Act::Effect | Act::Progress { .. } | Act::Chatter(_) | Act::Answer(_) | Act::HalfAnAnswer | Act::Exit(_) => {
            false
        }
    })
}

impl Call {
    pub(super) fn line(&self, mark: Mark, tool: &Tool) -> Line {
        Line {
            mark,
            server: self.server.clone(),
            call: self.number,
            tool: tool.name.clone(),
            key: self.key.clone(),
            arguments: self.arguments.clone(),
            ..Line::default()
        }
    }

    /// Writes its first line; which of its tool's calls this is, from 0 on.
    pub(super) fn begin(&self, tool: &Tool) -> usize {
        let Some(book) = &self.book else { return usize::try_from(self.number - 1).unwrap() };
        let line = self.line(Mark::Begin, tool);
        if tool.does.len() < 2 {
            book.append(&line);
            return 0;
        }
        let mut before = 0;
        book.append_after(|lines| {
            let same = |one: &&Line| one.mark == Mark::Begin && one.tool == line.tool && one.server == line.server;
            before = lines.iter().filter(same).count();
            line.clone()
        });
        before
    }

    pub(super) fn run(&self, tool: &Tool, acts: &[Act]) -> Ended {
        for act in acts {
            let waits_on = match act {
                Act::Wait { ms } => self.wait(Duration::from_millis(*ms)),
                Act::Until(file) => self.wait_until(file),
                Act::Hang => self.hang(),
                Act::Effect => {
                    self.effect(tool);
                    true
                }
                Act::Progress { reports } => {
                    self.progress(*reports);
                    true
                }
                Act::Chatter(line) => {
                    self.output.line(line);
                    true
                }
                Act::Stderr { kib } => {
                    flood(*kib);
                    true
                }
                Act::Answer(answer) => {
                    self.answer(tool, answer);
                    true
                }
                Act::HalfAnAnswer => {
                    self.output.part(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"cont"#, self.id));
                    true
                }
                Act::Exit(code) => return Ended::Exit(*code),
            };
            if !waits_on {
                return Ended::Over;
            }
        }
        Ended::Over
    }

    /// Whether to go on.
    fn wait(&self, time: Duration) -> bool {
        // Cancelled and deaf to it: what is left of the time does not matter to anybody.
        !self.wanted.wait(time) || self.on_cancel == OnCancel::Ignore
    }

    fn wait_until(&self, file: &Path) -> bool {
        while !file.exists() {
            if !self.wait(LOOK) {
                return false;
            }
            if self.wanted.is_cancelled() {
                rest();
            }
        }
        // What it waited for and the end of the client's wish may have come together.
        self.wait(Duration::ZERO)
    }

    fn hang(&self) -> bool {
        if self.on_cancel == OnCancel::Ignore {
            stay();
        }
        self.wait(super::children::AT_MOST)
    }

    fn effect(&self, tool: &Tool) {
        let Some(book) = &self.book else { return };
        if !self.dedupe || self.key.is_none() {
            book.append(&self.line(Mark::Effect, tool));
            return;
        }
        book.append_after(|lines| {
            let done = lines.iter().any(|line| {
                line.mark == Mark::Effect
                    && line.key == self.key
                    && line.tool == tool.name
                    && line.server == self.server
            });
            self.line(if done { Mark::Deduped } else { Mark::Effect }, tool)
        });
    }

    fn progress(&self, reports: u32) {
        let Some(token) = &self.progress_token else { return };
        for report in 1..=reports {
            let params = json!({"progressToken": token, "progress": report, "total": reports,
                                "message": format!("{report} of {reports}")});
            self.output.notify("notifications/progress", &params);
        }
    }

    fn answer(&self, tool: &Tool, answer: &Answer) {
        // Before it is sent: a call that follows it does not overlap it.
        if let Some(book) = &self.book {
            book.append(&self.line(Mark::Answer, tool));
        }
        let result = match answer {
            Answer::Echo => {
                let text = json!({"type": "text", "text": self.arguments.to_string()});
                json!({"content": [text], "structuredContent": {"echo": self.arguments}, "isError": false})
            }
            Answer::Result(result) => result.clone(),
            Answer::Error(error) => return self.output.of_call(&self.id, "error", error),
            Answer::Text { kib } => json!({"content": [{"type": "text", "text": "x".repeat(kib * 1024)}]}),
        };
        self.output.of_call(&self.id, "result", &in_its_era(result, self.modern));
    }
}

/// Every result of the modern era says what it is.
pub(super) fn in_its_era(mut result: Value, modern: bool) -> Value {
    if modern && result["resultType"].is_null() {
        result["resultType"] = json!("complete");
    }
    result
}

/// So much on standard error, in lines.
pub(super) fn flood(kib: usize) {
    use std::io::Write as _;
    let line = format!("{}\n", "e".repeat(1023));
    let mut to = std::io::stderr().lock();
    for _ in 0..kib {
        // Nobody may be reading any more.
        if to.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a cancelled call that goes on still waits for its file")]
fn rest() {
    std::thread::sleep(LOOK);
}
