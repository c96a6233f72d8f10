//! The server driven by clients that other people wrote: the Inspector's command
//! line (npm) and the Python SDK, each in both protocol eras; by itself here, in
//! front of servers that other people wrote in `servers.rs`.
//!
//! A client that is not in PATH is skipped with a reason; with
//! `SEQUITUR_E2E=required`, as in `.ci/run`, it must be there.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test tells by failing, and why it is skipped"
)]

mod servers;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models")
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn required() -> bool {
    std::env::var("SEQUITUR_E2E").is_ok_and(|value| value == "required")
}

/// Whether `program` answers; tells why the test is skipped when it does not.
fn there(program: &str, probe: &[&str]) -> bool {
    let there = Command::new(program).args(probe).output().is_ok_and(|output| output.status.success());
    assert!(there || !required(), "`{program} {}` does not work, and it is required here", probe.join(" "));
    if !there {
        println!("skipped: `{program} {}` does not work here", probe.join(" "));
    }
    there
}

struct Server {
    data: tempfile::TempDir,
}

impl Server {
    fn new() -> Self {
        Self { data: tempfile::tempdir().unwrap() }
    }

    /// The command line that starts it.
    fn command(&self) -> Vec<String> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        vec![
            env!("CARGO_BIN_EXE_sequitur").to_owned(),
            "--data-dir".to_owned(),
            text(self.data.path()),
            "--root".to_owned(),
            text(&sample()),
            "serve".to_owned(),
        ]
    }
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("not JSON ({error}):\n{text}\nstderr:\n{}", String::from_utf8_lossy(&output.stderr))
    })
}

fn with_the_python_sdk(era: &str) {
    if !there("python", &["-c", "import mcp"]) {
        return;
    }
    let server = Server::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/sdk.py");
    let seen = json(&output(Command::new("python").arg(script).args([era, "0"]).args(server.command())));

    let tools: Vec<&str> = seen["tools"].as_array().unwrap().iter().map(|tool| tool.as_str().unwrap()).collect();
    for core in [
        "execute_workflow",
        "list_workflow_templates",
        "get_workflow_status",
        "cancel_workflow",
        "analyze_intent",
        "get_recommendations",
        "get_learning_analytics",
        "02_list_tables",
    ] {
        assert!(tools.contains(&core), "{core} is not listed: {tools:?}");
    }
    let run = &seen["run"];
    assert_eq!(run["status"], "completed", "{run:#}");
    assert_eq!(seen["run_is_error"], false);
    assert_eq!(serde_json::from_str::<Value>(seen["run_text"].as_str().unwrap()).unwrap(), *run);
    assert!(run["_next_steps"].is_array(), "{run:#}");
    assert_eq!(seen["status"]["status"]["status"], "completed");
    // The run's model stays connected for the session.
    assert_eq!(seen["tables"]["success"], true, "{:#}", seen["tables"]);
    assert_eq!(seen["wrong_is_error"], true);
    assert_eq!(seen["wrong"]["error_type"], "not_found");
    assert!(seen["wrong"]["available_templates"].as_array().unwrap().contains(&"model_inventory".into()));

    let progress: Vec<f64> =
        seen["progress"].as_array().unwrap().iter().map(|one| one["progress"].as_f64().unwrap()).collect();
    assert!(!progress.is_empty(), "no progress came");
    assert!(progress.windows(2).all(|pair| pair[0] < pair[1]), "progress must grow: {progress:?}");
    assert!(seen["progress"].as_array().unwrap().iter().all(|one| one["total"] == 100.0));
}

#[test]
fn the_python_sdk_runs_the_main_job_in_the_legacy_era() {
    with_the_python_sdk("legacy");
}

#[test]
fn the_python_sdk_runs_the_main_job_in_the_modern_era() {
    with_the_python_sdk("modern");
}

fn inspect(command: Vec<String>, era: &str, arguments: &[&str]) -> Output {
    output(Command::new("mcp-inspector").arg("--cli").args(command).args(arguments).args([
        "--format",
        "json",
        "-q",
        "--protocol-era",
        era,
    ]))
}

fn inspector() -> bool {
    there("node", &["-e", "process.exit(+process.versions.node.split('.')[0] >= 22 ? 0 : 1)"])
        && there("mcp-inspector", &["--cli", "--help"])
}

fn with_the_inspector(era: &str) {
    if !inspector() {
        return;
    }
    let server = Server::new();
    let listed = inspect(server.command(), era, &["--method", "tools/list"]);
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = &json(&listed)["result"];
    let names: Vec<&str> =
        listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"execute_workflow"), "{names:?}");

    let arguments = serde_json::json!({"template_id": "model_inventory", "parameters": {"model": "0"}}).to_string();
    let call = ["--method", "tools/call", "--tool-name", "execute_workflow", "--tool-args-json", &arguments];
    let run = inspect(server.command(), era, &call);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stdout));
    let body = &json(&run)["result"]["structuredContent"];
    assert_eq!(body["status"], "completed", "{body:#}");
    assert!(body["outputs"].is_object(), "{body:#}");

    let wrong = ["--method", "tools/call", "--tool-name", "cancel_workflow", "--tool-args-json", "{}"];
    // The Inspector ends with 5 for `isError`.
    assert_eq!(inspect(server.command(), era, &wrong).status.code(), Some(5));
}

#[test]
fn the_inspector_runs_the_main_job_in_the_legacy_era() {
    with_the_inspector("legacy");
}

#[test]
fn the_inspector_runs_the_main_job_in_the_modern_era() {
    with_the_inspector("modern");
}
