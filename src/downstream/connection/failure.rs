//! Failures as their callers read them.

use std::time::Duration;

use serde_json::Value;

use super::exchange::Exchange;
use super::text::shown;
use crate::base::ErrorKind;
use crate::config::Redaction;
use crate::contract::CallFailure;

/// More of a server's message is not passed on.
const MESSAGE: usize = 2_000;
/// A server that says to come back later than this says nothing useful.
const LONGEST_REST: Duration = Duration::from_hours(24);

/// Which request failed, as it is named in messages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    /// A call of this tool.
    Call(&'a str),
    /// The list of tools.
    Tools,
    /// The opening of the session.
    Opening,
}

impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Call(tool) => write!(f, "`{}`", shown(tool, 200, &Redaction::default())),
            Self::Tools => f.write_str("`tools/list`"),
            Self::Opening => f.write_str("the start of a session"),
        }
    }
}

/// The request was not answered in time.
pub(super) fn timed_out(server: &str, asked: Asked<'_>, after: Duration, exchange: &Exchange<'_>) -> CallFailure {
    let seconds = after.as_secs_f64();
    let mut failure = if exchange.handed_over() {
        CallFailure::new(
            ErrorKind::Timeout,
            format!("server `{server}` did not answer {asked} within {seconds} s; it was told to stop"),
        )
    } else {
        CallFailure::new(
            ErrorKind::Timeout,
            format!("server `{server}` took no request for {seconds} s, so {asked} was not sent"),
        )
    };
    failure.outcome_unknown = exchange.handed_over();
    if failure.outcome_unknown && matches!(asked, Asked::Call(_)) {
        failure = failure.with_hint("its effect may have happened: look before calling it again");
    }
    failure
}

/// The request was cancelled and not answered after that.
pub(super) fn cancelled(server: &str, asked: Asked<'_>, exchange: &Exchange<'_>) -> CallFailure {
    let told = if exchange.handed_over() {
        format!("{asked} was cancelled, and server `{server}` did not say how far it came")
    } else {
        format!("{asked} was cancelled before it was sent to server `{server}`")
    };
    let mut failure = CallFailure::new(ErrorKind::Interrupted, told);
    failure.outcome_unknown = exchange.handed_over();
    failure
}

/// The session ended before the answer.
pub(super) fn lost(server: &str, asked: Asked<'_>, exchange: &Exchange<'_>) -> CallFailure {
    if exchange.handed_over() {
        let mut failure =
            CallFailure::new(ErrorKind::Unavailable, format!("server `{server}` ended before it answered {asked}"))
                .with_hint("its effect may have happened: look before calling it again");
        failure.outcome_unknown = true;
        failure
    } else {
        CallFailure::new(ErrorKind::Unavailable, format!("server `{server}` has ended, so {asked} was not sent"))
            .with_hint("it is started again with the next call")
    }
}

/// The answer was longer than a line may be.
pub(super) fn too_long(server: &str, asked: Asked<'_>) -> CallFailure {
    CallFailure::new(ErrorKind::ResultTooLarge, format!("server `{server}` answered {asked} with more than 16 MiB"))
}

/// The answer was nested too deeply.
pub(super) fn too_deep(server: &str, asked: Asked<'_>) -> CallFailure {
    CallFailure::new(
        ErrorKind::ResultTooLarge,
        format!("server `{server}` answered {asked} with a result that is nested too deeply to be read"),
    )
}

/// The answer was not JSON.
pub(super) fn broken(server: &str, asked: Asked<'_>) -> CallFailure {
    let mut failure = CallFailure::new(
        ErrorKind::ToolError,
        format!("server `{server}` answered {asked} with a line that cannot be read"),
    )
    .with_hint("this is a fault of the server; its effect may have happened: look before calling it again");
    failure.outcome_unknown = true;
    failure
}

/// The answer was a JSON-RPC error.
pub(super) fn refused(server: &str, asked: Asked<'_>, error: &Value, redaction: &Redaction) -> CallFailure {
    let code = error.get("code").and_then(Value::as_i64);
    let data = error.get("data");
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
    let message = shown(message, MESSAGE, redaction);
    let said = match (message.is_empty(), code) {
        (false, _) => message,
        (true, Some(code)) => format!("error {code} without a message"),
        (true, None) => "an error that cannot be read".to_owned(),
    };
    let retry_after = data.and_then(retry_after).or_else(|| retry_after(error));
    let mut kind = named_kind(data).unwrap_or_else(|| kind_of(code));
    if kind == ErrorKind::ToolError && retry_after.is_some() {
        kind = ErrorKind::RateLimited;
    }
    let mut failure = CallFailure::new(kind, format!("server `{server}` refused {asked}: {said}"));
    failure.retry_after = retry_after;
    match code {
        Some(MISSING_CAPABILITY | URL_ELICITATION) => failure.with_hint(FORMS),
        _ => failure,
    }
}

const MISSING_CAPABILITY: i64 = -32_021;
const URL_ELICITATION: i64 = -32_042;

