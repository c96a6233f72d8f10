//! Tests: what may stand after `is`, and in `select('...')`. A new test is a
//! line in [`ALL`]. `is defined` and `is undefined` are in `eval`, because
//! only they take what is missing.

use super::datum::Datum;
use super::error::{Fault, Problem, nearest};
use super::inputs::Inputs;
use super::meter::Meter;
use super::node::Comparison;
use super::operators;

type Run = fn(&Datum, &mut Inputs, &mut Meter) -> Result<bool, Problem>;

/// A test by name.
#[derive(Clone, Copy)]
pub(super) struct Predicate {
    pub(super) name: &'static str,
    pub(super) run: Run,
}

impl std::fmt::Debug for Predicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Predicate {
    pub(super) fn check(self, value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<bool, Problem> {
        value.refuse_secret("a test")?;
        meter.spend(1)?;
        let holds = (self.run)(value, inputs, meter)?;
        inputs.finish()?;
        Ok(holds)
    }
}

pub(super) const ALL: &[(&str, Run)] = &[
    ("none", |v, _, _| Ok(matches!(v, Datum::Null))),
    ("boolean", |v, _, _| Ok(matches!(v, Datum::Bool(_)))),
    ("true", |v, _, _| Ok(matches!(v, Datum::Bool(true)))),
    ("false", |v, _, _| Ok(matches!(v, Datum::Bool(false)))),
    ("number", |v, _, _| Ok(matches!(v, Datum::Int(_) | Datum::Float(_)))),
    ("integer", |v, _, _| Ok(matches!(v, Datum::Int(_)))),
    ("int", |v, _, _| Ok(matches!(v, Datum::Int(_)))),
    ("float", |v, _, _| Ok(matches!(v, Datum::Float(_)))),
    ("string", |v, _, _| Ok(matches!(v, Datum::Text(_)))),
    ("sequence", |v, _, _| Ok(matches!(v, Datum::List(_)))),
    ("iterable", |v, _, _| Ok(matches!(v, Datum::List(_) | Datum::Map(_) | Datum::Text(_)))),
    ("mapping", |v, _, _| Ok(matches!(v, Datum::Map(_)))),
    ("odd", |v, _, _| Ok(whole(v)? % 2 != 0)),
    ("even", |v, _, _| Ok(whole(v)? % 2 == 0)),
    ("divisibleby", |v, inputs, _| {
        let by = whole(&inputs.need("num")?)?;
        if by == 0 { Err(Problem::value("division by zero")) } else { Ok(whole(v)? % by == 0) }
    }),
    ("startingwith", |v, inputs, _| Ok(text(v)?.starts_with(&*inputs.need_text("other")?))),
    ("endingwith", |v, inputs, _| Ok(text(v)?.ends_with(&*inputs.need_text("other")?))),
    ("lower", |v, _, _| Ok(text(v)?.chars().all(|letter| !letter.is_uppercase()))),
    ("upper", |v, _, _| Ok(text(v)?.chars().all(|letter| !letter.is_lowercase()))),
    ("sameas", |v, inputs, meter| compare(Comparison::Equal, v, inputs, meter)),
    ("eq", |v, inputs, meter| compare(Comparison::Equal, v, inputs, meter)),
    ("equalto", |v, inputs, meter| compare(Comparison::Equal, v, inputs, meter)),
    ("==", |v, inputs, meter| compare(Comparison::Equal, v, inputs, meter)),
    ("ne", |v, inputs, meter| compare(Comparison::NotEqual, v, inputs, meter)),
    ("!=", |v, inputs, meter| compare(Comparison::NotEqual, v, inputs, meter)),
    ("lt", |v, inputs, meter| compare(Comparison::Less, v, inputs, meter)),
    ("lessthan", |v, inputs, meter| compare(Comparison::Less, v, inputs, meter)),
    ("<", |v, inputs, meter| compare(Comparison::Less, v, inputs, meter)),
    ("le", |v, inputs, meter| compare(Comparison::LessOrEqual, v, inputs, meter)),
    ("<=", |v, inputs, meter| compare(Comparison::LessOrEqual, v, inputs, meter)),
    ("gt", |v, inputs, meter| compare(Comparison::Greater, v, inputs, meter)),
    ("greaterthan", |v, inputs, meter| compare(Comparison::Greater, v, inputs, meter)),
    (">", |v, inputs, meter| compare(Comparison::Greater, v, inputs, meter)),
    ("ge", |v, inputs, meter| compare(Comparison::GreaterOrEqual, v, inputs, meter)),
    (">=", |v, inputs, meter| compare(Comparison::GreaterOrEqual, v, inputs, meter)),
    ("in", |v, inputs, meter| compare(Comparison::In, v, inputs, meter)),
];

pub(super) fn find(name: &str) -> Option<Predicate> {
    ALL.iter().find(|(own, _)| *own == name).map(|(name, run)| Predicate { name, run: *run })
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name).chain(["defined", "undefined"])
}

pub(super) fn unknown(name: &str) -> Problem {
    Problem::new(Fault::Unknown, format!("there is no test `{name}`")).hint_if(nearest(name, names()))
}

fn compare(comparison: Comparison, value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<bool, Problem> {
    let other = inputs.need("other")?;
    operators::compare(comparison, value, &other, meter)
}

fn whole(value: &Datum) -> Result<i128, Problem> {
    match value {
        Datum::Int(value) => Ok(*value),
        other => Err(Problem::kind(format!("the test takes a whole number, not {}", other.kind()))),
    }
}

fn text(value: &Datum) -> Result<&str, Problem> {
    match value {
        Datum::Text(text) => Ok(text),
        other => Err(Problem::kind(format!("the test takes a string, not {}", other.kind()))),
    }
}
