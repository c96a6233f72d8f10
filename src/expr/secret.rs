//! Secrets in recorded values: `secrets.NAME` leaves a marker, the marker is
//! replaced when the call is sent. Must not know where secrets come from.
//!
//! A marker begins and ends with Unicode noncharacters, which are reserved for
//! a program's internal use. Text that holds one of them is refused wherever it
//! comes from, so that a tool cannot answer with a marker and have the secret
//! sent on.

use serde_json::Value as Json;

use super::error::Problem;

/// Begins a marker.
pub(super) const OPEN: char = '\u{FDD0}';
/// Ends a marker.
pub(super) const CLOSE: char = '\u{FDD1}';

/// A marker names a secret that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret `{name}` is not configured")]
pub struct UnknownSecret {
    /// Its name.
    pub name: String,
}

pub(super) fn marker(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

pub(super) fn refuse_reserved(text: &str) -> Result<(), Problem> {
    // Both characters begin with the same UTF-8 byte, rare enough to look for first.
    if text.as_bytes().contains(&0xEF) && text.contains([OPEN, CLOSE]) {
        return Err(Problem::value("the text holds U+FDD0 or U+FDD1, which mark secrets")
            .hint("these code points are no characters: remove them where the text comes from"));
    }
    Ok(())
}

/// Whether a rendered value holds a secret's marker.
#[must_use]
pub fn has_secret(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains(OPEN),
        Json::Array(items) => items.iter().any(has_secret),
        Json::Object(map) => map.values().any(has_secret),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// The value with every marker replaced by `lookup`'s secret: for the moment of dispatch, never for a record.
pub fn reveal(value: &Json, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Json, UnknownSecret> {
    replace(value, &|name| lookup(name).ok_or_else(|| UnknownSecret { name: name.to_owned() }))
}

/// The value with every marker shown as `{{ secrets.NAME }}`, for people.
#[must_use]
pub fn readable(value: &Json) -> Json {
    replace(value, &|name| Ok::<_, std::convert::Infallible>(format!("{{{{ secrets.{name} }}}}")))
        .unwrap_or_else(|never| match never {})
}

fn replace<E>(value: &Json, with: &dyn Fn(&str) -> Result<String, E>) -> Result<Json, E> {
    Ok(match value {
        Json::String(text) => Json::String(replace_text(text, with)?),
        Json::Array(items) => Json::Array(items.iter().map(|item| replace(item, with)).collect::<Result<_, _>>()?),
        Json::Object(map) => Json::Object(
            map.iter().map(|(key, value)| Ok((key.clone(), replace(value, with)?))).collect::<Result<_, E>>()?,
        ),
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
    })
}

fn replace_text<E>(text: &str, with: &dyn Fn(&str) -> Result<String, E>) -> Result<String, E> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        out.push_str(before);
        let Some((name, after)) = after.split_once(CLOSE) else {
            rest = after;
            break;
        };
        out.push_str(&with(name)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
