use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::ChildStdout;
use tokio::time::{sleep, timeout};

use super::{Child, Exit, Guard, Launch, LaunchError, Pipes};
use crate::config::{Environment, Redaction};
use crate::contract::CallFailure;

const PATIENCE: Duration = Duration::from_secs(30);

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = timeout(PATIENCE, async {
        while !holds() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it takes too long")
}

/// Whether the process is there and not merely unburied.
fn lives(process: u32) -> bool {
    let shown = Command::new("ps").args(["-o", "stat=", "-p", &process.to_string()]).output().unwrap();
    let state = String::from_utf8(shown.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

fn launch(command: &str, args: &[&str]) -> Launch {
    let vars = [("PATH", "/usr/bin:/bin"), ("LANG", "C"), ("OTHER", "x")];
    Launch {
        name: "files".to_owned(),
        command: command.to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        env: [("TOKEN".to_owned(), "hunter22".to_owned())].into_iter().collect(),
        cwd: None,
        inherited: Arc::new(Environment {
            vars: vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            cwd: "/".into(),
            ..Environment::default()
        }),
        redaction: Redaction::new(&["hunter22".to_owned()]),
    }
}

/// No guard: most of what is here holds without one.
fn alone() -> Guard {
    Guard::with_program(uuid(), "/nowhere/sequitur".into())
}

fn uuid() -> String {
    use crate::base::{Entropy as _, SystemEntropy, Timestamp};
    SystemEntropy.uuid(Timestamp(0))
}

fn shell(script: &str) -> (Child, Pipes) {
    Child::spawn(&launch("sh", &["-c", script]), &alone()).unwrap()
}

/// The next line: the number of a process.
async fn process(stdout: &mut BufReader<ChildStdout>) -> u32 {
    let mut line = String::new();
    soon(stdout.read_line(&mut line)).await.unwrap();
    line.trim().parse().unwrap()
}

#[tokio::test]
async fn an_exit_is_told_to_all_who_wait_with_the_last_lines() {
    let (child, _pipes) = shell("echo one >&2; echo \"key $TOKEN\" >&2; exit 3");
    // Who stops waiting takes nothing from the others.
    drop(child.exited());
    let exits = soon(join_all((0..3).map(|_| child.exited()))).await;
    let last_lines = vec!["one".to_owned(), "key <redacted>".to_owned()];
    assert_eq!(exits, vec![Exit { status: "ended with exit code 3".to_owned(), last_lines }; 3]);
    assert_eq!(exits[0].to_string(), "ended with exit code 3; last on its stderr: one / key <redacted>");

    let (child, _pipes) = shell("kill -SEGV $$");
    assert!(soon(child.exited()).await.to_string().starts_with("ended by signal 11 (SIGSEGV)"));
}

#[tokio::test]
async fn a_child_sees_its_own_environment_and_nothing_else_of_ours() {
    let guard = alone();
    let (_child, mut pipes) = Child::spawn(&launch("env", &[]), &guard).unwrap();
    let mut text = String::new();
    soon(pipes.stdout.read_to_string(&mut text)).await.unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines[..2], ["LANG=C", "PATH=/usr/bin:/bin"]);
    assert!(lines[2].starts_with("SEQUITUR_PARENT=") && lines[2].ends_with("/0"), "{text}");
    assert_eq!(lines[3..], ["TOKEN=hunter22"]);
}

#[tokio::test]
async fn the_end_of_its_input_ends_a_child_that_heeds_it() {
    let (child, pipes) = shell("cat >/dev/null; exit 5");
    drop(pipes);
    soon(child.end(PATIENCE)).await;
    assert_eq!(soon(child.exited()).await.status, "ended with exit code 5");
}

#[tokio::test]
async fn one_that_does_not_is_asked_by_a_signal() {
    let (child, pipes) = shell("exec sleep 1000");
    drop(pipes);
    soon(child.end(Duration::from_millis(1))).await;
    assert_eq!(soon(child.exited()).await.status, "ended by signal 15 (SIGTERM)");
}

#[tokio::test]
async fn one_that_ignores_that_too_is_killed_with_its_children() {
    let (child, pipes) = shell("trap '' TERM; sleep 1000 & echo $!; wait");
    let mut stdout = BufReader::new(pipes.stdout);
    let grandchild = process(&mut stdout).await;
    drop((pipes.stdin, stdout));
    soon(child.end(Duration::ZERO)).await;
    assert_eq!(soon(child.exited()).await.status, "ended by signal 9 (SIGKILL)");
    assert!(!lives(child.id()) && !lives(grandchild));
}

#[tokio::test]
async fn what_an_ended_child_leaves_behind_ends_too() {
    let (child, pipes) = shell("sleep 1000 & echo $!; echo said >&2");
    let grandchild = process(&mut BufReader::new(pipes.stdout)).await;
    // It holds stderr open, and the exit is told all the same.
    assert_eq!(soon(child.exited()).await.to_string(), "ended with exit code 0; last on its stderr: said");
    soon(child.end(PATIENCE)).await;
    assert!(!lives(grandchild));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_left_the_group_ends_with_its_child_and_other_children_go_on() {
    let guard = alone();
    let start = |script| Child::spawn(&launch("sh", &["-c", script]), &guard).unwrap();
    let (other, _pipes) = start("exec sleep 1000");
    let (child, pipes) = start("setsid sh -c 'trap \"\" TERM; echo $$; exec sleep 1000' & wait");
    let stray = process(&mut BufReader::new(pipes.stdout)).await;
    soon(child.end(Duration::ZERO)).await;
    assert!(!lives(stray) && lives(other.id()));
}

#[tokio::test]
async fn dropping_a_child_kills_its_group() {
    let (child, pipes) = shell("trap '' TERM; sleep 1000 & echo $!; wait");
    let grandchild = process(&mut BufReader::new(pipes.stdout)).await;
    let id = child.id();
    drop(child);
    until("the group is gone", || !lives(id) && !lives(grandchild)).await;
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let script = program(folder.path(), "#!/nowhere/interpreter\n");
    let file = script.display().to_string();
    let error = Child::spawn(&launch(&file, &[]), &alone()).unwrap_err();
    let LaunchError::Refused { source, .. } = &error else { panic!("{error}") };
    assert_eq!(error.to_string(), format!("`{file}`, the command of server `files`, cannot be started: {source}"));
    let failure = CallFailure::from(error);
    assert_eq!(failure.kind, crate::base::ErrorKind::Unavailable);
    assert!(failure.hint.unwrap().contains("`#!`"));
}

/// An executable file. Another process writes it: a program that is open for writing, if only in a
/// child that was forked meanwhile, cannot be started.
fn program(folder: &Path, text: &str) -> PathBuf {
    let (source, file) = (folder.join("source"), folder.join("program"));
    std::fs::write(&source, text).unwrap();
    let made = Command::new("install").args(["-m", "755"]).arg(&source).arg(&file).status().unwrap();
    assert!(made.success());
    file
}

/// A guard that only writes down what it is told.
struct Notes {
    folder: tempfile::TempDir,
    guard: Guard,
}

impl Notes {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let notes = folder.path().join("notes");
        let script = format!("#!/bin/sh\necho \"$@\" >>{0}\nexec /bin/cat >>{0}\n", notes.display());
        let program = program(folder.path(), &script);
        Self { guard: Guard::with_program("id", program), folder }
    }

    fn spawn(&self) -> (Child, Pipes) {
        Child::spawn(&launch("sleep", &["1000"]), &self.guard).unwrap()
    }

    async fn are(&self, expected: &str) {
        let file = self.folder.path().join("notes");
        let read = || std::fs::read_to_string(&file).unwrap_or_default();
        until("the guard was told", || read().len() >= expected.len()).await;
        assert_eq!(read(), expected);
    }
}

#[tokio::test]
async fn the_guard_starts_with_the_first_child_and_is_told_of_each() {
    let notes = Notes::new();
    assert_eq!(notes.guard.process(), None);
    let (one, _pipes) = notes.spawn();
    let (two, _more) = notes.spawn();
    let (first, second) = (one.id(), two.id());
    soon(one.end(Duration::ZERO)).await;
    notes.are(&format!("guard id\n+{first}\n+{second}\n-{first}\n")).await;
}

#[tokio::test]
async fn a_guard_that_died_is_replaced_and_told_of_all_that_live() {
    let notes = Notes::new();
    let (one, _pipes) = notes.spawn();
    let first = one.id();
    notes.are(&format!("guard id\n+{first}\n")).await;
    let guard = notes.guard.process().unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(guard.cast_signed()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    until("the guard is dead", || !lives(guard)).await;
    let (two, _more) = notes.spawn();
    assert_ne!(notes.guard.process(), Some(guard));
    notes.are(&format!("guard id\n+{first}\nguard id\n+{first}\n+{}\n", two.id())).await;
}
