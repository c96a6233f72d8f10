//! Arithmetic, joining, membership and slices over values. Integers stay
//! integers and never wrap; what has no finite result is an error.

use std::sync::Arc;

use super::datum::{Datum, Piece, int_to_float};
use super::error::Problem;
use super::meter::Meter;
use super::node::{Comparison, Operator};

pub(super) fn operate(operator: Operator, left: &Datum, right: &Datum, meter: &mut Meter) -> Result<Datum, Problem> {
    match (operator, left, right) {
        (Operator::Join, _, _) => join(left, right, meter),
        // `'Bearer ' + secrets.TOKEN` is the same as with `~`.
        (Operator::Add, Datum::Secret(_) | Datum::Text(_), Datum::Secret(_) | Datum::Text(_)) => {
            join(left, right, meter)
        }
        (Operator::Add, Datum::List(a), Datum::List(b)) => {
            meter.write(a.len() + b.len())?;
            Ok(Datum::list(a.iter().chain(b.iter()).cloned().collect()))
        }
        (Operator::Multiply, Datum::Text(text), Datum::Int(times))
        | (Operator::Multiply, Datum::Int(times), Datum::Text(text)) => repeat(text, *times, meter),
        (_, Datum::Int(a), Datum::Int(b)) => integers(operator, *a, *b),
        (_, Datum::Int(a), Datum::Float(b)) => floats(operator, int_to_float(*a), *b),
        (_, Datum::Float(a), Datum::Int(b)) => floats(operator, *a, int_to_float(*b)),
        (_, Datum::Float(a), Datum::Float(b)) => floats(operator, *a, *b),
        _ => {
            left.refuse_secret("an operator")?;
            right.refuse_secret("an operator")?;
            let problem =
                Problem::kind(format!("`{}` does not take {} and {}", operator.sign(), left.kind(), right.kind()));
            Err(match (operator, left, right) {
                (Operator::Add, Datum::Text(_), _) | (Operator::Add, _, Datum::Text(_)) => {
                    problem.hint("join text with `~`, or turn the string into a number with `int(...)`")
                }
                _ => problem,
            })
        }
    }
}

pub(super) fn negate(value: &Datum) -> Result<Datum, Problem> {
    match value {
        Datum::Int(value) => Datum::int(-*value),
        Datum::Float(value) => Datum::float(-*value),
        other => Err(Problem::kind(format!("`-` does not take {}", other.kind()))),
    }
}

fn integers(operator: Operator, a: i128, b: i128) -> Result<Datum, Problem> {
    let too_large = || Problem::value("the number is too large for an integer");
    let value = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide => return floats(operator, int_to_float(a), int_to_float(b)),
        Operator::DivideWhole | Operator::Remainder if b == 0 => return Err(Problem::value("division by zero")),
        Operator::DivideWhole => Some(floor_divide(a, b)),
        Operator::Remainder => Some(a - b * floor_divide(a, b)),
        Operator::Power => match u32::try_from(b) {
            Ok(exponent) => a.checked_pow(exponent),
            Err(_) => return floats(operator, int_to_float(a), int_to_float(b)),
        },
        Operator::Join => return Err(Problem::kind("`~` joins text")),
    };
    Datum::int(value.ok_or_else(too_large)?)
}

/// Rounds down, as Python does. Operands are far from `i128`'s ends.
fn floor_divide(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}

fn floats(operator: Operator, a: f64, b: f64) -> Result<Datum, Problem> {
    let zero = b == 0.0;
    let value = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide | Operator::DivideWhole | Operator::Remainder if zero => {
            return Err(Problem::value("division by zero"));
        }
        Operator::Divide => a / b,
        Operator::DivideWhole => (a / b).floor(),
        Operator::Remainder => a - b * (a / b).floor(),
        Operator::Power => a.powf(b),
        Operator::Join => return Err(Problem::kind("`~` joins text")),
    };
    Datum::float(value)
}

