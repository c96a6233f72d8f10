//! Other processes: whether they live, and waiting for what they do.

use std::time::Duration;

/// Until one looks again.
#[expect(clippy::disallowed_methods, reason = "another process tells nobody what it does")]
pub(crate) fn rest() {
    std::thread::sleep(Duration::from_millis(5));
}

/// Whether a process is there and has not ended.
#[cfg(unix)]
pub(crate) fn lives(pid: u32) -> bool {
    let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}
