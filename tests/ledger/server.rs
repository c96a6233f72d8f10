//! The process: reads messages, answers them in the era in which they come.

use std::collections::HashMap;
use std::io::BufRead as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use super::book::{Book, Line, Mark};
use super::calls::{Call, Ended, Wanted, flood, in_its_era, takes_time};
use super::children::{self, stay};
use super::output::Output;
use super::spec::{Eras, Spec, Tool};

const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const MODERN: &str = "2026-07-28";
const NEWEST_LEGACY: &str = "2025-11-25";
const LEGACY: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", NEWEST_LEGACY];

/// Is a server to the end of its input.
pub(super) fn serve(spec: Spec) -> ExitCode {
    let book = spec.ledger.as_deref().map(Book::at);
    let server = Server {
        output: Output::new(spec.chatters, spec.reversed),
        book,
        changed: AtomicBool::new(false),
        answered: AtomicUsize::new(0),
        open: Mutex::default(),
        listening: Mutex::default(),
        spec,
    };
    server.note(Mark::Started, Value::Null);
    let start = &server.spec.start;
    if start.exits.is_some() || start.exits_while.as_deref().is_some_and(Path::exists) {
        eprint_line("cannot start: the test says so");
        return ExitCode::from(start.exits.unwrap_or(1));
    }
    let server = Arc::new(server);
    server.start();
    let mut calls = 0;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            eprint_line("not a message");
            continue;
        };
        server.clone().take(message, &mut calls);
    }
    server.note(Mark::Eof, Value::Null);
    if server.spec.end.ignores_eof {
        stay();
    }
    ExitCode::SUCCESS
}

struct Server {
    spec: Spec,
    output: Output,
    book: Option<Book>,
    changed: AtomicBool,
    /// Calls that are over.
    answered: AtomicUsize,
    /// Calls under way, by their id's text.
    open: Mutex<HashMap<String, Arc<Wanted>>>,
    /// Who listens for changes in the modern era.
    listening: Mutex<Vec<Value>>,
}

#[expect(clippy::print_stderr, reason = "a server's log")]
fn eprint_line(line: &str) {
    eprintln!("{line}");
}

#[expect(clippy::disallowed_methods, reason = "it is to be slow")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn wait_for(file: &Path) {
    while !file.exists() {
        pause(Duration::from_millis(2));
    }
}

/// Calls end the process from threads of their own.
#[expect(clippy::disallowed_methods, reason = "it is to end here and now")]
fn exit(code: u8) -> ! {
    std::process::exit(i32::from(code))
}

impl Server {
    fn note(&self, mark: Mark, arguments: Value) {
        if let Some(book) = &self.book {
            book.append(&Line { mark, server: self.spec.name.clone(), arguments, ..Line::default() });
        }
    }

    fn start(self: &Arc<Self>) {
        let start = &self.spec.start;
        for child in &self.spec.children {
            children::start(*child, &self.spec);
        }
        for line in &start.banner {
            self.output.line(line);
        }
        flood(start.stderr_kib);
        if let Some(file) = &start.until {
            wait_for(file);
        }
        pause(Duration::from_millis(start.slow_ms));
        if let Some(file) = self.spec.change.as_ref().and_then(|change| change.when.clone()) {
            let server = self.clone();
            std::thread::spawn(move || {
                wait_for(&file);
                server.change();
            });
        }
    }

    /// Has other tools from now on.
    fn change(&self) {
        let Some(change) = &self.spec.change else { return };
        if self.changed.swap(true, Ordering::SeqCst) || !change.told {
            return;
        }
        let listening = self.listening().clone();
        if listening.is_empty() {
            self.output.notify("notifications/tools/list_changed", &json!({}));
        }
        for id in listening {
            let params = json!({"_meta": {"io.modelcontextprotocol/subscriptionId": id}});
            self.output.notify("notifications/tools/list_changed", &params);
        }
    }

