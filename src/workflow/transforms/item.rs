//! Lists, their items and the fields of items, with the errors that all
//! transforms have in common: nothing that is missing is passed over.

use serde_json::Value;

use super::error::Stop;
use crate::base::json::Object;
use crate::workflow::problem::{did_you_mean, shorten};

/// What a value is, in messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The items of a list.
pub(super) fn list(value: Value, noun: &str) -> Result<Vec<Value>, Stop> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Object(members) => {
            let inside = members.iter().find(|(_, value)| value.is_array()).map(|(name, _)| name);
            let hint = inside.map(|name| {
                format!("it holds the list `{0}`: put `{{type: map, to: \"item['{0}']\"}}` before", shorten(name))
            });
            Err(Stop::new(format!("{noun} takes a list, not an object")).hint_if(hint))
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Err(Stop::new(format!("{noun} takes a list, not {}", kind(&other))))
        }
    }
}

/// An item that must have fields.
pub(super) fn object(item: Value, index: usize) -> Result<Object, Stop> {
    match item {
        Value::Object(members) => Ok(members),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(no_object(&other).at(index))
        }
    }
}

fn no_object(item: &Value) -> Stop {
    Stop::new(format!("the item is {} and has no fields", kind(item)))
}

/// A field that must be there.
pub(super) fn field<'i>(item: &'i Value, name: &str, index: usize) -> Result<&'i Value, Stop> {
    let members = item.as_object().ok_or_else(|| no_object(item).at(index))?;
    members.get(name).ok_or_else(|| no_field(members, name).at(index))
}

/// That a field is not there.
pub(super) fn no_field(members: &Object, name: &str) -> Stop {
    let near = did_you_mean(name, members.keys().map(String::as_str).filter(|key| key.len() <= 60).take(200));
    Stop::new(format!("the item has no `{}`", shorten(name))).hint(
        near.unwrap_or_else(|| "if it may be missing, give it a value with `map` and `|default(...)` before".into()),
    )
}

/// A whole number of 0 or more.
pub(super) fn count(value: &Value) -> Option<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 0 to 2^53 is a u64"
    )]
    let whole =
        |float: f64| (float.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&float)).then_some(float as u64);
    // More than the address space holds is still "all of them".
    value.as_u64().or_else(|| value.as_f64().and_then(whole)).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}
