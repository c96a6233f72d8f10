//! What an answer means: a step's result, or a failure of the kind its status says.

use std::time::Duration;

use base64::Engine as _;
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::{Value, json};

use super::exchange::Answer;
use crate::base::ErrorKind;
use crate::base::clock::Timestamp;
use crate::base::json::Object;
use crate::contract::CallFailure;

/// Characters of an answer's text that a failure quotes.
const QUOTED: usize = 500;

/// `{status, headers, body}`.
pub(super) fn result(answer: &Answer) -> Value {
    let mut headers = Object::new();
    for name in answer.headers.keys() {
        let values: Vec<String> = answer
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        headers.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
    }
    json!({"status": answer.status, "headers": headers, "body": body(answer)})
}

/// JSON where it says so and is so, else text, else bytes in base64.
fn body(answer: &Answer) -> Value {
    let encoded = answer.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding.as_bytes() != b"identity");
    let Some(text) = std::str::from_utf8(&answer.body).ok().filter(|_| !encoded) else {
        return json!({"base64": base64::engine::general_purpose::STANDARD.encode(&answer.body)});
    };
    if answer.body.is_empty() {
        return Value::Null;
    }
    let json = if is_json(&answer.headers) { serde_json::from_str(text).ok() } else { None };
    json.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

/// Why a status is a failure.
pub(super) fn failure(answer: &Answer, host: &str, now: Timestamp) -> CallFailure {
    let status = answer.status;
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let said = String::from_utf8_lossy(&answer.body);
    let said: String = said.chars().filter(|letter| !letter.is_control() || *letter == '\n').take(QUOTED).collect();
    let quoted = if said.trim().is_empty() { String::new() } else { format!(": {}", said.trim()) };
    let message = format!("`{host}` answered {}{quoted}", format!("{status} {reason}").trim_end());
    CallFailure { retry_after: retry_after(&answer.headers, now), ..CallFailure::new(kind(status), message) }
}

fn kind(status: u16) -> ErrorKind {
    match status {
        401 | 403 | 407 => ErrorKind::Auth,
        404 | 410 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        409 | 412 | 423 | 428 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        502 | 503 => ErrorKind::Unavailable,
        400..=499 => ErrorKind::InvalidInput,
        _ => ErrorKind::ToolError,
    }
}

/// Seconds, or an HTTP date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => http_date(text).map(|until| until.since(now)),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that is sent today.
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, text) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = text.split(' ').collect::<Vec<_>>()[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z"))
}
