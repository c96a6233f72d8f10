//! `loop`: its children again and again, each iteration with instances of its
//! own. Over items, iterations overlap; a `while` takes one after the other.

use crate::machine::event::Opened;
use crate::machine::step::Inside;
use crate::workflow::plan::Mode;

/// Iterations of a loop over items at once where it does not say: enough to
/// keep tools busy, and few enough that a long list stays small.
const WINDOW: u32 = 64;

/// Iterations at most.
pub(in crate::machine) fn planned(opened: &Opened) -> u32 {
    match opened {
        Opened::ForEach { count, .. } => *count,
        Opened::While { max_iterations } => *max_iterations,
        Opened::Condition { .. } | Opened::Parallel { .. } => 1,
    }
}

/// The next iterations that may begin now.
pub(in crate::machine) fn due(inside: &Inside, mode: Mode) -> std::ops::Range<u32> {
    let Opened::ForEach { count, max_concurrency, .. } = inside.opened else { return 0..0 };
    let window = match mode {
        Mode::Sequential => 1,
        Mode::Parallel | Mode::Adaptive | Mode::Pipeline => max_concurrency.unwrap_or(WINDOW).max(1),
    };
    let open = u32::try_from(inside.open.len()).unwrap_or(u32::MAX);
    inside.next..count.min(inside.next.saturating_add(window.saturating_sub(open)))
}
