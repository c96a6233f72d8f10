//! The shape of answers: failures as results, the size limit, next steps.

use serde_json::{Value, json};

use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::config::NextSteps;
use crate::contract::{CallFailure, ToolOutput};

/// The most bytes of JSON that an answer of ours has, unless the call asks for
/// more with `limit_bytes` or `detail: full`.
pub const ANSWER_LIMIT: usize = 16_000;
/// The same where the caller asked for every detail.
pub(super) const FULL_LIMIT: usize = 1_000_000;
/// The most bytes that next steps add to a server's answer.
const FOREIGN_STEPS_LIMIT: usize = 600;

/// `_meta` key of a call's id.
pub(super) const INTERACTION_ID: &str = "sequitur/interaction_id";
/// `_meta` key of the next steps on a server's answer.
const META_NEXT_STEPS: &str = "sequitur/next_steps";
/// Key of the next steps in our own answers.
const NEXT_STEPS: &str = "_next_steps";

/// The error result of a failed call: `success: false`, `error`,
/// `error_type`, `retryable`, `hint` (the kind's when none is given), then `extra`.
#[must_use]
pub fn failure_output(kind: ErrorKind, error: &str, hint: Option<&str>, extra: Object) -> ToolOutput {
    let mut body = Object::new();
    body.insert("success".to_owned(), json!(false));
    body.insert("error".to_owned(), json!(error));
    body.insert("error_type".to_owned(), json!(kind));
    body.insert("retryable".to_owned(), json!(kind.retryable()));
    body.insert("hint".to_owned(), json!(hint.unwrap_or(kind.advice())));
    for (key, value) in extra {
        body.entry(key).or_insert(value);
    }
    ToolOutput { is_error: true, ..ToolOutput::structured(Value::Object(body)) }
}

/// A call that brought no output, as the result its caller reads.
pub(super) fn of_failure(failure: &CallFailure) -> ToolOutput {
    let mut extra = Object::new();
    if failure.outcome_unknown {
        extra.insert("outcome".to_owned(), json!("unknown"));
    }
    if let Some(after) = failure.retry_after {
        extra.insert("retry_after_seconds".to_owned(), json!(after.as_secs_f64().ceil()));
    }
    failure_output(failure.kind, &failure.message, failure.hint.as_deref(), extra)
}

/// Cuts a value to `limit` bytes of JSON, the largest list or text first, and
/// says what was cut under `truncated`. Returns whether anything was.
///
/// The last resort: a tool that pages its answer tells the caller more.
pub fn fit(value: &mut Value, limit: usize) -> bool {
    // The list of what was cut needs room of its own.
    const ROOM: usize = 600;
    let mut cuts: Vec<Value> = Vec::new();
    for _ in 0..64 {
        let size = value.to_string().len();
        let room = if cuts.is_empty() { 0 } else { ROOM };
        if size + room <= limit {
            break;
        }
        let excess = size + ROOM - limit.min(size + ROOM);
        let Some((pointer, _)) = largest(value) else { break };
        let Some(place) = value.pointer_mut(&pointer) else { break };
        let Some(cut) = shorten(place, excess) else { break };
        cuts.retain(|before| before.get("path").and_then(Value::as_str) != Some(pointer.as_str()));
        cuts.push(json!({"path": pointer, "kept": cut.0, "of": cut.1}));
    }
    if cuts.is_empty() {
        return false;
    }
    cuts.truncate(8);
    if let Some(map) = value.as_object_mut() {
        map.insert("truncated".to_owned(), Value::Array(cuts));
    }
    true
}

