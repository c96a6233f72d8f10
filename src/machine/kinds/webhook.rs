//! `webhook`: an HTTP request out. It goes the way of a tool's call; what is its
//! own is that the method says whether a repeat is safe.

use crate::base::json::Object;
use crate::machine::command::CallFacts;
use crate::workflow::plan::{PlanStep, StepKind};

/// What it is called where a tool's name would stand.
pub(in crate::machine) const NAME: &str = "webhook";

/// What is known of a webhook when it is about to be sent; none for other steps.
///
/// GET, PUT and DELETE are idempotent by RFC 9110, section 9.2.2; the author's
/// own word goes before the method's.
#[must_use]
pub fn webhook_facts(node: &PlanStep) -> Option<CallFacts> {
    let StepKind::Webhook(request) = &node.kind else { return None };
    Some(CallFacts { repeat_safe: node.idempotent.unwrap_or_else(|| idempotent(request)), pin: None })
}

fn idempotent(request: &Object) -> bool {
    let method = request.get("method").and_then(serde_json::Value::as_str).unwrap_or("POST");
    ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].contains(&method)
}
