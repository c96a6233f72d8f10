//! Whole commands against tools that answer from a script.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use clap::Parser as _;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::args::Arguments;
use super::backend::{Backend, Client, Purpose};
use super::entry::{report, run};
use super::exit::Exit;
use super::failure::Failure;
use super::setup::Setup;
use super::terminal::Terminal;
use crate::base::json::Object;
use crate::base::{ErrorKind, ManualEntropy};
use crate::config::Environment;
use crate::contract::{Annotations, CallFailure, CallTool, Origin, Progress, ToolCall, ToolDefinition, ToolOutput};
use crate::downstream::Servers;

/// A stream that keeps what is written to it.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a call does when it is made.
type Answer = Box<dyn Fn(&ToolCall) -> BoxFuture<'static, Value> + Send + Sync>;

#[derive(Default)]
struct Script {
    answers: BTreeMap<&'static str, Answer>,
    calls: Mutex<Vec<(String, Object)>>,
    longest_wait: Option<u64>,
}

impl Script {
    /// Answers the n-th call of `tool` with the n-th value, then with the last.
    fn answer(mut self, tool: &'static str, values: &[Value]) -> Self {
        let values = values.to_vec();
        let next = Mutex::new(0);
        let answer = move |_: &ToolCall| -> BoxFuture<'static, Value> {
            let mut next = next.lock().unwrap();
            let value = values[(*next).min(values.len() - 1)].clone();
            *next += 1;
            async move { value }.boxed()
        };
        self.answers.insert(tool, Box::new(answer));
        self
    }
}

impl CallTool for Script {
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        assert_eq!(call.origin, Origin::Cli { session: "s".to_owned() });
        self.calls.lock().unwrap().push((call.name.clone(), call.arguments.clone()));
        let answer = self.answers.get(call.name.as_str()).unwrap_or_else(|| panic!("no answer for {}", call.name));
        let answer = answer(&call);
        Box::pin(async move {
            let value = answer.await;
            if value == json!("lost") {
                return Err(CallFailure::new(ErrorKind::Interrupted, "given up"));
            }
            let is_error = value["success"] == json!(false);
            Ok(ToolOutput { is_error, ..ToolOutput::structured(value) })
        })
    }

    fn definition(&self, name: &str) -> Option<ToolDefinition> {
        self.answers.contains_key(name).then(|| ToolDefinition {
            name: name.to_owned(),
            title: None,
            description: "Does it. And more.".to_owned(),
            input_schema: match self.longest_wait {
                Some(longest) => json!({"properties": {"wait_seconds": {"type": "number", "maximum": longest}}}),
                None => json!({}),
            },
            output_schema: None,
            annotations: Annotations { read_only_hint: Some(true), ..Annotations::default() },
        })
    }

    fn names(&self) -> Vec<String> {
        self.answers.keys().map(|name| (*name).to_owned()).collect()
    }
}

#[derive(Clone, Default)]
struct Fake {
    script: Arc<Script>,
    servers: Option<Arc<Servers>>,
    closed: Arc<AtomicBool>,
    purposes: Arc<Mutex<Vec<Purpose>>>,
}

impl Backend for Fake {
    fn serve(&self, setup: Setup) -> BoxFuture<'_, Result<Exit, Failure>> {
        let exit = if setup.config_error.is_some() { Exit::Waiting } else { Exit::Completed };
        async move { Ok(exit) }.boxed()
    }

    fn client(&self, _: Setup, purpose: Purpose) -> BoxFuture<'_, Result<Client, Failure>> {
        self.purposes.lock().unwrap().push(purpose);
        let closed = Arc::clone(&self.closed);
        let close = move || async move { closed.store(true, Ordering::SeqCst) }.boxed();
        let tools = self.script.clone();
        let client = Client { tools, servers: self.servers.clone(), session: "s".to_owned(), close: Box::new(close) };
        async move { Ok(client) }.boxed()
    }
}

struct Shown {
    code: u8,
    out: String,
    err: String,
    calls: Vec<(String, Object)>,
    purposes: Vec<Purpose>,
}

