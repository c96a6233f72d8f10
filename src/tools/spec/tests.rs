use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answered, Spec, Tool, blocking};
use crate::base::{ErrorKind, ManualClock, ManualEntropy};
use crate::config::Redaction;
use crate::contract::{Annotations, Origin, ToolCall, ToolOutput};
use crate::registry::{ListSettings, NoObserver, Registry, RegistryParts, ToolSet};
use crate::tools::{OwnTools, Services, ToolFailure, Unavailable};

struct Divide;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Divided.
    dividend: i64,
    /// Divides.
    #[serde(default = "one")]
    divisor: i64,
}

fn one() -> i64 {
    1
}

#[derive(Serialize, JsonSchema)]
struct Quotient {
    quotient: i64,
}

impl Tool for Divide {
    type Arguments = Arguments;
    type Answer = Quotient;
    const NAME: &'static str = "divide";
    const TITLE: &'static str = "Divide";
    const DESCRIPTION: &'static str = "Divides one number by another.";
    const SET: ToolSet = ToolSet::Core;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(true),
        destructive_hint: None,
        idempotent_hint: None,
        open_world_hint: None,
    };

    async fn run(_: Arc<Services>, given: Arguments, _: ToolCall) -> Result<Answered<Quotient>, ToolFailure> {
        blocking(move || match given.divisor {
            0 => Err(ToolFailure::new(ErrorKind::InvalidInput, "nothing divides by zero")
                .with_hint("give another `divisor`")
                .with("divisor", 0)),
            7 => panic!("seven"),
            8 => Ok(Answered {
                answer: Quotient { quotient: 0 },
                failure: Some(ToolFailure::new(ErrorKind::Conflict, "half done")),
                binds: None,
            }),
            divisor => Ok(Quotient { quotient: given.dividend / divisor }.into()),
        })
        .await
    }
}

static TABLE: &[Spec] = &[Spec::of::<Divide>()];

async fn divide(arguments: Value) -> ToolOutput {
    let unavailable = Unavailable { kind: ErrorKind::StoreUnavailable, error: "no store".to_owned(), hint: None };
    let services = Services::offline(Arc::new(ManualClock::default()), Arc::new(ManualEntropy::new(1)), unavailable);
    let registry = Registry::new(RegistryParts {
        observer: Arc::new(NoObserver),
        redaction: Redaction::default(),
        list: ListSettings::default(),
        clock: Arc::new(ManualClock::default()),
        entropy: Arc::new(ManualEntropy::new(1)),
    });
    registry.add(Arc::new(OwnTools::new(TABLE, Arc::new(services))));
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let origin = Origin::Cli { session: "s".to_owned() };
    registry.dispatch(ToolCall::new("divide", arguments, origin)).await.expect("the tool is there")
}

fn body(output: ToolOutput) -> Value {
    output.structured.unwrap_or_default()
}

#[tokio::test]
async fn a_typed_tool_answers_with_success_and_its_fields() {
    assert_eq!(body(divide(json!({"dividend": 12, "divisor": 4})).await), json!({"success": true, "quotient": 3}));
    assert_eq!(body(divide(json!({"dividend": 12})).await)["quotient"], 12);
}

#[tokio::test]
async fn a_typed_failure_is_an_error_result_with_its_hint_and_fields() {
    let output = divide(json!({"dividend": 12, "divisor": 0})).await;
    assert!(output.is_error);
    let expected = json!({
        "success": false, "error": "nothing divides by zero", "error_type": "invalid_input", "retryable": false,
        "hint": "give another `divisor`", "divisor": 0,
    });
    assert_eq!(body(output), expected);
}

#[tokio::test]
async fn an_answer_that_is_a_failure_keeps_its_fields() {
    let output = divide(json!({"dividend": 12, "divisor": 8})).await;
    assert!(output.is_error);
    let body = body(output);
    assert_eq!((&body["quotient"], &body["error"]), (&json!(0), &json!("half done")));
}

#[tokio::test]
async fn a_panic_on_a_thread_of_its_own_is_caught_like_any_other() {
    assert_eq!(body(divide(json!({"dividend": 1, "divisor": 7})).await)["error_type"], "internal");
}

#[tokio::test]
async fn arguments_are_checked_against_the_type() {
    let body = body(divide(json!({"dividend": "x", "divider": 1})).await);
    assert_eq!(body["error_type"], "invalid_input");
    assert_eq!(body["errors"].as_array().map(Vec::len), Some(2));
}
