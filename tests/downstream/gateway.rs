//! The binary with a configuration of servers, in a place of its own.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::client::{Client, Era};
use crate::ledger::{Book, Spec, Tool};
use crate::place::Place;

pub(crate) struct Gateway {
    pub(crate) place: Place,
    servers: Map<String, Value>,
}

impl Gateway {
    pub(crate) fn new() -> Self {
        Self { place: Place::new(), servers: Map::new() }
    }

    /// With a server that is well: its tool is `healthy__echo`, its ledger its own.
    pub(crate) fn with_a_healthy_one() -> Self {
        let mut gateway = Self::new();
        let spec = Spec { name: "healthy".to_owned(), tools: vec![Tool::new("echo").reads()], ..Spec::default() };
        gateway.add("healthy", spec.entry());
        gateway
    }

    /// A server with these tools that writes into the ledger.
    pub(crate) fn spec(&self, name: &str, tools: impl Into<Vec<Tool>>) -> Spec {
        Spec::new(name, &self.file("ledger.jsonl"), tools)
    }

    /// Writes an entry into the configuration, or another one in its place.
    pub(crate) fn add(&mut self, name: &str, entry: Value) {
        self.servers.insert(name.to_owned(), entry);
    }

    /// The same with further keys.
    pub(crate) fn add_with(&mut self, name: &str, spec: &Spec, more: Value) {
        let mut entry = spec.entry();
        let Value::Object(more) = more else { panic!("keys and values") };
        entry.as_object_mut().unwrap().extend(more);
        self.add(name, entry);
    }

    /// A path for what tests and servers tell each other.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.place.project().join(name)
    }

    /// Lets what waits for this file go on.
    pub(crate) fn tell(&self, name: &str) {
        std::fs::write(self.file(name), "").unwrap();
    }

    pub(crate) fn book(&self) -> Book {
        Book::at(&self.file("ledger.jsonl"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let config = self.place.write("config.json", &json!({"mcpServers": self.servers}).to_string());
        let mut command = self.place.command(arguments);
        command.arg("--config").arg(config);
        command
    }

    /// A client that has greeted it.
    pub(crate) fn serve(&self) -> Client {
        self.serve_in(Era::Legacy)
    }

    pub(crate) fn serve_in(&self, era: Era) -> Client {
        Client::greeted(&mut self.command(&["serve"]), era)
    }

    /// Runs a command that prints one JSON document; its exit code and the document.
    pub(crate) fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.command(&[arguments, &["--json"]].concat()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let document = serde_json::from_str(&text).unwrap_or_else(|error| panic!("not one document ({error}): {text}"));
        (output.status.code().unwrap(), document)
    }

    /// A template of steps, each after the one before: step, tool, further keys.
    pub(crate) fn template(&self, id: &str, steps: &[Value]) {
        let mut before = json!([]);
        let mut whole = Vec::new();
        for step in steps {
            let mut step = step.clone();
            if step["depends_on"].is_null() {
                step["depends_on"] = before;
            }
            before = json!([step["step_id"]]);
            whole.push(step);
        }
        self.place.template(&json!({"template_id": id, "template_name": id, "description": "A test.", "steps": whole}));
    }
}

/// The healthy server and our own tools answer, whatever else is wrong.
pub(crate) fn others_are_well(client: &mut Client) {
    let templates = client.done("list_workflow_templates", &json!({}));
    assert_eq!(templates["success"], true);
    let echo = client.call("healthy__echo", &json!({"well": true}));
    assert_eq!(echo["structuredContent"], json!({"echo": {"well": true}}), "{echo:#}");
}