impl Shown {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    fn tools(&self) -> Vec<&str> {
        self.calls.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// A folder with a command line in it.
struct Shell {
    folder: tempfile::TempDir,
    interrupts: mpsc::UnboundedSender<()>,
    pressed: Mutex<Option<mpsc::UnboundedReceiver<()>>>,
    input: &'static str,
    asks: bool,
    servers: Option<Arc<Servers>>,
}

impl Shell {
    fn new() -> Self {
        let (interrupts, pressed) = mpsc::unbounded_channel();
        let folder = tempfile::tempdir().unwrap();
        Self { folder, interrupts, pressed: Mutex::new(Some(pressed)), input: "", asks: false, servers: None }
    }

    fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    async fn run(&self, script: Script, line: &[&str]) -> Shown {
        let fake = Fake { script: Arc::new(script), servers: self.servers.clone(), ..Fake::default() };
        let (out, err) = (Kept::default(), Kept::default());
        let mut terminal = Terminal::fake(out.clone(), err.clone(), self.input);
        if self.asks {
            terminal.in_is_terminal = true;
            terminal.err_is_terminal = true;
        }
        let cwd = self.folder.path().canonicalize().unwrap();
        let environment = Environment { data_folder: Some(cwd.join("data")), cwd, ..Environment::default() };
        let arguments = Arguments::try_parse_from([&["sequitur"], line].concat()).unwrap();
        let entropy = ManualEntropy::new(1);
        let pressed = self.pressed.lock().unwrap().take();
        let interrupts = || pressed.unwrap_or_else(|| mpsc::unbounded_channel().1);
        let json = line.contains(&"--json");
        let done = run(arguments, environment, &entropy, &fake, &terminal, interrupts).await;
        let used = !fake.purposes.lock().unwrap().is_empty();
        let killed = matches!(done, Err(Failure::Killed));
        assert_eq!(fake.closed.load(Ordering::SeqCst), used && !killed, "what was opened is closed in order");
        let exit = done.unwrap_or_else(|failure| report(&terminal, &failure, json));
        let calls = fake.script.calls.lock().unwrap().clone();
        let purposes = fake.purposes.lock().unwrap().clone();
        Shown { code: exit.code(), out: out.text(), err: err.text(), calls, purposes }
    }
}

fn running() -> Value {
    json!({"success": true, "workflow_id": "w1", "status": "running"})
}

fn ended(status: &str) -> Value {
    json!({
        "success": !matches!(status, "failed" | "cancelled" | "timed_out"), "workflow_id": "w1", "workflow_name": "Report",
        "status": status, "duration_seconds": 1.5,
        "step_results": {
            "fetch": {"step_name": "Fetch", "status": "completed", "attempts": 1, "duration_seconds": 0.5},
            "send": {"step_name": "Send", "status": "failed", "attempts": 3, "duration_seconds": 1.0,
                     "error": {"kind": "timeout", "message": "no answer\u{1b}[2J"}},
        },
        "outputs": {"rows": 12}, "_next_steps": [{"tool": "x"}],
    })
}

#[tokio::test]
async fn a_run_starts_waits_and_ends_in_a_summary() {
    let script = Script::default()
        .answer("list_workflow_templates", &[json!({"templates": [
            {"template_id": "report", "parameters": [{"name": "limit", "type": "integer"}, {"name": "code", "type": "string"}]}]})])
        .answer("execute_workflow", &[running(), ended("completed")]);
    let shell = Shell::new().file("values.json", r#"{"limit": 1, "region": "north"}"#);
    let shown = shell
        .run(
            script,
            &["run", "report", "-p", "limit=5", "-p", "code=007", "--params", "values.json", "--mode", "parallel"],
        )
        .await;
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert_eq!(shown.tools(), ["list_workflow_templates", "execute_workflow", "execute_workflow"]);
    let (first, second) = (&shown.calls[1].1, &shown.calls[2].1);
    assert_eq!(first["parameters"], json!({"limit": 5, "region": "north", "code": "007"}));
    assert_eq!((&first["mode"], &first["wait_seconds"]), (&json!("parallel"), &json!(86_400)));
    assert_eq!(first["idempotency_key"], second["idempotency_key"], "the second call waits for the same run");
    assert_eq!(
        shown.out,
        "STEP   STATUS     ATTEMPTS  TIME    NOTE\n\
         Fetch  completed  1         0.50 s\n\
         Send   failed     3         1.00 s  no answer\\u{1b}[2J\n\n\
         OUTPUT  VALUE\n\
         rows    12\n\n\
         Report completed in 1.50 s  w1\n"
    );
    assert_eq!(shown.purposes, [Purpose::Drive]);
}

#[tokio::test]
async fn json_is_exactly_what_the_tool_answers() {
    let script = Script::default().answer("execute_workflow", &[ended("completed")]);
    let shown = Shell::new().run(script, &["run", "report", "--json"]).await;
    assert_eq!((shown.code, shown.json()), (0, ended("completed")));
    assert_eq!(shown.err, "");
}

#[tokio::test]
async fn every_end_has_its_exit_code() {
    for (status, code) in
        [("completed", 0), ("failed", 1), ("timed_out", 1), ("waiting", 3), ("paused", 3), ("cancelled", 130)]
    {
        let script = Script::default().answer("execute_workflow", &[running(), ended(status)]);
        assert_eq!(Shell::new().run(script, &["run", "report"]).await.code, code, "{status}");
    }
}

#[tokio::test]
async fn a_refused_call_is_bad_input_with_its_details() {
    let refused = json!({"success": false, "error": "parameter `limt` is not known", "error_type": "invalid_input",
        "hint": "did you mean `limit`?", "errors": [{"path": "/parameters/limt", "message": "unknown"}],
        "problems": [{"line": 3, "column": 5, "path": "steps[0]", "message": "odd"}], "available_templates": ["a", "b"]});
    let script = || Script::default().answer("execute_workflow", std::slice::from_ref(&refused));
    let shown = Shell::new().run(script(), &["run", "report"]).await;
    assert_eq!(shown.code, 2);
    assert_eq!(
        shown.err,
        "error: parameter `limt` is not known\n  /parameters/limt: unknown\n  3:5: odd\n  templates: a, b\nhint: did you mean `limit`?\n"
    );
    let shown = Shell::new().run(script(), &["run", "report", "--json"]).await;
    assert_eq!((shown.code, shown.json()), (2, refused.clone()));
}

#[tokio::test]
async fn a_file_is_sent_as_a_definition_with_its_types() {
    let text =
        "template_id: t\ntemplate_name: T\nparameters: [{name: code, type: string}]\nsteps: [{step_id: a, tool: x}]\n";
    let script = Script::default().answer("execute_workflow", &[ended("completed")]);
    let shown = Shell::new().file("t.yaml", text).run(script, &["run", "t.yaml", "-p", "code=1"]).await;
    assert_eq!(shown.calls[0].1["definition"], json!(text));
    assert_eq!(shown.calls[0].1["parameters"], json!({"code": "1"}));
    let shown = Shell::new().run(Script::default(), &["run", "nope.yaml"]).await;
    assert_eq!(shown.code, 2);
    assert!(shown.err.contains("nope.yaml: E007 unreadable"), "{}", shown.err);
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_keeps_nothing() {
    let plan = json!({"success": true, "status": "planned", "workflow_name": "Report",
        "plan": {"levels": [["a", "b"], ["c"]], "tools": ["t"], "missing_tools": ["u"], "warnings": []}});
    let script = Script::default().answer("execute_workflow", &[plan]);
    let shown = Shell::new().run(script, &["run", "report", "--dry-run"]).await;
    assert_eq!(shown.code, 0);
    assert!(!shown.calls[0].1.contains_key("idempotency_key"));
    assert_eq!(shown.out, "Report: nothing was done; this is what would be\n  1. a, b\n  2. c\ntools: t\n");
    assert_eq!(shown.err, "missing tools: u\n");
}

#[tokio::test]
async fn progress_goes_to_standard_error_as_lines() {
    let mut script = Script::default();
    let answer = |call: &ToolCall| -> BoxFuture<'static, Value> {
        let report = call.progress.clone().unwrap();
        report(Progress { progress: 50.0, total: Some(100.0), message: Some("Fetch 1/2".to_owned()) });
        async { ended("completed") }.boxed()
    };
    script.answers.insert("resume_workflow", Box::new(answer));
    let shown = Shell::new().run(script, &["resume", "w1"]).await;
    assert_eq!((shown.code, shown.err.as_str()), (0, " 50%  Fetch 1/2\n"));
    assert_eq!(shown.calls[0].1["workflow_id"], json!("w1"));
}

#[tokio::test(start_paused = true)]
async fn a_wait_keeps_to_the_tools_limit_and_is_repeated() {
    let script = Script { longest_wait: Some(50), ..Script::default() }
        .answer("resume_workflow", &[running(), running(), ended("completed")]);
    let shown = Shell::new().run(script, &["resume", "w1"]).await;
    assert_eq!((shown.code, shown.calls.len()), (0, 3));
    assert!(shown.calls.iter().all(|(_, arguments)| arguments["wait_seconds"] == json!(50)));
}

/// `execute_workflow` goes on until it is given up, then until the run is cancelled.
fn cancellable(shell: &Shell, presses: usize, given_up_answer: Value) -> Script {
    let (cancelled, waiting) = tokio::sync::watch::channel(false);
    let interrupts = shell.interrupts.clone();
    let calls = Mutex::new(0);
    let execute = move |call: &ToolCall| -> BoxFuture<'static, Value> {
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        if *calls == 1 {
            for _ in 0..presses {
                interrupts.send(()).unwrap();
            }
            let (given_up, killed, answer) = (call.cancel.clone(), presses > 1, given_up_answer.clone());
            return async move {
                given_up.cancelled().await;
                if killed { std::future::pending().await } else { answer }
            }
            .boxed();
        }
        if call.arguments["wait_seconds"] == json!(0) {
            return async { running() }.boxed();
        }
        let mut waiting = waiting.clone();
        async move {
            waiting.wait_for(|cancelled| *cancelled).await.unwrap();
            ended("cancelled")
        }
        .boxed()
    };
    let cancel = move |_: &ToolCall| -> BoxFuture<'static, Value> {
        cancelled.send(true).unwrap();
        async { json!({"success": true, "status": "cancelling", "message": "cancelling"}) }.boxed()
    };
    let mut script = Script::default();
    script.answers.insert("execute_workflow", Box::new(execute));
    script.answers.insert("cancel_workflow", Box::new(cancel));
    script
}

#[tokio::test]
async fn one_ctrl_c_cancels_the_run_and_waits_for_its_end() {
    let shell = Shell::new();
    let shown = shell.run(cancellable(&shell, 1, running()), &["run", "report"]).await;
    assert_eq!(shown.code, 130);
    assert_eq!(shown.tools(), ["execute_workflow", "cancel_workflow", "execute_workflow"]);
    assert_eq!(shown.calls[1].1["workflow_id"], json!("w1"));
    assert_eq!(shown.calls[0].1["idempotency_key"], shown.calls[2].1["idempotency_key"]);
    assert!(shown.out.contains("Report cancelled"), "{}", shown.out);
    assert!(shown.err.contains("Ctrl-C again"), "{}", shown.err);
}

#[tokio::test]
async fn a_run_whose_call_was_lost_to_ctrl_c_is_found_by_its_key_and_cancelled() {
    let shell = Shell::new();
    let shown = shell.run(cancellable(&shell, 1, json!("lost")), &["run", "report"]).await;
    assert_eq!(shown.code, 130);
    assert_eq!(shown.tools(), ["execute_workflow", "execute_workflow", "cancel_workflow", "execute_workflow"]);
}

#[tokio::test]
async fn ctrl_c_cancels_a_run_that_is_known_while_the_call_goes_on() {
    let shell = Shell::new();
    let (cancelled, waiting) = tokio::sync::watch::channel(false);
    let interrupts = shell.interrupts.clone();
    let resume = move |_: &ToolCall| -> BoxFuture<'static, Value> {
        interrupts.send(()).unwrap();
        let mut waiting = waiting.clone();
        async move {
            waiting.wait_for(|cancelled| *cancelled).await.unwrap();
            ended("cancelled")
        }
        .boxed()
    };
    let cancel = move |_: &ToolCall| -> BoxFuture<'static, Value> {
        cancelled.send(true).unwrap();
        async { json!({"success": true}) }.boxed()
    };
    let mut script = Script::default();
    script.answers.insert("resume_workflow", Box::new(resume));
    script.answers.insert("cancel_workflow", Box::new(cancel));
    let shown = shell.run(script, &["resume", "w1"]).await;
    assert_eq!((shown.code, shown.tools()), (130, vec!["resume_workflow", "cancel_workflow"]));
}

