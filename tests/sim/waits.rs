//! Steps that wait, as a case has them: what they wait for, what their
//! expressions yield, which signals come.

use std::time::Duration;

use sequitur::base::Timestamp;
use sequitur::machine::{BodyRef, Evaluated, InputKind, StepPath, WaitInput};
use sequitur::workflow::plan::{StepKind, WaitFor};
use serde_json::json;

use crate::case::Case;
use crate::dice::Dice;

/// A signal: when, of which event, whether it is kept.
pub(crate) type Sent = (u64, &'static str, bool);

/// A step that waits. Where the naive interpreter is to know the outcome, for
/// what comes in any case.
pub(crate) fn kind(dice: &Dice, plain: bool) -> StepKind {
    // Numbers are milliseconds here.
    match dice.below(if plain { 3 } else { 6 }) {
        0 => StepKind::Wait(WaitFor::Seconds(json!(dice.below(20) * 100))),
        1 => StepKind::Wait(WaitFor::Until(json!(dice.pick(&[-5_000_i64, 300, 900, 1_500])))),
        2 | 3 => {
            let mut extra = serde_json::Map::new();
            if !plain && dice.percent(80) {
                extra.insert("escalate_to".to_owned(), json!("boss"));
            }
            if dice.percent(40) {
                extra.insert("reminder_seconds".to_owned(), json!(100 + dice.below(10) * 100));
            }
            StepKind::HumanTask {
                prompt: "?".into(),
                assignee: "human".into(),
                answer_schema: None,
                default: dice.percent(50).then(|| json!(true)),
                extra,
            }
        }
        _ => StepKind::Wait(WaitFor::Event(dice.pick(&["paid", "paid", "shipped"]).into())),
    }
}

/// Whether a step waits.
pub(crate) fn is_wait(kind: &StepKind) -> bool {
    matches!(kind, StepKind::Wait(_) | StepKind::HumanTask { .. })
}

/// The signals that come to a run.
pub(crate) fn signals(dice: &Dice) -> Vec<Sent> {
    let count = dice.pick(&[0, 0, 2, 6, 12]);
    let mut sent: Vec<Sent> = (0..count)
        .map(|_| (dice.below(30) * 100, dice.pick(&["paid", "paid", "shipped", "unheard"]), dice.percent(70)))
        .collect();
    sent.sort_unstable();
    sent
}

/// The signal of a number as the machine gets it.
pub(crate) fn input(number: usize, sent: Sent) -> InputKind {
    let (_, name, kept) = sent;
    InputKind::Signal { name: name.to_owned(), payload: BodyRef::of(&format!("signal {number}")), kept }
}

/// What a wait's expressions yield.
pub(crate) fn evaluate(case: &Case, path: &StepPath, start: Timestamp) -> Option<Evaluated> {
    let timeout_ms = case.tool(path).timeout_ms.filter(|_| !case.plain);
    Some(Evaluated::Wait(match &case.node(path).kind {
        StepKind::Wait(WaitFor::Seconds(ms)) => WaitInput::After { ms: ms.as_u64().expect("a number") },
        StepKind::Wait(WaitFor::Until(ms)) => WaitInput::At(Timestamp(start.0 + ms.as_i64().expect("a number"))),
        StepKind::Wait(WaitFor::Event(name)) => WaitInput::Event { name: name.clone(), timeout_ms },
        StepKind::HumanTask { extra, .. } => WaitInput::Task {
            prompt: BodyRef::of("\"?\""),
            timeout_ms: timeout_ms.or(extra.contains_key("escalate_to").then_some(200)),
            reminder_ms: extra.get("reminder_seconds").and_then(serde_json::Value::as_u64),
        },
        _ => return None,
    }))
}

/// When a question of a step is answered, if at all.
pub(crate) fn answered_after(case: &Case, path: &StepPath) -> Option<Duration> {
    case.tool(path).answer.map(|(after, _)| Duration::from_millis(after))
}