fn join(left: &Datum, right: &Datum, meter: &mut Meter) -> Result<Datum, Problem> {
    if matches!(left, Datum::Secret(_)) || matches!(right, Datum::Secret(_)) {
        let mut pieces = Vec::new();
        for side in [left, right] {
            match side {
                Datum::Secret(own) => pieces.extend(own.iter().cloned()),
                other => {
                    let text = other.to_text(meter)?;
                    meter.write(text.len())?;
                    pieces.push(Piece::Text(text));
                }
            }
        }
        return Ok(Datum::Secret(Arc::new(pieces)));
    }
    let (left, right) = (left.to_text(meter)?, right.to_text(meter)?);
    meter.write(left.len() + right.len())?;
    Ok(Datum::Text(Arc::from([&*left, &*right].concat())))
}

fn repeat(text: &str, times: i128, meter: &mut Meter) -> Result<Datum, Problem> {
    let times = usize::try_from(times.max(0)).unwrap_or(usize::MAX);
    meter.write(text.len().saturating_mul(times))?;
    Ok(Datum::text(text.repeat(times)))
}

pub(super) fn compare(comparison: Comparison, left: &Datum, right: &Datum, meter: &mut Meter) -> Result<bool, Problem> {
    left.refuse_secret("a comparison")?;
    right.refuse_secret("a comparison")?;
    Ok(match comparison {
        Comparison::Equal => left.equals(right),
        Comparison::NotEqual => !left.equals(right),
        Comparison::Less => left.order(right)?.is_lt(),
        Comparison::LessOrEqual => left.order(right)?.is_le(),
        Comparison::Greater => left.order(right)?.is_gt(),
        Comparison::GreaterOrEqual => left.order(right)?.is_ge(),
        Comparison::In => contains(right, left, meter)?,
        Comparison::NotIn => !contains(right, left, meter)?,
    })
}

pub(super) fn contains(container: &Datum, value: &Datum, meter: &mut Meter) -> Result<bool, Problem> {
    match (container, value) {
        (Datum::List(items), _) => {
            meter.spend(items.len())?;
            Ok(items.iter().any(|item| item.equals(value)))
        }
        (Datum::Map(members), Datum::Text(key)) => Ok(members.contains_key(&**key)),
        (Datum::Text(text), Datum::Text(part)) => {
            meter.spend_text(text.len())?;
            Ok(text.contains(&**part))
        }
        (Datum::Map(_) | Datum::Text(_), _) => {
            Err(Problem::kind(format!("`in` looks for a string in {}, not for {}", container.kind(), value.kind())))
        }
        (Datum::Null | Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) | Datum::Secret(_), _) => {
            Err(Problem::kind(format!("`in` does not look into {}", container.kind())))
        }
    }
}

/// Python's slices over lists and the characters of strings.
pub(super) fn slice(value: &Datum, bounds: [Option<&Datum>; 3], meter: &mut Meter) -> Result<Datum, Problem> {
    let mut numbers = [None; 3];
    for (number, bound) in numbers.iter_mut().zip(bounds) {
        *number = match bound {
            None | Some(Datum::Null) => None,
            Some(Datum::Int(value)) => Some(*value),
            Some(other) => return Err(Problem::kind(format!("a slice takes whole numbers, not {}", other.kind()))),
        };
    }
    match value {
        Datum::List(items) => {
            meter.write(items.len())?;
            let places = places(numbers, items.len())?;
            Ok(Datum::list(places.into_iter().filter_map(|place| items.get(place).cloned()).collect()))
        }
        Datum::Text(text) => {
            meter.write(text.len())?;
            let letters: Vec<char> = text.chars().collect();
            let places = places(numbers, letters.len())?;
            Ok(Datum::text(places.into_iter().filter_map(|place| letters.get(place)).collect::<String>()))
        }
        other => Err(Problem::kind(format!("a slice takes a list or a string, not {}", other.kind()))),
    }
}

fn places([start, stop, step]: [Option<i128>; 3], length: usize) -> Result<Vec<usize>, Problem> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Problem::value("a slice's step cannot be 0"));
    }
    let length = i128::try_from(length).unwrap_or(i128::MAX);
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |bound: Option<i128>, missing: i128| match bound {
        None => missing,
        Some(bound) => (if bound < 0 { bound + length } else { bound }).clamp(lowest, highest),
    };
    let (mut at, stop) = if step > 0 {
        (place(start, lowest), place(stop, highest))
    } else {
        (place(start, highest), place(stop, lowest))
    };
    let mut places = Vec::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        places.extend(usize::try_from(at).ok());
        at += step;
    }
    Ok(places)
}
