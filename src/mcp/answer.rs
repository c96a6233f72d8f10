//! The answer to a call as the line that goes over the wire.
//!
//! rmcp's types know the fields of today and drop the others; a server's answer
//! must reach the client whole. So the line is written here, once, by the task
//! of the call, and rides through rmcp inside a result of its own type, which
//! the transport takes it out of again.

use rmcp::model::JsonRpcMessage;
use rmcp::model::{CallToolResult, RequestId, ServerJsonRpcMessage, ServerResult};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use crate::contract::ToolOutput;

/// Fields of a result that are written by name.
const OWN_FIELDS: [&str; 5] = ["resultType", "content", "structuredContent", "isError", "_meta"];

/// A result of rmcp's that carries the line.
pub(super) fn carrying(line: String) -> CallToolResult {
    let mut result = CallToolResult::success(Vec::new());
    // No result comes to rmcp in another way: a text here is always a line.
    result.structured_content = Some(Value::String(line));
    result
}

/// The line that a message carries, with its end.
pub(super) fn carried(message: &mut ServerJsonRpcMessage) -> Option<String> {
    let JsonRpcMessage::Response(response) = message else { return None };
    let ServerResult::CallToolResult(result) = &mut response.result else { return None };
    match &mut result.structured_content {
        Some(Value::String(line)) => Some(std::mem::take(line)),
        Some(_) | None => None,
    }
}

/// The answer to the request `id`, with the line's end. The modern era says of
/// each result what kind it is.
pub(super) fn line(id: &RequestId, output: &ToolOutput, modern: bool) -> Result<String, serde_json::Error> {
    let mut line = serde_json::to_string(&Answer { id, result: Body { output, modern } })?;
    line.push('\n');
    Ok(line)
}

struct Answer<'a> {
    id: &'a RequestId,
    result: Body<'a>,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("jsonrpc", "2.0")?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("result", &self.result)?;
        map.end()
    }
}

struct Body<'a> {
    output: &'a ToolOutput,
    modern: bool,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let output = self.output;
        let mut map = serializer.serialize_map(None)?;
        if self.modern {
            map.serialize_entry("resultType", "complete")?;
        }
        match &output.structured {
            // Our own answers are structured; the text is for clients that show no other.
            Some(structured) if output.content.is_empty() && !output.untouched => {
                map.serialize_entry("content", &[json!({"type": "text", "text": structured.to_string()})])?;
            }
            Some(_) | None => map.serialize_entry("content", &output.content)?,
        }
        if let Some(structured) = &output.structured {
            map.serialize_entry("structuredContent", structured)?;
        }
        map.serialize_entry("isError", &output.is_error)?;
        for (name, value) in output.extra.iter().filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str())) {
            map.serialize_entry(name, value)?;
        }
        if !output.meta.is_empty() {
            map.serialize_entry("_meta", &output.meta)?;
        }
        map.end()
    }
}
