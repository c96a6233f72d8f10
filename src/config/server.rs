//! One MCP server behind this one, as `mcpServers` (or VS Code's `servers`)
//! describes it.
//!
//! Must not know how a server is started or called: `downstream` does. Keys of
//! other clients' files that mean nothing here are listed in [`Written`].

use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::number::{Count, Seconds};

/// One server.
#[derive(Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
#[schemars(with = "Written")]
pub struct Server {
    /// How it is reached.
    pub transport: Transport,
    /// Why it cannot be used: a variable that is not set, say. Everything else is unexpanded then.
    pub problem: Option<String>,
    /// Written down, but not to be started.
    pub disabled: bool,
    /// A changed tool definition is taken as it is.
    pub trust: bool,
    /// For one call.
    pub timeout: Option<Seconds>,
    /// What its tools can do, for steps that ask by capability.
    pub capabilities: Capabilities,
    /// Calls at once.
    pub max_concurrent_tasks: Option<Count>,
    /// Calls in a span of time.
    pub rate_limit: Option<RateLimit>,
    /// Globs of its tools that are taken; all when empty.
    pub allow: Vec<String>,
    /// Globs of its tools that are not taken.
    pub deny: Vec<String>,
    /// Globs of its tools that are not listed but can be called.
    pub hide: Vec<String>,
    /// New names by the server's own.
    pub rename: IndexMap<String, String>,
    /// New descriptions by the server's own names.
    pub describe: IndexMap<String, String>,
    /// Default arguments by the server's own tool names.
    pub defaults: IndexMap<String, Map<String, Value>>,
    /// False: one process at a time starts it.
    pub shared: bool,
    /// Where suggestions go in its results.
    pub next_steps: NextSteps,
    /// Keys that other clients know and that mean nothing here.
    pub ignored: Vec<&'static str>,
}

/// How a server is reached.
#[derive(Clone, PartialEq)]
pub enum Transport {
    /// A program that speaks over its standard input and output.
    Process {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Variables it gets beside the usual ones.
        env: IndexMap<String, String>,
        /// Where it is started.
        cwd: Option<PathBuf>,
    },
    /// Streamable HTTP.
    Http {
        /// The endpoint.
        url: String,
        /// Headers of every request.
        headers: IndexMap<String, String>,
    },
}

impl std::fmt::Debug for Transport {
    // Arguments, variables and headers may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Process { command, .. } => {
                f.debug_struct("Process").field("command", command).finish_non_exhaustive()
            }
            Self::Http { .. } => f.debug_struct("Http").finish_non_exhaustive(),
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("transport", &self.transport)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Values that must not go out.
    pub(super) fn secret_values(&self) -> impl Iterator<Item = &str> {
        let named = match &self.transport {
            Transport::Process { env, .. } => env,
            Transport::Http { headers, .. } => headers,
        };
        named.iter().filter(|(name, _)| speaks_of_a_secret(name)).flat_map(|(_, value)| {
            // `Bearer abc`: the token alone must not go out either.
            let token = value.split_once(' ').map(|(_, token)| token.trim());
            std::iter::once(value.as_str()).chain(token)
        })
    }
}

/// Whether a variable's or header's name says that its value is a secret.
fn speaks_of_a_secret(name: &str) -> bool {
    let upper = name.to_uppercase();
    ["KEY", "TOKEN", "SECRET", "PASSWORD", "AUTH"].iter().any(|word| upper.contains(word))
}

/// What a server or agent can do: names, or names with the tool for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a list of capabilities, or an object from capability to tool")]
pub enum Capabilities {
    /// Names; the tool is found by the step's parameters.
    Names(Vec<String>),
    /// Tools by name.
    Tools(IndexMap<String, String>),
}

impl Default for Capabilities {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

/// Calls in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct RateLimit {
    /// So many calls.
    pub calls: Count,
    /// In so many seconds.
    pub per_seconds: Seconds,
}

/// Where suggestions go in a server's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextSteps {
    /// A text block and `_meta`.
    #[default]
    Text,
    /// `_meta` only.
    Meta,
    /// Nowhere.
    Off,
}

