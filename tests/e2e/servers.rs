//! Sequitur in front of servers that other people wrote: npm's
//! `server-everything` and `server-filesystem`, PyPI's `mcp-server-git` and
//! `mcp-server-time`, each also called directly, so that "untouched" is seen.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use super::{inspect, inspector, json as read, output, required, there};

/// Whether a program is in PATH; the servers have no harmless argument to ask them with.
fn installed(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", "command -v \"$0\"", program]).output();
    let found = found.is_ok_and(|output| output.status.success());
    assert!(found || !required(), "`{program}` is not in PATH, and it is required here");
    if !found {
        println!("skipped: `{program}` is not in PATH");
    }
    found
}

fn servers_are_there() -> bool {
    ["mcp-server-everything", "mcp-server-filesystem", "mcp-server-git", "mcp-server-time"].into_iter().all(installed)
        && there("git", &["--version"])
}

/// A repository with two commits and a change, a data folder and a configuration with the four servers.
struct Workplace {
    folder: tempfile::TempDir,
}

impl Workplace {
    fn new() -> Self {
        let workplace = Self { folder: tempfile::tempdir().unwrap() };
        let repository = workplace.repository();
        std::fs::create_dir_all(repository.join(".github/workflows")).unwrap();
        std::fs::write(repository.join(".github/workflows/check.yml"), "on: push\n").unwrap();
        for (file, message) in [("README.md", "Begin"), ("LICENSE", "Say who may use it")] {
            std::fs::write(repository.join(file), "text\n").unwrap();
            workplace.git(&["add", "."]);
            workplace.git(&["commit", "-q", "-m", message]);
        }
        std::fs::write(repository.join("README.md"), "changed\n").unwrap();
        let text = repository.to_str().unwrap();
        let configuration = json!({"mcpServers": {
            "git": {"command": "mcp-server-git"},
            "filesystem": {"command": "mcp-server-filesystem", "args": [text]},
            "time": {"command": "mcp-server-time"},
            "everything": {"command": "mcp-server-everything", "args": ["stdio"]},
        }, "workflows": {"directories": [Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows/examples")]}, "tools": {"list_budget_tokens": 60_000, "sets": ["core", "control", "gateway"]}});
        std::fs::write(workplace.configuration(), configuration.to_string()).unwrap();
        workplace
    }

    fn path(&self, name: &str) -> PathBuf {
        // The servers name files by their real paths.
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    fn configuration(&self) -> PathBuf {
        self.path("sequitur.json")
    }

    fn git(&self, arguments: &[&str]) {
        let repository = self.repository();
        if !repository.join(".git").exists() {
            let made = Command::new("git").args(["init", "-q", "-b", "main"]).arg(&repository).status().unwrap();
            assert!(made.success());
        }
        let set = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"];
        let done = Command::new("git").arg("-C").arg(&repository).args(set).args(arguments).status().unwrap();
        assert!(done.success(), "git {arguments:?}");
    }

    /// Our command line, up to the command.
    fn sequitur(&self) -> Vec<String> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        vec![
            env!("CARGO_BIN_EXE_sequitur").to_owned(),
            "--config".to_owned(),
            text(&self.configuration()),
            "--data-dir".to_owned(),
            text(&self.path("data")),
        ]
    }

    fn serve(&self) -> Vec<String> {
        let mut command = self.sequitur();
        command.push("serve".to_owned());
        command
    }

    /// The same with `--config` as a variable: the Inspector has an option of that name.
    fn inspected(&self, era: &str, arguments: &[&str]) -> std::process::Output {
        let mut command = self.serve();
        let place = command.iter().position(|argument| argument == "--config").unwrap();
        command.drain(place..place + 2);
        let variable = format!("SEQUITUR_CONFIG={}", self.configuration().display());
        inspect(command, era, &[arguments, &["-e", &variable]].concat())
    }

    fn run(&self, arguments: &[&str]) -> std::process::Output {
        let command = self.sequitur();
        output(Command::new(&command[0]).args(&command[1..]).args(arguments))
    }
}

/// A result as its server sent it: without what we add, which is told apart.
fn without_ours(result: &Value) -> (Value, Map<String, Value>) {
    let mut result = result.clone();
    let object = result.as_object_mut().unwrap();
    let ours = match object.remove("_meta") {
        Some(Value::Object(meta)) => meta,
        _ => Map::new(),
    };
    // In the modern era a server says who it is on every answer; asked directly it was in the other one.
    let known = |key: &String| key.starts_with("sequitur/") || key == "io.modelcontextprotocol/serverInfo";
    assert!(ours.keys().all(known), "{ours:?}");
    if let Some(blocks) = object.get_mut("content").and_then(Value::as_array_mut)
        && let Some(last) = blocks.last()
        && last["text"].as_str().is_some_and(|text| text.contains("_next_steps"))
    {
        assert!(last["text"].as_str().unwrap().len() <= 600, "{last}");
        blocks.pop();
    }
    (result, ours)
}

fn health(run: &Value) {
    assert_eq!(run["status"], "completed", "{run:#}");
    let outputs = &run["outputs"];
    assert_eq!(outputs["clean"], false, "{outputs:#}");
    assert_eq!(outputs["commits"], 2, "{outputs:#}");
    assert_eq!(outputs["authors"], json!(["Ada"]), "{outputs:#}");
    assert_eq!(outputs["branches"], 1, "{outputs:#}");
    assert_eq!(
        outputs["findings"],
        json!(["the working tree has changes that are not committed", "there is no .gitignore"]),
        "{outputs:#}"
    );
}

fn contents(run: &Value) {
    assert_eq!(run["status"], "completed", "{run:#}");
    let outputs = &run["outputs"];
    assert_eq!(outputs["text"], "Echo: Every kind of content", "{outputs:#}");
    assert!(outputs["structured"]["temperature"].is_number(), "{outputs:#}");
    assert_eq!(outputs["image"], "image/png", "{outputs:#}");
    assert_eq!(outputs["annotated"].as_array().unwrap().len(), 2, "{outputs:#}");
    assert_eq!(outputs["links"].as_array().unwrap().len(), 3, "{outputs:#}");
    assert!(outputs["embedded_text"].is_string(), "{outputs:#}");
    assert!(outputs["embedded_binary"].as_u64().is_some_and(|length| length > 0), "{outputs:#}");
    assert!(outputs["after"].as_str().unwrap().ends_with("The sum of 40 and 2 is 42."), "{outputs:#}");
}

fn with_the_python_sdk(era: &str) {
    if !servers_are_there() || !there("python", &["-c", "import mcp"]) {
        return;
    }
    let workplace = Workplace::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/servers.py");
    let seen =
        read(&output(Command::new("python").arg(script).arg(era).arg(workplace.repository()).args(workplace.serve())));
    let (direct, through) = (&seen["direct"], &seen["through"]);
    health(&through["run"]);
    contents(&through["contents"]);

    for (server, facts) in direct.as_object().unwrap() {
        for (tool, definition) in facts["tools"].as_object().unwrap() {
            let name = format!("{server}__{tool}");
            let listed = &through["tools"][&name];
            for key in ["description", "inputSchema", "outputSchema", "annotations", "title"] {
                assert_eq!(listed[key], definition[key], "`{key}` of `{name}`");
            }
        }
        let forwarded = through["calls"][server].as_array().unwrap();
        for (own, forwarded) in facts["calls"].as_array().unwrap().iter().zip(forwarded) {
            let (untouched, ours) = without_ours(forwarded);
            assert_eq!(untouched, *own, "an answer of `{server}` was changed on its way");
            assert!(ours.contains_key("sequitur/interaction_id"), "{forwarded}");
        }
    }

    let progress: Vec<f64> =
        through["progress"].as_array().unwrap().iter().map(|one| one["progress"].as_f64().unwrap()).collect();
    assert!(progress.len() >= 2, "progress of the server's call: {progress:?}");
    assert!(progress.windows(2).all(|pair| pair[0] < pair[1]), "progress must grow: {progress:?}");

    let found: Vec<&str> =
        through["found"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(found.first(), Some(&"git__git_log"), "{found:?}");
    assert!(through["read"]["content"][0]["text"].as_str().unwrap().contains("README.md"), "{}", through["read"]);
    assert_eq!(through["refused"]["success"], false, "{}", through["refused"]);
    assert!(through["refused"]["hint"].as_str().unwrap().contains("call_tool_write"), "{}", through["refused"]);
    assert_eq!(through["wrong"]["isError"], true, "{}", through["wrong"]);
    assert_eq!(through["wrong"]["structuredContent"]["error_type"], "invalid_input", "{}", through["wrong"]);
}

#[test]
fn the_python_sdk_reaches_four_servers_in_the_legacy_era() {
    with_the_python_sdk("legacy");
}

#[test]
fn the_python_sdk_reaches_four_servers_in_the_modern_era() {
    with_the_python_sdk("modern");
}

fn with_the_inspector(era: &str) {
    if !servers_are_there() || !inspector() {
        return;
    }
    let workplace = Workplace::new();
    let repository = workplace.repository();
    let arguments = json!({"template_id": "repository_health", "parameters": {"repository": repository}}).to_string();
    let call = ["--method", "tools/call", "--tool-name", "execute_workflow", "--tool-args-json", &arguments];
    let run = workplace.inspected(era, &call);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stdout));
    health(&read(&run)["result"]["structuredContent"]);

    // The definitions are known now: they are listed at once.
    let listed = workplace.inspected(era, &["--method", "tools/list"]);
    let listed = read(&listed);
    let names: Vec<&str> =
        listed["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    for name in ["git__git_log", "filesystem__read_text_file"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }

    let arguments = json!({"timezone": "Etc/UTC"}).to_string();
    let call = ["--method", "tools/call", "--tool-name", "time__get_current_time", "--tool-args-json", &arguments];
    let forwarded = workplace.inspected(era, &call);
    assert_eq!(forwarded.status.code(), Some(0), "{}", String::from_utf8_lossy(&forwarded.stdout));
    assert_eq!(read(&forwarded)["result"]["structuredContent"]["timezone"], "Etc/UTC");
}

#[test]
fn the_inspector_reaches_servers_in_the_legacy_era() {
    with_the_inspector("legacy");
}

#[test]
fn the_inspector_reaches_servers_in_the_modern_era() {
    with_the_inspector("modern");
}

#[test]
fn the_command_line_runs_the_template_and_writes_the_report() {
    if !servers_are_there() {
        return;
    }
    let workplace = Workplace::new();
    let repository = workplace.repository();
    let report = repository.join("HEALTH.md");
    let parameters = |name: &str, path: &Path| format!("{name}={}", path.display());
    let run = workplace.run(&[
        "run",
        "repository_health",
        "-p",
        &parameters("repository", &repository),
        "-p",
        &parameters("report_path", &report),
        "--json",
    ]);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    health(&read(&run));
    let written = std::fs::read_to_string(&report).unwrap();
    assert!(written.contains("- Authors: Ada"), "{written}");

    let wrong = workplace.run(&["run", "repository_health", "-p", "repository=/nowhere/at/all", "--json"]);
    assert_eq!(wrong.status.code(), Some(1), "{}", String::from_utf8_lossy(&wrong.stdout));
    assert_eq!(read(&wrong)["status"], "failed");
}
