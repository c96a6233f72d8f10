//! A server that is a program: started, spoken to over its standard streams,
//! ended.
//!
//! Must not know when that is to happen: `server.rs` does.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::connection::{Connection, Era, Failed as CallFailed, Opening, Request};
use super::link::{Connect, Link, Peer, Wish};
use super::process::{Child, Exit, Guard, Launch};
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::contract::{CallFailure, ToolOutput};

/// How long it is waited to hear how a program ended whose pipes are closed.
const LAST_WORD: Duration = Duration::from_secs(1);

/// How one program is started.
pub(super) struct Program {
    launch: Launch,
    guard: Guard,
}

struct Running {
    connection: Connection,
    child: Child,
}

impl Program {
    pub(super) fn new(launch: Launch, guard: Guard) -> Self {
        Self { launch, guard }
    }

    async fn attempt(&self, wish: &Wish, era: Option<Era>) -> Result<Running, Failed> {
        let (child, pipes) =
            Child::spawn(&self.launch, &self.guard).map_err(|error| Failed { failure: error.into(), ended: false })?;
        let opening = Opening {
            name: self.launch.name.clone(),
            output: pipes.stdout,
            input: pipes.stdin,
            era,
            timeout: wish.timeout,
            redaction: self.launch.redaction.clone(),
            client_version: env!("CARGO_PKG_VERSION").to_owned(),
            on_changed: Arc::clone(&wish.on_changed),
        };
        match Connection::open(opening).await {
            Ok(connection) => Ok(Running { connection, child }),
            Err(failure) => {
                let ended = failure.kind == ErrorKind::Unavailable;
                // A program that is still there has said nothing of its end.
                let exit = if ended { tokio::time::timeout(LAST_WORD, child.exited()).await.ok() } else { None };
                Err(Failed { failure: self.with_end(failure, exit), ended })
            }
        }
    }

    /// Arguments and folders may hold some.
    fn without_secrets(&self, failure: CallFailure) -> CallFailure {
        let clean = |text: String| self.launch.redaction.redact(&text).unwrap_or(text);
        CallFailure { message: clean(failure.message), hint: failure.hint.map(clean), ..failure }
    }

    fn with_end(&self, failure: CallFailure, exit: Option<Exit>) -> CallFailure {
        let Some(exit) = exit else { return failure };
        let said = match exit.last_lines.as_slice() {
            [] => String::new(),
            lines => format!("; last on its stderr: {}", lines.join(" / ")),
        };
        let message = format!("server `{}` {} before it was ready{said}", self.launch.name, exit.status);
        CallFailure { message, ..failure }
    }
}

struct Failed {
    failure: CallFailure,
    /// The program ended before it was ready.
    ended: bool,
}

impl Connect for Program {
    fn connect(&self, wish: Wish) -> BoxFuture<'_, Result<Arc<dyn Link>, CallFailure>> {
        Box::pin(async move {
            let era = wish.era.as_deref().and_then(read_era);
            let mut done = self.attempt(&wish, era).await;
            if matches!(&done, Err(failed) if failed.ended) {
                // Some end when they are asked for an era that they do not know.
                let other = if era == Some(Era::Legacy) { None } else { Some(Era::Legacy) };
                done = self.attempt(&wish, other).await;
            }
            match done {
                Ok(running) => Ok(Arc::new(running) as Arc<dyn Link>),
                Err(failed) => Err(self.without_secrets(failed.failure)),
            }
        })
    }
}

fn read_era(name: &str) -> Option<Era> {
    [Era::Legacy, Era::Modern].into_iter().find(|era| name_of(*era) == name)
}

fn name_of(era: Era) -> &'static str {
    match era {
        Era::Legacy => "legacy",
        Era::Modern => "modern",
    }
}

impl Link for Running {
    fn peer(&self) -> Peer {
        let (name, version) = self.connection.server_info();
        Peer {
            era: name_of(self.connection.era()).to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            instructions: self.connection.instructions().map(ToOwned::to_owned),
        }
    }

    fn tools(&self, timeout: Duration) -> BoxFuture<'_, Result<Vec<Object>, CallFailure>> {
        Box::pin(self.connection.tools(timeout))
    }

    fn call<'c>(&'c self, request: Request<'c>) -> BoxFuture<'c, Result<ToolOutput, CallFailed>> {
        Box::pin(self.connection.call(request))
    }

    fn is_over(&self) -> bool {
        self.connection.is_closed()
    }

    fn over(&self) -> BoxFuture<'_, String> {
        Box::pin(async {
            self.connection.closed().await;
            match tokio::time::timeout(LAST_WORD, self.child.exited()).await {
                Ok(exit) => exit.to_string(),
                Err(_) => "closed its output".to_owned(),
            }
        })
    }

    fn end(&self, grace: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.connection.close().await;
            self.child.end(grace).await;
        })
    }
}
