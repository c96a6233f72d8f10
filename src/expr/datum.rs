//! A value while it is worked on: JSON's kinds, cheap to clone, and text that
//! holds secrets. Undefined is no value: what may be missing is told apart
//! where paths are read (`eval`).

use std::cmp::Ordering;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};

use super::error::Problem;
use super::meter::Meter;
use super::secret;

/// An object's members, in order.
pub(super) type Members = IndexMap<String, Datum>;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Datum {
    Null,
    Bool(bool),
    /// Always within what JSON numbers hold: `i64::MIN..=u64::MAX`.
    Int(i128),
    /// Always finite.
    Float(f64),
    Text(Arc<str>),
    List(Arc<Vec<Datum>>),
    Map(Arc<Members>),
    /// Text with secrets in it; nothing but concatenation takes it.
    Secret(Arc<Vec<Piece>>),
}

/// A part of a text that holds secrets.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(Arc<str>),
    Secret(Arc<str>),
}

impl Datum {
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    pub(super) fn list(items: Vec<Datum>) -> Self {
        Self::List(Arc::new(items))
    }

    pub(super) fn map(members: Members) -> Self {
        Self::Map(Arc::new(members))
    }

    pub(super) fn secret(name: &str) -> Self {
        Self::Secret(Arc::new(vec![Piece::Secret(Arc::from(name))]))
    }

    pub(super) fn int(value: i128) -> Result<Self, Problem> {
        if value < i128::from(i64::MIN) || value > i128::from(u64::MAX) {
            return Err(Problem::value("the number is too large for an integer"));
        }
        Ok(Self::Int(value))
    }

    pub(super) fn float(value: f64) -> Result<Self, Problem> {
        if !value.is_finite() {
            return Err(Problem::value("the result is not a finite number"));
        }
        Ok(Self::Float(value))
    }

    pub(super) fn count(value: usize) -> Self {
        Self::Int(i128::try_from(value).unwrap_or(i128::MAX))
    }

    /// The kind's name in messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
            Self::Secret(_) => "a secret",
        }
    }

    /// Python's truth, as in Jinja: null, false, 0, and what is empty are false.
    pub(super) fn is_true(&self) -> Result<bool, Problem> {
        Ok(match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(members) => !members.is_empty(),
            Self::Secret(_) => return Err(no_secret("a condition")),
        })
    }

    pub(super) fn refuse_secret(&self, place: &str) -> Result<(), Problem> {
        if matches!(self, Self::Secret(_)) { Err(no_secret(place)) } else { Ok(()) }
    }

    /// A copy of JSON, charged for by size.
    pub(super) fn from_json(json: &Json, meter: &mut Meter) -> Result<Self, Problem> {
        meter.spend(1)?;
        Ok(match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::from_number(number)?,
            Json::String(text) => {
                meter.spend_text(text.len())?;
                Self::text(text)
            }
            Json::Array(items) => {
                Self::list(items.iter().map(|item| Self::from_json(item, meter)).collect::<Result<_, _>>()?)
            }
            Json::Object(map) => {
                let mut members = Members::with_capacity(map.len());
                for (key, value) in map {
                    meter.spend_text(key.len())?;
                    members.insert(key.clone(), Self::from_json(value, meter)?);
                }
                Self::map(members)
            }
        })
    }

    pub(super) fn from_number(number: &Number) -> Result<Self, Problem> {
        if let Some(value) = number.as_i64() {
            return Ok(Self::Int(i128::from(value)));
        }
        if let Some(value) = number.as_u64() {
            return Ok(Self::Int(i128::from(value)));
        }
        number.as_f64().ok_or_else(|| Problem::value("the number cannot be read")).and_then(Self::float)
    }

    /// JSON again. Secrets become markers; other text must hold none.
    pub(super) fn to_json(&self, meter: &mut Meter) -> Result<Json, Problem> {
        meter.spend_value()?;
        Ok(match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::Number(to_number(*value)),
            // A finite double is always a JSON number.
            Self::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
            Self::Text(text) => {
                meter.write(text.len())?;
                secret::refuse_reserved(text)?;
                Json::String(text.to_string())
            }
            Self::Secret(pieces) => {
                let mut text = String::new();
                write_pieces(pieces, &mut text, meter)?;
                Json::String(text)
            }
            Self::List(items) => {
                meter.write(items.len())?;
                Json::Array(items.iter().map(|item| item.to_json(meter)).collect::<Result<_, _>>()?)
            }
            Self::Map(members) => {
                let mut map = serde_json::Map::with_capacity(members.len());
                for (key, value) in members.iter() {
                    meter.write(key.len())?;
                    secret::refuse_reserved(key)?;
                    map.insert(key.clone(), value.to_json(meter)?);
                }
                Json::Object(map)
            }
        })
    }

    /// How the value reads inside a text: strings as they are, all else in JSON's spelling.
    pub(super) fn to_text(&self, meter: &mut Meter) -> Result<Arc<str>, Problem> {
        match self {
            Self::Text(text) => Ok(Arc::clone(text)),
            Self::Secret(_) => Err(no_secret("a function or filter")),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::List(_) | Self::Map(_) => {
                let text = self.to_json(meter)?.to_string();
                meter.write(text.len())?;
                Ok(Arc::from(text))
            }
        }
    }

    /// Appends the value to a rendered text.
    pub(super) fn write_to(&self, out: &mut String, meter: &mut Meter) -> Result<(), Problem> {
        if let Self::Secret(pieces) = self {
            return write_pieces(pieces, out, meter);
        }
        let text = self.to_text(meter)?;
        meter.write(text.len())?;
        secret::refuse_reserved(&text)?;
        out.push_str(&text);
        Ok(())
    }

    /// Equality of JSON values: an int equals a float of the same value, a bool never a number.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => {
                compare_numbers(self, other) == Some(Ordering::Equal)
            }
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals(b)),
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| a.equals(b)))
            }
            (
                Self::Null
                | Self::Bool(_)
                | Self::Int(_)
                | Self::Float(_)
                | Self::Text(_)
                | Self::List(_)
                | Self::Map(_)
                | Self::Secret(_),
                _,
            ) => false,
        }
    }

    /// Order within numbers and within strings; everything else is an error.
    pub(super) fn order(&self, other: &Self) -> Result<Ordering, Problem> {
        match (self, other) {
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => {
                compare_numbers(self, other).ok_or_else(|| Problem::value("the numbers cannot be compared"))
            }
            (Self::Text(a), Self::Text(b)) => Ok(a.cmp(b)),
            (a, b) => {
                let message = format!("cannot order {} and {}", a.kind(), b.kind());
                let problem = Problem::kind(message);
                Err(match (a, b) {
                    (Self::Text(_), Self::Int(_) | Self::Float(_)) | (Self::Int(_) | Self::Float(_), Self::Text(_)) => {
                        problem.hint("turn the string into a number with `int(...)` or `float(...)`")
                    }
                    (Self::Null, _) | (_, Self::Null) => problem.hint("test for null first: `x is not none and x > 1`"),
                    _ => problem.hint("only two numbers or two strings have an order"),
                })
            }
        }
    }
}

