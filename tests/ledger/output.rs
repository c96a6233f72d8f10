//! Standard output: one message a line, and what is no message.

use std::io::{Stdout, Write as _, stdout};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

/// Shared by everything that writes.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Inner>>);

struct Inner {
    to: Stdout,
    chatters: bool,
    /// Answers of calls that are kept back.
    kept: Vec<String>,
    reversed: usize,
}

impl Output {
    pub(super) fn new(chatters: bool, reversed: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner { to: stdout(), chatters, kept: Vec::new(), reversed })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// A line as it stands.
    pub(super) fn line(&self, line: &str) {
        self.inner().line(line);
    }

    /// Text without the end of a line.
    pub(super) fn part(&self, text: &str) {
        let mut inner = self.inner();
        inner.write(text.as_bytes());
    }

    pub(super) fn notify(&self, method: &str, params: &Value) {
        self.inner().message(&json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string());
    }

    pub(super) fn result(&self, id: &Value, result: &Value) {
        self.inner().message(&answer(id, "result", result));
    }

    pub(super) fn error(&self, id: &Value, error: &Value) {
        self.inner().message(&answer(id, "error", error));
    }

    /// The answer of a call, which may be kept back.
    pub(super) fn of_call(&self, id: &Value, member: &str, value: &Value) {
        let message = answer(id, member, value);
        let mut inner = self.inner();
        if inner.reversed == 0 {
            inner.message(&message);
            return;
        }
        inner.kept.push(message);
        if inner.kept.len() == inner.reversed {
            let kept = std::mem::take(&mut inner.kept);
            for message in kept.iter().rev() {
                inner.message(message);
            }
        }
    }
}

fn answer(id: &Value, member: &str, value: &Value) -> String {
    // Written by hand: a large value is not copied into another.
    format!(r#"{{"jsonrpc":"2.0","id":{id},"{member}":{value}}}"#)
}

impl Inner {
    fn message(&mut self, message: &str) {
        if self.chatters {
            self.line("DEBUG about to answer {\"not\": \"a message\"}");
        }
        self.line(message);
    }

    fn line(&mut self, line: &str) {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        self.write(&bytes);
    }

    /// A client that is gone ends this process soon enough: its input ends too.
    fn write(&mut self, bytes: &[u8]) {
        self.to.write_all(bytes).and_then(|()| self.to.flush()).ok();
    }
}
