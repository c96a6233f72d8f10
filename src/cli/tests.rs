//! Whole commands against tools that answer from a script.

mod looking;
mod running;

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

fn asking() -> Value {
    let mut waiting = ended("waiting");
    waiting["pending_tasks"] = json!([{"task_id": "approval", "step_id": "approval", "kind": "human_task", "prompt": "Publish?",
        "answer_schema": {"type": "object", "properties": {"approved": {"type": "boolean"}}, "required": ["approved"]}}]);
    waiting
}
