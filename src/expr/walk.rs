//! Reading a path: from a name of the scope through JSON, by reference as far
//! as it goes, so that only what is asked for is copied.

use std::sync::Arc;

use serde_json::Value as Json;

use super::datum::{Datum, Members};
use super::error::{Fault, Problem, nearest};
use super::meter::Meter;
use super::secret;
use crate::base::json::Object;

/// A key whose value is known.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Name(Arc<str>),
    Place(i64),
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) if is_plain(name) => write!(f, ".{name}"),
            Self::Name(name) => write!(f, "['{}']", name.chars().take(60).collect::<String>()),
            Self::Place(place) => write!(f, "[{place}]"),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 60
        && name.chars().all(super::lexer::is_name)
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
}

/// A path as it is written, for messages.
pub(super) fn shown(root: &str, steps: &[Step]) -> String {
    use std::fmt::Write as _;
    steps.iter().fold(root.to_owned(), |mut text, step| {
        // Writing to a String cannot fail.
        write!(text, "{step}").unwrap_or_default();
        text
    })
}

/// A place in JSON. A run's parameters and context are objects without a `Value` around them.
#[derive(Clone, Copy)]
pub(super) enum Place<'j> {
    Object(&'j Object),
    Json(&'j Json),
}

impl<'j> Place<'j> {
    pub(super) fn datum(self, meter: &mut Meter) -> Result<Datum, Problem> {
        match self {
            Self::Json(json) => Datum::from_json(json, meter),
            Self::Object(map) => {
                let mut members = Members::with_capacity(map.len());
                for (key, value) in map {
                    members.insert(key.clone(), Datum::from_json(value, meter)?);
                }
                Ok(Datum::map(members))
            }
        }
    }

    pub(super) fn json(self, meter: &mut Meter) -> Result<Json, Problem> {
        match self {
            Self::Json(json) => {
                charge(json, meter)?;
                Ok(json.clone())
            }
            Self::Object(map) => {
                for (key, value) in map {
                    charge_key(key, meter)?;
                    charge(value, meter)?;
                }
                Ok(Json::Object(map.clone()))
            }
        }
    }

    /// As [`Datum::is_true`], without a copy.
    pub(super) fn is_true(self) -> bool {
        match self {
            Self::Object(map) | Self::Json(Json::Object(map)) => !map.is_empty(),
            Self::Json(Json::Null) => false,
            Self::Json(Json::Bool(value)) => *value,
            Self::Json(Json::Number(number)) => number.as_f64() != Some(0.0),
            Self::Json(Json::String(text)) => !text.is_empty(),
            Self::Json(Json::Array(items)) => !items.is_empty(),
        }
    }

    fn object(self) -> Option<&'j Object> {
        match self {
            Self::Object(map) | Self::Json(Json::Object(map)) => Some(map),
            Self::Json(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) => None,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Object(_) | Self::Json(Json::Object(_)) => "an object",
            Self::Json(Json::Null) => "null",
            Self::Json(Json::Bool(_)) => "a bool",
            Self::Json(Json::Number(_)) => "a number",
            Self::Json(Json::String(_)) => "a string",
            Self::Json(Json::Array(_)) => "a list",
        }
    }

    /// Goes along the steps; a problem says which one is not there.
    pub(super) fn walk(self, root: &str, steps: &[Step]) -> Result<Self, Problem> {
        let mut at = self;
        for (number, step) in steps.iter().enumerate() {
            let next = match (step, at) {
                (Step::Name(name), _) => at.object().and_then(|map| map.get(&**name)),
                (Step::Place(place), Self::Json(Json::Array(items))) => {
                    index(*place, items.len()).and_then(|place| items.get(place))
                }
                (Step::Place(_), _) => None,
            };
            let Some(json) = next else {
                let keys = at.object().map(|map| map.keys().map(String::as_str).collect::<Vec<_>>());
                let items = match at {
                    Self::Json(Json::Array(items)) => Some(items.len()),
                    _ => None,
                };
                return Err(missing(&shown(root, &steps[..number]), at.kind(), keys, items, step));
            };
            at = Self::Json(json);
        }
        Ok(at)
    }
}

/// Python's negative places count from the end.
pub(super) fn index(place: i64, length: usize) -> Option<usize> {
    let place = if place < 0 { i64::try_from(length).ok()? + place } else { place };
    usize::try_from(place).ok()
}

/// The same walk over a value that was computed.
pub(super) fn walk_datum(value: &Datum, root: &str, steps: &[Step]) -> Result<Datum, Problem> {
    let mut at = value.clone();
    for (number, step) in steps.iter().enumerate() {
        at.refuse_secret("a key")?;
        let next = match (step, &at) {
            (Step::Name(name), Datum::Map(members)) => members.get(&**name).cloned(),
            (Step::Place(place), Datum::List(items)) => {
                index(*place, items.len()).and_then(|place| items.get(place)).cloned()
            }
            _ => None,
        };
        let Some(next) = next else {
            let (keys, items) = match &at {
                Datum::Map(members) => (Some(members.keys().map(String::as_str).collect::<Vec<_>>()), None),
                Datum::List(items) => (None, Some(items.len())),
                _ => (None, None),
            };
            return Err(missing(&shown(root, &steps[..number]), at.kind(), keys, items, step));
        };
        at = next;
    }
    Ok(at)
}

fn missing(before: &str, kind: &str, keys: Option<Vec<&str>>, items: Option<usize>, step: &Step) -> Problem {
    let undefined = |message: String| Problem::new(Fault::Undefined, message);
    match (step, keys, items) {
        (Step::Name(name), Some(keys), _) => {
            let near = nearest(name, keys.into_iter().filter(|key| key.len() <= 60));
            undefined(format!("`{before}` has no `{}`", shown("", std::slice::from_ref(step)).trim_start_matches('.')))
                .hint(near.unwrap_or_else(|| "if it may be missing, use `|default(...)` or `is defined`".to_owned()))
        }
        (Step::Place(place), _, Some(length)) => {
            undefined(format!("`{before}` has {length} item(s), there is no place {place}"))
                .hint("if it may be missing, use `|default(...)` or `is defined`")
        }
        (step, ..) => undefined(format!("`{before}` is {kind}, so `{before}{step}` is not there"))
            .hint("if it may be missing, use `|default(...)` or `is defined`"),
    }
}

fn charge_key(key: &str, meter: &mut Meter) -> Result<(), Problem> {
    meter.write(key.len())?;
    secret::refuse_reserved(key)
}

/// What a copy of JSON costs, and that no marker is in it.
pub(super) fn charge(json: &Json, meter: &mut Meter) -> Result<(), Problem> {
    meter.spend_value()?;
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
        Json::String(text) => {
            meter.write(text.len())?;
            secret::refuse_reserved(text)
        }
        Json::Array(items) => {
            meter.write(items.len())?;
            items.iter().try_for_each(|item| charge(item, meter))
        }
        Json::Object(map) => map.iter().try_for_each(|(key, value)| {
            charge_key(key, meter)?;
            charge(value, meter)
        }),
    }
}
