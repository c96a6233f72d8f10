//! A server that ends with a call under way, at the command line: the question,
//! its three answers, and what the server's ledger has of it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::ledger::{Act, Answer, Book, Mark, Spec, Tool};

/// A folder with a configuration that names the bank.
struct Desk(tempfile::TempDir);

impl Desk {
    /// Each first call of `pay` has its effect and brings no reply.
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let pay = Tool::new("pay").destructive().does([Act::Effect, Act::Exit(7)]);
        let pay = pay.then([Act::Effect, Act::Answer(Answer::Echo)]);
        let spec = Spec::new("bank", &desk.path().join("ledger"), [pay]);
        let workflow = json!({
            "template_id": "pay", "template_name": "Pay",
            "steps": [{"step_id": "pay", "tool": "bank__pay", "parameters": {"amount": 5}}],
            "outputs": {"amount": "{{ pay.echo.amount }}"},
        });
        for (name, text) in [("config.json", json!({"mcpServers": {"bank": spec.entry()}})), ("pay.json", workflow)] {
            std::fs::write(desk.path().join(name), text.to_string()).unwrap();
        }
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn sequitur(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sequitur"));
        command.current_dir(self.path()).args(["--data-dir", "data", "--config", "config.json"]).args(arguments);
        command.output().unwrap()
    }

    /// A command's exit code and what it prints.
    fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.sequitur(&[arguments, &["--json"]].concat());
        let (told, printed) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        let value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}\n{told}"));
        (output.status.code(), value)
    }

    /// A run that waits for an answer, and the question.
    fn asked(&self) -> (String, String) {
        let (code, run) = self.json(&["run", "pay.json"]);
        assert_eq!((code, &run["status"]), (Some(3), &json!("paused")), "{run}");
        let (code, inbox) = self.json(&["inbox"]);
        let task = &inbox["tasks"][0];
        assert_eq!((code, &inbox["count"], &task["kind"]), (Some(0), &json!(1), &json!("interrupted")));
        assert_eq!((&task["workflow_id"], &task["template_id"]), (&run["workflow_id"], &json!("pay")));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&run["workflow_id"]), text(&task["task_id"]))
    }

    /// The keys of the calls that had their effect.
    fn effects(&self) -> Vec<Option<String>> {
        let lines = Book::at(&self.path().join("ledger")).of("pay", Mark::Effect);
        lines.into_iter().map(|line| line.key).collect()
    }
}

pub(crate) fn a_lost_call_is_asked_about_and_a_retry_goes_out_under_the_same_key() {
    let desk = Desk::new();
    let (run, task) = desk.asked();
    let shown = desk.sequitur(&["inbox"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains(&task), "a person sees it too");
    let (code, ended) = desk.json(&["respond", &run, &task, "action=retry"]);
    assert_eq!((code, &ended["status"], &ended["outputs"]), (Some(0), &json!("completed"), &json!({"amount": 5})));
    let effects = desk.effects();
    assert!(effects.len() == 2 && effects[0].is_some() && effects[0] == effects[1], "{effects:?}");
    assert_eq!(desk.json(&["inbox"]).1["count"], 0);
}

pub(crate) fn a_lost_call_is_taken_as_done_with_the_result_that_a_person_gives() {
    let desk = Desk::new();
    let (run, task) = desk.asked();
    let answer = r#"{"action": "done", "result": {"echo": {"amount": 4}}}"#;
    let (code, ended) = desk.json(&["respond", &run, &task, "--answer", answer]);
    assert_eq!((code, &ended["status"], &ended["outputs"]), (Some(0), &json!("completed"), &json!({"amount": 4})));
    assert_eq!(desk.effects().len(), 1, "it is not called again");
    let (code, late) = desk.json(&["respond", &run, &task, "action=retry"]);
    assert_eq!((code, &late["error_type"]), (Some(1), &json!("conflict")), "{late}");
}

pub(crate) fn a_lost_call_fails_where_a_person_says_so() {
    let desk = Desk::new();
    let (run, task) = desk.asked();
    let (code, ended) = desk.json(&["respond", &run, &task, "action=fail"]);
    assert_eq!(
        (code, &ended["status"], &ended["failed_step"]["kind"]),
        (Some(1), &json!("failed"), &json!("interrupted"))
    );
    assert_eq!(desk.effects().len(), 1);
}
