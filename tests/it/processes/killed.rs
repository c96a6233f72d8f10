//! `kill -9` of a process with children that do not want to end, and the guard
//! on its own.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use sequitur::config::{Environment, Redaction};
use sequitur::downstream::Guard;
use sequitur::downstream::process::{Child as Server, Launch};

use super::{BINARY, until};

/// So long after our death nothing may be left.
const AT_MOST: Duration = Duration::from_secs(3);

/// Ignores the end of its input and the request to end, as do its children, one of which leaves the group. Each
/// writes its number down.
const STUBBORN: &str = r"
trap '' TERM HUP INT
echo $$ >>processes
sh -c 'echo $$ >>processes; while :; do sleep 1000; done' &
if command -v setsid >/dev/null; then
    setsid sh -c 'echo $$ >>processes; while :; do sleep 1000; done' &
fi
while :; do sleep 1000; done
";
const EACH: usize = if cfg!(target_os = "linux") { 3 } else { 2 };
const SERVERS: usize = 2;

fn pid(process: u32) -> Pid {
    Pid::from_raw(process.cast_signed()).unwrap()
}

/// Processes that have not ended, with their parents and commands.
fn living() -> Vec<(u32, u32, String)> {
    let shown = Command::new("ps").args(["-eo", "pid=,ppid=,stat=,args="]).output().unwrap();
    let line = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let (process, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let dead = words.next()?.starts_with('Z');
        (!dead).then(|| (process, parent, words.collect::<Vec<_>>().join(" ")))
    };
    String::from_utf8_lossy(&shown.stdout).lines().filter_map(line).collect()
}

fn lives(process: u32) -> bool {
    living().iter().any(|(living, ..)| *living == process)
}

/// A process of ours with servers; they are gone when the test is over, however it ends.
struct Holder {
    folder: tempfile::TempDir,
    process: Child,
}

impl Holder {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("hold"), "").unwrap();
        // This program again: our own code starts the servers, and is what is killed.
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "processes::killed::holds_servers", "--ignored", "--nocapture"]);
        command.current_dir(folder.path()).stdout(Stdio::null()).process_group(0);
        Self { process: command.spawn().unwrap(), folder }
    }

    /// The servers' processes, when all are there.
    fn servers(&self) -> Vec<u32> {
        let mut servers = Vec::new();
        until("the servers run", || {
            let text = std::fs::read_to_string(self.folder.path().join("processes")).unwrap_or_default();
            servers = text.lines().map(|line| line.parse().unwrap()).collect();
            text.ends_with('\n') && servers.len() == EACH * SERVERS
        });
        servers
    }

    /// All that it has brought forth, the guard among them.
    fn descendants(&self) -> Vec<u32> {
        let all = living();
        let guards = all.iter().filter(|(_, parent, args)| *parent == self.process.id() && args.contains(" guard "));
        assert_eq!(guards.count(), 1, "one guard: {all:?}");
        let mut family = vec![self.process.id()];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            family.extend(all.iter().filter(|(_, of, _)| *of == parent).map(|(process, ..)| *process));
            next += 1;
        }
        family.split_off(1)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
#[ignore = "it is a process of other tests, and does nothing by itself"]
fn holds_servers() {
    let folder = Path::new(".").canonicalize().unwrap();
    if !folder.join("hold").exists() {
        return;
    }
    let launch = |n: usize| Launch {
        name: format!("stubborn{n}"),
        command: "sh".to_owned(),
        args: vec!["-c".to_owned(), STUBBORN.to_owned()],
        env: [("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())].into_iter().collect(),
        cwd: Some(folder.clone()),
        inherited: Arc::new(Environment::default()),
        redaction: Redaction::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let guard = Guard::with_program(format!("holder-{}", std::process::id()), BINARY.into());
        let _servers: Vec<_> = (0..SERVERS).map(|n| Server::spawn(&launch(n), &guard).unwrap()).collect();
        std::future::pending::<()>().await;
    });
}

fn nothing_is_left_after(kill: impl FnOnce(Pid)) {
    let mut holder = Holder::start();
    let servers = holder.servers();
    let processes = holder.descendants();
    assert!(servers.iter().all(|server| processes.contains(server)), "{servers:?} of {processes:?}");
    kill(pid(holder.process.id()));
    holder.process.wait().unwrap();
    let took = until("all have ended", || living().iter().all(|(process, ..)| !processes.contains(process)));
    assert!(took < AT_MOST, "it took {took:?}");
}

#[test]
fn nothing_is_left_of_stubborn_servers_after_kill_9() {
    nothing_is_left_after(|ours| kill_process(ours, Signal::KILL).unwrap());
}

#[test]
fn nothing_is_left_when_our_whole_group_is_killed_as_by_a_terminal() {
    nothing_is_left_after(|ours| kill_process_group(ours, Signal::KILL).unwrap());
}

/// A guard that we talk to ourselves.
struct Alone {
    process: Child,
}

impl Alone {
    fn start() -> Self {
        let process = Command::new(BINARY).args(["guard", "nobody"]).stdin(Stdio::piped()).spawn().unwrap();
        Self { process }
    }

    fn tell(&mut self, lines: &str) {
        std::io::Write::write_all(self.process.stdin.as_mut().unwrap(), lines.as_bytes()).unwrap();
    }

    /// Ends its input and waits.
    fn done(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

/// A group of its own, not marked.
struct Group(Child);

impl Group {
    fn start() -> Self {
        Self(Command::new("sleep").arg("1000").process_group(0).spawn().unwrap())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn the_guard_ends_the_groups_it_was_told_of_and_no_others() {
    let (told, over, other) = (Group::start(), Group::start(), Group::start());
    let mut guard = Alone::start();
    guard.tell(&format!("+{}\n+{}\n-{1}\n", told.0.id(), over.0.id()));
    guard.done();
    assert_eq!([&told, &over, &other].map(|group| lives(group.0.id())), [false, true, true]);
}

/// Ctrl-C goes elsewhere, but a service manager asks every process of ours to end.
#[cfg(target_os = "linux")]
#[test]
fn the_guard_ends_by_nothing_but_the_end_of_its_input() {
    let group = Group::start();
    let mut guard = Alone::start();
    guard.tell(&format!("+{}\n", group.0.id()));
    let status = format!("/proc/{}/status", guard.process.id());
    let signals = [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT];
    let wanted: u64 = signals.iter().map(|signal| 1 << (signal.as_raw() - 1)).sum();
    until("it listens to signals", || {
        let text = std::fs::read_to_string(&status).unwrap();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & wanted == wanted
    });
    for signal in signals {
        kill_process(pid(guard.process.id()), signal).unwrap();
    }
    assert!(lives(group.0.id()));
    guard.done();
    assert!(!lives(group.0.id()));
}