/// Drops the end of a list or text until `excess` bytes are gone; (kept, of).
fn shorten(place: &mut Value, excess: usize) -> Option<(usize, usize)> {
    match place {
        Value::Array(items) => {
            let before = items.len();
            let mut gone = 0;
            while gone < excess
                && let Some(last) = items.pop()
            {
                gone += last.to_string().len() + 1;
            }
            Some((items.len(), before))
        }
        Value::String(text) => {
            let before = text.len();
            let mut keep = before.saturating_sub(excess);
            while !text.is_char_boundary(keep) {
                keep -= 1;
            }
            text.truncate(keep);
            Some((keep, before))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// The list or text that it is best to cut: the largest whose parts are not
/// themselves most of it.
fn largest(value: &Value) -> Option<(String, usize)> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, item)| (escape(key), item)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        Value::String(text) => return (text.len() > 64).then(|| (String::new(), text.len())),
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    let size = value.to_string().len();
    let below = children
        .into_iter()
        .filter_map(|(key, item)| largest(item).map(|(path, size)| (format!("/{key}{path}"), size)))
        .max_by_key(|(_, size)| *size);
    match (value, below) {
        (Value::Array(items), Some((_, inner))) if !items.is_empty() && inner * 2 < size => Some((String::new(), size)),
        (Value::Array(items), None) if !items.is_empty() => Some((String::new(), size)),
        (_, below) => below,
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Puts the next steps into an answer of ours.
pub(super) fn attach_own(output: &mut ToolOutput, steps: Option<Vec<Value>>, limit: usize) {
    let Some(Value::Object(body)) = &mut output.structured else {
        return;
    };
    let steps = steps.map(Value::Array);
    let room = steps.as_ref().map_or(0, |steps| steps.to_string().len() + NEXT_STEPS.len() + 4);
    body.remove(NEXT_STEPS);
    let mut whole = Value::Object(std::mem::take(body));
    fit(&mut whole, limit.saturating_sub(room));
    if let Value::Object(mut map) = whole {
        if let Some(steps) = steps {
            map.insert(NEXT_STEPS.to_owned(), steps);
        }
        *body = map;
    }
}

/// Puts the next steps beside a server's answer: the answer itself stays as it
/// was. Returns the text block, for comparing with the last one.
pub(super) fn attach_foreign(
    output: &mut ToolOutput,
    mut steps: Vec<Value>,
    place: NextSteps,
    last: Option<&str>,
) -> Option<String> {
    if steps.is_empty() || place == NextSteps::Off {
        return None;
    }
    let text = |steps: &[Value]| json!({ NEXT_STEPS: steps }).to_string();
    let mut block = text(&steps);
    while block.len() > FOREIGN_STEPS_LIMIT && steps.pop().is_some() {
        block = text(&steps);
    }
    if steps.is_empty() {
        return None;
    }
    output.meta.insert(META_NEXT_STEPS.to_owned(), Value::Array(steps));
    // Clients show structured content where there are no blocks: a block of ours would hide it.
    let hides = output.content.is_empty() && output.structured.is_some();
    if place == NextSteps::Meta || hides {
        return None;
    }
    if last != Some(block.as_str()) {
        output.content.push(json!({"type": "text", "text": block}));
    }
    Some(block)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ANSWER_LIMIT, attach_foreign, attach_own, fit};
    use crate::config::NextSteps;
    use crate::contract::ToolOutput;

    #[test]
    fn an_answer_over_the_limit_loses_the_end_of_its_largest_list_and_says_so() {
        let rows: Vec<Value> = (0..2_000).map(|n| json!({"name": format!("row {n}"), "n": n})).collect();
        let mut answer = json!({"success": true, "rows": rows, "note": "kept"});
        assert!(fit(&mut answer, ANSWER_LIMIT));
        assert!(answer.to_string().len() <= ANSWER_LIMIT);
        assert_eq!(answer["note"], "kept");
        assert_eq!(answer["truncated"][0]["path"], "/rows");
        assert_eq!(answer["truncated"][0]["of"], 2_000);
        let kept = answer["rows"].as_array().map(Vec::len).unwrap_or_default();
        assert!(kept > 400, "{kept}");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let mut answer = json!({"a": {"b": "é".repeat(20_000)}});
        assert!(fit(&mut answer, ANSWER_LIMIT));
        assert!(answer.to_string().len() <= ANSWER_LIMIT);
        let mut small = json!({"a": [1, 2]});
        assert!(!fit(&mut small, ANSWER_LIMIT));
    }

    #[test]
    fn next_steps_count_towards_the_limit() {
        let mut output = ToolOutput::structured(json!({"success": true, "text": "x".repeat(15_990)}));
        attach_own(&mut output, Some(vec![json!({"tool": "t", "reason": "r"})]), ANSWER_LIMIT);
        let answer = output.structured.unwrap_or_default();
        assert!(answer.to_string().len() <= ANSWER_LIMIT);
        assert_eq!(answer["_next_steps"][0]["tool"], "t");
    }

    #[test]
    fn a_servers_answer_gets_one_short_block_unless_it_was_the_last_one() {
        let steps: Vec<Value> = (0..20).map(|n| json!({"tool": format!("tool_{n}"), "reason": "because"})).collect();
        let mut output = ToolOutput { content: vec![json!({"type": "text", "text": "hi"})], ..ToolOutput::default() };
        let block = attach_foreign(&mut output, steps.clone(), NextSteps::Text, None).unwrap_or_default();
        assert_eq!(output.content.len(), 2);
        assert!(block.len() <= 600);
        assert!(output.meta.contains_key("sequitur/next_steps"));
        let mut again = ToolOutput { content: vec![json!({"type": "text", "text": "hi"})], ..ToolOutput::default() };
        attach_foreign(&mut again, steps, NextSteps::Text, Some(&block));
        assert_eq!(again.content.len(), 1);
    }

    #[test]
    fn a_server_may_have_its_next_steps_in_meta_alone_or_not_at_all() {
        for (place, in_meta) in [(NextSteps::Meta, true), (NextSteps::Off, false)] {
            let mut output =
                ToolOutput { content: vec![json!({"type": "text", "text": "hi"})], ..ToolOutput::default() };
            assert_eq!(attach_foreign(&mut output, vec![json!({"tool": "t"})], place, None), None);
            assert_eq!((output.content.len(), output.meta.len()), (1, usize::from(in_meta)));
        }
    }

    #[test]
    fn next_steps_do_not_hide_an_answer_that_is_structured_alone() {
        let mut output = ToolOutput::structured(json!({"a": 1}));
        assert_eq!(attach_foreign(&mut output, vec![json!({"tool": "t"})], NextSteps::Text, None), None);
        assert!(output.content.is_empty() && output.meta.contains_key("sequitur/next_steps"));
    }
}