#[tokio::test]
async fn a_second_ctrl_c_ends_at_once() {
    let shell = Shell::new();
    let shown = shell.run(cancellable(&shell, 2, running()), &["run", "report"]).await;
    assert_eq!((shown.code, shown.out.as_str()), (130, ""));
}

fn asking() -> Value {
    let mut waiting = ended("waiting");
    waiting["pending_tasks"] = json!([{"task_id": "approval", "step_id": "approval", "kind": "human_task", "prompt": "Publish?",
        "answer_schema": {"type": "object", "properties": {"approved": {"type": "boolean"}}, "required": ["approved"]}}]);
    waiting
}

#[tokio::test]
async fn without_a_person_the_question_is_shown_with_the_command_that_answers() {
    let script = Script::default().answer("execute_workflow", &[asking()]);
    let shown = Shell::new().run(script, &["run", "report"]).await;
    assert_eq!(shown.code, 3);
    assert!(shown.err.contains("asked: Publish?\n  sequitur respond w1 'approval' approved=..\n"), "{}", shown.err);
}

#[tokio::test]
async fn a_person_is_asked_on_the_spot() {
    let script =
        Script::default().answer("execute_workflow", &[asking()]).answer("respond_to_task", &[ended("completed")]);
    let shell = Shell { input: "yes\n", asks: true, ..Shell::new() };
    let shown = shell.run(script, &["run", "report"]).await;
    assert_eq!(shown.code, 0);
    let (tool, arguments) = &shown.calls[1];
    assert_eq!(tool, "respond_to_task");
    assert_eq!((&arguments["task_id"], &arguments["answer"]), (&json!("approval"), &json!({"approved": true})));
}

