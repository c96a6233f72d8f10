//! A client of raw lines and a provider of tools that do what their names say.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use sequitur::base::{ManualClock, ManualEntropy, SystemClock};
use sequitur::config::Redaction;
use sequitur::contract::{Annotations, Binding, CallFailure, Origin, Progress, ToolCall, ToolDefinition, ToolOutput};
use sequitur::mcp::{Activity, Ended, ServeError, Settings, serve};
use sequitur::registry::{ListSettings, Listed, NoObserver, Provider, Registry, RegistryParts, ToolSet};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio_util::sync::CancellationToken;

/// What the tools saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) calls: Mutex<Vec<String>>,
    pub(crate) cancelled: CancellationToken,
    pub(crate) dropped: CancellationToken,
}

struct Tools(Arc<Seen>);

impl Provider for Tools {
    fn tools(&self) -> Vec<Listed> {
        let tool = |name: &str, properties: Value, required: Value| {
            let definition = ToolDefinition {
                name: name.to_owned(),
                title: Some(format!("The tool {name}")),
                description: format!("Does {name}."),
                input_schema: json!({
                    "type": "object", "properties": properties, "required": required, "additionalProperties": false,
                }),
                output_schema: Some(json!({"type": "object", "properties": {"success": {"type": "boolean"}}})),
                annotations: Annotations { read_only_hint: Some(true), ..Annotations::default() },
            };
            Listed::new(definition, ToolSet::Core)
        };
        let none = || (json!({}), json!([]));
        let plain = ["whoami", "bind", "hang", "hang_deaf", "panic", "fail", "silent"];
        let plain = plain.map(|name| tool(name, none().0, none().1));
        let echo = tool("echo", json!({"text": {"type": "string"}}), json!(["text"]));
        let steps = tool("steps", json!({"count": {"type": "integer"}}), json!(["count"]));
        [echo, steps].into_iter().chain(plain).collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        assert!(call.name != "panic", "the tool panics");
        self.0.calls.lock().expect("not poisoned").push(call.name.clone());
        let seen = Arc::clone(&self.0);
        Box::pin(async move {
            match call.name.as_str() {
                "hang" => {
                    call.cancel.cancelled().await;
                    seen.cancelled.cancel();
                    Ok(ToolOutput::structured(json!({"success": true, "ended": "in order"})))
                }
                "hang_deaf" => {
                    let _dropped = seen.dropped.clone().drop_guard();
                    std::future::pending().await
                }
                "silent" => {
                    tokio::time::sleep(Duration::from_secs(7)).await;
                    Ok(ToolOutput::structured(json!({"success": true})))
                }
                "steps" => {
                    let count = call.arguments["count"].as_u64().unwrap_or_default();
                    for n in 1..=count {
                        if let Some(progress) = &call.progress {
                            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                            let (progress_now, total) = (n as f64, Some(count as f64));
                            let message = Some(format!("step {n}/{count}"));
                            progress(Progress { progress: progress_now, total, message });
                        }
                    }
                    Ok(ToolOutput::structured(json!({"success": true})))
                }
                "bind" => {
                    let binding = Binding {
                        model_path: "/m".to_owned(),
                        model_name: "Retail".to_owned(),
                        fingerprint: String::new(),
                    };
                    Ok(ToolOutput { binds: Some(binding), ..ToolOutput::structured(json!({"success": true})) })
                }
                "whoami" => {
                    let session = match &call.origin {
                        Origin::Client { session } => session.clone(),
                        Origin::Step { .. } | Origin::Cli { .. } => "not a client".to_owned(),
                    };
                    let model = call.binding.map(|binding| binding.model_name);
                    Ok(ToolOutput::structured(json!({"success": true, "session": session, "model": model})))
                }
                "fail" => Ok(ToolOutput {
                    is_error: true,
                    ..ToolOutput::structured(json!({"success": false, "error": "no"}))
                }),
                _ => {
                    let text = call.arguments["text"].as_str().unwrap_or_default();
                    let shown = if text.len() > 1_000 { "long" } else { text };
                    Ok(ToolOutput::structured(json!({"success": true, "text": shown, "length": text.len()})))
                }
            }
        })
    }
}

/// What a registry is made of here.
pub(crate) fn parts() -> RegistryParts {
    RegistryParts {
        observer: Arc::new(NoObserver),
        redaction: Redaction::new(&["step 3/7".to_owned()]),
        list: ListSettings::default(),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(ManualEntropy::new(1)),
    }
}

