//! Our end of the guard: the process that ends our children when we die without
//! doing so.
//!
//! It is our own binary with the hidden command `guard`, started with the first
//! child, and reads a pipe that only we hold: its end is our death, however we
//! die. Each line tells of one process group, `+` when it begins, `-` when it is
//! gone. Must not know what the groups are; what the guard does is in
//! `guard_process.rs`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The variable in the environment of every child that tells whose child it is: our id, `/`, a number.
pub const PARENT_VARIABLE: &str = "SEQUITUR_PARENT";

/// The guard of this process. Cheap to clone; made once.
#[derive(Clone)]
pub struct Guard {
    inner: Arc<Inner>,
}

struct Inner {
    program: PathBuf,
    parent: String,
    children: AtomicU64,
    post: Mutex<Post>,
}

#[derive(Default)]
struct Post {
    running: Option<Running>,
    groups: BTreeSet<u32>,
    /// That there is no guard was told.
    told: bool,
}

struct Running {
    process: std::process::Child,
    pipe: std::process::ChildStdin,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("parent", &self.inner.parent).finish_non_exhaustive()
    }
}

impl Guard {
    /// For this process, which `parent` names among all others of this machine. Starts nothing.
    #[must_use]
    pub fn new(parent: impl Into<String>) -> Self {
        // The link leads to the file that runs, even when another was put in its place; and what
        // kills processes by our name does not find the guard.
        let own = Path::new("/proc/self/exe");
        let program = if cfg!(target_os = "linux") && own.exists() {
            own.to_owned()
        } else {
            // Starting an empty path fails, and that is told.
            std::env::current_exe().unwrap_or_default()
        };
        Self::with_program(parent, program)
    }

    /// The same for a process that is not our own binary: `program` is.
    #[must_use]
    pub fn with_program(parent: impl Into<String>, program: PathBuf) -> Self {
        let inner = Inner { program, parent: parent.into(), children: AtomicU64::new(0), post: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// The marker of one more child.
    pub(super) fn marker(&self) -> String {
        let number = self.inner.children.fetch_add(1, Ordering::Relaxed);
        format!("{}/{number}", self.inner.parent)
    }

    /// Sees to it that there is a guard, before a child is started.
    pub(super) fn prepare(&self) {
        self.inner.stand(&mut self.post());
    }

    /// A group begins.
    pub(super) fn watch(&self, group: u32) {
        let mut post = self.post();
        post.groups.insert(group);
        if !post.tell(&format!("+{group}\n")) {
            self.inner.stand(&mut post);
        }
    }

    /// A group is gone. A guard that cannot be told is replaced with the next child.
    pub(super) fn forget(&self, group: u32) {
        let mut post = self.post();
        post.groups.remove(&group);
        post.tell(&format!("-{group}\n"));
    }

    fn post(&self) -> std::sync::MutexGuard<'_, Post> {
        self.inner.post.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The guard's process id, if it runs.
    #[cfg(test)]
    pub(super) fn process(&self) -> Option<u32> {
        self.post().running.as_ref().map(|running| running.process.id())
    }
}

impl Inner {
    /// Starts a guard unless one runs, and tells it all groups.
    fn stand(&self, post: &mut Post) {
        if !cfg!(unix) || post.stands() {
            return;
        }
        let started = self.start().and_then(|mut running| {
            for group in &post.groups {
                writeln!(running.pipe, "+{group}")?;
            }
            Ok(running)
        });
        match started {
            Ok(running) => post.running = Some(running),
            Err(error) if !post.told => {
                post.told = true;
                tracing::warn!(%error, "the guard cannot be started: if this process is killed, servers may go on");
            }
            Err(_) => {}
        }
    }

    fn start(&self) -> std::io::Result<Running> {
        let mut command = Command::new(&self.program);
        command.args(["guard", &self.parent]);
        // It must not be marked itself, nor keep a folder or a stream of ours in use.
        command.env_clear().current_dir(std::path::MAIN_SEPARATOR_STR);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            // Ctrl-C at the terminal goes to our group, and the guard is to outlive us.
            command.process_group(0).arg0("sequitur");
        }
        let mut process = command.spawn()?;
        match process.stdin.take() {
            Some(pipe) => Ok(Running { process, pipe }),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Post {
    /// Whether the guard runs; one that does not is given up.
    fn stands(&mut self) -> bool {
        let Some(running) = &mut self.running else { return false };
        match running.process.try_wait() {
            Ok(None) => return true,
            Ok(Some(status)) => tracing::warn!(%status, "the guard ended; another is started"),
            Err(error) => tracing::warn!(%error, "nothing is known of the guard; another is started"),
        }
        self.running = None;
        false
    }

    /// Whether there is a guard that was told. The pipe takes thousands of lines unread, so this waits for nobody.
    fn tell(&mut self, line: &str) -> bool {
        let Some(running) = &mut self.running else { return false };
        if running.pipe.write_all(line.as_bytes()).is_ok() {
            return true;
        }
        if let Some(mut running) = self.running.take() {
            // It reads no more, so it is about to end if it has not; nothing may be left of it.
            running.process.kill().ok();
            running.process.wait().ok();
        }
        false
    }
}
