//! What reader, writer and callers of one session share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::ServerJsonRpcMessage;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::text::shown;
use super::writer::{Outgoing, Sent};
use crate::config::Redaction;
use crate::contract::ProgressSink;

/// The first id of our requests. Those of rmcp, which opens the session and
/// subscribes, count from 0.
const FIRST_ID: i64 = 1 << 20;
/// More answers than this are not kept for a server that asks and does not read.
const MAX_REPLIES: usize = 1_000;
/// A request of the server's with a longer id is not answered.
const LONGEST_ID: usize = 256;

/// What came back for a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// Its result, and the bytes of the line that held it.
    Result(Value, usize),
    /// A JSON-RPC error.
    Error(Value),
    /// An answer longer than a line may be.
    TooLong,
    /// An answer nested deeper than is read.
    TooDeep,
    /// An answer that is not JSON.
    Broken,
    /// None: the session ended before.
    Lost,
}

struct Waiting {
    answer: oneshot::Sender<Answer>,
    progress: Option<ProgressSink>,
}

struct Calls {
    /// No more requests are taken once the session is over.
    open: bool,
    /// The writer may still tell how far a request came.
    writing: bool,
    /// Nothing is answered any more.
    ended: bool,
    waiting: HashMap<i64, Waiting>,
    /// Where messages for rmcp go, while it listens.
    lifecycle: Option<mpsc::Sender<ServerJsonRpcMessage>>,
}

/// The shared part of a session.
pub(super) struct Wire {
    /// The server's name in the configuration.
    pub(super) name: String,
    /// What must not go out of what it says.
    pub(super) redaction: Redaction,
    /// The session is over: nothing more can be asked.
    pub(super) over: CancellationToken,
    /// Nothing more can be answered either.
    pub(super) done: CancellationToken,
    /// Told when the server says that its tools have changed.
    pub(super) on_changed: Arc<dyn Fn() + Send + Sync>,
    queue: mpsc::UnboundedSender<Outgoing>,
    calls: Mutex<Calls>,
    next_id: AtomicI64,
    replies: AtomicUsize,
    stray_told: AtomicBool,
    garbage_told: AtomicBool,
}

