//! Sessions with a server that is played by hand, line by line. Time stands
//! still and jumps to the next timer when nobody has anything to do.

mod calls;
mod endings;
mod lists;
mod openings;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio_util::sync::CancellationToken;

use super::{Connection, Era, Opening, Request};
use crate::base::json::Object;
use crate::base::lines::{Line, Lines};
use crate::config::Redaction;
use crate::contract::{CallFailure, ToolOutput};

/// The other end of both pipes.
struct Server {
    input: Lines<DuplexStream>,
    output: DuplexStream,
}

impl Server {
    /// The next message that the client sends.
    async fn next(&mut self) -> Value {
        self.maybe_next().await.expect("the client closed the pipe")
    }

    /// The same; `None` when the pipe is closed.
    async fn maybe_next(&mut self) -> Option<Value> {
        let next = tokio::time::timeout(Duration::from_hours(24), self.input.next());
        match next.await.expect("the client sends nothing").unwrap()? {
            Line::Whole(line) => Some(serde_json::from_slice(line).unwrap()),
            Line::TooLong { .. } => panic!("too long"),
        }
    }

    /// The next message, which has to be this request; its id.
    async fn asked(&mut self, method: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["method"], method, "{message}");
        message["id"].clone()
    }

    async fn line(&mut self, line: &str) {
        self.output.write_all(line.as_bytes()).await.unwrap();
        self.output.write_all(b"\n").await.unwrap();
    }

    async fn send(&mut self, message: Value) {
        self.line(&message.to_string()).await;
    }

    async fn answer(&mut self, id: &Value, result: Value) {
        self.send(json!({"jsonrpc": "2.0", "id": id, "result": result})).await;
    }

    async fn refuse(&mut self, id: &Value, code: i64, message: &str) {
        self.send(json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})).await;
    }

    async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
    }

    /// Answers as a server of the legacy era.
    async fn start_legacy(&mut self) {
        let id = self.asked("server/discover").await;
        self.refuse(&id, -32_601, "Method not found").await;
        self.initialize().await;
    }

    async fn initialize(&mut self) {
        let id = self.asked("initialize").await;
        self.answer(&id, legacy_hello()).await;
        self.asked("notifications/initialized").await;
    }

    /// Answers as a server of the modern era.
    async fn start_modern(&mut self, capabilities: &Value) {
        let id = self.asked("server/discover").await;
        self.answer(&id, modern_hello(capabilities)).await;
    }
}

fn legacy_hello() -> Value {
    json!({
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {"listChanged": true}},
        "serverInfo": {"name": "played", "version": "1.2"},
        "instructions": "Use it.",
    })
}

fn modern_hello(capabilities: &Value) -> Value {
    json!({
        "resultType": "complete",
        "supportedVersions": ["2026-07-28"],
        "capabilities": capabilities,
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "played", "version": "2.0"}},
    })
}

/// An opening and the server it will meet. The counter counts changes of the tools.
fn meet() -> (Opening<DuplexStream, DuplexStream>, Server, Arc<AtomicUsize>) {
    meet_with(1 << 20)
}

/// The same, where the client can write only so much that is not read.
fn meet_with(room: usize) -> (Opening<DuplexStream, DuplexStream>, Server, Arc<AtomicUsize>) {
    let (output, server_output) = tokio::io::duplex(1 << 20);
    let (server_input, input) = tokio::io::duplex(room);
    let changes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&changes);
    let opening = Opening {
        redaction: Redaction::new(&["hunter22".to_owned()]),
        name: "box".to_owned(),
        output,
        input,
        era: None,
        timeout: Duration::from_secs(30),
        client_version: "9.9".to_owned(),
        on_changed: Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        }),
    };
    (opening, Server { input: Lines::new(server_input), output: server_output }, changes)
}

async fn legacy() -> (Connection, Server) {
    let (opening, mut server, _) = meet();
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_legacy());
    (connection.unwrap(), server)
}

async fn modern() -> (Connection, Server) {
    let (opening, mut server, _) = meet();
    let offer = json!({"tools": {}});
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_modern(&offer));
    (connection.unwrap(), server)
}

/// The failure of an opening; a session does not print.
async fn refused(opening: Opening<DuplexStream, DuplexStream>) -> CallFailure {
    match Connection::open(opening).await {
        Ok(_) => panic!("the session was opened"),
        Err(failure) => failure,
    }
}

fn object(value: Value) -> Object {
    serde_json::from_value(value).expect("an object")
}

/// Calls `tool` with nothing special.
async fn call(connection: &Connection, tool: &str) -> Result<ToolOutput, CallFailure> {
    call_within(connection, tool, None).await
}

async fn call_within(
    connection: &Connection,
    tool: &str,
    timeout: Option<Duration>,
) -> Result<ToolOutput, CallFailure> {
    let (arguments, cancel) = (Object::new(), CancellationToken::new());
    let request =
        Request { tool, arguments: &arguments, idempotency_key: None, progress: None, cancel: &cancel, timeout };
    connection.call(request).await.map_err(|failed| failed.failure)
}

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

fn text_of(output: &ToolOutput) -> &str {
    output.content[0]["text"].as_str().unwrap()
}
