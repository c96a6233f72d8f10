//! The limits of one evaluation: work (fuel) and the size of what it makes.

use super::error::Problem;

/// Units of work: a node evaluated, a value read or made, 64 bytes of text.
pub(super) const FUEL: u64 = 10_000_000;
/// Bytes of text and keys that one evaluation may make, the limit for a step's result.
pub(super) const OUTPUT: u64 = 8 * 1024 * 1024;
/// Bytes of one expression.
pub(super) const SOURCE: usize = 64 * 1024;
/// Levels of brackets, operators and calls inside each other.
pub(super) const DEPTH: usize = 120;
/// Words, signs and literals of one expression.
pub(super) const TOKENS: usize = 10_000;

/// What is left of the limits.
#[derive(Debug)]
pub(super) struct Meter {
    fuel: u64,
    output: u64,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { fuel: FUEL, output: OUTPUT }
    }

    /// Charges work.
    pub(super) fn spend(&mut self, units: usize) -> Result<(), Problem> {
        let units = u64::try_from(units).unwrap_or(u64::MAX);
        self.fuel = self.fuel.checked_sub(units).ok_or_else(|| {
            Problem::limit("the expression does too much work")
                .hint("read only the part of the data that is needed, or use a transform step")
        })?;
        Ok(())
    }

    /// Charges the reading of a text.
    pub(super) fn spend_text(&mut self, bytes: usize) -> Result<(), Problem> {
        self.spend(bytes / 64)
    }

    /// Charges text or list places that are about to be made.
    pub(super) fn write(&mut self, bytes: usize) -> Result<(), Problem> {
        self.spend_text(bytes)?;
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.output = self.output.checked_sub(bytes).ok_or_else(|| {
            Problem::limit(format!("the expression makes more than {} MiB", OUTPUT / 1024 / 1024))
                .hint("pass a part of the value, or its path, instead of the whole")
        })?;
        Ok(())
    }
}