#[tokio::test]
async fn an_answer_is_read_by_the_tasks_schema() {
    let status = json!({"success": true, "status": {"workflow_id": "w1", "pending_tasks": asking()["pending_tasks"]}});
    let script =
        Script::default().answer("get_workflow_status", &[status]).answer("respond_to_task", &[ended("completed")]);
    let shown = Shell::new().run(script, &["respond", "w1", "approval", "approved=no", "--json"]).await;
    assert_eq!((shown.code, shown.json()), (0, ended("completed")));
    assert_eq!(shown.calls[1].1["answer"], json!({"approved": false}));
}

#[tokio::test]
async fn runs_and_show_are_tables() {
    let runs = json!({"success": true, "runs": [{"workflow_id": "w1", "template_id": "report", "status": "waiting",
        "started_at": "2026-01-01T00:00:00.000Z", "waiting_for": {"kind": "task", "step_id": "approval"}}]});
    let script = Script::default().answer("get_workflow_status", &[runs]);
    let shown = Shell::new().run(script, &["runs", "--status", "waiting", "--limit", "5"]).await;
    assert_eq!(shown.calls[0].1, *json!({"status": "waiting", "limit": 5}).as_object().unwrap());
    assert_eq!(
        shown.out,
        "RUN  TEMPLATE  STATUS   STARTED                   WAITING FOR\n\
         w1   report    waiting  2026-01-01T00:00:00.000Z  task approval\n"
    );
    assert_eq!(shown.purposes, [Purpose::Look]);

    let status = json!({"success": true, "status": {"workflow_id": "w1", "workflow_name": "Report", "status": "running",
        "progress_percentage": 40.0, "estimated_seconds_left": 12.0,
        "steps": [{"step_id": "fetch", "status": "completed", "attempts": 1, "execution_time": 0.25}]}});
    let script = Script::default().answer("get_workflow_status", &[status]);
    let shown = Shell::new().run(script, &["show", "w1"]).await;
    assert_eq!(
        shown.out,
        "Report  running  w1\n40% done, about 12.0 s left\n\nSTEP   STATUS     ATTEMPTS  TIME    NOTE\nfetch  completed  1         0.25 s\n"
    );
}

