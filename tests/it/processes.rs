//! Servers' programs when we die without ending them: the guard does it. And a
//! Sequitur that another one starts.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sequitur::base::{Clock as _, SystemClock};

#[cfg(unix)]
mod killed;

const BINARY: &str = env!("CARGO_BIN_EXE_sequitur");

/// Longer than anything that is waited for here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what another process does; how long it took.
#[expect(clippy::disallowed_methods, reason = "another process tells nobody what it does")]
fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let clock = SystemClock::new();
    while !holds() {
        assert!(clock.monotonic() < PATIENCE, "not even after {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    clock.monotonic()
}

/// The binary on a data folder that is not there yet.
fn binary(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).arg("--data-dir").arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_sequitur_behind_another_one_refuses_to_serve_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Without a command and without a terminal `serve` is meant.
    for arguments in [&["serve"][..], &[]] {
        let output = binary(&data, arguments).env("SEQUITUR_PARENT", "outer/0").output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "error: this Sequitur was started by another one, and does not serve behind it\n\
             hint: take it out of the other's `mcpServers`; in a shell that a server has opened, \
             unset `SEQUITUR_PARENT`\n"
        );
        assert!(!data.exists(), "it is refused before anything is touched");
    }
    let other = binary(&data, &["templates"]).env("SEQUITUR_PARENT", "outer/0").output().unwrap();
    assert_eq!(other.status.code(), Some(0), "only `serve` is refused");
}

#[test]
fn the_guard_is_not_for_people_and_ends_with_its_input_without_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let help = binary(&data, &["--help"]).output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("guard"));

    let mut guard = binary(&data, &["guard", "nobody"]).stdin(Stdio::piped()).spawn().unwrap();
    guard.stdin.take().unwrap().write_all(b"+1\n+0\n+x\n").unwrap();
    let output = guard.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), Vec::new(), Vec::new()));
    assert!(!data.exists());
}
