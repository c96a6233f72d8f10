//! Lines from the server: each to whoever waits for it, in their order.

use std::sync::Arc;

use rmcp::model::ServerJsonRpcMessage;
use serde_json::{Value, json};
use tokio::io::AsyncRead;

use super::message::{self, Incoming, Parsed};
use super::wire::{Answer, Wire, ours};
use crate::base::lines::{Line, Lines};
use crate::contract::Progress;

/// `_meta` key of what belongs to a subscription (2026-07-28).
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// More of a server's log message is not logged.
const LOGGED: usize = 1_000;
/// More of a progress message is not passed on.
const PROGRESS_MESSAGE: usize = 2_000;

/// Reads until the stream ends, then ends the session.
pub(super) async fn read<R>(stream: R, wire: Arc<Wire>)
where
    R: AsyncRead + Unpin,
{
    let mut lines = Lines::new(stream);
    loop {
        match lines.next().await {
            Ok(Some(Line::Whole(line))) => take(line, &wire).await,
            Ok(Some(Line::TooLong { id })) => {
                if !wire.answer_if_ours(id.as_ref(), Answer::TooLong) {
                    wire.garbage("a message of more than 16 MiB", b"");
                }
            }
            Ok(None) => break,
            Err(error) => {
                tracing::debug!(server = wire.name, %error, "the server's output cannot be read");
                break;
            }
        }
    }
    wire.end();
}

async fn take(line: &[u8], wire: &Wire) {
    match message::parse(line) {
        Parsed::Message(message) => dispatch(message, line.len(), wire).await,
        Parsed::Messages(messages) => {
            for message in messages {
                dispatch(message, line.len(), wire).await;
            }
        }
        Parsed::TooDeep(id) => {
            if !wire.answer_if_ours(id.as_ref(), Answer::TooDeep) {
                wire.garbage("a message that is nested too deeply", line);
            }
        }
        Parsed::Broken(id) => {
            if !wire.answer_if_ours(id.as_ref(), Answer::Broken) {
                wire.garbage("a line that is no message", line);
            }
        }
        Parsed::Garbage => wire.garbage("a line that is no message", line),
        Parsed::Blank => {}
    }
}

async fn dispatch(message: Incoming<'_>, bytes: usize, wire: &Wire) {
    match message {
        Incoming::Answer { id, answer } => match (ours(&id), answer) {
            (Some(id), Ok(result)) => wire.answer(id, Answer::Result(result, bytes)),
            (Some(id), Err(error)) => wire.answer(id, Answer::Error(error)),
            (None, Ok(result)) => pass_on(json!({"jsonrpc": "2.0", "id": id, "result": result}), wire).await,
            (None, Err(error)) => pass_on(json!({"jsonrpc": "2.0", "id": id, "error": error}), wire).await,
        },
        Incoming::Stray(error) => pass_on(json!({"jsonrpc": "2.0", "error": error}), wire).await,
        Incoming::Request { id, method } => wire.reply(&id, &method),
        Incoming::Notification { method, params } => notified(&method, params, wire).await,
    }
}

async fn notified(method: &str, params: Value, wire: &Wire) {
    let of_subscription = || params.get("_meta").is_some_and(|meta| meta.get(SUBSCRIPTION).is_some());
    match method {
        "notifications/progress" => progress(params, wire),
        "notifications/message" => log(&params, wire),
        "notifications/tools/list_changed" if !of_subscription() => (wire.on_changed)(),
        "notifications/tools/list_changed" | "notifications/subscriptions/acknowledged" | "notifications/cancelled" => {
            pass_on(json!({"jsonrpc": "2.0", "method": method, "params": params}), wire).await;
        }
        _ => tracing::trace!(server = wire.name, method, "a notification that nobody waits for"),
    }
}

/// A report of progress, to its call. Not to rmcp: it tells them in tasks of
/// their own, which the result can overtake.
fn progress(mut params: Value, wire: &Wire) {
    let Some(sink) = params.get("progressToken").and_then(ours).and_then(|id| wire.progress_of(id)) else {
        return;
    };
    let Some(progress) = params.get("progress").and_then(Value::as_f64) else { return };
    let total = params.get("total").and_then(Value::as_f64);
    let message = match params.get_mut("message").map(Value::take) {
        Some(Value::String(message)) if message.len() > PROGRESS_MESSAGE => {
            Some(wire.shown(&message, PROGRESS_MESSAGE))
        }
        Some(Value::String(message)) => Some(wire.redaction.redact(&message).unwrap_or(message)),
        _ => None,
    };
    sink(Progress { progress, total, message });
}

fn log(params: &Value, wire: &Wire) {
    if tracing::enabled!(tracing::Level::DEBUG) {
        let text =
            |key: &str| params.get(key).and_then(Value::as_str).map(|text| wire.shown(text, 100)).unwrap_or_default();
        let said = match params.get("data") {
            Some(Value::String(said)) => wire.shown(said, LOGGED),
            Some(data) => wire.shown(&data.to_string(), LOGGED),
            None => String::new(),
        };
        tracing::debug!(server = wire.name, level = text("level"), logger = text("logger"), "{said}");
    }
}

/// A message for rmcp. One that it cannot read is none that it waits for.
async fn pass_on(message: Value, wire: &Wire) {
    let Some(lifecycle) = wire.lifecycle() else { return wire.stray() };
    match serde_json::from_value::<ServerJsonRpcMessage>(message) {
        // rmcp may have stopped listening this moment.
        Ok(message) => {
            lifecycle.send(message).await.ok();
        }
        Err(error) => tracing::debug!(server = wire.name, %error, "a message that cannot be read is dropped"),
    }
}
