//! The figures of an aggregate: sum, avg, min, max, count. They add and order
//! as expressions do: numbers only, integers exact, nothing passed over.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::error::Stop;
use super::item::kind;
use crate::expr;

/// Which figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Of numbers; 0 of none.
    Sum,
    /// Of numbers, a float.
    Avg,
    /// Of numbers or of strings.
    Min,
    /// Of numbers or of strings.
    Max,
    /// How many are not null.
    Count,
}

impl Figure {
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "sum" => Self::Sum,
            "avg" => Self::Avg,
            "min" => Self::Min,
            "max" => Self::Max,
            "count" => Self::Count,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Count => "count",
        }
    }
}

/// A figure while items are added.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    figure: Figure,
    count: u64,
    total: Total,
    most: Option<Value>,
}

/// A sum: exact as long as all are integers, which then cannot overflow 128 bits.
#[derive(Debug, Clone, Copy)]
enum Total {
    Int(i128),
    Float(f64),
}

impl Tally {
    pub(super) fn new(figure: Figure) -> Self {
        Self { figure, count: 0, total: Total::Int(0), most: None }
    }

    pub(super) fn add(&mut self, value: &Value) -> Result<(), Stop> {
        match self.figure {
            Figure::Count => {
                self.count += u64::from(!value.is_null());
                return Ok(());
            }
            Figure::Sum | Figure::Avg => match value {
                Value::Number(number) => self.total = self.total.plus(number),
                Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                    let message = format!("`{}` adds numbers, not {}", self.figure.word(), kind(value));
                    return Err(Stop::new(message));
                }
            },
            Figure::Min | Figure::Max => {
                let most = self.most.as_ref().unwrap_or(value);
                let order = expr::order(value, most)?;
                let better = if self.figure == Figure::Max { order.is_gt() } else { order.is_lt() };
                if better || self.most.is_none() {
                    self.most = Some(value.clone());
                }
            }
        }
        self.count += 1;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Value, Stop> {
        let word = self.figure.word();
        let nothing = || {
            Stop::new(format!("`{word}` of no items has no value"))
                .hint("let the step depend on there being some: `condition: \"len(...) > 0\"`")
        };
        match self.figure {
            Figure::Count => Ok(self.count.into()),
            Figure::Sum => self.total.json(),
            Figure::Avg if self.count == 0 => Err(nothing()),
            Figure::Avg => {
                #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
                let count = self.count as f64;
                Total::Float(self.total.float() / count).json()
            }
            Figure::Min | Figure::Max => self.most.ok_or_else(nothing),
        }
    }
}

impl Total {
    fn plus(self, number: &Number) -> Self {
        let int = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        match (self, int) {
            (Self::Int(total), Some(int)) => Self::Int(total + int),
            _ => Self::Float(self.float() + number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the documented meaning of mixing integers and floats")]
    fn float(self) -> f64 {
        match self {
            Self::Int(total) => total as f64,
            Self::Float(total) => total,
        }
    }

    fn json(self) -> Result<Value, Stop> {
        match self {
            Self::Int(total) => Number::from_i128(total)
                .map(Value::Number)
                .ok_or_else(|| Stop::new("the sum is too large for an integer")),
            Self::Float(total) => {
                Number::from_f64(total).map(Value::Number).ok_or_else(|| Stop::new("the result is not a finite number"))
            }
        }
    }
}
