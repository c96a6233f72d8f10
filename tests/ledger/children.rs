//! Processes that a server starts: they do nothing and stay, for a minute at most.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::CHILD;
use super::book::{Book, Line, Mark};
use super::spec::{Child, Spec};

/// No test that failed leaves anything behind for longer.
pub(super) const AT_MOST: Duration = Duration::from_mins(1);

/// What one is told.
#[derive(Serialize, Deserialize)]
pub(super) struct Orders {
    server: String,
    ledger: Option<PathBuf>,
    own_session: bool,
    pub(super) ignores_signals: bool,
}

/// Starts one.
#[expect(clippy::zombie_processes, reason = "it outlives its parent")]
pub(super) fn start(child: Child, spec: &Spec) {
    let orders = Orders {
        server: spec.name.clone(),
        ledger: spec.ledger.clone(),
        own_session: child.own_session,
        ignores_signals: child.ignores_signals,
    };
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([CHILD, &serde_json::to_string(&orders).unwrap()]);
    if !child.holds_streams {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    }
    command.spawn().unwrap();
}

/// Is one.
pub(super) fn live(orders: &Orders) -> ExitCode {
    #[cfg(unix)]
    if orders.own_session {
        rustix::process::setsid().unwrap();
    }
    if let Some(ledger) = &orders.ledger {
        let line = Line { mark: Mark::Child, server: orders.server.clone(), ..Line::default() };
        Book::at(ledger).append(&line);
    }
    stay();
    ExitCode::SUCCESS
}

#[expect(clippy::disallowed_methods, reason = "it waits to be killed")]
pub(super) fn stay() {
    std::thread::sleep(AT_MOST);
}
