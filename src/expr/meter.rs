//! The limits of one evaluation: work (fuel) and the size of what it makes.

use super::error::Problem;

/// Units of work: a node evaluated, a value read or made, 64 bytes of text.
pub(super) const FUEL: u64 = 10_000_000;
/// The same for one pass over the items of lists, all of its expressions together.
pub(super) const LIST_FUEL: u64 = 2 * FUEL;
/// There a value that is made costs this much: what many evaluations make is kept all at once.
pub(super) const LIST_VALUE: usize = 4;
/// Bytes of text and keys that one evaluation may make on its way.
pub(super) const MADE: u64 = 64 * 1024 * 1024;
/// Bytes that come out of it, the limit for a step's result.
pub(super) const OUTPUT: u64 = 8 * 1024 * 1024;
/// Bytes of one expression. Far from 65,535, where the parser's columns end.
pub(super) const SOURCE: usize = 32 * 1024;
/// Brackets inside each other.
pub(super) const BRACKETS: usize = 32;
/// Operators, filters and brackets inside each other; a key counts as a quarter.
pub(super) const LEVELS: usize = 150;
/// Words, signs and literals of one expression.
pub(super) const TOKENS: usize = 10_000;

/// What is left of the limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter {
    fuel: u64,
    /// What a value costs that is made.
    value: usize,
    made: u64,
    output: u64,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { fuel: FUEL, value: 1, made: MADE, output: OUTPUT }
    }

    /// For the items of lists: more work, the same amount of text.
    pub(super) fn for_lists() -> Self {
        Self { fuel: LIST_FUEL, value: LIST_VALUE, made: MADE, output: MADE }
    }

    /// Charges work.
    pub(super) fn spend(&mut self, units: usize) -> Result<(), Problem> {
        self.fuel = self.fuel.checked_sub(as_u64(units)).ok_or_else(|| {
            Problem::limit("the expression does too much work")
                .hint("read only the part of the data that is needed, or use a transform step")
        })?;
        Ok(())
    }

    /// Charges a JSON value that is about to be made.
    pub(super) fn spend_value(&mut self) -> Result<(), Problem> {
        self.spend(self.value)
    }

    /// Charges the reading of a text.
    pub(super) fn spend_text(&mut self, bytes: usize) -> Result<(), Problem> {
        self.spend(bytes / 64)
    }

    /// Charges text or list places that are about to be made.
    pub(super) fn write(&mut self, bytes: usize) -> Result<(), Problem> {
        self.spend_text(bytes)?;
        self.made = self.made.checked_sub(as_u64(bytes)).ok_or_else(|| too_large("makes", MADE))?;
        Ok(())
    }

    /// Charges what comes out.
    pub(super) fn output(&mut self, bytes: u64) -> Result<(), Problem> {
        self.output = self.output.checked_sub(bytes).ok_or_else(|| too_large("yields", OUTPUT))?;
        Ok(())
    }

    /// Work that may still be done.
    pub(super) fn fuel(&self) -> u64 {
        self.fuel
    }

    /// Bytes that may still be made.
    pub(super) fn left(&self) -> u64 {
        self.made
    }
}

fn as_u64(units: usize) -> u64 {
    u64::try_from(units).unwrap_or(u64::MAX)
}

fn too_large(does: &str, limit: u64) -> Problem {
    Problem::limit(format!("the expression {does} more than {} MiB", limit / 1024 / 1024))
        .hint("pass a part of the value, or its path, instead of the whole")
}
