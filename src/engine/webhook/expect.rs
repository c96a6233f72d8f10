//! Which statuses are a success: a number, a list of numbers, or a range.

use std::ops::RangeInclusive;

use serde_json::Value;

/// Statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expect {
    ranges: Vec<RangeInclusive<u16>>,
}

impl Default for Expect {
    fn default() -> Self {
        Self { ranges: vec![200..=299] }
    }
}

impl Expect {
    pub(super) fn parse(value: &Value) -> Option<Self> {
        let ranges = match value {
            Value::Array(items) if !items.is_empty() => items.iter().map(range).collect::<Option<_>>()?,
            Value::Number(_) | Value::String(_) => vec![range(value)?],
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(Self { ranges })
    }

    pub(super) fn takes(&self, status: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&status))
    }
}

fn range(value: &Value) -> Option<RangeInclusive<u16>> {
    let status = |text: &str| text.trim().parse().ok().filter(|status| (100..1000).contains(status));
    match value {
        Value::Number(number) => status(&number.to_string()).map(|status| status..=status),
        Value::String(text) => match text.split_once('-') {
            Some((from, to)) => Some(status(from)?..=status(to)?),
            None => status(text).map(|status| status..=status),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
