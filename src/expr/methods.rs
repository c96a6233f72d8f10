//! Methods of strings, lists and objects, named as in Python, for templates
//! written with Jinja in mind. `.get` is in `eval`, because it reads a path.

use super::datum::Datum;
use super::error::{Fault, Problem, nearest};
use super::filters::{list, text};
use super::inputs::Inputs;
use super::meter::Meter;

type Run = fn(&Datum, &mut Inputs, &mut Meter) -> Result<Datum, Problem>;

/// A method by name.
#[derive(Clone, Copy)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) run: Run,
}

impl std::fmt::Debug for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

pub(super) const ALL: &[(&str, Run)] = &[
    ("keys", |v, _, meter| list::keys(v, meter)),
    ("values", |v, _, meter| list::values(v, meter)),
    ("items", |v, _, meter| list::items(v, meter)),
    ("lower", |v, _, meter| text::change(v, meter, str::to_lowercase)),
    ("upper", |v, _, meter| text::change(v, meter, str::to_uppercase)),
    ("title", |v, _, meter| text::change(v, meter, text::title)),
    ("capitalize", |v, _, meter| text::change(v, meter, text::capitalize)),
    ("strip", text::trim),
    ("lstrip", text::trim_start),
    ("rstrip", text::trim_end),
    ("replace", text::replace),
    ("split", text::split),
    ("splitlines", |v, _, meter| text::lines(v, meter)),
    ("join", |v, inputs, meter| {
        let items = inputs.need("items")?;
        text::join(&items, text::of(v)?, meter)
    }),
    ("format", text::str_format),
    ("startswith", |v, inputs, _| Ok(Datum::Bool(text::of(v)?.starts_with(&*inputs.need_text("prefix")?)))),
    ("endswith", |v, inputs, _| Ok(Datum::Bool(text::of(v)?.ends_with(&*inputs.need_text("suffix")?)))),
    ("find", |v, inputs, _| {
        let (own, part) = (text::of(v)?, inputs.need_text("part")?);
        Ok(own.find(&*part).map_or(Datum::Int(-1), |at| Datum::count(own[..at].chars().count())))
    }),
    ("count", |v, inputs, meter| {
        let part = inputs.need("part")?;
        list::occurrences(v, &part, meter)
    }),
    ("isdigit", |v, _, _| all(v, char::is_numeric)),
    ("isnumeric", |v, _, _| all(v, char::is_numeric)),
    ("isalpha", |v, _, _| all(v, char::is_alphabetic)),
    ("isalnum", |v, _, _| all(v, char::is_alphanumeric)),
];

pub(super) fn find(name: &str) -> Option<Method> {
    ALL.iter().find(|(own, _)| *own == name).map(|(name, run)| Method { name, run: *run })
}

pub(super) fn unknown(name: &str) -> Problem {
    let names = ALL.iter().map(|(name, _)| *name).chain(["get"]);
    Problem::new(Fault::Unknown, format!("there is no method `.{name}()`")).hint_if(nearest(name, names))
}

fn all(value: &Datum, holds: fn(char) -> bool) -> Result<Datum, Problem> {
    let text = text::of(value)?;
    Ok(Datum::Bool(!text.is_empty() && text.chars().all(holds)))
}
