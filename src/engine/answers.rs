//! What an answer that came through the inbox means to the machine.

use std::sync::Arc;

use serde_json::Value;

use super::bodies::Bodies;
use super::compiled::Compiled;
use super::evaluate::{View, keep_all};
use super::inbox::Answer;
use crate::machine::{Answered, State};

/// Reads an answer to `task`; none when it is one that this version cannot read.
pub(super) fn read(
    state: &State,
    bodies: &mut Bodies,
    compiled: &Compiled,
    task: &str,
    answer: Value,
) -> Option<Answered> {
    let path = state.tasks.get(task).map(|open| &open.path);
    if path.is_some_and(|path| state.waiting_step(path).is_some()) {
        return Some(Answered::Given { answer: bodies.put(&Arc::new(answer)) });
    }
    let answer = serde_json::from_value::<Answer>(answer);
    Some(match answer.inspect_err(|error| tracing::error!(task, %error, "an answer cannot be read")).ok()? {
        Answer::Retry => Answered::Retry,
        Answer::Fail => Answered::Fail,
        Answer::Done { result } => done(state, bodies, compiled, task, result),
    })
}

/// A result that a person gave, with what the step exports from it. Exports
/// that do not fit it are left out: the person said that it is done.
fn done(state: &State, bodies: &mut Bodies, compiled: &Compiled, task: &str, result: Value) -> Answered {
    let result = Arc::new(result);
    let path = state.tasks.get(task).map(|open| open.path.clone());
    let exports = path.and_then(|path| {
        let view = View::new(state, bodies, compiled, Some(&path)).ok()?;
        let exports = view.tool_exports(&result).and_then(|mut exports| {
            exports.extend(view.exports(&result)?);
            Ok(exports)
        });
        exports.inspect_err(|error| tracing::warn!(%path, error = error.message, "exports of a given result")).ok()
    });
    let exports = keep_all(exports.unwrap_or_default(), bodies);
    Answered::Done { result: bodies.put(&result), exports }
}
