//! Functions: what may stand before `(`. A new function is a line in [`ALL`].

use super::datum::{Datum, Members};
use super::error::{Fault, Problem, nearest};
use super::filters::{list, number};
use super::inputs::Inputs;
use super::meter::Meter;

type Run = fn(&mut Inputs, &mut Meter) -> Result<Datum, Problem>;

/// A function by name.
#[derive(Clone, Copy)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) run: Run,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

pub(super) const ALL: &[(&str, Run)] = &[
    ("len", |inputs, _| list::length(&inputs.need("value")?)),
    ("min", |inputs, meter| list::extreme(inputs, meter, false)),
    ("max", |inputs, meter| list::extreme(inputs, meter, true)),
    ("abs", |inputs, _| number::abs(&inputs.need("value")?)),
    ("int", |inputs, _| number::int(&inputs.need("value")?, inputs)),
    ("float", |inputs, _| number::float(&inputs.need("value")?, inputs)),
    ("str", |inputs, meter| Ok(Datum::Text(inputs.need("value")?.to_text(meter)?))),
    ("bool", |inputs, _| Ok(Datum::Bool(inputs.need("value")?.is_true()?))),
    ("round", |inputs, _| number::round_function(inputs)),
    ("range", range),
    ("dict", |inputs, _| {
        let mut members = Members::new();
        for (name, value) in inputs.rest_named() {
            members.insert(name.to_string(), value);
        }
        Ok(Datum::map(members))
    }),
];

pub(super) fn find(name: &str) -> Option<Function> {
    ALL.iter().find(|(own, _)| *own == name).map(|(name, run)| Function { name, run: *run })
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name)
}

pub(super) fn unknown(name: &str) -> Problem {
    Problem::new(Fault::Unknown, format!("there is no function `{name}`")).hint_if(nearest(name, names()))
}

fn range(inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let first = inputs.int("start")?.ok_or_else(|| Problem::kind("the argument `stop` is missing"))?;
    let (mut at, stop) = match inputs.int("stop")? {
        Some(stop) => (first, stop),
        None => (0, first),
    };
    let step = inputs.int("step")?.unwrap_or(1);
    if step == 0 {
        return Err(Problem::value("a range's step cannot be 0"));
    }
    let mut items = Vec::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        meter.write(16)?;
        items.push(Datum::int(at)?);
        at += step;
    }
    Ok(Datum::list(items))
}
