//! All processes that one child of ours, or all of them, have brought forth, and
//! their end.
//!
//! They are known by their process group, and on Linux by the marker in their
//! environment too, which finds what left the group. Must not know whose they
//! are or why they end.

use std::collections::BTreeSet;
use std::time::Duration;

use super::guard::PARENT_VARIABLE;

/// How often it is looked whether some are left: the end of a group tells nobody of itself.
#[cfg(unix)]
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A killed process ends at once, unless the system itself holds it.
pub(super) const AFTER_KILL: Duration = Duration::from_millis(500);

/// Processes that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kin {
    groups: BTreeSet<u32>,
    /// The entry of `/proc/*/environ`.
    entry: Vec<u8>,
    /// The entry goes on behind it.
    is_prefix: bool,
}

impl Kin {
    /// What one child brought forth.
    pub(super) fn of_child(group: u32, marker: &str) -> Self {
        let entry = format!("{PARENT_VARIABLE}={marker}").into_bytes();
        Self { groups: BTreeSet::from([group]), entry, is_prefix: false }
    }

    /// What all children of a process brought forth.
    pub(super) fn of_parent(parent: &str, groups: BTreeSet<u32>) -> Self {
        Self { groups, entry: format!("{PARENT_VARIABLE}={parent}/").into_bytes(), is_prefix: true }
    }
}

#[cfg(not(unix))]
impl Kin {
    /// There are no groups.
    pub(super) fn kill_groups(&self) {}

    /// There are no groups.
    pub(super) async fn end(&self, _patience: Duration) -> bool {
        true
    }
}

#[cfg(unix)]
mod unix {
    use std::time::Duration;

    use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

    use super::{AFTER_KILL, Kin, LOOK_EVERY};

    impl Kin {
        /// Kills the groups, now. The one thing that can be done without waiting.
        pub(in super::super) fn kill_groups(&self) {
            self.signal_groups(Some(Signal::KILL));
        }

        /// Asks them to end, waits for `patience`, kills those that are left. Whether none is left.
        pub(in super::super) async fn end(&self, patience: Duration) -> bool {
            // What can be done without a look is not kept waiting for one: a look may hang.
            self.signal_groups(Some(Signal::TERM));
            let asked = async {
                let mut left = self.look(Looking::Asking).await;
                while left {
                    tokio::time::sleep(LOOK_EVERY).await;
                    left = self.look(Looking::Only).await;
                }
            };
            if tokio::time::timeout(patience, asked).await.is_ok() {
                return true;
            }
            // Again and again: a process may bring forth another while it is looked for.
            self.kill_groups();
            let killed = async {
                while self.look(Looking::Killing).await {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            };
            tokio::time::timeout(AFTER_KILL, killed).await.is_ok()
        }

        /// Whether some live. On a thread of its own: reading about a process
        /// may have to wait for that process.
        async fn look(&self, looking: Looking) -> bool {
            let kin = self.clone();
            tokio::task::spawn_blocking(move || kin.look_now(looking)).await.unwrap_or(false)
        }

        fn look_now(&self, looking: Looking) -> bool {
            let (groups, strays) = match looking {
                Looking::Only => (None, None),
                // The groups were asked already, and twice means more than once to some.
                Looking::Asking => (None, Some(Signal::TERM)),
                Looking::Killing => (Some(Signal::KILL), Some(Signal::KILL)),
            };
            let answered = self.signal_groups(groups);
            let Some(seen) = self.see() else { return answered };
            for stray in seen.strays {
                if let (Some(pid), Some(signal)) = (pid(stray), strays) {
                    // One that has ended meanwhile is what was wanted.
                    kill_process(pid, signal).ok();
                }
            }
            seen.living
        }

        /// Whether a group took the signal, which the dead do until somebody has waited for them.
        ///
        /// A group whose leader is gone keeps its number as long as it has a member, and a number is
        /// given anew only when all others were: none of another's takes it between two looks.
        fn signal_groups(&self, signal: Option<Signal>) -> bool {
            let mut answered = false;
            for group in self.groups.iter().filter_map(|group| pid(*group)) {
                let sent = match signal {
                    Some(signal) => kill_process_group(group, signal),
                    None => test_kill_process_group(group),
                };
                answered |= sent.is_ok();
            }
            answered
        }

        #[cfg(target_os = "linux")]
        fn see(&self) -> Option<Seen> {
            let mut seen = Seen::default();
            for entry in std::fs::read_dir("/proc").ok()?.flatten() {
                let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
                let folder = entry.path();
                // Those that end meanwhile have no files any more.
                let Some(group) = std::fs::read(folder.join("stat")).ok().as_deref().and_then(living_group) else {
                    continue;
                };
                if self.groups.contains(&group) {
                    seen.living = true;
                } else if std::fs::read(folder.join("environ")).is_ok_and(|environ| self.marks(&environ)) {
                    seen.living = true;
                    seen.strays.push(process);
                }
            }
            Some(seen)
        }

        /// Elsewhere nothing tells of other processes.
        #[cfg(not(target_os = "linux"))]
        fn see(&self) -> Option<Seen> {
            None
        }

        #[cfg(target_os = "linux")]
        fn marks(&self, environ: &[u8]) -> bool {
            environ.split(|byte| *byte == 0).any(|entry| {
                if self.is_prefix { entry.starts_with(&self.entry) } else { entry == self.entry.as_slice() }
            })
        }
    }

