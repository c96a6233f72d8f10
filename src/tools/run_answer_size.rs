//! Keeps the answer of a run with many steps small. What is left out is told
//! and can be read; must not drop what somebody has to act on before what is done.

use serde::Serialize;
use serde_json::Value;

use super::run_answer::{RunAnswer, StepResult, preview, reference};
use crate::machine::StepStatus;

/// Bytes of an answer: the limit of one answer less room for the next steps.
const BUDGET: usize = 14_000;
/// What is shown of a result that gave way.
const PREVIEW_CHARS: usize = 80;

/// Puts references in place of results, the largest first, then leaves steps
/// out: first those that ended well, from the first on, then the others.
pub(super) fn shorten(answer: &mut RunAnswer) {
    let mut size = bytes(answer);
    if size <= BUDGET {
        return;
    }
    let mut inline: Vec<(usize, String)> =
        answer.step_results.iter().map(|(id, step)| (bytes(&step.result), id.clone())).collect();
    inline.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    for (before, id) in inline {
        let Some(step) = answer.step_results.get_mut(&id).filter(|step| step.result.get("read_with").is_none()) else {
            continue;
        };
        if size <= BUDGET {
            return;
        }
        let short = reference(&answer.workflow_id, &id, &preview(&step.result, PREVIEW_CHARS), before as u64);
        let after = bytes(&short);
        if after >= before {
            break;
        }
        step.result = short;
        size -= before - after;
    }
    let mut omitted = 0;
    for open in [false, true] {
        answer.step_results.retain(|id, step| {
            if size <= BUDGET || (is_open(step) != open) {
                return true;
            }
            size = size.saturating_sub(bytes(step) + id.len() + 4);
            omitted += 1;
            false
        });
    }
    if omitted > 0 {
        answer.steps_omitted = Some(answer.steps_omitted.unwrap_or(0) + omitted);
    }
}

/// Somebody may have to look at it.
fn is_open(step: &StepResult) -> bool {
    !matches!(step.status, StepStatus::Completed | StepStatus::Skipped | StepStatus::Pending)
}

/// Bytes of its JSON text; nothing of ours fails to be written.
fn bytes(value: &impl Serialize) -> usize {
    serde_json::to_value(value).map_or(0, |value: Value| value.to_string().len())
}
