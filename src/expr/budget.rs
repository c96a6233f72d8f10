//! The limits of many evaluations together: the items of a list cost as one.
//! Must not know what is done with the items.

use serde_json::Value as Json;

use super::meter::{LIST_FUEL, Meter};
use super::value::ValueError;
use super::walk::charge;

/// What many evaluations over lists may still cost.
#[derive(Debug)]
pub struct Budget {
    pub(super) meter: Meter,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

impl Budget {
    /// The whole budget.
    #[must_use]
    pub fn new() -> Self {
        Self { meter: Meter::for_lists() }
    }

    /// Charges work that is done without an expression.
    pub fn spend(&mut self, units: usize) -> Result<(), ValueError> {
        self.meter.spend(units).map_err(ValueError::from)
    }

    /// Charges the reading of a text.
    pub fn read_text(&mut self, text: &str) -> Result<(), ValueError> {
        self.meter.spend_text(text.len()).map_err(ValueError::from)
    }

    /// Charges text that is about to be made.
    pub fn make(&mut self, bytes: usize) -> Result<(), ValueError> {
        self.meter.write(bytes).map_err(ValueError::from)
    }

    /// A copy of a value, charged before it is made.
    pub fn copy(&mut self, value: &Json) -> Result<Json, ValueError> {
        charge(value, &mut self.meter)?;
        Ok(value.clone())
    }

    /// Work done so far.
    #[must_use]
    pub fn spent(&self) -> u64 {
        LIST_FUEL - self.meter.fuel()
    }
}