/// The block as people write it, with the keys of the clients they copy it from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schemars(rename = "Server")]
struct Written {
    /// The program to start.
    command: Option<String>,
    /// Its arguments.
    #[serde(default)]
    args: Vec<String>,
    /// Variables it gets beside PATH, HOME and the like.
    #[serde(default)]
    env: IndexMap<String, String>,
    /// Where it is started, relative to this file.
    cwd: Option<PathBuf>,
    /// The endpoint of a server that speaks HTTP.
    #[serde(alias = "serverUrl", alias = "httpUrl")]
    url: Option<String>,
    /// Headers of every request.
    #[serde(default)]
    headers: IndexMap<String, String>,
    /// Said by `command` or `url` already.
    #[serde(rename = "type", alias = "transport")]
    kind: Option<Kind>,
    /// Written down, but not to be started.
    #[serde(default)]
    disabled: bool,
    /// The same, said the other way round.
    enabled: Option<bool>,
    /// A changed tool definition is taken as it is.
    #[serde(default)]
    trust: bool,
    /// For one call.
    timeout_seconds: Option<Seconds>,
    /// What its tools can do, for steps that ask by capability.
    #[serde(default)]
    capabilities: Capabilities,
    /// Calls at once.
    max_concurrent_tasks: Option<Count>,
    /// Calls in a span of time.
    rate_limit: Option<RateLimit>,
    /// Globs of its tools that are taken; all when empty.
    #[serde(default)]
    allow: Vec<String>,
    /// Globs of its tools that are not taken.
    #[serde(default)]
    deny: Vec<String>,
    /// Globs of its tools that are not listed but can be called.
    #[serde(default)]
    hide: Vec<String>,
    /// New names by the server's own.
    #[serde(default)]
    rename: IndexMap<String, String>,
    /// New descriptions by the server's own names.
    #[serde(default)]
    describe: IndexMap<String, String>,
    /// Default arguments by the server's own tool names.
    #[serde(default)]
    defaults: IndexMap<String, Map<String, Value>>,
    /// False: one process at a time starts it.
    #[serde(default = "yes")]
    shared: bool,
    /// Where suggestions go in its results.
    #[serde(default)]
    next_steps: NextSteps,
    /// Known to other clients; ignored.
    #[serde(rename = "autoApprove")]
    auto_approve: Option<Value>,
    /// Known to other clients; ignored.
    #[serde(rename = "alwaysAllow")]
    always_allow: Option<Value>,
    /// Known to other clients; ignored, see `timeout_seconds`.
    timeout: Option<Value>,
    /// Known to other clients; ignored.
    #[expect(dead_code, reason = "accepted, and means nothing here")]
    description: Option<Value>,
    /// Known to other clients; ignored.
    gallery: Option<Value>,
    /// Known to other clients; ignored.
    #[expect(dead_code, reason = "accepted, and means nothing here")]
    version: Option<Value>,
    /// Known to other clients; ignored.
    dev: Option<Value>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
enum Kind {
    #[serde(rename = "stdio")]
    Stdio,
    #[serde(rename = "http", alias = "streamable-http", alias = "streamableHttp", alias = "streamable_http")]
    Http,
    #[serde(rename = "sse")]
    Sse,
}

impl TryFrom<Written> for Server {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let transport = match (written.command, written.url) {
            (Some(_), Some(_)) => return Err("a server has either `command` or `url`, not both".to_owned()),
            (None, None) => return Err("a server needs a `command` to start or a `url` to connect to".to_owned()),
            (Some(command), None) => {
                if written.kind.is_some_and(|kind| kind != Kind::Stdio) {
                    return Err("a server with a `command` is of type `stdio`".to_owned());
                }
                if command.trim().is_empty() {
                    return Err("`command` is empty".to_owned());
                }
                if !written.headers.is_empty() {
                    return Err("`headers` belong to a server with a `url`".to_owned());
                }
                Transport::Process { command, args: written.args, env: written.env, cwd: written.cwd }
            }
            (None, Some(url)) => {
                match written.kind {
                    Some(Kind::Stdio) => return Err("a server with a `url` is of type `http`".to_owned()),
                    Some(Kind::Http | Kind::Sse) | None => {}
                }
                let given = [
                    ("args", !written.args.is_empty()),
                    ("env", !written.env.is_empty()),
                    ("cwd", written.cwd.is_some()),
                ];
                if let Some((key, _)) = given.into_iter().find(|(_, given)| *given) {
                    return Err(format!("`{key}` belongs to a server with a `command`"));
                }
                Transport::Http { url, headers: written.headers }
            }
        };
        let ignored = [
            ("autoApprove", written.auto_approve.is_some()),
            ("alwaysAllow", written.always_allow.is_some()),
            ("timeout", written.timeout.is_some()),
            ("gallery", written.gallery.is_some()),
            ("dev", written.dev.is_some()),
        ];
        Ok(Self {
            transport,
            // One server of an old kind must not take the rest of the file with it.
            problem: (written.kind == Some(Kind::Sse))
                .then(|| "the old SSE transport is not spoken: use the server's `http` endpoint".to_owned()),
            disabled: written.disabled || written.enabled == Some(false),
            trust: written.trust,
            timeout: written.timeout_seconds,
            capabilities: written.capabilities,
            max_concurrent_tasks: written.max_concurrent_tasks,
            rate_limit: written.rate_limit,
            allow: written.allow,
            deny: written.deny,
            hide: written.hide,
            rename: written.rename,
            describe: written.describe,
            defaults: written.defaults,
            shared: written.shared,
            next_steps: written.next_steps,
            ignored: ignored.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect(),
        })
    }
}
