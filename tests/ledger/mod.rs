//! An MCP server that does what it is told to, faults included, and keeps a
//! ledger on disk of what really happened.
//!
//! It has no program of its own: a test or benchmark that has a `main` includes
//! this folder, asks [`served`] first and starts itself again as the server
//! ([`Spec::command`], [`Spec::entry`]), so that it is never older than its
//! test. The protocol is written by hand and every wait is a plain one: what it
//! gets wrong, it gets wrong on purpose. A new fault of a call is an [`Act`], of
//! a process a field of [`Spec`].

#![allow(dead_code, reason = "each program that includes it uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a server that cannot go on ends, and its test fails")]

mod book;
mod calls;
mod children;
mod output;
mod server;
mod spec;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

#[allow(unused_imports, reason = "each program that includes it uses a part")]
pub(crate) use book::{Book, Line, Mark, most_at_once};
#[allow(unused_imports, reason = "each program that includes it uses a part")]
pub(crate) use spec::{Act, Answer, Change, Child, End, Eras, OnCancel, Spec, Start, Tool};

/// The first argument of such a server; its [`Spec`] follows, as JSON.
const SERVER: &str = "ledger-server";
/// The first argument of a process that such a server starts.
const CHILD: &str = "ledger-child";
/// The last argument of a process that has been made deaf to signals.
const DEAF: &str = "deaf";

/// Whether this process was started as a server (or as a child of one): then it
/// was one, and this is how it ended.
pub(crate) fn served() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let role = arguments.next()?;
    if role != SERVER && role != CHILD {
        return None;
    }
    let told = arguments.next().unwrap().into_string().unwrap();
    let deaf = arguments.next().is_some_and(|last| last == DEAF);
    if role == SERVER {
        let spec: Spec = serde_json::from_str(&told).unwrap();
        if spec.end.ignores_signals && !deaf {
            return Some(made_deaf(&[role, told.into()]));
        }
        Some(server::serve(spec))
    } else {
        let child: children::Orders = serde_json::from_str(&told).unwrap();
        if child.ignores_signals && !deaf {
            return Some(made_deaf(&[role, told.into()]));
        }
        Some(children::live(&child))
    }
}

/// Starts this program again in the place of this process, with signals
/// ignored: what is ignored stays so in the program that a shell turns into.
#[cfg(unix)]
fn made_deaf(arguments: &[OsString]) -> ExitCode {
    use std::os::unix::process::CommandExt as _;
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"trap "" TERM INT HUP; exec "$@""#, "sh"]);
    let error = shell.arg(std::env::current_exe().unwrap()).args(arguments).arg(DEAF).exec();
    panic!("no shell: {error}");
}

#[cfg(not(unix))]
fn made_deaf(arguments: &[OsString]) -> ExitCode {
    let status = Command::new(std::env::current_exe().unwrap()).args(arguments).arg(DEAF).status().unwrap();
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Spec {
    /// The server, to be started.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([SERVER, &serde_json::to_string(self).unwrap()]);
        command
    }

    /// The same as an entry of `mcpServers`.
    pub(crate) fn entry(&self) -> serde_json::Value {
        let program = std::env::current_exe().unwrap();
        serde_json::json!({"command": program, "args": [SERVER, serde_json::to_string(self).unwrap()]})
    }
}