#[tokio::test]
async fn cancel_and_pause_say_what_happens() {
    let script = Script::default().answer(
        "cancel_workflow",
        &[json!({"success": true, "message": "the run is being cancelled", "will_be_undone": ["post", {"step_id": "send"}]})],
    );
    let shown = Shell::new().run(script, &["cancel", "w1", "--reason", "wrong", "--no-compensate"]).await;
    assert_eq!(
        shown.calls[0].1,
        *json!({"workflow_id": "w1", "reason": "wrong", "compensate": false}).as_object().unwrap()
    );
    assert_eq!(
        (shown.out.as_str(), shown.err.as_str()),
        ("the run is being cancelled\n", "will be undone: post, send\n")
    );
    let script = Script::default().answer("pause_workflow", &[json!({"success": true, "status": "paused"})]);
    assert_eq!(Shell::new().run(script, &["pause", "w1"]).await.out, "paused\n");
}

#[tokio::test]
async fn the_inbox_gathers_the_tasks_of_all_runs() {
    let runs = |runs: Value| json!({"success": true, "runs": runs});
    let waiting = runs(json!([{"workflow_id": "w1", "template_id": "report", "status": "waiting"},
                              {"workflow_id": "w0", "template_id": "report", "status": "completed"}]));
    let script = || {
        let waiting = waiting.clone();
        let mut script = Script::default();
        let answer = move |call: &ToolCall| -> BoxFuture<'static, Value> {
            let value = match (call.arguments.get("workflow_id"), call.arguments.get("status")) {
                (Some(_), _) => json!({"success": true, "status": {"pending_tasks": asking()["pending_tasks"]}}),
                (None, None) => waiting.clone(),
                (None, Some(status)) => panic!("asked for {status}"),
            };
            async move { value }.boxed()
        };
        script.answers.insert("get_workflow_status", Box::new(answer));
        script
    };
    let shown = Shell::new().run(script(), &["inbox"]).await;
    assert!(shown.out.contains("w1   approval  report    human_task         Publish?"), "{}", shown.out);
    let shown = Shell::new().run(script(), &["inbox", "--json"]).await;
    assert_eq!(shown.json()["count"], json!(1));
    assert_eq!(shown.json()["tasks"][0]["workflow_id"], json!("w1"));
}