/// What we say where a server wants something of the person.
pub(super) const FORMS: &str = "forms and other requests of servers are not passed on yet: call this tool from a client that is connected to the server itself";

/// `error_type` or an HTTP status in the error's data.
fn named_kind(data: Option<&Value>) -> Option<ErrorKind> {
    let data = data?;
    let named = ["error_type", "errorType"].iter().find_map(|key| data.get(key)).and_then(Value::as_str);
    if let Some(kind) = named.and_then(ErrorKind::parse) {
        return Some(kind);
    }
    let status = ["status", "statusCode", "status_code", "httpStatus", "http_status"]
        .iter()
        .find_map(|key| data.get(key))
        .and_then(Value::as_i64)?;
    of_http(status)
}

fn kind_of(code: Option<i64>) -> ErrorKind {
    match code {
        // We wrote something that is no request.
        Some(-32_700 | -32_600) => ErrorKind::Internal,
        Some(-32_602) => ErrorKind::InvalidInput,
        // -32002 is "resource not found" up to 2025-11-25.
        Some(-32_601 | -32_002) => ErrorKind::NotFound,
        // The TypeScript SDK's own.
        Some(-32_001) => ErrorKind::Timeout,
        Some(-32_022) => ErrorKind::Conflict,
        Some(code) => of_http(code).unwrap_or(ErrorKind::ToolError),
        None => ErrorKind::ToolError,
    }
}

fn of_http(status: i64) -> Option<ErrorKind> {
    Some(match status {
        400 | 422 => ErrorKind::InvalidInput,
        401 | 403 => ErrorKind::Auth,
        404 | 410 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        409 | 412 => ErrorKind::Conflict,
        413 => ErrorKind::ResultTooLarge,
        429 => ErrorKind::RateLimited,
        502 | 503 => ErrorKind::Unavailable,
        _ => return None,
    })
}

/// Seconds, as a number or as its text.
fn retry_after(data: &Value) -> Option<Duration> {
    let found = ["retryAfter", "retry_after", "retry_after_seconds"].iter().find_map(|key| data.get(key))?;
    let seconds = found.as_f64().or_else(|| found.as_str().and_then(|text| text.trim().parse().ok()))?;
    Duration::try_from_secs_f64(seconds).ok().map(|rest| rest.min(LONGEST_REST))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_a_status_or_a_name_in_the_data_tells_the_kind() {
        for (error, kind) in [
            (json!({"code": -32602, "message": "x"}), ErrorKind::InvalidInput),
            (json!({"code": -32601}), ErrorKind::NotFound),
            (json!({"code": -32002}), ErrorKind::NotFound),
            (json!({"code": -32603}), ErrorKind::ToolError),
            (json!({"code": -32000, "data": {"status": 429}}), ErrorKind::RateLimited),
            (json!({"code": -32000, "data": {"error_type": "auth", "status": 500}}), ErrorKind::Auth),
            (json!({"code": -32000, "data": {"error_type": "no such kind"}}), ErrorKind::ToolError),
            (json!({"code": -32000, "data": {"retryAfter": 3}}), ErrorKind::RateLimited),
            (json!({"code": -32602, "data": {"retry_after": 3}}), ErrorKind::InvalidInput),
            (json!({"code": 401}), ErrorKind::Auth),
            (json!("no object"), ErrorKind::ToolError),
        ] {
            assert_eq!(refused("s", Asked::Call("t"), &error, &Redaction::default()).kind, kind, "{error}");
        }
    }

    #[test]
    fn a_rest_is_read_in_seconds_and_is_never_absurd() {
        for (data, expected) in [
            (json!({"retryAfter": 1.5}), Some(Duration::from_millis(1_500))),
            (json!({"retry_after": "7"}), Some(Duration::from_secs(7))),
            (json!({"retry_after_seconds": 1e300}), None),
            (json!({"retry_after_seconds": 1e9}), Some(LONGEST_REST)),
            (json!({"retryAfter": -1}), None),
            (json!({"retryAfter": "soon"}), None),
        ] {
            assert_eq!(
                refused("s", Asked::Tools, &json!({"code": 1, "data": data}), &Redaction::default()).retry_after,
                expected,
                "{data}"
            );
        }
    }

    #[test]
    fn a_secret_in_an_error_is_taken_out_before_it_is_cut() {
        let error = json!({"code": -32603, "message": format!("{}hunter22", "x".repeat(1_995))});
        let failure = refused("files", Asked::Call("read"), &error, &Redaction::new(&["hunter22".to_owned()]));
        assert!(failure.message.ends_with("x<reda..."), "{}", failure.message);
    }

    #[test]
    fn what_a_server_says_is_quoted_on_one_line() {
        let error = json!({"code": -32603, "message": "it\nbroke"});
        let failure = refused("files", Asked::Call("read"), &error, &Redaction::default());
        assert_eq!(failure.message, "server `files` refused `read`: it broke");
        assert!(!failure.outcome_unknown);
        assert_eq!(
            refused("files", Asked::Tools, &json!({"code": 5}), &Redaction::default()).message,
            "server `files` refused `tools/list`: error 5 without a message"
        );
    }
}
