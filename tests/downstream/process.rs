//! Other processes: whether they live, and waiting for what they do.

use std::time::Duration;

use sequitur::base::{Clock as _, SystemClock};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something is so.
pub(crate) fn until(what: &str, is_so: impl FnMut() -> bool) {
    assert!(within(PATIENCE, is_so), "in vain: {what}");
}

/// Whether something becomes so in this time.
pub(crate) fn within(time: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let clock = SystemClock::new();
    while !is_so() {
        if clock.monotonic() > time {
            return false;
        }
        rest();
    }
    true
}

/// Until one looks again.
#[expect(clippy::disallowed_methods, reason = "another process tells nobody what it does")]
fn rest() {
    std::thread::sleep(Duration::from_millis(5));
}

/// Whether a process is there and has not ended.
#[cfg(unix)]
pub(crate) fn lives(pid: u32) -> bool {
    let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// What a process has started, as far as it is still its child.
#[cfg(unix)]
pub(crate) fn children_of(parent: u32) -> Vec<u32> {
    let all = std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().unwrap();
    let all = String::from_utf8(all.stdout).unwrap();
    let pairs = all.lines().filter_map(|line| {
        let (pid, of) = line.trim().split_once(' ')?;
        Some((pid.parse::<u32>().ok()?, of.trim().parse::<u32>().ok()?))
    });
    pairs.filter(|(_, of)| *of == parent).map(|(pid, _)| pid).collect()
}
