//! A machine of its own for one test: home, configuration, data, a project.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::client::{Client, Era};

pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["home", "project"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("sequitur.db")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Writes a file of the project; its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.project().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A template among the user's own.
    pub(crate) fn template(&self, template: &Value) {
        let folder = self.data().join("workflows");
        std::fs::create_dir_all(&folder).unwrap();
        let name = template["template_id"].as_str().unwrap();
        std::fs::write(folder.join(format!("{name}.json")), template.to_string()).unwrap();
    }

    /// The binary with the sample models as its root, on this data folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_on(&self.data(), arguments)
    }

    /// The same on another data folder.
    pub(crate) fn command_on(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sequitur"));
        let home = self.folder.path().join("home");
        for variable in ["SEQUITUR_CONFIG", "SEQUITUR_DATA_DIR", "SEQUITUR_ROOTS", "SEQUITUR_LOG"] {
            command.env_remove(variable);
        }
        for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(variable, &home);
        }
        command.args(arguments).arg("--data-dir").arg(data).arg("--root").arg(sample());
        command.current_dir(self.project());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that prints one JSON document; its exit code and the document.
    pub(crate) fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[arguments, &["--json"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let document = serde_json::from_str(&text).unwrap_or_else(|error| panic!("not one document ({error}): {text}"));
        (output.status.code().unwrap(), document)
    }

    /// A server with a client that has greeted it.
    pub(crate) fn serve(&self) -> Client {
        Client::greeted(&mut self.command(&["serve"]), Era::Legacy)
    }
}

pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models")
}

/// A chain that takes long enough to be caught at.
pub(crate) fn long_template() -> Value {
    let step = |n: usize| {
        let before = if n == 0 { json!([]) } else { json!([format!("s{}", n - 1)]) };
        json!({"step_id": format!("s{n}"), "tool": "07_export_model_schema", "depends_on": before})
    };
    let steps: Vec<Value> = (0..200).map(step).collect();
    json!({"template_id": "long_run", "template_name": "A long run", "description": "Takes long.", "steps": steps})
}

/// A template whose only step fails.
pub(crate) fn failing_template() -> Value {
    json!({"template_id": "no_such_table", "template_name": "No such table", "description": "Fails.",
           "steps": [{"step_id": "describe", "tool": "02_describe_table", "parameters": {"table": "Salse"}}]})
}
