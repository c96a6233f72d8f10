//! Filters and functions on numbers. A text that is no number is an error,
//! unless a default is given.

use crate::expr::datum::{Datum, int_to_float};
use crate::expr::error::Problem;
use crate::expr::inputs::Inputs;

pub(in crate::expr) fn abs(value: &Datum) -> Result<Datum, Problem> {
    match value {
        Datum::Int(value) => Datum::int(value.abs()),
        Datum::Float(value) => Datum::float(value.abs()),
        other => Err(Problem::kind(format!("`abs` takes a number, not {}", other.kind()))),
    }
}

pub(in crate::expr) fn int(value: &Datum, inputs: &mut Inputs) -> Result<Datum, Problem> {
    let default = inputs.take("default");
    let base = match inputs.int("base")? {
        None => 10,
        Some(base @ 2..=36) => u32::try_from(base).unwrap_or(10),
        Some(_) => return Err(Problem::value("the argument `base` must be from 2 to 36")),
    };
    parse_int(value, base).or_else(|problem| default.ok_or(problem))
}

fn parse_int(value: &Datum, base: u32) -> Result<Datum, Problem> {
    match value {
        Datum::Int(_) => Ok(value.clone()),
        Datum::Bool(value) => Ok(Datum::Int(i128::from(*value))),
        Datum::Float(value) if value.abs() < 1e30 => {
            #[expect(clippy::cast_possible_truncation, reason = "cutting the fraction is what `int` does")]
            let whole = value.trunc() as i128;
            Datum::int(whole)
        }
        Datum::Float(_) => Err(Problem::value("the number is too large for an integer")),
        Datum::Text(text) => match i128::from_str_radix(text.trim(), base) {
            Ok(value) => Datum::int(value),
            Err(_) => Err(Problem::value(format!("`{}` is not a whole number", short(text)))
                .hint("give a default: `int(x, 0)` or `x|int(0)`")),
        },
        other => Err(Problem::kind(format!("`int` does not take {}", other.kind()))),
    }
}

pub(in crate::expr) fn float(value: &Datum, inputs: &mut Inputs) -> Result<Datum, Problem> {
    let default = inputs.take("default");
    let parsed = match value {
        Datum::Float(_) => Ok(value.clone()),
        Datum::Int(value) => Datum::float(int_to_float(*value)),
        Datum::Bool(value) => Ok(Datum::Float(f64::from(u8::from(*value)))),
        Datum::Text(text) => match text.trim().parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Datum::Float(value)),
            _ => Err(Problem::value(format!("`{}` is not a number", short(text)))
                .hint("give a default: `float(x, 0)` or `x|float(0)`")),
        },
        other => Err(Problem::kind(format!("`float` does not take {}", other.kind()))),
    };
    parsed.or_else(|problem| default.ok_or(problem))
}

/// `round(x)` is an integer and `round(x, 2)` a float, as in Python.
pub(in crate::expr) fn round_function(inputs: &mut Inputs) -> Result<Datum, Problem> {
    let value = inputs.need("value")?;
    match inputs.int("precision")? {
        Some(precision) => round(&value, precision, "common"),
        None => parse_int(&round(&value, 0, "common")?, 10),
    }
}

/// `x|round` keeps a float a float, as in Jinja.
pub(in crate::expr) fn round_filter(value: &Datum, inputs: &mut Inputs) -> Result<Datum, Problem> {
    let precision = inputs.int("precision")?.unwrap_or(0);
    let method = inputs.text("method")?;
    round(value, precision, method.as_deref().unwrap_or("common"))
}

fn round(value: &Datum, precision: i128, method: &str) -> Result<Datum, Problem> {
    let Ok(places @ -18..=18) = i32::try_from(precision) else {
        return Err(Problem::value("the argument `precision` must be from -18 to 18"));
    };
    let float = match value {
        Datum::Int(_) if places >= 0 => return Ok(value.clone()),
        Datum::Int(value) => int_to_float(*value),
        Datum::Float(value) => *value,
        other => return Err(Problem::kind(format!("`round` takes a number, not {}", other.kind()))),
    };
    let scale = 10_f64.powi(places);
    let rounded = match method {
        // Formatting rounds the exact decimal value, half to even; scaling first would not.
        "common" if places >= 0 => {
            let places = usize::try_from(places).unwrap_or(0);
            format!("{float:.places$}").parse().unwrap_or(float)
        }
        "common" => (float * scale).round_ties_even() / scale,
        "ceil" => (float * scale).ceil() / scale,
        "floor" => (float * scale).floor() / scale,
        other => return Err(Problem::value(format!("`{other}` is not `common`, `ceil` or `floor`"))),
    };
    let rounded = Datum::float(rounded)?;
    if matches!(value, Datum::Int(_)) { parse_int(&rounded, 10) } else { Ok(rounded) }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
