//! Our own tools as a client reads them, with the names of arguments and fields
//! that others rely on: the program itself over stdio, or, for the tools that
//! look at what was called before, the registry with a clock that is set.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use sequitur::contract::{CallTool as _, ToolOutput};
use serde_json::{Value, json};

use crate::recorder::{Process, body};

mod analyze_intent;
mod gateway;
mod get_learning_analytics;
mod get_recommendations;
mod runs;
mod templates;

pub(super) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models")
}

/// The program with a data folder and a working folder of its own, and the sample model as its root.
pub(super) struct Program {
    pub(super) folder: tempfile::TempDir,
}

impl Program {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sequitur"));
        command.current_dir(self.folder.path()).arg("--data-dir").arg(self.folder.path().join("data"));
        command.arg("--config").arg(self.folder.path().join("config.json")).arg("--root").arg(sample());
        if !self.folder.path().join("config.json").exists() {
            self.write("config.json", "{}");
        }
        command
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("written");
    }

    /// One command line.
    pub(super) fn cli(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("runs")
    }

    /// A client that is connected to it.
    pub(super) fn serve(&self) -> Session {
        let mut command = self.command();
        command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("starts");
        let to = child.stdin.take().expect("piped");
        let from = BufReader::new(child.stdout.take().expect("piped"));
        let mut session = Session { child, to, from, next: 0 };
        session.ask(
            "initialize",
            &json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
        );
        session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        session
    }
}

/// A session over stdio.
pub(super) struct Session {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: u64,
}

impl Session {
    fn send(&mut self, message: &Value) {
        writeln!(self.to, "{message}").expect("sent");
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).expect("read") > 0, "the server is gone");
            let message: Value = serde_json::from_str(&line).expect("JSON");
            if message["id"] == json!(self.next) {
                return message;
            }
        }
    }

    /// Calls a tool; its structured content.
    pub(super) fn call(&mut self, name: &str, arguments: &Value) -> Value {
        let answer = self.ask("tools/call", &json!({"name": name, "arguments": arguments}));
        let result = &answer["result"];
        let body = result["structuredContent"].clone();
        assert_eq!(result["isError"], json!(body["success"] == false), "{answer}");
        if body["success"] == false {
            for key in ["error", "error_type", "retryable", "hint"] {
                assert!(body.get(key).is_some_and(|value| !value.is_null()), "`{name}` fails without `{key}`: {body}");
            }
        }
        body
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A test that has failed must not leave its server behind.
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            assert!(std::thread::panicking(), "the server cannot be ended: {error}");
        }
    }
}

/// The answer, which must fit the schema that the tool publishes.
fn answer(process: &Process, tool: &str, output: &ToolOutput) -> Value {
    let definition = process.registry.definition(tool).expect("the tool is there");
    let schema = definition.output_schema.expect("it publishes its answer");
    let answer = body(output);
    if let Err(error) = jsonschema::validate(&schema, &answer) {
        panic!("{tool}: {error} in {answer}");
    }
    answer
}