    /// What a look does with those that it sees.
    #[derive(Debug, Clone, Copy)]
    enum Looking {
        Only,
        Asking,
        Killing,
    }

    /// What lives.
    #[derive(Default)]
    struct Seen {
        living: bool,
        /// Those outside the groups.
        strays: Vec<u32>,
    }

    /// No number that `kill` takes for more than one group: 0 is our own, 1 (as -1) is everybody.
    fn pid(number: u32) -> Option<Pid> {
        i32::try_from(number).ok().filter(|number| *number > 1).and_then(Pid::from_raw)
    }

    /// The group of a process that is not dead, from its `stat`: `pid (name) state parent group ...`.
    #[cfg(target_os = "linux")]
    fn living_group(stat: &[u8]) -> Option<u32> {
        // The name may hold anything, `)` too.
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let mut fields = str::from_utf8(&stat[end + 1..]).ok()?.split_ascii_whitespace();
        let state = fields.next()?;
        let group = fields.nth(1)?;
        (!matches!(state, "Z" | "X" | "x")).then(|| group.parse().ok())?
    }

    #[cfg(test)]
    mod tests {
        use std::collections::BTreeSet;
        use std::os::unix::process::CommandExt as _;
        use std::time::Duration;

        #[cfg(target_os = "linux")]
        use super::living_group;
        use super::{Kin, pid};

        #[test]
        fn no_number_reaches_more_than_one_group() {
            assert_eq!([0, 1, u32::MAX, 1 << 31].map(pid), [None; 4]);
            assert!(pid(2).is_some());
        }

        #[test]
        fn a_group_is_ended_even_when_nothing_can_be_looked_at() {
            let mut child = std::process::Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
            let kin = Kin { groups: BTreeSet::from([child.id()]), entry: b"NOBODY=1".to_vec(), is_prefix: false };
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().max_blocking_threads(1).build().unwrap();
            let (end, ended) = std::sync::mpsc::channel::<()>();
            // The one thread that could look waits for us.
            runtime.spawn_blocking(move || ended.recv().ok());
            assert!(!runtime.block_on(kin.end(Duration::from_millis(1))), "it was not seen that they are gone");
            assert!(!child.wait().unwrap().success());
            drop(end);
        }

        #[cfg(target_os = "linux")]
        #[test]
        fn a_process_is_known_by_its_group_unless_it_is_dead() {
            assert_eq!(living_group(b"12 (a) S) (b) R 1 7 7 0 -1"), Some(7));
            assert_eq!(living_group(b"12 (sh) Z 1 7 7 0 -1"), None);
            assert_eq!(living_group(b"12 sh S"), None);
        }

        #[cfg(target_os = "linux")]
        #[test]
        fn a_marker_is_a_whole_entry_of_the_environment() {
            let (child, parent) = (Kin::of_child(9, "id/1"), Kin::of_parent("id", BTreeSet::new()));
            let marked = |text: &str| [child.marks(text.as_bytes()), parent.marks(text.as_bytes())];
            assert_eq!(marked("A=1\0SEQUITUR_PARENT=id/1\0"), [true, true]);
            assert_eq!(marked("SEQUITUR_PARENT=id/11\0"), [false, true]);
            assert_eq!(marked("SEQUITUR_PARENT=idle/1\0"), [false, false]);
            assert_eq!(marked("X=SEQUITUR_PARENT=id/1\0"), [false, false]);
        }
    }
}
