//! Where a path begins: the names of the scope, and steps whose results are
//! read from their source only when a path goes into them.

use serde_json::{Value as Json, json};

use super::datum::no_secret;
use super::error::{Fault, Problem};
use super::eval::{Evaluation, Found, Looked, found};
use super::meter::Meter;
use super::node::Root;
use super::scope::Scope;
use super::walk::{Place, Step, shown};

impl Evaluation<'_> {
    /// A place in a step's result, which is read from its source only now.
    fn result_of<T>(
        &mut self,
        id: &str,
        name: &str,
        steps: &[Step],
        at: usize,
        read: impl Fn(Place<'_>, &mut Meter) -> Result<T, Problem>,
    ) -> Looked<T> {
        match self.scope.steps.result(id).map_err(|message| unread(id, &message).at(at))? {
            Some(result) => {
                found(Place::Json(&result).walk(name, steps).and_then(|place| read(place, &mut self.meter)), at)
            }
            None => Ok(Found::Missing(not_yet(id).at(at))),
        }
    }

    /// Finds the place a path names and reads it with `read`.
    pub(super) fn locate<T>(
        &mut self,
        root: &Root,
        steps: &[Step],
        at: usize,
        read: impl Fn(Place<'_>, &mut Meter) -> Result<T, Problem>,
    ) -> Looked<T> {
        let scope = self.scope;
        let mut through = |place: Place<'_>, name: &str, steps: &[Step]| {
            found(place.walk(name, steps).and_then(|place| read(place, &mut self.meter)), at)
        };
        let absent = |name: &str, when: &str| {
            let problem = Problem::new(Fault::Undefined, format!("`{name}` is not there: it is in scope {when}"));
            Ok(Found::Missing(problem.at(at)))
        };
        match root {
            Root::Params => through(Place::Object(scope.params), "params", steps),
            Root::Context => through(Place::Object(scope.context), "context", steps),
            Root::Result => match scope.result {
                Some(result) => through(Place::Json(result), "result", steps),
                None => absent("result", "in a step's exports, transforms and compensate"),
            },
            Root::Item => match scope.items.last() {
                Some((_, item)) => through(Place::Json(item), "item", steps),
                None => absent("item", "inside a loop or transform"),
            },
            Root::NamedItem(name) => match scope.named_item(name) {
                Some(item) => through(Place::Json(item), name, steps),
                None => absent(name, "inside its loop"),
            },
            Root::Index => match scope.index {
                Some(index) => through(Place::Json(&json!(index)), "index", steps),
                None => absent("index", "inside a loop or transform"),
            },
            Root::Error => match scope.error {
                Some(error) => through(Place::Json(error), "error", steps),
                None => absent("error", "in error handlers"),
            },
            Root::Run => match scope.run {
                Some(run) => {
                    let run = json!({"id": run.id, "name": run.name, "started_at": run.started_at});
                    through(Place::Json(&run), "run", steps)
                }
                None => absent("run", "while a run goes on"),
            },
            Root::Secrets => Err(no_secret("a key").at(at)),
            Root::StepResult(id) => {
                // The documents' `step.success`: the result's own, else whether the step completed.
                if let [Step::Name(name)] = steps
                    && &**name == "success"
                    && let Some(step) = scope.steps.step(id)
                {
                    let own = scope.steps.result(id).map_err(|message| unread(id, &message).at(at))?;
                    let own = own.as_ref().and_then(|result| result.get("success").cloned());
                    return through(Place::Json(&own.unwrap_or(Json::Bool(step.success))), id, &[]);
                }
                let looked = self.result_of(id, id, steps, at, read)?;
                Ok(own_result(looked, id, steps))
            }
            Root::Results => {
                if let Some((Step::Name(id), rest)) = steps.split_first() {
                    return self.result_of(id, &shown("results", &steps[..1]), rest, at, read);
                }
                let all = every_step(scope, false, &mut self.meter).map_err(|problem| problem.at(at))?;
                found(Place::Json(&all).walk("results", steps).and_then(|place| read(place, &mut self.meter)), at)
            }
            Root::Steps => match steps {
                [Step::Name(id), Step::Name(field), rest @ ..] if &**field == "result" => {
                    self.result_of(id, &shown("steps", &steps[..2]), rest, at, read)
                }
                [Step::Name(id), rest @ ..] => match scope.steps.step(id) {
                    Some(_) => {
                        let view = one_step(scope, id, rest.is_empty(), &mut self.meter);
                        let view = view.map_err(|problem| problem.at(at))?;
                        let name = shown("steps", &steps[..1]);
                        found(Place::Json(&view).walk(&name, rest).and_then(|place| read(place, &mut self.meter)), at)
                    }
                    None => Ok(Found::Missing(not_yet(id).at(at))),
                },
                _ => {
                    let all = every_step(scope, true, &mut self.meter).map_err(|problem| problem.at(at))?;
                    found(Place::Json(&all).walk("steps", steps).and_then(|place| read(place, &mut self.meter)), at)
                }
            },
        }
    }
}

fn not_yet(id: &str) -> Problem {
    Problem::new(Fault::Undefined, format!("step `{id}` has no result yet"))
        .hint("list it in `depends_on`, or use `|default(...)`")
}

fn unread(id: &str, message: &str) -> Problem {
    Problem::new(Fault::Source, format!("the result of step `{id}` cannot be read: {message}"))
}

/// `fetch.result.x` is a habit from other dialects.
fn own_result<T>(found: Found<T>, id: &str, steps: &[Step]) -> Found<T> {
    match (found, steps) {
        (Found::Missing(mut failure), [Step::Name(first), rest @ ..]) if &**first == "result" => {
            failure.problem = failure.problem.hint(format!("`{id}` is the step's result: write `{}`", shown(id, rest)));
            Found::Missing(failure)
        }
        (found, _) => found,
    }
}

fn one_step(scope: &Scope<'_>, id: &str, with_result: bool, meter: &mut Meter) -> Result<Json, Problem> {
    let view = scope.steps.step(id).unwrap_or_default();
    let mut step = json!({
        "status": view.status,
        "success": view.success,
        "error": view.error,
        "duration_seconds": view.duration_seconds,
    });
    if with_result {
        step["result"] = whole_result(scope, id, meter)?;
    }
    Ok(step)
}

/// A copy, charged for before it is made: a run's results may be larger than memory.
fn whole_result(scope: &Scope<'_>, id: &str, meter: &mut Meter) -> Result<Json, Problem> {
    let result = scope.steps.result(id).map_err(|message| unread(id, &message))?;
    result.map_or(Ok(Json::Null), |result| Place::Json(&result).json(meter))
}

/// `steps` or `results` as a whole.
fn every_step(scope: &Scope<'_>, views: bool, meter: &mut Meter) -> Result<Json, Problem> {
    let mut all = serde_json::Map::new();
    for id in scope.steps.finished() {
        let value = if views { one_step(scope, &id, true, meter)? } else { whole_result(scope, &id, meter)? };
        all.insert(id, value);
    }
    Ok(Json::Object(all))
}
