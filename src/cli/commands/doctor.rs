//! `sequitur doctor`: what is configured, where things are, what is wrong.
//!
//! One check is one line. Goes on with a configuration or data folder that
//! cannot be used: telling so is its work.

use std::path::Path;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::tools::PROBE;
use crate::base::json::Object;
use crate::cli::answer::{TemplatesAnswer, line, view};
use crate::cli::backend::{Backend, Client, Purpose};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::setup::Setup;
use crate::cli::table::{Style, Table};
use crate::cli::terminal::Terminal;
use crate::config::{Server, SourceKind, Standing, Transport};
use crate::downstream::{ServerState, Servers};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Warning,
    Error,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, name: &'static str, status: Status, detail: impl Into<String>, hint: Option<String>) {
        self.0.push(Check { name, status, detail: detail.into(), hint });
    }

    fn ok(&mut self, name: &'static str, detail: impl Into<String>) {
        self.add(name, Status::Ok, detail, None);
    }
}

pub(in crate::cli) async fn doctor(
    terminal: &Terminal,
    backend: &dyn Backend,
    setup: Setup,
    json: bool,
) -> Result<Exit, Failure> {
    let mut checks = Checks::default();
    let version =
        format!("sequitur {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    checks.ok("version", version);
    configuration(&mut checks, &setup);
    let configured = setup.loaded.config.mcp_servers.clone();
    let connected = match setup.sound() {
        Ok(setup) => Some(backend.client(setup, Purpose::Look).await),
        Err(_) => None,
    };
    match connected {
        Some(Ok(client)) => {
            match &client.servers {
                Some(servers) => self::servers(&mut checks, servers, &configured).await,
                None => unconnected(&mut checks, &configured),
            }
            live(&mut checks, &client).await;
            (client.close)().await;
        }
        Some(Err(failure)) => checks.add("store", Status::Error, failure.to_string(), failure.hint()),
        None => {
            unconnected(&mut checks, &configured);
            checks.add("store", Status::Warning, "not looked at: see the errors above", None);
        }
    }
    let healthy = checks.0.iter().all(|check| check.status != Status::Error);
    if json {
        terminal.json(&json!({"success": healthy, "checks": checks.0}))?;
    } else {
        show(terminal, &checks)?;
    }
    Ok(if healthy { Exit::Completed } else { Exit::Failed })
}

fn show(terminal: &Terminal, checks: &Checks) -> Result<(), Failure> {
    let mut table = Table::new(&["check", "status", "detail"]);
    for check in &checks.0 {
        let status = check.status.as_str();
        let detail = match &check.hint {
            Some(hint) => format!("{} ({hint})", check.detail),
            None => check.detail.clone(),
        };
        table.row([(check.name, Style::Plain), (status, Style::of_state(status)), (&detail, Style::Plain)]);
    }
    // Not cut to the terminal: a path that is half there helps nobody.
    terminal.say(&table.render(None, terminal.colour))?;
    let count = |status| checks.0.iter().filter(|check| check.status == status).count();
    let last = match (count(Status::Error), count(Status::Warning)) {
        (0, 0) => "all is well".to_owned(),
        (0, warnings) => format!("it works, with {} to look at", counted(warnings, "warning")),
        (errors, warnings) => {
            format!("it does not work: {} and {}, told above", counted(errors, "error"), counted(warnings, "warning"))
        }
    };
    terminal.say(&last)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn configuration(checks: &mut Checks, setup: &Setup) {
    let loaded = &setup.loaded;
    match &setup.config_error {
        Some(error) => checks.add("configuration", Status::Error, error.to_string(), error.hint.clone()),
        None if loaded.sources.is_empty() => checks.ok("configuration", "no file: the defaults hold"),
        None => {}
    }
    for source in &loaded.sources {
        let whose = match source.kind {
            SourceKind::User => "yours",
            SourceKind::Project(Standing::Trusted) => "the project's, trusted",
            SourceKind::Project(Standing::Changed) => "the project's, changed since it was trusted",
            SourceKind::Project(Standing::Unknown) => "the project's, not trusted",
        };
        checks.ok("configuration", format!("{} ({whose})", source.path.display()));
    }
    for warning in &loaded.warnings {
        checks.add("configuration", Status::Warning, warning.to_string(), warning.hint.clone());
    }
    match &setup.data_dir {
        Ok(data) => checks.ok("data folder", data.path().display().to_string()),
        Err(error) => checks.add("data folder", Status::Error, error.to_string(), Some(error.hint().to_owned())),
    }
    if loaded.roots.is_empty() {
        let hint = "add `--root DIR`".to_owned();
        checks.add("roots", Status::Warning, "none: tools that read files will refuse", Some(hint));
    }
    for root in &loaded.roots {
        checks.ok("roots", root.display().to_string());
    }
    for directory in loaded.config.workflows.directories.iter().filter(|directory| !directory.is_dir()) {
        missing_folder(checks, directory);
    }
}

fn missing_folder(checks: &mut Checks, directory: &Path) {
    let detail = format!("`{}` is no folder", directory.display());
    checks.add("templates", Status::Warning, detail, Some("it stands in `workflows.directories`".to_owned()));
}

/// Starts them all: whether they work, only that tells.
async fn servers(checks: &mut Checks, servers: &Servers, configured: &IndexMap<String, Server>) {
    // One that takes longer is told as starting.
    tokio::time::timeout(PROBE, servers.probe()).await.ok();
    for status in servers.status() {
        let name = &status.name;
        let how = configured.get(name).map(reached).unwrap_or_default();
        let reason = status.reason.as_deref().unwrap_or_default();
        match status.state {
            ServerState::Ready | ServerState::Idle => {
                let itself = status.calls_itself.as_ref();
                let itself = itself.map(|(name, version)| format!(" ({name} {version})")).unwrap_or_default();
                checks.ok("server", format!("`{name}` {how}: {} tools{itself}", status.tools));
            }
            ServerState::Disabled => checks.ok("server", format!("`{name}` {how} (disabled)")),
            ServerState::Refused => {
                checks.add("server", Status::Warning, format!("`{name}` cannot be used: {reason}"), status.hint);
            }
            ServerState::Failed => {
                checks.add("server", Status::Warning, format!("`{name}` {how}, which fails: {reason}"), status.hint);
            }
            ServerState::Starting => {
                let detail = format!("`{name}` {how}, and is not ready after {} s", PROBE.as_secs());
                checks.add("server", Status::Warning, detail, None);
            }
        }
        if let Some(doubt) = &status.doubt {
            let detail =
                format!("the tools of `{name}` are held back, since what was accepted of them is not known: {doubt}");
            let hint =
                "accept them one by one with `sequitur tools accept`, or remove the file to take all as they are";
            checks.add("server", Status::Warning, detail, Some(hint.to_owned()));
        }
        for tool in &status.quarantined {
            let hint = format!("`sequitur tools` shows how; `sequitur tools accept {tool}` takes it");
            checks.add("server", Status::Warning, format!("`{tool}` is held back: it changed"), Some(hint));
        }
        for tool in &status.refused {
            let detail = format!("tool `{}` of `{name}` is refused: {}", tool.name, tool.reason);
            checks.add("server", Status::Warning, detail, None);
        }
    }
}

/// What the configuration alone tells of them.
fn unconnected(checks: &mut Checks, configured: &IndexMap<String, Server>) {
    for (name, server) in configured {
        match &server.problem {
            // The warnings above say where and what to do.
            Some(problem) => checks.add("server", Status::Warning, format!("`{name}` cannot be used: {problem}"), None),
            None if server.disabled => checks.ok("server", format!("`{name}` {} (disabled)", reached(server))),
            None => checks.ok("server", format!("`{name}` {}", reached(server))),
        }
    }
}

fn reached(server: &Server) -> String {
    match &server.transport {
        Transport::Process { command, .. } => format!("starts `{command}`"),
        Transport::Http { url, .. } => {
            // What follows the host may hold a key.
            let host = url.split("://").nth(1).unwrap_or(url).split(['/', '?']).next().unwrap_or_default();
            format!("connects to `{}`", host.rsplit('@').next().unwrap_or_default())
        }
    }
}

async fn live(checks: &mut Checks, client: &Client) {
    // Tools are there without a store too: whether it opened, only its use tells.
    let mut nothing_finished = Object::new();
    nothing_finished.insert("limit".to_owned(), Value::from(0));
    match client.call("get_workflow_status", nothing_finished).await {
        Ok(_) => checks.ok("store", "opened"),
        Err(failure) => checks.add("store", Status::Error, failure.to_string(), failure.hint()),
    }
    checks.ok("tools", format!("{} can be called", client.tools.names().len()));
    match client.call("list_workflow_templates", Object::new()).await {
        Ok(answer) => templates(checks, &answer),
        Err(failure) => checks.add("templates", Status::Error, failure.to_string(), failure.hint()),
    }
}

fn templates(checks: &mut Checks, answer: &Value) {
    let listed: TemplatesAnswer = view(answer);
    let ready = listed.templates.iter().filter(|template| template.ready != Some(false)).count();
    checks.ok("templates", format!("{}, of which {ready} ready", listed.templates.len()));
    for warning in &listed.warnings {
        let hint = warning.get("hint").and_then(Value::as_str).map(str::to_owned);
        checks.add("templates", Status::Warning, line(warning), hint);
    }
}
