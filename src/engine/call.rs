//! One attempt of a step: the call, its timeout and cancellation, and what its
//! end means. Must not know plans, the store or how a run goes on.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::webhook::Webhooks;
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::contract::{Binding, CallFailure, CallTool, ToolCall, ToolOutput};
use crate::machine::StepError;

/// A step's result may have this many bytes of JSON.
pub(super) const RESULT_LIMIT: usize = 8 * 1024 * 1024;
/// What a call that timed out has to end in order.
const ORDERLY_END: Duration = Duration::from_millis(500);

/// How a call ended, before its exports are evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ended {
    /// With a result.
    Completed {
        /// The step's result.
        result: Arc<Value>,
        /// Its text.
        text: Arc<str>,
        /// What the run is bound to from now on.
        binds: Option<Binding>,
    },
    /// With a failure whose effect is known.
    Failed {
        /// Why.
        error: StepError,
        /// The other side's wish.
        retry_after: Option<Duration>,
    },
    /// Sent, and no reply came.
    Unknown {
        /// What is known.
        error: StepError,
    },
}

/// Makes the call and waits for its end.
pub(super) async fn carry_out(tools: Arc<dyn CallTool>, call: ToolCall) -> Ended {
    let tool = call.name.clone();
    // Who knows when a call was sent keeps its time.
    let timeout = call.timeout.filter(|_| !tools.keeps_time());
    let cancel: CancellationToken = call.cancel.clone();
    let work = tools.call(call);
    tokio::pin!(work);
    let past = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout + ORDERLY_END).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        ended = &mut work => ended_with(&tool, ended),
        () = past => {
            cancel.cancel();
            let seconds = timeout.unwrap_or_default().as_secs_f64();
            Ended::Unknown {
                error: StepError::new(ErrorKind::Timeout, format!("`{tool}` did not answer within {seconds} s")),
            }
        }
    }
}

/// Sends a webhook and waits for its end. `call` holds the request, secrets filled in.
pub(super) async fn carry_out_webhook(webhooks: &Webhooks, call: ToolCall, repeat_safe: bool) -> Ended {
    let key = call.idempotency_key.unwrap_or_default();
    let answered = webhooks.send_until(&call.arguments, &key, call.timeout, &call.cancel, repeat_safe).await;
    ended_with(&call.name, answered.map(ToolOutput::structured))
}

fn ended_with(tool: &str, ended: Result<ToolOutput, CallFailure>) -> Ended {
    match ended {
        Ok(output) => match output.error_kind() {
            Some(kind) => {
                let retry_after = output
                    .structured
                    .as_ref()
                    .and_then(|body| body.get("retry_after_seconds"))
                    .and_then(Value::as_f64)
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                Ended::Failed { error: StepError::new(kind, sentence(tool, &output)), retry_after }
            }
            None => completed(tool, &output),
        },
        Err(failure) => {
            let error = StepError::new(failure.kind, failure.message);
            if failure.outcome_unknown {
                Ended::Unknown { error }
            } else {
                Ended::Failed { error, retry_after: failure.retry_after }
            }
        }
    }
}

fn completed(tool: &str, output: &ToolOutput) -> Ended {
    let result = output.step_result();
    let text = result.to_string();
    if text.len() > RESULT_LIMIT {
        let error = StepError::new(
            ErrorKind::ResultTooLarge,
            format!("`{tool}` answered {} bytes; a step's result has at most {RESULT_LIMIT}", text.len()),
        );
        return Ended::Failed { error, retry_after: None };
    }
    Ended::Completed { result: Arc::new(result), text: text.into(), binds: output.binds.clone() }
}

/// What a failed output says: its `error`, else its text, whole: it is cut once secrets are out of it.
fn sentence(tool: &str, output: &ToolOutput) -> String {
    let named = output.structured.as_ref().and_then(|body| body.get("error")).and_then(Value::as_str);
    let text =
        || output.content.iter().find_map(|block| block.get("text").and_then(Value::as_str)).map(ToOwned::to_owned);
    let said = named.map(ToOwned::to_owned).or_else(text).unwrap_or_else(|| format!("`{tool}` reported a failure"));
    said.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

/// Context values that a tool sets by itself: `_context_exports` of its result.
pub(super) fn own_exports(result: &Value) -> Option<&Object> {
    result.get("_context_exports").and_then(Value::as_object)
}

#[cfg(test)]
mod tests {
    use super::{Ended, RESULT_LIMIT, ended_with};
    use crate::base::ErrorKind;
    use crate::config::Redaction;
    use crate::contract::{CallFailure, ToolOutput};
    use crate::engine::shared::Secrets;
    use crate::machine::StepError;
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[test]
    fn an_error_result_is_a_failure_of_its_kind_with_its_sentence() {
        let body = json!({"error": "slow down", "error_type": "rate_limited", "retry_after_seconds": 2});
        let output = ToolOutput { is_error: true, ..ToolOutput::structured(body) };
        let error = StepError::new(ErrorKind::RateLimited, "slow down");
        assert_eq!(ended_with("t", Ok(output)), Ended::Failed { error, retry_after: Some(Duration::from_secs(2)) });
    }

    #[test]
    fn a_secret_at_the_end_of_what_is_kept_leaves_nothing_behind() {
        let text = format!("{}hunter22", "x".repeat(1_995));
        let output = ToolOutput { is_error: true, ..ToolOutput::structured(json!({"error": text})) };
        let Ended::Failed { error, .. } = ended_with("t", Ok(output)) else { panic!("it failed") };
        let secrets = Secrets::new(BTreeMap::new(), Redaction::new(&["hunter22".to_owned()]));
        assert_eq!(secrets.told(error).message, format!("{}<reda", "x".repeat(1_995)));
    }

    #[test]
    fn an_error_without_structure_keeps_the_text_of_its_first_block() {
        let content = vec![json!({"type": "text", "text": "no such\u{7} branch"})];
        let output = ToolOutput { is_error: true, content, ..ToolOutput::default() };
        let error = StepError::new(ErrorKind::ToolError, "no such branch");
        assert_eq!(ended_with("t", Ok(output)), Ended::Failed { error, retry_after: None });
    }

    #[test]
    fn a_call_without_reply_is_unknown_only_if_it_was_sent() {
        let sent = CallFailure { outcome_unknown: true, ..CallFailure::new(ErrorKind::Unavailable, "gone") };
        assert!(matches!(ended_with("t", Err(sent)), Ended::Unknown { .. }));
        let unsent = CallFailure::new(ErrorKind::Unavailable, "gone");
        assert!(matches!(ended_with("t", Err(unsent)), Ended::Failed { .. }));
    }

    #[test]
    fn a_result_over_the_limit_fails_the_step() {
        let output = ToolOutput::structured(json!("x".repeat(RESULT_LIMIT)));
        let Ended::Failed { error, .. } = ended_with("t", Ok(output)) else { panic!("it was taken") };
        assert_eq!(error.kind, ErrorKind::ResultTooLarge);
    }
}
