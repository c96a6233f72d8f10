//! One line to what it is. A line is parsed once, and its parts are moved out:
//! nothing of a result is looked at or changed here.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::base::id_scan::IdScan;

/// What a server sent.
#[derive(Debug)]
pub(super) enum Incoming<'l> {
    /// The answer to a request of ours.
    Answer { id: Value, answer: Result<Value, Value> },
    /// An error that names no request: the server could not read one.
    Stray(Value),
    /// A request of the server's.
    Request { id: Value, method: Cow<'l, str> },
    /// A notification.
    Notification { method: Cow<'l, str>, params: Value },
}

/// What a line is.
#[derive(Debug)]
pub(super) enum Parsed<'l> {
    /// Messages: one, or those of a batch (2025-03-26 has them).
    Messages(Vec<Incoming<'l>>),
    /// One message. Apart from the above, because it is what nearly all lines are.
    Message(Incoming<'l>),
    /// Nested deeper than is read. The id, if it has one.
    TooDeep(Option<Value>),
    /// Begins like a message and cannot be read as one. The id, if it has one.
    Broken(Option<Value>),
    /// Something else that was printed.
    Garbage,
    /// An empty line.
    Blank,
}

/// A message of JSON-RPC, before it is known which kind.
#[derive(Deserialize)]
struct Raw<'l> {
    #[serde(borrow)]
    jsonrpc: Cow<'l, str>,
    #[serde(default)]
    id: Option<Value>,
    #[serde(borrow, default)]
    method: Option<Method<'l>>,
    #[serde(default)]
    params: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
}

/// `Option<Cow<str>>` would not borrow.
#[derive(Deserialize)]
struct Method<'l>(#[serde(borrow)] Cow<'l, str>);

/// `"result": null` is a result.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl<'l> Raw<'l> {
    fn sort(self) -> Option<Incoming<'l>> {
        if self.jsonrpc != "2.0" {
            return None;
        }
        let id = self.id.filter(|id| !id.is_null());
        match (self.method, id) {
            (Some(Method(method)), Some(id)) => Some(Incoming::Request { id, method }),
            (Some(Method(method)), None) => {
                Some(Incoming::Notification { method, params: self.params.unwrap_or_default() })
            }
            (None, Some(id)) => match (self.error, self.result) {
                (Some(error), _) => Some(Incoming::Answer { id, answer: Err(error) }),
                (None, Some(result)) => Some(Incoming::Answer { id, answer: Ok(result) }),
                (None, None) => None,
            },
            (None, None) => self.error.map(Incoming::Stray),
        }
    }
}

/// Reads a line.
pub(super) fn parse(line: &[u8]) -> Parsed<'_> {
    let line = line.strip_prefix(b"\xEF\xBB\xBF".as_slice()).unwrap_or(line).trim_ascii();
    match line.first() {
        None => Parsed::Blank,
        Some(b'{') => match serde_json::from_slice::<Raw<'_>>(line) {
            Ok(raw) => raw.sort().map_or(Parsed::Garbage, Parsed::Message),
            Err(error) => unreadable(line, &error),
        },
        Some(b'[') => match serde_json::from_slice::<Vec<Raw<'_>>>(line) {
            Ok(batch) => Parsed::Messages(batch.into_iter().filter_map(Raw::sort).collect()),
            Err(_) => Parsed::Garbage,
        },
        Some(_) => Parsed::Garbage,
    }
}

fn unreadable<'l>(line: &[u8], error: &serde_json::Error) -> Parsed<'l> {
    let mut scan = IdScan::default();
    scan.feed(line);
    // serde_json has no other way to tell this fault from the rest.
    if error.to_string().contains("recursion limit") {
        return Parsed::TooDeep(scan.id());
    }
    // What is JSON is an answer only by what an answer holds: programs log in JSON, with ids of their own.
    match serde_json::from_slice::<IndexMap<Cow<'_, str>, IgnoredAny>>(line) {
        Ok(fields) if !fields.contains_key("result") && !fields.contains_key("error") => Parsed::Garbage,
        Ok(_) | Err(_) => Parsed::Broken(scan.id()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Incoming, Parsed, parse};

    fn kind(line: &str) -> String {
        match parse(line.as_bytes()) {
            Parsed::Message(message) => one(&message),
            Parsed::Messages(messages) => messages.iter().map(one).collect::<Vec<_>>().join(", "),
            Parsed::TooDeep(id) => format!("too deep {id:?}"),
            Parsed::Broken(id) => format!("broken {id:?}"),
            Parsed::Garbage => "garbage".to_owned(),
            Parsed::Blank => "blank".to_owned(),
        }
    }

    fn one(message: &Incoming<'_>) -> String {
        match message {
            Incoming::Answer { id, answer: Ok(result) } => format!("result {id} {result}"),
            Incoming::Answer { id, answer: Err(error) } => format!("error {id} {error}"),
            Incoming::Stray(error) => format!("stray {error}"),
            Incoming::Request { id, method } => format!("request {id} {method}"),
            Incoming::Notification { method, params } => format!("notification {method} {params}"),
        }
    }

    #[test]
    fn a_line_is_told_by_its_parts() {
        let deep = format!(r#"{{"jsonrpc":"2.0","id":5,"result":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
        for (line, expected) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"b":[]}}"#, r#"result 1 {"a":1,"b":[]}"#),
            (r#"{"jsonrpc":"2.0","id":"x","result":null,"more":1}"#, r#"result "x" null"#),
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#, r#"error 1 {"code":1}"#),
            (r#"{"jsonrpc":"2.0","id":null,"error":{"code":1}}"#, r#"stray {"code":1}"#),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "request 1 ping"),
            ("\u{feff}{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":{}}\r", "notification n {}"),
            (
                r#"[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","method":"n"}]"#,
                "result 1 1, notification n null",
            ),
            ("  \r", "blank"),
            ("Server is running on stdio", "garbage"),
            ("[info] started", "garbage"),
            (r#"{"jsonrpc":"2.0","id":1}"#, "garbage"),
            (r#"{"jsonrpc":"1.0","id":1,"result":1}"#, "garbage"),
            (r#"{"level":"info","id":7}"#, "garbage"),
            (r#"{"jsonrpc":2,"id":7,"id":7}"#, "garbage"),
            (r#"{"id":7,"result":{}}"#, "broken Some(Number(7))"),
            (r#"{"jsonrpc":"2.0","id":7,"result":{}"#, "broken Some(Number(7))"),
            (r#"{"jsonrpc":"2.0","id":7,"result":1e999}"#, "broken Some(Number(7))"),
            (deep.as_str(), "too deep Some(Number(5))"),
        ] {
            assert_eq!(kind(line), expected, "{line}");
        }
    }

    #[test]
    fn numbers_keep_their_value_to_the_last_digit() {
        let line = r#"{"jsonrpc":"2.0","id":1,"result":[18446744073709551615,-9223372036854775808,0.1,1.0,5e-324,0.30000000000000004,2.2250738585072014e-308,9007199254740993]}"#;
        let Parsed::Message(Incoming::Answer { answer: Ok(result), .. }) = parse(line.as_bytes()) else {
            panic!("an answer");
        };
        assert_eq!(
            result.to_string(),
            "[18446744073709551615,-9223372036854775808,0.1,1.0,5e-324,0.30000000000000004,2.2250738585072014e-308,9007199254740993]"
        );
        assert_eq!(result[3], json!(1.0));
    }
}
