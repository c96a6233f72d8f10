//! One running program of a server: its pipes, its exit, its end.
//!
//! A task of its own (`Watch`) waits for the program, tells its exit to whoever
//! waits, ends what it leaves behind, and takes it off the guard. Must not know
//! what goes through the pipes.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::guard::Guard;
use super::kin::{AFTER_KILL, Kin};
use super::launch::{Launch, LaunchError};
use super::stderr::{LastLines, relay};
use crate::config::Redaction;

/// Between asking a program to end and killing it.
const AFTER_TERM: Duration = Duration::from_millis(400);
/// For what an ended program wrote last; its children may hold its stderr open.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A server's program and all that it starts. Dropping it kills them.
#[derive(Debug)]
pub struct Child {
    id: u32,
    kin: Kin,
    asked: watch::Sender<Option<Duration>>,
    state: watch::Receiver<State>,
}

/// Our ends of the program's standard streams. Dropping them is the end of its input.
#[derive(Debug)]
pub struct Pipes {
    /// What it reads.
    pub stdin: ChildStdin,
    /// What it writes.
    pub stdout: ChildStdout,
}

/// How a program ended, as in "server `x` ended with exit code 3".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// `ended with exit code 3`, `ended by signal 9 (SIGKILL)`.
    pub status: String,
    /// What it wrote last to stderr, at most five lines, without secrets.
    pub last_lines: Vec<String>,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.status)?;
        if !self.last_lines.is_empty() {
            write!(f, "; last on its stderr: {}", self.last_lines.join(" / "))?;
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Default)]
struct State {
    exit: Option<Arc<Exit>>,
    /// Nothing of it is left, or nothing more can be done about it.
    gone: bool,
}

impl Child {
    /// Starts the program. Must be called inside the runtime.
    pub fn spawn(launch: &Launch, guard: &Guard) -> Result<(Self, Pipes), LaunchError> {
        let folder = launch.folder()?;
        let marker = guard.marker();
        let environment = launch.environment(&marker);
        let program = launch.program(&environment, &folder)?;
        guard.prepare();
        let mut command = Command::new(&program);
        command.args(&launch.args).env_clear().envs(&environment);
        if launch.cwd.is_some() {
            command.current_dir(&folder);
        }
        command.stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        // When the runtime ends before the child does.
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0).arg0(&launch.command);
        let refused = |source| LaunchError::Refused { server: launch.name.clone(), file: program.clone(), source };
        let mut process = command.spawn().map_err(refused)?;
        let taken = (process.id(), process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(id), Some(stdin), Some(stdout), Some(stderr)) = taken else {
            return Err(refused(std::io::ErrorKind::BrokenPipe.into()));
        };
        guard.watch(id);
        let last = LastLines::default();
        let relay = relay(stderr, launch.name.clone(), launch.redaction.clone(), last.clone());
        let kin = Kin::of_child(id, &marker);
        let (told, state) = watch::channel(State::default());
        let (asked, heard) = watch::channel(None);
        let watch = Watch {
            leader: Leader { process, stderr: tokio::spawn(relay), last, redaction: launch.redaction.clone(), told },
            server: launch.name.clone(),
            id,
            kin: kin.clone(),
            guard: guard.clone(),
        };
        tokio::spawn(watch.run(heard));
        Ok((Self { id, kin, asked, state }, Pipes { stdin, stdout }))
    }

    /// The program's process id, which is its group's too.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Waits until the program has ended; how it did. Any number may wait, and stop waiting.
    pub async fn exited(&self) -> Exit {
        let mut state = self.state.clone();
        let seen = state.wait_for(|state| state.exit.is_some()).await.ok().and_then(|state| state.exit.clone());
        // The task is gone only when the runtime ends.
        seen.map_or_else(
            || Exit { status: "ended with this process".to_owned(), last_lines: Vec::new() },
            |exit| Exit::clone(&exit),
        )
    }

    /// Ends the program and all that it started, and waits until nothing is left. To be called when its pipes
    /// were dropped: `grace` is what it has after the end of its input before it is asked to end by a signal, and
    /// killed then. Goes on when nobody waits for it any more.
    pub async fn end(&self, grace: Duration) {
        self.asked.send_if_modified(|asked| {
            let first = asked.is_none();
            *asked = asked.or(Some(grace));
            first
        });
        let mut state = self.state.clone();
        // An error: the task is gone, and the program with it.
        state.wait_for(|state| state.gone).await.ok();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.state.borrow().gone {
            self.kin.kill_groups();
        }
    }
}

/// Follows one program to its end.
struct Watch {
    leader: Leader,
    server: String,
    id: u32,
    kin: Kin,
    guard: Guard,
}

impl Watch {
    async fn run(mut self, mut asked: watch::Receiver<Option<Duration>>) {
        let grace = tokio::select! {
            () = self.leader.ended() => None,
            // Dropped: it has been killed already.
            grace = asked.wait_for(Option::is_some) => Some(grace.ok().and_then(|grace| *grace).unwrap_or_default()),
        };
        if let Some(grace) = grace
            && timeout(grace, self.leader.ended()).await.is_err()
        {
            tracing::debug!(server = self.server, "it goes on after the end of its input");
        }
        #[cfg(not(unix))]
        self.leader.process.start_kill().ok();
        let left = timeout(AFTER_TERM + AFTER_KILL, self.leader.ended());
        let (gone, ended) = tokio::join!(self.kin.end(AFTER_TERM), left);
        if gone && ended.is_ok() {
            self.guard.forget(self.id);
        } else {
            tracing::warn!(server = self.server, process = self.id, "it cannot be killed");
        }
        self.leader.stderr.abort();
        self.leader.told.send_modify(|state| state.gone = true);
    }
}

/// The program itself.
struct Leader {
    process: tokio::process::Child,
    stderr: JoinHandle<()>,
    last: LastLines,
    redaction: Redaction,
    told: watch::Sender<State>,
}

impl Leader {
    /// Waits for its exit and tells it, once.
    async fn ended(&mut self) {
        let status = self.process.wait().await;
        if self.told.borrow().exit.is_some() {
            return;
        }
        if !self.stderr.is_finished() {
            // Late or not, what is there by now is told.
            timeout(LAST_WORDS, &mut self.stderr).await.ok();
        }
        let status = match status {
            Ok(status) => in_words(status),
            Err(error) => format!("ended unseen ({error})"),
        };
        let exit = Arc::new(Exit { status, last_lines: self.last.told(&self.redaction) });
        self.told.send_modify(|state| state.exit = Some(exit));
    }
}

fn in_words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        // `signal: 9 (SIGKILL)`.
        None => format!("ended by {}", status.to_string().replacen("signal: ", "signal ", 1)),
    }
}
