//! Chance from a seed. Every purpose has dice of its own, so that a change of
//! one thing (a step dropped, a crash moved) leaves the throws for others alone.

use sequitur::base::{Entropy, ManualEntropy};

/// A sequence of throws.
pub(crate) struct Dice(ManualEntropy);

impl Dice {
    /// The dice of one purpose of one seed.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        // FNV-1a; SplitMix64 scatters what it leaves close together.
        let hash = purpose
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
        Self(ManualEntropy::new(hash ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&self, end: u64) -> u64 {
        u64::try_from(self.0.bits() % u128::from(end)).unwrap_or(0)
    }

    /// The same for positions.
    pub(crate) fn index(&self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap_or(0)
    }

    /// True that often.
    pub(crate) fn percent(&self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of these.
    pub(crate) fn pick<T: Clone>(&self, from: &[T]) -> T {
        from[self.index(from.len())].clone()
    }
}
