//! Numbers with bounds, and text that is secret: the leaves of a configuration.
//!
//! A value outside its bounds is refused where it is read, so nobody checks it
//! again. Must not know which key holds it.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What an editor is told of a leaf.
macro_rules! leaf_schema {
    ($type:ident, $($schema:tt)*) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($($schema)*)
            }
        }
    };
}

leaf_schema!(Count, { "type": "integer", "minimum": 1, "maximum": 100_000 });
leaf_schema!(Seconds, { "type": "number", "exclusiveMinimum": 0, "maximum": 315_360_000 });
leaf_schema!(Days, { "type": "integer", "minimum": 0, "maximum": 36_500 });
leaf_schema!(Share, { "type": "number", "minimum": 0, "maximum": 1 });
leaf_schema!(Factor, { "type": "number", "minimum": 0.01, "maximum": 1000 });
// No `minLength`: what is written is mostly the name of a variable.
leaf_schema!(Secret, { "type": "string" });

/// A whole number from 1 to 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Count(u32);

impl Count {
    /// The number; cut to the bounds when used in code.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(if number < 1 {
            1
        } else if number > 100_000 {
            100_000
        } else {
            number
        })
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number, for lengths and permits.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl TryFrom<f64> for Count {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        if number.fract() == 0.0 && (1.0..=100_000.0).contains(&number) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked in the line above")]
            return Ok(Self(number as u32));
        }
        Err("must be a whole number from 1 to 100000")
    }
}

/// A length of time in seconds: more than zero, at most ten years.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Seconds(f64);

impl Seconds {
    /// A whole number of seconds, at least one.
    #[must_use]
    pub fn whole(seconds: u32) -> Self {
        Self(f64::from(seconds.max(1)))
    }

    /// The seconds.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// As a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }
}

impl TryFrom<f64> for Seconds {
    type Error = &'static str;

    fn try_from(seconds: f64) -> Result<Self, Self::Error> {
        // Below a millisecond no clock of ours tells the difference from zero.
        if (0.001..=315_360_000.0).contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err("must be a number of seconds, more than 0 and at most 315360000")
    }
}

/// A number of days from 0 to 36,500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Days(u32);

impl Days {
    /// That many days, at most 36,500.
    #[must_use]
    pub const fn new(days: u32) -> Self {
        Self(if days > 36_500 { 36_500 } else { days })
    }

    /// The days.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// As a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0) * 86_400)
    }
}

impl TryFrom<f64> for Days {
    type Error = &'static str;

    fn try_from(days: f64) -> Result<Self, Self::Error> {
        if days.fract() == 0.0 && (0.0..=36_500.0).contains(&days) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked in the line above")]
            return Ok(Self(days as u32));
        }
        Err("must be a whole number of days from 0 to 36500")
    }
}

/// A share from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(f64);

impl Share {
    /// The share; cut to 0..=1 when used in code.
    #[must_use]
    pub const fn new(share: f64) -> Self {
        Self(share.clamp(0.0, 1.0))
    }

    /// The share.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Share {
    type Error = &'static str;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err("must be a number from 0 to 1") }
    }
}

/// A factor from 0.01 to 1,000.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Factor(f64);

impl Factor {
    /// The factor; cut to its bounds when used in code.
    #[must_use]
    pub const fn new(factor: f64) -> Self {
        Self(factor.clamp(0.01, 1000.0))
    }

    /// The factor.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Factor {
    type Error = &'static str;

    fn try_from(factor: f64) -> Result<Self, Self::Error> {
        if (0.01..=1000.0).contains(&factor) { Ok(Self(factor)) } else { Err("must be a number from 0.01 to 1000") }
    }
}

/// Text that is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

impl Secret {
    /// Shorter values cannot be told from ordinary text when they are redacted.
    pub const MIN_BYTES: usize = 8;

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() < Self::MIN_BYTES {
            return Err("a secret must have at least 8 bytes: a shorter one cannot be kept out of logs and results");
        }
        Ok(Self(text))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Days, Factor, Seconds, Secret, Share};

    #[test]
    fn values_outside_their_bounds_are_refused() {
        for wrong in [0.0, -1.0, 1.5, 100_001.0, f64::INFINITY, f64::NAN] {
            assert!(Count::try_from(wrong).is_err(), "{wrong}");
        }
        for wrong in [0.0, -1.0, 1e9, f64::INFINITY, f64::NAN] {
            assert!(Seconds::try_from(wrong).is_err(), "{wrong}");
            assert!(Factor::try_from(wrong).is_err(), "{wrong}");
        }
        for wrong in [-0.1, 1.1, f64::NAN] {
            assert!(Share::try_from(wrong).is_err(), "{wrong}");
            assert!(Days::try_from(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Count::try_from(10.0).map(Count::get), Ok(10));
        assert_eq!(Seconds::try_from(0.5).map(Seconds::get), Ok(0.5));
    }

    #[test]
    fn a_secret_is_long_enough_and_never_printed() {
        assert!(Secret::try_from("seven77".to_owned()).is_err());
        let secret = Secret::try_from("eight888".to_owned()).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