#[tokio::test]
async fn templates_and_tools_are_listed() {
    let listed = json!({"success": true, "count": 2, "warnings": ["`broken.yaml` is broken"], "templates": [
        {"template_id": "a", "category": "analysis", "step_count": 3, "source": "builtin", "ready": true, "description": "Does a."},
        {"template_id": "b", "step_count": 1, "source": "user", "ready": false, "missing_tools": ["git__log"], "description": "Does b."}]});
    let script = Script::default().answer("list_workflow_templates", &[listed]);
    let shown = Shell::new().run(script, &["templates", "x", "--category", "analysis"]).await;
    assert_eq!(shown.calls[0].1, *json!({"query": "x", "category": "analysis"}).as_object().unwrap());
    assert_eq!(
        shown.out,
        "TEMPLATE  CATEGORY  STEPS  SOURCE   READY           WHAT IT DOES\n\
         a         analysis  3      builtin  yes             Does a.\n\
         b                   1      user     needs git__log  Does b.\n"
    );
    assert_eq!(shown.err, "warning: `broken.yaml` is broken\n");

    let script = Script::default().answer("get_workflow_status", &[Value::Null]);
    let shown = Shell::new().run(script, &["tools"]).await;
    assert_eq!(shown.out, "TOOL                 EFFECT  WHAT IT DOES\nget_workflow_status  reads   Does it.\n");
    let script = Script::default().answer("get_workflow_status", &[Value::Null]);
    assert_eq!(Shell::new().run(script, &["tools", "--json"]).await.json()["tools"][0]["name"], "get_workflow_status");
}