impl Wire {
    pub(super) fn new(
        name: String,
        redaction: Redaction,
        on_changed: Arc<dyn Fn() + Send + Sync>,
        queue: mpsc::UnboundedSender<Outgoing>,
    ) -> Self {
        Self {
            name,
            redaction,
            over: CancellationToken::new(),
            done: CancellationToken::new(),
            on_changed,
            queue,
            calls: Mutex::new(Calls {
                open: true,
                writing: true,
                ended: false,
                waiting: HashMap::new(),
                lifecycle: None,
            }),
            next_id: AtomicI64::new(FIRST_ID),
            replies: AtomicUsize::new(0),
            stray_told: AtomicBool::new(false),
            garbage_told: AtomicBool::new(false),
        }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A text of the server's on one line, at most so many characters.
    pub(super) fn shown(&self, text: &str, limit: usize) -> String {
        shown(text, limit, &self.redaction)
    }

    pub(super) fn next_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Queues a request. The answer, or `Lost`, comes through the receiver.
    pub(super) fn ask(
        &self,
        id: i64,
        line: Vec<u8>,
        progress: Option<ProgressSink>,
    ) -> (Arc<Sent>, oneshot::Receiver<Answer>) {
        let sent = Arc::new(Sent::new(line));
        let (answer, receiver) = oneshot::channel();
        let mut calls = self.calls();
        // With the receiver gone or the session over, the answer's sender is dropped: that is `Lost`.
        if calls.open && self.queue.send(Outgoing::Call(id, Arc::clone(&sent))).is_ok() {
            calls.waiting.insert(id, Waiting { answer, progress });
        } else {
            sent.withdraw();
        }
        (sent, receiver)
    }

    /// The caller of a request waits no more.
    pub(super) fn forget(&self, id: i64) {
        drop(self.take(id));
    }

    /// Who waits for this answer, who then waits no more.
    fn take(&self, id: i64) -> Option<Waiting> {
        let mut calls = self.calls();
        let waiting = calls.waiting.remove(&id);
        if !calls.open && calls.waiting.is_empty() {
            self.done.cancel();
        }
        waiting
    }

    /// Hands an answer to the caller of the request; one that nobody waits for is dropped.
    pub(super) fn answer(&self, id: i64, answer: Answer) {
        match self.take(id) {
            // Its caller may have left this moment.
            Some(waiting) => {
                waiting.answer.send(answer).ok();
            }
            None => self.stray(),
        }
    }

    /// The same for whatever id a message had; the id is ours or nobody's.
    pub(super) fn answer_if_ours(&self, id: Option<&Value>, answer: Answer) -> bool {
        match id.and_then(ours) {
            Some(id) => {
                self.answer(id, answer);
                true
            }
            None => false,
        }
    }

    /// A second answer, a late one, or one to nothing: told once.
    pub(super) fn stray(&self) {
        if !self.stray_told.swap(true, Ordering::Relaxed) {
            tracing::debug!(server = self.name, "answers that nobody waits for are dropped; told once");
        }
    }

    /// A line on the server's output that is no message: told once aloud.
    pub(super) fn garbage(&self, what: &str, line: &[u8]) {
        let excerpt = || self.shown(&String::from_utf8_lossy(&line[..line.len().min(1_000)]), 200);
        if self.garbage_told.swap(true, Ordering::Relaxed) {
            tracing::debug!(server = self.name, line = excerpt(), "{what}: skipped");
        } else {
            tracing::warn!(server = self.name, line = excerpt(), "{what}: skipped; further ones are logged at debug");
        }
    }

    /// Where a request's progress goes.
    pub(super) fn progress_of(&self, id: i64) -> Option<ProgressSink> {
        self.calls().waiting.get(&id).and_then(|waiting| waiting.progress.clone())
    }

    /// The request was not written: its caller learns it.
    pub(super) fn lose(&self, id: i64) {
        drop(self.take(id));
    }

    /// Queues a line that nobody waits for. After the end, nothing is sent.
    pub(super) fn send<T: Serialize>(&self, message: &T) {
        self.push(message, Outgoing::Other);
    }

    fn push<T: Serialize>(&self, message: &T, outgoing: fn(Vec<u8>) -> Outgoing) {
        match line(message) {
            Ok(line) => {
                self.queue.send(outgoing(line)).ok();
            }
            Err(error) => tracing::error!(server = self.name, %error, "a message cannot be written"),
        }
    }

    /// Tells the server that the answer to a request is no longer wanted.
    pub(super) fn cancel(&self, id: i64, reason: &str) {
        self.send(&json!({
            "jsonrpc": "2.0",
            "method": "notifications/cancelled",
            "params": {"requestId": id, "reason": reason},
        }));
    }

    /// Answers a request of the server's: we declare nothing that it could ask for.
    pub(super) fn reply(&self, id: &Value, method: &str) {
        if !(id.is_number() || id.as_str().is_some_and(|id| id.len() <= LONGEST_ID)) {
            tracing::debug!(server = self.name, "a request has an id that is none: it stays unanswered");
            return;
        }
        if self.replies.fetch_add(1, Ordering::Relaxed) >= MAX_REPLIES {
            self.reply_taken();
            tracing::debug!(server = self.name, "the server asks and does not read: a request stays unanswered");
            return;
        }
        let reply = if method == "ping" {
            json!({"jsonrpc": "2.0", "id": id, "result": {}})
        } else {
            let told = format!("`{}` is not supported by this client", self.shown(method, 100));
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": told}})
        };
        self.push(&reply, Outgoing::Reply);
    }

    pub(super) fn reply_taken(&self) {
        self.replies.fetch_sub(1, Ordering::Relaxed);
    }

    /// Sets where messages for rmcp go. After the end it drops the sender: rmcp sees the end.
    pub(super) fn listen(&self, lifecycle: mpsc::Sender<ServerJsonRpcMessage>) {
        let mut calls = self.calls();
        calls.lifecycle = calls.open.then_some(lifecycle);
    }

    /// Where messages for rmcp go, if it listens.
    pub(super) fn lifecycle(&self) -> Option<mpsc::Sender<ServerJsonRpcMessage>> {
        self.calls().lifecycle.clone()
    }

    /// The server takes no more requests; those it has may still be answered.
    pub(super) fn input_gone(&self) {
        let mut calls = self.calls();
        calls.open = false;
        self.over.cancel();
        if calls.waiting.is_empty() {
            self.done.cancel();
        }
    }

    /// The session is over: whoever waits for an answer learns it, once the writer
    /// has told how far the requests came.
    pub(super) fn end(&self) {
        let gone = {
            let mut calls = self.calls();
            calls.open = false;
            calls.ended = true;
            (calls.lost(), calls.lifecycle.take())
        };
        drop(gone);
        self.over.cancel();
        self.done.cancel();
    }

    /// Nothing more is written, and each request knows how far it came.
    pub(super) fn writer_gone(&self) {
        let lost = {
            let mut calls = self.calls();
            calls.writing = false;
            calls.lost()
        };
        drop(lost);
    }
}

impl Calls {
    /// Those who will not be answered.
    fn lost(&mut self) -> HashMap<i64, Waiting> {
        if self.ended && !self.writing { std::mem::take(&mut self.waiting) } else { HashMap::new() }
    }
}

/// A message as a line.
pub(super) fn line<T: Serialize>(message: &T) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(256);
    serde_json::to_writer(&mut line, message)?;
    line.push(b'\n');
    Ok(line)
}

/// The id of a request of ours; some servers answer a number with its text.
pub(super) fn ours(id: &Value) -> Option<i64> {
    let number = id.as_i64().or_else(|| id.as_str().and_then(|text| text.parse().ok()))?;
    (number >= FIRST_ID).then_some(number)
}
