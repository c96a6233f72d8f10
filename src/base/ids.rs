//! Ids and randomness as an input. Only this file draws from the system.

use std::sync::Mutex;

use super::clock::Timestamp;

/// Where ids and random numbers come from.
pub trait Entropy: Send + Sync + std::fmt::Debug {
    /// 128 random bits.
    fn bits(&self) -> u128;

    /// A number in `[0, 1)`, for jitter.
    fn unit(&self) -> f64 {
        // 53 bits fill a double's mantissa exactly.
        let top = u64::try_from(self.bits() >> 75).unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let unit = top as f64 / (1_u64 << 53) as f64;
        unit
    }

    /// A UUID version 7, ordered by `now`.
    fn uuid(&self, now: Timestamp) -> String {
        let millis = u64::try_from(now.0).unwrap_or(0);
        let random = self.bits().to_be_bytes();
        let mut tail = [0_u8; 10];
        tail.copy_from_slice(&random[..10]);
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid().to_string()
    }
}

/// The system's random numbers.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws random numbers")]
    fn bits(&self) -> u128 {
        // Two version-4 ids: each has six fixed bits, folded away by the mix.
        let one = uuid::Uuid::new_v4().as_u128();
        let two = uuid::Uuid::new_v4().as_u128();
        one ^ two.rotate_left(64)
    }
}

/// A seeded sequence (`SplitMix64`), for tests and the simulation.
#[derive(Debug)]
pub struct ManualEntropy {
    state: Mutex<u64>,
}

impl ManualEntropy {
    /// The sequence that `seed` starts.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: Mutex::new(seed) }
    }

    fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Entropy for ManualEntropy {
    fn bits(&self) -> u128 {
        (u128::from(self.next()) << 64) | u128::from(self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::{Entropy, ManualEntropy};
    use crate::base::Timestamp;

    #[test]
    fn a_seed_gives_the_same_ids_and_jitter_in_range() {
        let (one, two) = (ManualEntropy::new(7), ManualEntropy::new(7));
        assert_eq!(one.uuid(Timestamp(1)), two.uuid(Timestamp(1)));
        for _ in 0..1000 {
            let unit = one.unit();
            assert!((0.0..1.0).contains(&unit));
        }
    }

    #[test]
    fn ids_sort_by_time() {
        let entropy = ManualEntropy::new(1);
        assert!(entropy.uuid(Timestamp(1_000)) < entropy.uuid(Timestamp(2_000)));
    }
}