#[tokio::test(start_paused = true)]
async fn a_changed_tool_is_shown_with_what_changed_and_can_be_accepted() {
    let data = tempfile::tempdir().unwrap();
    let servers = crate::downstream::tests::with_a_change(data.path()).await;
    let shell = Shell { servers: Some(servers), ..Shell::new() };
    let script = || Script::default().answer("get_workflow_status", &[Value::Null]);
    let shown = shell.run(script(), &["tools"]).await;
    let told = "\n`git__log` is held back: server `git` changed it\n  description: \"Shows.\" -> \"Shows all.\"\n  \
                take it with `sequitur tools accept git__log`\n";
    assert!(shown.out.ends_with(told), "{}", shown.out);
    assert_eq!(shown.err, "warning: server `bad`: environment variable `X` is not set\n");
    let shown = shell.run(script(), &["tools", "--json"]).await.json();
    assert_eq!(
        (&shown["quarantined"][0]["name"], &shown["servers"][0]["state"]),
        (&json!("git__log"), &json!("ready"))
    );
    let doctor = || {
        Script::default()
            .answer("list_workflow_templates", &[json!({"success": true, "templates": [], "warnings": []})])
            .answer("get_workflow_status", &[json!({"success": true, "runs": []})])
    };
    let shown = shell.run(doctor(), &["doctor"]).await;
    assert!(shown.out.contains("`git__log` is held back: it changed"), "{}", shown.out);
    let shown = shell.run(Script::default(), &["tools", "accept", "git__lag", "--json"]).await;
    assert_eq!((shown.code, &shown.json()["hint"]), (2, &json!("held back are: git__log")));
    let shown = shell.run(Script::default(), &["tools", "accept", "git__log"]).await;
    assert!(shown.out.ends_with("accepted `git__log` as it is now\n") && shown.code == 0, "{}{}", shown.out, shown.err);
    let shown = shell.run(script(), &["tools", "--json"]).await.json();
    assert_eq!((&shown["quarantined"], &shown["servers"][0]["tools"]), (&json!([]), &json!(2)));
}

#[tokio::test]
async fn a_broken_configuration_stops_commands_but_not_serve_and_doctor() {
    let shell = Shell::new().file("sequitur.json", "{\"workflow\": 1}");
    let shown = shell.run(Script::default(), &["runs", "--json"]).await;
    assert_eq!(shown.code, 2);
    let told = shown.json();
    assert_eq!((&told["error_type"], &told["line"], &told["column"]), (&json!("config_invalid"), &json!(1), &json!(2)));
    assert_eq!(told["hint"], json!("did you mean `workflows`?"));
    assert_eq!(shell.run(Script::default(), &["serve"]).await.code, 3, "serve gets the error and goes on");
    let shown = shell.run(Script::default(), &["doctor", "--json"]).await;
    assert_eq!(shown.code, 1);
    let checks = shown.json()["checks"].clone();
    let broken = checks.as_array().unwrap().iter().find(|check| check["status"] == "error").unwrap();
    assert!(broken["detail"].as_str().unwrap().contains("unknown key `workflow`"), "{broken}");
}

