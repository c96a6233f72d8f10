//! How a configured server is reached, or why it cannot be.
//!
//! Must not start anything: what is known before a start is told before one. A
//! new transport is one more arm of [`Reach::connect`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::json;

use super::link::Connect;
use super::process::{Guard, Launch};
use super::program::Program;
use super::servers::Servers;
use super::status::Unusable;
use crate::base::Clock;
use crate::base::json::{canonical, sha256_hex};
use crate::config::{DataDir, Environment, Redaction, Server, Transport};

/// What the servers are made of.
pub struct ServersParts {
    /// The configuration's.
    pub servers: IndexMap<String, Server>,
    /// Where definitions are kept; in memory alone without it.
    pub data: Option<DataDir>,
    /// Our surroundings, of which a server's program gets the usual part.
    pub environment: Arc<Environment>,
    /// What must not stand in the log.
    pub redaction: Redaction,
    /// Ends the programs when this process dies.
    pub guard: Guard,
    /// Our own program, links resolved, which must not be started as a server.
    pub own_program: Option<PathBuf>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

struct Reach {
    environment: Arc<Environment>,
    redaction: Redaction,
    guard: Guard,
    own_program: Option<PathBuf>,
}

impl Servers {
    /// The servers of the configuration. Starts nothing.
    #[must_use]
    pub fn new(parts: ServersParts) -> Arc<Self> {
        let ServersParts { servers, data, environment, redaction, guard, own_program, clock } = parts;
        let reach = Reach { environment, redaction: redaction.clone(), guard, own_program };
        Self::build(&servers, data, &redaction, &clock, &|name, server| reach.connect(name, server))
    }
}

impl Reach {
    fn connect(&self, name: &str, server: &Server) -> Result<Arc<dyn Connect>, Unusable> {
        check(name, server)?;
        match &server.transport {
            Transport::Http { .. } => Err(Unusable::refused(
                "servers that speak HTTP cannot be reached by this version",
                "start it as a program, with a `command`",
            )),
            Transport::Process { command, args, env, cwd } => {
                if self.is_ourselves(command, env.get("PATH")) {
                    return Err(Unusable::itself());
                }
                let launch = Launch {
                    name: name.to_owned(),
                    command: command.clone(),
                    args: args.clone(),
                    env: env.clone(),
                    cwd: cwd.clone(),
                    inherited: Arc::clone(&self.environment),
                    redaction: self.redaction.clone(),
                };
                Ok(Arc::new(Program::new(launch, self.guard.clone())))
            }
        }
    }

