//! The language's comparisons on JSON values, for who has values and no
//! expression. The same rules, from the same code: kinds that have no order
//! are an error, an int equals a float of the same value.

use std::cmp::Ordering;

use serde_json::{Number, Value as Json};

use super::datum::Datum;
use super::error::{Fault, Problem};
use crate::base::ErrorKind;

/// Why values could not be worked on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// Why.
    pub fault: Fault,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ValueError {
    /// The kind a step fails with.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.fault.kind()
    }
}

impl From<Problem> for ValueError {
    fn from(problem: Problem) -> Self {
        Self { fault: problem.fault, message: problem.message, hint: problem.hint }
    }
}

/// Order within numbers and within strings, as `<` has it; everything else is an error.
pub fn order(one: &Json, other: &Json) -> Result<Ordering, ValueError> {
    if let (Json::String(one), Json::String(other)) = (one, other) {
        return Ok(one.cmp(other));
    }
    Ok(shallow(one)?.order(&shallow(other)?)?)
}

/// A value to be ordered: what has no order keeps only its kind.
fn shallow(value: &Json) -> Result<Datum, Problem> {
    match value {
        Json::Null => Ok(Datum::Null),
        Json::Bool(value) => Ok(Datum::Bool(*value)),
        Json::Number(number) => Datum::from_number(number),
        Json::String(text) => Ok(Datum::text(text)),
        Json::Array(_) => Ok(Datum::list(Vec::new())),
        Json::Object(_) => Ok(Datum::map(super::datum::Members::new())),
    }
}

/// Equality as `==` has it: values of different kinds differ, a bool is no number.
#[must_use]
pub fn equal(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => equal_numbers(one, other),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| equal(one, other)))
        }
        (one, other) => one == other,
    }
}

fn equal_numbers(one: &Number, other: &Number) -> bool {
    match (Datum::from_number(one), Datum::from_number(other)) {
        (Ok(one), Ok(other)) => one.equals(&other),
        _ => false,
    }
}

/// `value in container`: an item of a list, a key of an object, a part of a string.
pub fn contains(container: &Json, value: &Json) -> Result<bool, ValueError> {
    match (container, value) {
        (Json::Array(items), _) => Ok(items.iter().any(|item| equal(item, value))),
        (Json::Object(members), Json::String(key)) => Ok(members.contains_key(key)),
        (Json::String(text), Json::String(part)) => Ok(text.contains(part.as_str())),
        (Json::Object(_) | Json::String(_), _) => Err(Problem::kind(format!(
            "`in` looks for a string in {}, not for {}",
            shallow(container)?.kind(),
            shallow(value)?.kind()
        ))
        .into()),
        (Json::Null | Json::Bool(_) | Json::Number(_), _) => {
            Err(Problem::kind(format!("`in` does not look into {}", shallow(container)?.kind())).into())
        }
    }
}

/// Appends a text that two values share exactly when they are [`equal`]: a key
/// for finding equal values without comparing each with each.
pub fn identity(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push('n'),
        Json::Bool(value) => out.push(if *value { 't' } else { 'f' }),
        Json::Number(number) => number_identity(number, out),
        Json::String(text) => text_identity(text, out),
        Json::Array(items) => {
            out.push('[');
            for item in items {
                identity(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut members: Vec<(&String, &Json)> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in members {
                text_identity(key, out);
                identity(value, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

/// With its length before it, no text can be mistaken for what follows one.
fn text_identity(text: &str, out: &mut String) {
    out.push('s');
    out.push_str(&text.len().to_string());
    out.push(':');
    out.push_str(text);
}

fn number_identity(number: &Number, out: &mut String) {
    if number.is_i64() || number.is_u64() {
        out.push_str(&number.to_string());
        return;
    }
    let float = number.as_f64().unwrap_or(f64::NAN);
    // Whole floats within what integers hold equal the integer.
    if float.fract() == 0.0 && (-1e20..=1e20).contains(&float) {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number up to 1e20 fits an i128")]
        let whole = float as i128;
        out.push_str(&whole.to_string());
    } else {
        out.push_str(&float.to_string());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{contains, equal, identity, order};
    use crate::expr::tests::{any_json, compare_with_operator};

    fn identity_of(value: &Value) -> String {
        let mut text = String::new();
        identity(value, &mut text);
        text
    }

    #[test]
    fn numbers_of_one_value_are_one() {
        let same = [json!(1), json!(1.0)];
        assert!(equal(&same[0], &same[1]));
        assert_eq!(identity_of(&same[0]), identity_of(&same[1]));
        assert_eq!(identity_of(&json!(-0.0)), identity_of(&json!(0)));
        // A double cannot hold this integer, so the nearest double is another number.
        let (exact, near) = (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0));
        assert!(!equal(&exact, &near));
        assert_ne!(identity_of(&exact), identity_of(&near));
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        assert_ne!(identity_of(&json!(["a", "b"])), identity_of(&json!(["a,s1:b"])));
        assert_ne!(identity_of(&json!(["1"])), identity_of(&json!([1])));
    }

    proptest! {
        #[test]
        fn comparisons_are_those_of_the_language(one in any_json(), other in any_json()) {
            let pair = [&one, &other];
            prop_assert_eq!(Ok(equal(&one, &other)), compare_with_operator("a == b", pair));
            prop_assert_eq!(equal(&one, &other), identity_of(&one) == identity_of(&other));
            let less = order(&one, &other).map(std::cmp::Ordering::is_lt).map_err(|error| error.message);
            prop_assert_eq!(less, compare_with_operator("a < b", pair));
            let inside = contains(&other, &one).map_err(|error| error.message);
            prop_assert_eq!(inside, compare_with_operator("a in b", pair));
        }
    }
}
