//! What waits of a plan yield: until when, for which event, what is asked, and
//! what is left when one is over. Must not know timers or who answers.

use serde_json::{Value, json};

use super::bodies::Bodies;
use crate::base::{ErrorKind, Timestamp};
use crate::expr::{ExprError, Known, Scope, Template};
use crate::machine::{StepError, WaitInput, Waiting, Waits, Woken};
use crate::workflow::plan::{PlanStep, StepKind, WaitFor};

/// Characters of a question: it stands in answers, which are short.
const MAX_PROMPT: usize = 8_000;
/// The longest wait: a hundred years. What is longer is a mistake in a unit.
const MAX_SECONDS: f64 = 3.2e9;

/// A wait's expressions.
pub(super) enum CompiledWait {
    /// So many seconds.
    Seconds(Template),
    /// To an instant.
    Until(Template),
    /// For an event.
    Event(Template),
    /// For an answer: the question, and when to remind.
    Task(Box<(Template, Option<Template>)>),
}

impl CompiledWait {
    /// Parses what a kind of step waits for; none for kinds that do not.
    pub(super) fn of(kind: &StepKind, known: &Known) -> Result<Option<Self>, String> {
        let value = |value: &Value| {
            let told = |errors: Vec<ExprError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            Template::parse(value, known).map_err(told)
        };
        let text = |text: &String| value(&Value::String(text.clone()));
        Ok(Some(match kind {
            StepKind::Wait(WaitFor::Seconds(seconds)) => Self::Seconds(value(seconds)?),
            StepKind::Wait(WaitFor::Until(until)) => Self::Until(value(until)?),
            StepKind::Wait(WaitFor::Event(event)) => Self::Event(text(event)?),
            StepKind::AgentTask { prompt, .. } => Self::Task(Box::new((text(prompt)?, None))),
            StepKind::HumanTask { prompt, extra, .. } => {
                Self::Task(Box::new((text(prompt)?, extra.get("reminder_seconds").map(value).transpose()?)))
            }
            StepKind::Action(_)
            | StepKind::Capability { .. }
            | StepKind::Condition { .. }
            | StepKind::Parallel { .. }
            | StepKind::Loop { .. }
            | StepKind::Webhook(_)
            | StepKind::Workflow { .. }
            | StepKind::Transform { .. } => return Ok(None),
        }))
    }

    /// What it waits for now.
    pub(super) fn evaluate(&self, timeout_ms: Option<u64>, scope: &Scope<'_>) -> Result<Wanted, StepError> {
        let rendered = |template: &Template, what: &str| {
            template
                .render(scope)
                .map_err(|error| StepError::new(error.kind(), format!("its {what} could not be evaluated: {error}")))
        };
        Ok(match self {
            Self::Seconds(seconds) => {
                Wanted::Wait(WaitInput::After { ms: millis(&rendered(seconds, "seconds")?, "seconds")? })
            }
            Self::Until(until) => Wanted::Wait(WaitInput::At(instant(&rendered(until, "until")?)?)),
            Self::Event(event) => {
                Wanted::Wait(WaitInput::Event { name: name(&rendered(event, "event")?)?, timeout_ms })
            }
            Self::Task(task) => {
                let (prompt, reminder) = &**task;
                let reminder = reminder
                    .as_ref()
                    .map(|seconds| millis(&rendered(seconds, "reminder_seconds")?, "reminder_seconds"));
                let prompt = question(&rendered(prompt, "prompt")?)?;
                Wanted::Task { prompt, timeout_ms, reminder_ms: reminder.transpose()? }
            }
        })
    }
}

/// What a wait's expressions yield.
pub(super) enum Wanted {
    /// The machine's input.
    Wait(WaitInput),
    /// A question, whose text is still to be kept.
    Task { prompt: Value, timeout_ms: Option<u64>, reminder_ms: Option<u64> },
}

