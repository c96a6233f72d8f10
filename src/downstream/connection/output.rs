//! The result of `tools/call` as an output, every field of it kept.

use serde_json::Value;

use super::handshake::Era;
use crate::base::json::Object;
use crate::contract::ToolOutput;

/// Why a result is not one that a caller can be given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoOutput {
    /// It has not the shape of one.
    Malformed(&'static str),
    /// The server wants something of the person first (2026-07-28).
    InputRequired,
    /// The server works on, and wants to be asked later (the tasks extension).
    Task,
    /// A kind of result that is not known here.
    Unknown(String),
}

/// Takes the result apart.
pub(super) fn read(result: Value, era: Era) -> Result<ToolOutput, NoOutput> {
    let Value::Object(mut fields) = result else { return Err(NoOutput::Malformed("it is no object")) };
    if era == Era::Modern {
        match fields.get("resultType").map(|kind| kind.as_str().unwrap_or("")) {
            None => {}
            // The protocol's own mark, not the tool's: our edge sets it anew.
            Some("complete") => drop(fields.shift_remove("resultType")),
            Some("input_required") => return Err(NoOutput::InputRequired),
            Some("task") => return Err(NoOutput::Task),
            Some(other) => return Err(NoOutput::Unknown(other.to_owned())),
        }
    }
    let content = match fields.shift_remove("content") {
        None => Vec::new(),
        Some(Value::Array(content)) => content,
        Some(_) => return Err(NoOutput::Malformed("its `content` is no list")),
    };
    let is_error = match fields.shift_remove("isError") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_error)) => is_error,
        Some(_) => return Err(NoOutput::Malformed("its `isError` is neither true nor false")),
    };
    let meta = match fields.shift_remove("_meta") {
        None | Some(Value::Null) => Object::new(),
        Some(Value::Object(meta)) => meta,
        Some(_) => return Err(NoOutput::Malformed("its `_meta` is no object")),
    };
    // `null` is what some SDKs write for "none".
    let structured = fields.shift_remove("structuredContent").filter(|value| !value.is_null());
    Ok(ToolOutput { structured, content, is_error, meta, extra: fields, ..ToolOutput::default() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_and_every_kind_of_content_is_kept() {
        let content = json!([
            {"type": "text", "text": "x", "annotations": {"audience": ["user"]}, "later": [1]},
            {"type": "hologram", "data": {"x": 1.0}},
            7,
        ]);
        let result = json!({
            "content": content, "structuredContent": {"b": 1, "a": [null]}, "isError": true,
            "_meta": {"x/y": 1}, "later": {"deep": [true]}, "resultType": "complete",
        });
        let output = read(result.clone(), Era::Legacy).unwrap();
        assert_eq!(Value::Array(output.content), content);
        assert_eq!(output.structured, Some(json!({"b": 1, "a": [null]})));
        assert!(output.is_error);
        assert_eq!(json!(output.meta), json!({"x/y": 1}));
        assert_eq!(json!(output.extra), json!({"later": {"deep": [true]}, "resultType": "complete"}));
        assert_eq!(json!(read(result, Era::Modern).unwrap().extra), json!({"later": {"deep": [true]}}));
    }

    #[test]
    fn what_is_no_result_is_told_apart() {
        for (result, expected) in [
            (json!(7), NoOutput::Malformed("it is no object")),
            (json!({"content": "text"}), NoOutput::Malformed("its `content` is no list")),
            (json!({"isError": "no"}), NoOutput::Malformed("its `isError` is neither true nor false")),
            (json!({"_meta": []}), NoOutput::Malformed("its `_meta` is no object")),
            (json!({"resultType": "input_required"}), NoOutput::InputRequired),
            (json!({"resultType": "task"}), NoOutput::Task),
            (json!({"resultType": "later"}), NoOutput::Unknown("later".to_owned())),
        ] {
            assert_eq!(read(result.clone(), Era::Modern), Err(expected), "{result}");
        }
        assert_eq!(read(json!({}), Era::Modern), Ok(ToolOutput::default()));
    }
}
