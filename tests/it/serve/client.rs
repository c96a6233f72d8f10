//! A client of a process that speaks MCP on its standard streams: raw lines,
//! both protocol eras. What it reads must be messages and nothing else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than anything that is asked for here takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// Which protocol a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// With a handshake.
    Legacy,
    /// With metadata on each request.
    Modern,
}

/// A server process and our ends of its streams.
pub(crate) struct Client {
    child: Child,
    to: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    era: Era,
    next_id: i64,
    /// Whether an answer to nothing that was asked is a fault.
    pub(crate) strict: bool,
    /// It may be killed at any moment: what is sent to it then is lost, and half a line is its end.
    pub(crate) mortal: bool,
    /// Notifications, in the order in which they came.
    pub(crate) notifications: Vec<Value>,
}

impl Client {
    /// Starts the process and says nothing.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            // A killed process may leave half a line.
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        let to = child.stdin.take();
        Self {
            child,
            to,
            lines,
            stderr: Some(stderr),
            era: Era::Legacy,
            next_id: 0,
            strict: true,
            mortal: false,
            notifications: Vec::new(),
        }
    }

    /// The same, after the handshake of its era.
    pub(crate) fn greeted(command: &mut Command, era: Era) -> Self {
        let mut client = Self::start(command);
        client.greet(era);
        client
    }

    /// The handshake; what it answers.
    pub(crate) fn greet(&mut self, era: Era) -> Value {
        let answer = self.greet_or_end(era);
        answer.unwrap_or_else(|| self.ended_early())
    }

    /// The same; nothing when it ends before it answers.
    pub(crate) fn greet_or_end(&mut self, era: Era) -> Option<Value> {
        self.era = era;
        match era {
            Era::Legacy => {
                let id = self.request(
                    "initialize",
                    json!({"protocolVersion": "2025-11-25", "capabilities": {},
                           "clientInfo": {"name": "test", "version": "1"}}),
                );
                let answer = self.answer_or_end(id)?;
                self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
                Some(answer)
            }
            Era::Modern => {
                let id = self.request("server/discover", json!({}));
                self.answer_or_end(id)
            }
        }
    }

    pub(crate) fn send(&mut self, message: &Value) {
        self.send_line(&message.to_string());
    }

    pub(crate) fn send_line(&mut self, line: &str) {
        let to = self.to.as_mut().unwrap();
        let sent = to.write_all(format!("{line}\n").as_bytes()).and_then(|()| to.flush());
        assert!(sent.is_ok() || self.mortal, "{sent:?}");
    }

    /// Sends a request and returns its id.
    pub(crate) fn request(&mut self, method: &str, mut params: Value) -> i64 {
        if self.era == Era::Modern {
            params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
            params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({"name": "test", "version": "1"});
        }
        self.next_id += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}));
        self.next_id
    }

    /// The next message; none at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Value> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => match serde_json::from_str::<Value>(&line) {
                Ok(message) => {
                    assert_eq!(message["jsonrpc"], "2.0", "{line}");
                    Some(message)
                }
                Err(error) if self.mortal && error.is_eof() => None,
                Err(error) => panic!("standard output has only messages ({error}): {line}"),
            },
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no answer; the log:\n{}", self.killed()),
        }
    }

    /// The answer to a request; notifications are kept.
    pub(crate) fn answer(&mut self, id: i64) -> Value {
        let answer = self.answer_or_end(id);
        answer.unwrap_or_else(|| self.ended_early())
    }

    /// The same; nothing when it ends before it answers.
    fn answer_or_end(&mut self, id: i64) -> Option<Value> {
        loop {
            let message = self.next()?;
            if message["id"] == id {
                return Some(message);
            }
            assert!(!self.strict || message["id"].is_null(), "an answer to something else: {message}");
            self.notifications.push(message);
        }
    }

    fn ended_early(&mut self) -> ! {
        panic!("it ended without an answer:\n{}", self.killed())
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(id)
    }

    /// Calls a tool; the result of `tools/call`.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// Calls a tool that succeeds; its structured content.
    pub(crate) fn done(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{result:#}");
        result["structuredContent"].clone()
    }

    /// Calls a tool that fails; its structured content.
    pub(crate) fn refused(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{result:#}");
        let content = &result["structuredContent"];
        assert_eq!(content["success"], false, "{content:#}");
        assert!(content["error_type"].is_string() && content["hint"].is_string(), "{content:#}");
        content.clone()
    }

    /// The listed tools' names.
    pub(crate) fn tools(&mut self) -> Vec<String> {
        let list = self.ask("tools/list", json!({}));
        let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends its input.
    pub(crate) fn hang_up(&mut self) {
        self.to = None;
    }

    /// `kill -9`, and what it wrote to its log.
    pub(crate) fn killed(&mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log()
    }

    /// Waits for its end; how it ended, and its log.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        // Nothing but messages, to the end.
        while let Some(message) = self.next() {
            self.notifications.push(message);
        }
        (status, self.log())
    }

    /// Ends its input and waits; it must end well.
    pub(crate) fn leave(mut self) -> String {
        self.hang_up();
        let (status, log) = self.ended();
        assert!(status.success(), "{status}:\n{log}");
        log
    }

    fn log(&mut self) -> String {
        self.stderr.take().map(|reading| reading.join().unwrap()).unwrap_or_default()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A test that failed leaves no process behind; one that is gone is no fault.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Sends a signal to a process.
#[cfg(unix)]
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().unwrap();
    assert!(sent.success());
}