#[tokio::test]
async fn trust_makes_a_projects_file_count() {
    let shell = Shell::new()
        .file("sequitur.json", r#"{"mcpServers": {"git": {"command": "uvx", "args": ["mcp-server-git"]}}}"#);
    let templates = || {
        Script::default()
            .answer("list_workflow_templates", &[json!({"success": true, "templates": [], "warnings": []})])
            .answer("get_workflow_status", &[json!({"success": true, "runs": []})])
    };
    let servers = |shown: &Shown| shown.out.contains("`git` starts `uvx`");
    let shown = shell.run(templates(), &["doctor"]).await;
    assert!(!servers(&shown) && shown.out.contains("the file is not trusted"), "{}", shown.out);
    let shown = shell.run(templates(), &["trust"]).await;
    assert_eq!(shown.code, 0);
    assert!(shown.err.contains("counts: mcpServers.git (starts `uvx mcp-server-git`)"), "{}", shown.err);
    let shown = shell.run(templates(), &["doctor"]).await;
    assert!(servers(&shown) && shown.code == 0, "{}", shown.out);
    let shown = Shell::new().run(templates(), &["trust", "--json"]).await;
    assert_eq!((shown.code, &shown.json()["error_type"]), (2, &json!("not_found")));
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_is_told() {
    let shell = Shell::new().file("data", "a file");
    let shown = shell.run(Script::default(), &["runs"]).await;
    assert_eq!(shown.code, 1);
    assert!(shown.err.contains("is not a folder\nhint: make the folder writable"), "{}", shown.err);
}

#[tokio::test]
async fn without_a_command_and_a_terminal_it_serves_and_with_one_it_helps() {
    let shown = Shell::new().run(Script::default(), &[]).await;
    assert_eq!((shown.code, shown.out.as_str()), (0, ""));
    let shown = Shell { asks: true, ..Shell::new() }.run(Script::default(), &[]).await;
    assert!(shown.out.contains("Usage: sequitur") && shown.code == 0, "{}", shown.out);
}

#[tokio::test]
async fn validate_tells_everything_with_its_place() {
    let good = "template_id: good\ntemplate_name: Good\nsteps:\n  - {step_id: a, tool: known}\n";
    let bad =
        "template_id: bad\ntemplate_name: Bad\nsteps:\n  - {step_id: a, tol: known}\n  - {step_id: a, tool: known}\n";
    let shell = Shell::new().file("good.yaml", good).file("bad.yaml", bad);
    let script = || Script::default().answer("known", &[Value::Null]);
    let shown = shell.run(script(), &["validate", "good.yaml"]).await;
    assert_eq!((shown.code, shown.out.as_str(), shown.err.as_str()), (0, "good.yaml: valid\n", ""));

    let shown = shell.run(script(), &["validate", "good.yaml", "bad.yaml", "nope.yaml"]).await;
    assert_eq!(shown.code, 2);
    assert!(shown.out.contains("bad.yaml:4:") && shown.out.contains("did you mean `tool`?"), "{}", shown.out);
    assert!(shown.out.contains("bad.yaml:5:") && shown.out.contains("bad.yaml: invalid ("), "{}", shown.out);
    assert!(shown.out.contains("nope.yaml: E007 unreadable"), "{}", shown.out);

    let shown = shell.run(Script::default(), &["validate", "good.yaml", "--json"]).await;
    let file = &shown.json()["files"][0];
    assert_eq!((shown.code, &file["valid"], &file["template_id"]), (0, &json!(true), &json!("good")));
    assert_eq!(file["problems"][0]["name"], json!("unknown_tool"));
    assert_eq!(file["problems"][0]["file"], json!("good.yaml"));
}

#[tokio::test]
async fn validate_works_where_nothing_can_be_run() {
    let shell = Shell::new()
        .file("t.yaml", "template_id: t\ntemplate_name: T\nsteps: [{step_id: a, tool: x}]\n")
        .file("data", "");
    let shown = shell.run(Script::default(), &["validate", "t.yaml"]).await;
    assert_eq!((shown.code, shown.out.as_str()), (0, "t.yaml: valid\n"));
    assert!(shown.err.contains("tools were not checked: the data folder"), "{}", shown.err);
}
