//! One line to one message, or to the error that answers it.

use std::borrow::Cow;

use rmcp::model::{
    CallToolRequestParams, ClientJsonRpcMessage, ClientRequest, ErrorCode, ErrorData, InitializeRequestParams,
    JsonRpcMessage, RequestId, RequestMetaObject,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::base::id_scan::IdScan;
use crate::base::json::Object;

/// What a line is.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message that rmcp handles.
    Message(Box<ClientJsonRpcMessage>),
    /// Not a message it can handle, and this is the answer. Without an id it
    /// could not be read: MCP leaves the id out then.
    Wrong(Option<RequestId>, ErrorData),
    /// Nothing to do.
    Nothing,
}

/// A `tools/call` that has nothing but what a call needs.
#[derive(Debug)]
pub(super) struct PlainCall {
    pub(super) id: RequestId,
    pub(super) tool: String,
    pub(super) arguments: Object,
    pub(super) meta: RequestMetaObject,
}

#[derive(Deserialize)]
struct Plain<'l> {
    #[serde(borrow)]
    jsonrpc: Cow<'l, str>,
    id: RequestId,
    #[serde(borrow)]
    method: Cow<'l, str>,
    params: PlainParams,
    #[serde(default, deserialize_with = "present")]
    result: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainParams {
    name: String,
    #[serde(default)]
    arguments: Option<Object>,
    #[serde(default, rename = "_meta")]
    meta: Option<RequestMetaObject>,
}

/// `"result": null` is one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IgnoredAny>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(Some)
}

/// Reads a line as a call of a tool, in one go. `None` for everything else, and
/// for a call that has more to it or is not right: [`read`] knows what.
pub(super) fn plain_call(line: &[u8]) -> Option<PlainCall> {
    let call: Plain<'_> = serde_json::from_slice(line).ok()?;
    let plain = call.jsonrpc == "2.0" && call.method == "tools/call" && call.result.is_none() && call.error.is_none();
    plain.then(|| PlainCall {
        id: call.id,
        tool: call.params.name,
        arguments: call.params.arguments.unwrap_or_default(),
        meta: call.params.meta.unwrap_or_default(),
    })
}

/// Reads a line. What cannot be handled is answered, never fatal.
pub(super) fn read(line: &[u8]) -> Incoming {
    let line = line.strip_prefix(b"\xEF\xBB\xBF".as_slice()).unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return Incoming::Nothing;
    }
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(error) => return unreadable(line, &error),
    };
    let Value::Object(object) = &value else {
        let told = if value.is_array() {
            "batches are not supported: send one message a line"
        } else {
            "a message is a JSON object"
        };
        return invalid(None, told);
    };
    let id = match object.get("id").map(|id| serde_json::from_value::<RequestId>(id.clone())) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return invalid(None, "`id` must be a string or a whole number"),
    };
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return invalid(id, "`jsonrpc` must be \"2.0\"");
    }
    let is_answer = object.contains_key("result") || object.contains_key("error");
    match object.get("method") {
        Some(Value::String(_)) if is_answer => return invalid(id, "a request has neither `result` nor `error`"),
        Some(Value::String(_)) => {}
        Some(_) => return invalid(id, "`method` must be a string"),
        None if is_answer => {}
        None => return invalid(id, "there is no `method`"),
    }
    let Some(method) = object.get("method").and_then(Value::as_str).map(ToOwned::to_owned) else {
        return answer(value);
    };
    let params = object.get("params").cloned();
    match serde_json::from_value::<ClientJsonRpcMessage>(value) {
        // rmcp reads a known method with parameters that do not fit as a request of somebody else's.
        Ok(JsonRpcMessage::Request(request)) if matches!(request.request, ClientRequest::CustomRequest(_)) => {
            Incoming::Wrong(Some(request.id), unhandled(&method, params))
        }
        Ok(message) => Incoming::Message(Box::new(message)),
        // A notification is not answered.
        Err(_) => match id {
            Some(id) => Incoming::Wrong(Some(id), unhandled(&method, params)),
            None => Incoming::Nothing,
        },
    }
}

/// An answer to a request of ours; one that cannot be read answers nothing.
fn answer(value: Value) -> Incoming {
    match serde_json::from_value::<ClientJsonRpcMessage>(value) {
        Ok(message) => Incoming::Message(Box::new(message)),
        Err(error) => {
            tracing::debug!(%error, "an answer that cannot be read is dropped");
            Incoming::Nothing
        }
    }
}

fn unreadable(line: &[u8], error: &serde_json::Error) -> Incoming {
    // Deep nesting is valid JSON that we do not read: its sender waits for an answer.
    if error.to_string().contains("recursion limit") {
        let mut scan = IdScan::default();
        scan.feed(line);
        return invalid(scan.id().and_then(request_id), "the message is nested too deeply");
    }
    Incoming::Wrong(None, ErrorData::parse_error(format!("the line is not JSON: {error}"), None))
}