    fn listening(&self) -> MutexGuard<'_, Vec<Value>> {
        self.listening.lock().unwrap()
    }

    fn tools(&self) -> &[Tool] {
        match &self.spec.change {
            Some(change) if self.changed.load(Ordering::SeqCst) => &change.tools,
            _ => &self.spec.tools,
        }
    }

    fn capabilities(&self) -> Value {
        let told = self.spec.change.as_ref().is_some_and(|change| change.told);
        json!({"tools": {"listChanged": told}})
    }

    fn take(self: Arc<Self>, mut message: Value, calls: &mut u64) {
        let id = message["id"].take();
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let params = message["params"].take();
        if id.is_null() {
            self.hear(&method, &params);
            return;
        }
        let modern = params["_meta"]["io.modelcontextprotocol/protocolVersion"] == MODERN;
        match method.as_str() {
            "initialize" | "server/discover" => self.greet(&id, &method, &params),
            "ping" if !modern => self.output.result(&id, &json!({})),
            "tools/list" => self.list(&id, &params, modern),
            "tools/call" => self.call(id, params, modern, calls),
            "subscriptions/listen" if modern => {
                let params = json!({"_meta": {"io.modelcontextprotocol/subscriptionId": id},
                                    "notifications": {"toolsListChanged": true}});
                self.output.notify("notifications/subscriptions/acknowledged", &params);
                self.listening().push(id);
            }
            // The answer to something that was asked of the client.
            "" => {}
            _ => self.unknown(&id, &method),
        }
    }

    fn unknown(&self, id: &Value, method: &str) {
        let error = json!({"code": METHOD_NOT_FOUND, "message": "Method not found", "data": {"method": method}});
        self.output.error(id, &error);
    }

    fn greet(&self, id: &Value, method: &str, params: &Value) {
        let discovers = method == "server/discover";
        if self.spec.start.hangs || (discovers && self.spec.eras == Eras::LegacySilent) {
            return;
        }
        let modern_only = self.spec.eras == Eras::Modern;
        if if discovers { self.spec.eras == Eras::Legacy } else { modern_only } {
            return self.unknown(id, method);
        }
        let info = json!({"name": self.spec.name, "version": "1"});
        let mut result = if discovers {
            let client = &params["_meta"]["io.modelcontextprotocol/clientInfo"];
            let told = &params["_meta"]["io.modelcontextprotocol/clientCapabilities"];
            self.note(Mark::Greeted, json!({"era": "modern", "client": client, "capabilities": told}));
            let versions = if modern_only { vec![MODERN] } else { [&[MODERN], LEGACY].concat() };
            json!({"resultType": "complete", "supportedVersions": versions, "capabilities": self.capabilities(),
                   "ttlMs": 0, "cacheScope": "private", "_meta": {"io.modelcontextprotocol/serverInfo": info}})
        } else {
            let (client, told) = (&params["clientInfo"], &params["capabilities"]);
            self.note(Mark::Greeted, json!({"era": "legacy", "client": client, "capabilities": told}));
            let asked = params["protocolVersion"].as_str().unwrap_or_default();
            let version = LEGACY.iter().find(|known| **known == asked).unwrap_or(&NEWEST_LEGACY);
            json!({"protocolVersion": version, "capabilities": self.capabilities(), "serverInfo": info})
        };
        if let Some(instructions) = &self.spec.instructions {
            result["instructions"] = json!(instructions);
        }
        self.output.result(id, &result);
    }

    fn list(&self, id: &Value, params: &Value, modern: bool) {
        self.note(Mark::Listed, Value::Null);
        let tools = self.tools();
        let size = if self.spec.page == 0 { tools.len() } else { self.spec.page };
        let from: usize = params["cursor"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
        let page: Vec<Value> = tools.iter().skip(from).take(size).map(Tool::listed).collect();
        let mut result = json!({"tools": page});
        if from + size < tools.len() {
            result["nextCursor"] = json!((from + size).to_string());
        }
        if modern {
            result["ttlMs"] = json!(0);
            result["cacheScope"] = json!("private");
        }
        self.output.result(id, &in_its_era(result, modern));
    }

    fn call(self: Arc<Self>, id: Value, mut params: Value, modern: bool, calls: &mut u64) {
        let Some(tool) = self.tools().iter().find(|tool| params["name"] == tool.name).cloned() else {
            let error = json!({"code": INVALID_PARAMS, "message": format!("Unknown tool: {}", params["name"])});
            return self.output.error(&id, &error);
        };
        *calls += 1;
        let meta = &params["_meta"];
        let call = Call {
            number: *calls,
            server: self.spec.name.clone(),
            key: meta["sequitur/idempotency_key"].as_str().map(ToOwned::to_owned),
            progress_token: meta.get("progressToken").cloned(),
            arguments: params["arguments"].take(),
            modern,
            dedupe: self.spec.dedupe,
            on_cancel: tool.on_cancel,
            wanted: Arc::default(),
            book: self.book.clone(),
            output: self.output.clone(),
            id,
        };
        let nth = call.begin(&tool).min(tool.does.len() - 1);
        if takes_time(&tool.does[nth]) {
            self.open.lock().unwrap().insert(call.id.to_string(), call.wanted.clone());
            std::thread::spawn(move || self.run(&call, &tool, nth));
        } else {
            self.run(&call, &tool, nth);
        }
    }

    fn run(&self, call: &Call, tool: &Tool, nth: usize) {
        match call.run(tool, &tool.does[nth]) {
            Ended::Exit(code) => exit(code),
            Ended::Over => {}
        }
        self.open.lock().unwrap().remove(&call.id.to_string());
        let answered = self.answered.fetch_add(1, Ordering::SeqCst) + 1;
        if self.spec.change.as_ref().is_some_and(|change| change.after_calls == answered) {
            self.change();
        }
    }

    fn hear(&self, method: &str, params: &Value) {
        if method != "notifications/cancelled" {
            return;
        }
        let id = &params["requestId"];
        let mut line = Line { mark: Mark::Cancel, server: self.spec.name.clone(), ..Line::default() };
        line.arguments = json!({"reason": params["reason"]});
        if let Some(book) = &self.book {
            book.append(&line);
        }
        self.listening().retain(|listening| listening != id);
        if let Some(wanted) = self.open.lock().unwrap().get(&id.to_string()) {
            wanted.cancel();
        }
    }
}