/// The other end of the streams.
pub(crate) struct Client {
    to: WriteHalf<DuplexStream>,
    from: BufReader<ReadHalf<DuplexStream>>,
    pub(crate) serving: tokio::task::JoinHandle<Result<Ended, ServeError>>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) seen: Arc<Seen>,
    pub(crate) activity: Arc<Mutex<Vec<Activity>>>,
    next_id: i64,
}

impl Client {
    /// Streams with a server behind them and nothing said yet.
    pub(crate) fn connect() -> Self {
        Self::connect_with(None, parts())
    }

    /// The same with one more source of tools.
    pub(crate) fn connect_with(more: Option<Arc<dyn Provider>>, parts: RegistryParts) -> Self {
        Self::connect_beside(None, more, parts)
    }

    /// The same, with another runtime for what takes the processor for long.
    pub(crate) fn connect_beside(
        workers: Option<tokio::runtime::Handle>,
        more: Option<Arc<dyn Provider>>,
        parts: RegistryParts,
    ) -> Self {
        let seen = Arc::new(Seen::default());
        let registry = Registry::new(parts);
        registry.add(Arc::new(Tools(Arc::clone(&seen))));
        if let Some(more) = more {
            registry.add(more);
        }
        let activity = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&activity);
        let settings = Settings {
            session: "process-1".to_owned(),
            clock: Arc::new(ManualClock::default()),
            progress_interval: Duration::from_secs(2),
            workers,
            activity: Some(Arc::new(move |what| listener.lock().expect("not poisoned").push(what))),
        };
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (reader, writer) = tokio::io::split(theirs);
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(serve(Arc::new(registry), reader, writer, settings, shutdown.clone()));
        let (from, to) = tokio::io::split(ours);
        Self { to, from: BufReader::new(from), serving, shutdown, seen, activity, next_id: 0 }
    }

    /// The same, after a handshake of the legacy era.
    pub(crate) async fn legacy() -> Self {
        let mut client = Self::connect();
        client.initialize("2025-11-25").await;
        client
    }

    pub(crate) async fn initialize(&mut self, version: &str) -> Value {
        let params = json!({
            "protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
        });
        let answer = self.ask("initialize", params).await;
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        answer
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.to.write_all(bytes).await.expect("the server reads");
    }

    pub(crate) async fn send_line(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes()).await;
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_line(&message.to_string()).await;
    }

    /// Sends a request and returns its id.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        id
    }

    /// The next line as it was written.
    pub(crate) async fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).await.expect("the stream works");
        line
    }

    /// The next line, which must be a message of JSON-RPC; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.from.read_line(&mut line);
        let read = tokio::time::timeout(Duration::from_secs(30), read).await.expect("the server answers");
        if read.expect("the stream works") == 0 {
            return None;
        }
        let message: Value = serde_json::from_str(&line).expect("only messages are written");
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        Some(message)
    }

    /// Sends a request and returns its answer; nothing else may come before it.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        let answer = self.next().await.expect("an answer");
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    pub(crate) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments})).await
    }

    /// A request of the modern era.
    pub(crate) async fn ask_modern(&mut self, method: &str, params: Value, client: &str) -> Value {
        self.ask(method, modern(params, client)).await
    }

    /// Sends everything and reads `count` answers meanwhile.
    pub(crate) async fn send_while_reading(&mut self, bytes: &[u8], count: usize) -> Vec<Value> {
        let Self { to, from, .. } = self;
        let reading = async {
            let mut answers = Vec::new();
            let mut lines = from.lines();
            while answers.len() < count {
                let line = lines.next_line().await.expect("the stream works").expect("the server answers");
                answers.push(serde_json::from_str(&line).expect("only messages are written"));
            }
            answers
        };
        let (sent, answers) = tokio::join!(to.write_all(bytes), reading);
        sent.expect("the server reads");
        answers
    }

    /// Goes away without a word.
    pub(crate) fn hang_up(self) -> tokio::task::JoinHandle<Result<Ended, ServeError>> {
        self.serving
    }

    /// Ends what the server reads.
    pub(crate) async fn close_input(&mut self) {
        self.to.shutdown().await.expect("the stream works");
    }

    /// How serving ended.
    pub(crate) async fn ended(self) -> Ended {
        self.serving.await.expect("no panic").expect("an orderly end")
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.seen.calls.lock().expect("not poisoned").clone()
    }
}

/// Parameters with the metadata that the modern era wants on each request.
pub(crate) fn modern(mut params: Value, client: &str) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({"name": client, "version": "1"});
    params
}