fn compare_numbers(a: &Datum, b: &Datum) -> Option<Ordering> {
    match (a, b) {
        (Datum::Int(a), Datum::Int(b)) => Some(a.cmp(b)),
        (Datum::Float(a), Datum::Float(b)) => a.partial_cmp(b),
        (Datum::Int(a), Datum::Float(b)) => compare_mixed(*a, *b),
        (Datum::Float(a), Datum::Int(b)) => compare_mixed(*b, *a).map(Ordering::reverse),
        _ => None,
    }
}

/// Exact for integers that a double cannot hold.
fn compare_mixed(int: i128, float: f64) -> Option<Ordering> {
    // Far outside of what `Int` holds: the cast below must not saturate.
    if float.abs() >= 1e30 {
        return 0.0_f64.partial_cmp(&float);
    }
    let whole = float.trunc();
    #[expect(clippy::cast_possible_truncation, reason = "a whole number under 1e30 fits an i128")]
    let order = int.cmp(&(whole as i128));
    if order == Ordering::Equal { 0.0_f64.partial_cmp(&(float - whole)) } else { Some(order) }
}

pub(super) fn to_number(value: i128) -> Number {
    if let Ok(value) = i64::try_from(value) {
        return value.into();
    }
    // `Int` is kept within i64::MIN..=u64::MAX.
    u64::try_from(value).unwrap_or(u64::MAX).into()
}

#[expect(clippy::cast_precision_loss, reason = "the documented meaning of mixing integers and floats")]
pub(super) fn int_to_float(value: i128) -> f64 {
    value as f64
}

pub(super) fn no_secret(place: &str) -> Problem {
    Problem::new(super::error::Fault::Secret, format!("a secret cannot go through {place}"))
        .hint("a secret may only stand alone or be joined to other text with `~`")
}

fn write_pieces(pieces: &[Piece], out: &mut String, meter: &mut Meter) -> Result<(), Problem> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                meter.write(text.len())?;
                secret::refuse_reserved(text)?;
                out.push_str(text);
            }
            Piece::Secret(name) => {
                meter.write(name.len())?;
                out.push_str(&secret::marker(name));
            }
        }
    }
    Ok(())
}
