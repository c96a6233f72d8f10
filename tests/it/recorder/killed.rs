//! What is in the log after `kill -9`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::world::open;

/// `sequitur serve`, killed when dropped.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

impl Server {
    fn start(folder: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sequitur"));
        command.arg("serve").arg("--data-dir").arg(folder).arg("--log").arg("off").current_dir(folder);
        command.env("HOME", folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("started");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut server = Self { child, input, output };
        let client = json!({"name": "test", "version": "1"});
        let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
        server.ask(0, "initialize", &hello);
        server.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        server
    }

    fn say(&mut self, message: &Value) {
        writeln!(self.input, "{message}").expect("written");
        self.input.flush().expect("written");
    }

    fn ask(&mut self, id: u64, method: &str, params: &Value) -> Value {
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).expect("read") > 0, "the server has ended");
            let answer: Value = serde_json::from_str(&line).expect("JSON");
            if answer["id"] == id {
                return answer;
            }
        }
    }

    fn call(&mut self, id: u64, tool: &str, arguments: &Value) -> Value {
        self.ask(id, "tools/call", &json!({"name": tool, "arguments": arguments}))
    }
}

#[tokio::test]
async fn a_process_that_is_killed_keeps_what_it_has_logged() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    let mut ids = Vec::new();
    for n in 0..100 {
        let (tool, arguments) = match n % 2 {
            0 => ("analyze_intent", json!({"request": "list the tables"})),
            _ => ("get_workflow_status", json!({"workflow_id": format!("none {n}")})),
        };
        let answer = server.call(2 * n + 1, tool, &arguments);
        ids.push(answer["result"]["_meta"]["sequitur/interaction_id"].as_str().expect("an id").to_owned());
        if n == 94 {
            // Answers when all before it is written. What comes after may be lost, but for no more than moments.
            server.call(2 * n + 2, "get_learning_analytics", &json!({}));
        }
    }
    drop(server);
    let log = open(folder.path());
    let mut whole = 0;
    for id in &ids {
        let row = log.call(id).await.unwrap();
        whole += usize::from(row.is_some_and(|row| row.success.is_some() && row.duration_ms.is_some()));
    }
    assert!(whole >= 95, "{whole} of {}", ids.len());
}
