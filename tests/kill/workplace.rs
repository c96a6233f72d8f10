//! Everything that one killed process and its followers share: a data folder, a
//! configuration, the template, the ledger.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::client::{Client, Era};
use crate::ledger::Ledger;
use crate::process;

/// Steps of the template.
pub(crate) const STEPS: usize = 50;

/// What a process that stands still may lose its runs after.
pub(crate) const LEASE_SECONDS: u64 = 1;

/// Which program is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// This one, with the ledger's tools.
    Ledger,
    /// The binary.
    Binary,
}

pub(crate) struct Workplace {
    folder: tempfile::TempDir,
    program: Program,
}

impl Workplace {
    pub(crate) fn new(program: Program, template: &Value) -> Self {
        Self::configured(program, template, |_| json!({}))
    }

    /// With what `more` says for its folder in the configuration besides.
    pub(crate) fn configured(program: Program, template: &Value, more: impl FnOnce(&Path) -> Value) -> Self {
        // On the disk, where a killed process's writes are not only in memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("templates")).unwrap();
        std::fs::write(path.join("templates/template.json"), template.to_string()).unwrap();
        let mut config = more(path);
        config["workflows"] = json!({"directories": ["templates"], "lease_seconds": LEASE_SECONDS});
        std::fs::write(path.join("config.json"), config.to_string()).unwrap();
        Self { folder, program }
    }

    /// Another template beside the first.
    pub(crate) fn add_template(&self, template: &Value) {
        let name = template["template_id"].as_str().unwrap();
        std::fs::write(self.folder.path().join(format!("templates/{name}.json")), template.to_string()).unwrap();
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::at(&self.ledger_path())
    }

    fn ledger_path(&self) -> PathBuf {
        self.folder.path().join("ledger.jsonl")
    }

    /// A command line on this data folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.program {
            Program::Ledger => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.arg(process::ARGUMENT).arg(self.ledger_path());
                command
            }
            Program::Binary => Command::new(env!("CARGO_BIN_EXE_sequitur")),
        };
        command.arg("--config").arg(self.folder.path().join("config.json"));
        command.arg("--data-dir").arg(self.data()).arg("--root").arg(sample());
        command.args(["--log", "info"]).args(arguments).current_dir(self.folder.path());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A server with a client that has greeted it.
    pub(crate) fn serve(&self) -> Client {
        Client::greeted(&mut self.command(&["serve"]), Era::Legacy)
    }

    /// Everything in the data folder as it is on the disk now, elsewhere.
    pub(crate) fn copy_of_data(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir_in(self.folder.path()).unwrap();
        copy_files(&self.data(), copy.path());
        copy
    }
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models")
}

/// A model is connected, the ledger is written in waves of one and of three
/// steps, each given what the wave before it answered, and the model is read.
pub(crate) fn ledger_template() -> Value {
    let mut steps =
        vec![json!({"step_id": "connect", "tool": "01_connect_to_instance", "parameters": {"path": sample()}})];
    let mut before = vec!["connect".to_owned()];
    let mut given = json!(0);
    let mut wide = false;
    while steps.len() < STEPS - 1 {
        let first = steps.len();
        let wave: Vec<String> = (first..first + if wide { 3 } else { 1 }).map(|n| format!("s{n}")).collect();
        for (at, id) in wave.iter().enumerate() {
            // Every third of a wide wave, every other of the narrow ones.
            let safe = if wide { at > 0 } else { first % 8 == 1 };
            let tool = if safe { "ledger_safe" } else { "ledger_unsafe" };
            steps.push(json!({"step_id": id, "tool": tool, "depends_on": before, "parameters": {"before": given}}));
        }
        given = json!(format!("{{{{ {}.after }}}}", wave[0]));
        before = wave;
        wide = !wide;
    }
    steps.push(json!({"step_id": "tables", "tool": "02_list_tables", "depends_on": before}));
    assert_eq!(steps.len(), STEPS);
    template(&steps, &json!({"model": "{{ tables.model.name }}", "waves": given, "tables": "{{ tables.total }}"}))
}

/// A loop of unsafe and safe steps side by side, in a branch, and a step after it.
pub(crate) fn mixed_template() -> Value {
    let step = |id: &str, safe: bool| {
        let tool = if safe { "ledger_safe" } else { "ledger_unsafe" };
        json!({"step_id": id, "tool": tool, "parameters": {"before": 0}})
    };
    let each = json!({"step_id": "each", "type": "loop", "for_each": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "max_concurrency": 2,
        "steps": [{"step_id": "both", "type": "parallel", "steps": [step("one", true), step("other", false)]}]});
    let branch = json!({"step_id": "maybe", "type": "condition", "branches": [{"if": "true", "steps": [each]}]});
    let mut last = step("last", true);
    last["depends_on"] = json!(["maybe"]);
    let mut whole = template(&[step("first", true), branch, last], &json!({}));
    whole["template_id"] = json!("mixed_run");
    whole
}

/// Which wave a step of the ledger's tools is in, counted from 0; it is given
/// this number.
pub(crate) fn wave_of(step: &str) -> i64 {
    let n: i64 = step.trim_start_matches('s').parse().unwrap();
    (n - 1) / 4 * 2 + i64::from((n - 1) % 4 > 0)
}

/// How many there are.
pub(crate) fn waves() -> i64 {
    wave_of(&format!("s{}", STEPS - 2)) + 1
}

/// The same length with the binary's own tools.
pub(crate) fn survey_template() -> Value {
    let mut steps =
        vec![json!({"step_id": "connect", "tool": "01_connect_to_instance", "parameters": {"path": sample()}})];
    let tools = ["02_list_tables", "02_list_measures", "03_list_relationships", "07_export_model_schema"];
    while steps.len() < STEPS {
        let n = steps.len();
        let before = if n == 1 { "connect".to_owned() } else { format!("s{}", n - 1) };
        let tool = tools[n % tools.len()];
        steps.push(json!({"step_id": format!("s{n}"), "tool": tool, "depends_on": [before]}));
    }
    template(&steps, &json!({"model": "{{ s49.model.name }}"}))
}

pub(crate) fn template(steps: &[Value], outputs: &Value) -> Value {
    json!({"template_id": "long_run", "template_name": "A long run", "version": "1", "description": "Is killed.",
           "mode": "parallel", "steps": steps, "outputs": outputs})
}
