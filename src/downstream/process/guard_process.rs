//! What the guard does: it waits for the end of its input and then ends what it
//! was told of.
//!
//! Runs in a process of its own with nothing of ours open: no data folder, no
//! log. Must not end by anything but the end of its input.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use super::kin::Kin;

/// So long they have after they were asked to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads of groups until the input ends, then ends those that are left, and all else that `parent` has started.
/// With nothing left it is over at once.
pub async fn stand_guard(input: impl AsyncRead + Unpin, parent: &str) {
    #[cfg(unix)]
    let _deaf = deaf();
    let groups = read(input).await;
    Kin::of_parent(parent, groups).end(PATIENCE).await;
}

async fn read(input: impl AsyncRead + Unpin) -> BTreeSet<u32> {
    let mut groups = BTreeSet::new();
    let mut lines = BufReader::new(input).split(b'\n');
    // An input that fails will never tell of the end: it is one.
    while let Ok(Some(line)) = lines.next_segment().await {
        let Some((sign, number)) = line.split_first() else { continue };
        let Some(group) = str::from_utf8(number).ok().and_then(|number| number.parse().ok()) else { continue };
        match sign {
            b'+' => {
                groups.insert(group);
            }
            b'-' => {
                groups.remove(&group);
            }
            _ => {}
        }
    }
    groups
}

/// Signals that ask all processes of a session or service to end reach us too; our end is what counts.
#[cfg(unix)]
fn deaf() -> Vec<tokio::signal::unix::Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup(), SignalKind::quit()];
    // Without one of them the guard is as deaf as it can be.
    kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[tokio::test]
    async fn groups_come_and_go_line_by_line() {
        let input: &[u8] = b"+12\n+34\n\n-12\nnoise\n+x\n-99\n+56\n+7";
        assert_eq!(read(input).await.into_iter().collect::<Vec<_>>(), [7, 34, 56]);
    }
}