    /// Whether the command is our own program, under whatever name.
    fn is_ourselves(&self, command: &str, path: Option<&String>) -> bool {
        let Some(own) = &self.own_program else { return false };
        let is_own = |file: PathBuf| file.canonicalize().is_ok_and(|file| file == *own);
        let cwd = &self.environment.cwd;
        if Path::new(command).components().count() > 1 {
            return is_own(cwd.join(command));
        }
        let path = path.map(String::as_str).or_else(|| self.environment.var("PATH")).unwrap_or_default();
        let ending = std::env::consts::EXE_SUFFIX;
        // The first that is there is the one that would be started.
        let found = std::env::split_paths(path).map(|folder| cwd.join(folder)).find_map(|folder| {
            [folder.join(command), folder.join(format!("{command}{ending}"))].into_iter().find(|file| file.is_file())
        });
        found.is_some_and(is_own)
    }
}

/// What is wrong with a server's block whatever way it is reached.
fn check(name: &str, server: &Server) -> Result<(), Unusable> {
    if name.is_empty() {
        return Err(Unusable::refused("it has no name", "give it one: its tools are called `name__tool`"));
    }
    if server.disabled {
        return Err(Unusable::disabled());
    }
    match &server.problem {
        Some(problem) => Err(Unusable::refused(problem.clone(), "correct its block in `mcpServers`")),
        None => Ok(()),
    }
}

/// A hash of what makes a server the one it is: how it is started, and not with which secrets.
pub(super) fn launch_hash(transport: &Transport) -> String {
    let facts = match transport {
        Transport::Process { command, args, env, cwd } => {
            let mut names: Vec<&String> = env.keys().collect();
            names.sort_unstable();
            json!({"command": command, "args": args, "env": names, "cwd": cwd})
        }
        Transport::Http { url, .. } => json!({"url": url}),
    };
    sha256_hex(canonical(&facts).as_bytes())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::{Reach, launch_hash};
    use crate::config::{Environment, Redaction, Server};
    use crate::downstream::process::Guard;
    use crate::downstream::status::ServerState;

    fn server(written: &Value) -> Server {
        serde_json::from_value(written.clone()).unwrap()
    }

    fn reach(folder: &std::path::Path) -> Reach {
        let vars = [("PATH".to_owned(), folder.join("bin").display().to_string())].into();
        Reach {
            environment: Arc::new(Environment { vars, cwd: folder.to_owned(), ..Environment::default() }),
            redaction: Redaction::default(),
            guard: Guard::new("test"),
            own_program: Some(folder.canonicalize().unwrap().join("bin/sequitur")),
        }
    }

    fn refused(reach: &Reach, written: &Value) -> Option<(ServerState, String)> {
        let refused = reach.connect("x", &server(written)).err()?;
        Some((refused.state, refused.reason))
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_reason_before_anything_is_started() {
        let folder = tempfile::tempdir().unwrap();
        let reach = reach(folder.path());
        let (state, reason) = refused(&reach, &json!({"url": "https://example.com/mcp"})).unwrap();
        assert_eq!(
            (state, reason.as_str()),
            (ServerState::Refused, "servers that speak HTTP cannot be reached by this version")
        );
        assert_eq!(refused(&reach, &json!({"command": "x", "disabled": true})).unwrap().0, ServerState::Disabled);
        assert_eq!(refused(&reach, &json!({"command": "x"})), None);
        let unset = Server {
            problem: Some("environment variable `X` is not set".to_owned()),
            ..server(&json!({"command": "x"}))
        };
        assert_eq!(reach.connect("x", &unset).err().unwrap().reason, "environment variable `X` is not set");
        assert_eq!(reach.connect("", &server(&json!({"command": "x"}))).err().unwrap().reason, "it has no name");
    }

    #[cfg(unix)]
    #[test]
    fn our_own_program_is_known_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        std::fs::write(folder.path().join("bin/sequitur"), "").unwrap();
        std::os::unix::fs::symlink("bin/sequitur", folder.path().join("link")).unwrap();
        let reach = reach(folder.path());
        let path = folder.path().join("link").display().to_string();
        for command in ["sequitur", "./link", "bin/sequitur", &path] {
            let reason = refused(&reach, &json!({"command": command, "args": ["serve"]})).map(|(_, reason)| reason);
            assert_eq!(
                reason.as_deref(),
                Some("it is Sequitur itself, which would start itself without end"),
                "{command}"
            );
        }
        assert_eq!(refused(&reach, &json!({"command": "other"})), None);
        assert_eq!(refused(&reach, &json!({"command": "sequitur", "env": {"PATH": "/nowhere"}})), None);
    }

    #[test]
    fn a_server_is_another_when_it_is_started_another_way_but_not_with_another_secret() {
        let hash = |written: Value| launch_hash(&server(&written).transport);
        let one = hash(json!({"command": "x", "args": ["a"], "env": {"A": "1", "B": "2"}}));
        assert_eq!(one, hash(json!({"command": "x", "args": ["a"], "env": {"B": "3", "A": "4"}, "trust": true})));
        for other in [
            json!({"command": "y", "args": ["a"], "env": {"A": "1", "B": "2"}}),
            json!({"command": "x", "args": ["b"], "env": {"A": "1", "B": "2"}}),
            json!({"command": "x", "args": ["a"], "env": {"A": "1"}}),
            json!({"command": "x", "args": ["a"], "env": {"A": "1", "B": "2"}, "cwd": "/x"}),
        ] {
            assert_ne!(one, hash(other));
        }
    }
}