fn invalid(id: Option<RequestId>, told: &'static str) -> Incoming {
    Incoming::Wrong(id, ErrorData::invalid_request(told, None))
}

fn unhandled(method: &str, params: Option<Value>) -> ErrorData {
    if !is_known(method) {
        return ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("there is no method `{method}`"), None);
    }
    let params = params.unwrap_or(Value::Null);
    let fault = match method {
        "tools/call" => serde_json::from_value::<CallToolRequestParams>(params).err(),
        "initialize" => serde_json::from_value::<InitializeRequestParams>(params).err(),
        _ => None,
    };
    let told = fault.map_or_else(
        || format!("the parameters of `{method}` are not valid"),
        |fault| format!("the parameters of `{method}` are not valid: {fault}"),
    );
    ErrorData::invalid_params(told, None)
}

/// The methods that rmcp reads; one of them arriving unread has wrong parameters.
fn is_known(method: &str) -> bool {
    const KNOWN: [&str; 21] = [
        "initialize",
        "server/discover",
        "ping",
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "resources/directory/read",
        "subscriptions/listen",
        "completion/complete",
        "logging/setLevel",
        "tasks/get",
        "tasks/update",
        "tasks/cancel",
        "skills/list",
        "skills/get",
    ];
    KNOWN.contains(&method)
}

/// The id of a message that was not parsed, if an answer can carry it.
pub(super) fn request_id(id: Value) -> Option<RequestId> {
    serde_json::from_value(id).ok()
}

/// The answer to a line over the limit.
pub(super) fn too_long(limit: usize) -> ErrorData {
    ErrorData::invalid_request(format!("the message is longer than {} MiB", limit >> 20), None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Incoming, plain_call, read};

    fn code(line: &str) -> Option<(Option<String>, i32)> {
        match read(line.as_bytes()) {
            Incoming::Wrong(id, error) => Some((id.map(|id| id.to_string()), error.code.0)),
            Incoming::Message(_) | Incoming::Nothing => None,
        }
    }

    #[test]
    fn what_cannot_be_handled_is_answered_with_the_code_and_id_it_deserves() {
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{}1{}}}"#,
            "[".repeat(500),
            "]".repeat(500)
        );
        for (line, id, expected) in [
            ("{oops", None, -32700),
            ("\u{1}", None, -32700),
            ("[]", None, -32600),
            ("7", None, -32600),
            (r#"{"id":1,"method":"ping"}"#, Some("1"), -32600),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, None, -32600),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, None, -32600),
            (r#"{"jsonrpc":"2.0","id":1}"#, Some("1"), -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":3}"#, Some("1"), -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, Some("1"), -32600),
            (r#"{"jsonrpc":"2.0","id":"a","method":"nothing/such"}"#, Some("a"), -32601),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, Some("1"), -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#, Some("1"), -32602),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":[]}}"#,
                Some("1"),
                -32602,
            ),
            (r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#, Some("1"), -32602),
            (deep.as_str(), Some("5"), -32600),
        ] {
            assert_eq!(code(line), Some((id.map(str::to_owned), expected)), "{line}");
        }
    }

    #[test]
    fn blank_lines_and_broken_notifications_and_answers_are_not_answered() {
        for line in ["", "  \r", r#"{"jsonrpc":"2.0","result":{}}"#] {
            assert!(matches!(read(line.as_bytes()), Incoming::Nothing), "{line}");
        }
        let cancelled = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}"#;
        assert_eq!(code(cancelled), None);
    }

    #[test]
    fn a_call_is_read_in_one_go_and_whatever_is_not_plainly_one_is_left_to_the_rest() {
        let line = r#"{"id":"a","jsonrpc":"2.0","method":"tools/call","params":{"name":"x","arguments":{"b":1,"a":[1.50]},"_meta":{"progressToken":7}},"more":1}"#;
        let call = plain_call(line.as_bytes()).unwrap();
        assert_eq!((call.id.to_string().as_str(), call.tool.as_str()), ("a", "x"));
        assert_eq!(json!(call.arguments).to_string(), r#"{"b":1,"a":[1.5]}"#);
        assert_eq!(call.meta.get_progress_token().unwrap().0.to_string(), "7");
        let bare = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#;
        assert!(plain_call(bare.as_bytes()).is_some());
        for line in [
            "",
            "{oops",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","requestState":"s"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"},"result":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":[]}}"#,
        ] {
            assert!(plain_call(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_a_carriage_return_do_not_matter() {
        let line = "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r";
        assert!(matches!(read(line.as_bytes()), Incoming::Message(_)));
    }
}