fn invalid(message: String) -> StepError {
    StepError::new(ErrorKind::InvalidInput, message)
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(100).collect()
}

/// Seconds, from 0 on, in milliseconds.
fn millis(value: &Value, key: &str) -> Result<u64, StepError> {
    let seconds = value.as_f64().filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
    let duration = seconds.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
    let millis = duration.and_then(|duration| u64::try_from(duration.as_millis()).ok());
    millis.ok_or_else(|| invalid(format!("its {key} is `{}`, not a number of seconds from 0 on", shown(value))))
}

fn instant(value: &Value) -> Result<Timestamp, StepError> {
    // A date alone is the beginning of a day nobody said where.
    let text = value.as_str().map(str::trim).filter(|text| text.len() > 10);
    text.and_then(Timestamp::parse).ok_or_else(|| {
        invalid(format!(
            "its until is `{}`, not an instant with its offset, as 2026-01-31T09:00:00+01:00",
            shown(value)
        ))
    })
}

fn name(value: &Value) -> Result<String, StepError> {
    let name = value.as_str().filter(|name| !name.is_empty() && name.len() <= 200);
    name.map(ToOwned::to_owned)
        .ok_or_else(|| invalid(format!("its event is `{}`, not a name of at most 200 characters", shown(value))))
}

fn question(value: &Value) -> Result<Value, StepError> {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let length = text.chars().count();
    if length > MAX_PROMPT {
        let message = format!("its prompt has {length} characters; a question has at most {MAX_PROMPT}");
        return Err(StepError::new(ErrorKind::LimitExceeded, message));
    }
    Ok(Value::String(text))
}

/// What a wait that is over leaves.
pub(super) fn left(node: &PlanStep, waiting: &Waiting, bodies: &Bodies) -> Result<Value, String> {
    let waited = |payload: Value| json!({"waited_seconds": waiting.waited().as_secs_f64(), "payload": payload});
    let woken = waiting.woken.as_ref().map(|(woken, _)| woken);
    Ok(match (&waiting.on, woken) {
        (Waits::Task { .. }, Some(Woken::Answer { answer, .. })) => (*bodies.value(answer)?).clone(),
        (Waits::Task { .. }, _) => {
            if let StepKind::HumanTask { default: Some(default), .. } = &node.kind {
                default.clone()
            } else {
                Value::Null
            }
        }
        (_, Some(Woken::Signal { payload, .. })) => waited((*bodies.value(payload)?).clone()),
        (_, _) => waited(Value::Null),
    })
}

#[cfg(test)]
mod tests {
    use super::{MAX_PROMPT, instant, millis, name, question};
    use crate::base::{ErrorKind, Timestamp};
    use serde_json::json;

    #[test]
    fn an_instant_has_its_offset() {
        let at = Timestamp::parse("2026-01-31T08:00:00Z").unwrap();
        assert_eq!(instant(&json!("2026-01-31T09:00:00+01:00")), Ok(at));
        for wrong in [json!("2026-01-31"), json!("2026-01-31T09:00:00"), json!("soon"), json!(7), json!(null)] {
            let error = instant(&wrong).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput);
            assert!(error.message.contains("not an instant with its offset"), "{}", error.message);
        }
    }

    #[test]
    fn seconds_are_a_number_from_0_on() {
        assert_eq!(millis(&json!(0), "seconds"), Ok(0));
        assert_eq!(millis(&json!(1.5), "seconds"), Ok(1_500));
        for wrong in [json!(-1), json!("5"), json!(1e12), json!(null)] {
            assert!(millis(&wrong, "seconds").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_question_is_text_of_a_length_that_can_be_read() {
        assert_eq!(question(&json!({"a": 1})), Ok(json!("{\"a\":1}")));
        assert_eq!(question(&json!("x".repeat(MAX_PROMPT + 1))).unwrap_err().kind, ErrorKind::LimitExceeded);
        assert!(name(&json!("")).is_err() && name(&json!("paid")).is_ok());
    }
}
