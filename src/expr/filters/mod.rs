//! Filters: what may stand after `|`. A new filter is a line in [`ALL`]; its
//! code goes to the file of what it works on. `|default` is in `eval`, because
//! it takes what is missing.

pub(super) mod list;
pub(super) mod number;
pub(super) mod pick;
pub(super) mod text;

use super::datum::Datum;
use super::error::{Fault, Problem, nearest};
use super::inputs::Inputs;
use super::meter::Meter;

type Run = fn(&Datum, &mut Inputs, &mut Meter) -> Result<Datum, Problem>;

/// A filter by name.
#[derive(Clone, Copy)]
pub(super) struct Filter {
    pub(super) name: &'static str,
    run: Run,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Filter {
    pub(super) fn apply(self, value: &Datum, mut inputs: Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
        value.refuse_secret("a filter")?;
        meter.spend(1)?;
        match value {
            Datum::List(items) => meter.spend(items.len())?,
            Datum::Map(members) => meter.spend(members.len())?,
            Datum::Text(text) => meter.spend_text(text.len())?,
            Datum::Null | Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) | Datum::Secret(_) => {}
        }
        let out = (self.run)(value, &mut inputs, meter)?;
        inputs.finish()?;
        Ok(out)
    }
}

pub(super) const ALL: &[(&str, Run)] = &[
    ("lower", |v, _, meter| text::change(v, meter, str::to_lowercase)),
    ("upper", |v, _, meter| text::change(v, meter, str::to_uppercase)),
    ("title", |v, _, meter| text::change(v, meter, text::title)),
    ("capitalize", |v, _, meter| text::change(v, meter, text::capitalize)),
    ("escape", |v, _, meter| text::change(v, meter, text::escape)),
    ("e", |v, _, meter| text::change(v, meter, text::escape)),
    ("urlencode", |v, _, meter| text::change(v, meter, text::urlencode)),
    ("trim", text::trim),
    ("replace", text::replace),
    ("split", text::split),
    ("lines", |v, _, meter| text::lines(v, meter)),
    ("indent", text::indent),
    ("format", text::printf),
    ("join", |v, inputs, meter| {
        let between = inputs.text("d")?.unwrap_or_default();
        let attribute = inputs.text("attribute")?;
        match attribute {
            None => text::join(v, &between, meter),
            Some(path) => text::join(&Datum::list(pick::column(v, &path)?), &between, meter),
        }
    }),
    ("string", |v, _, meter| Ok(Datum::Text(v.to_text(meter)?))),
    ("tojson", text::tojson),
    ("bool", |v, _, _| Ok(Datum::Bool(v.is_true()?))),
    ("abs", |v, _, _| number::abs(v)),
    ("int", |v, inputs, _| number::int(v, inputs)),
    ("float", |v, inputs, _| number::float(v, inputs)),
    ("round", |v, inputs, _| number::round_filter(v, inputs)),
    ("length", |v, _, _| list::length(v)),
    ("count", |v, _, _| list::length(v)),
    ("first", |v, _, _| list::end(v, false)),
    ("last", |v, _, _| list::end(v, true)),
    ("list", list::list),
    ("reverse", |v, _, meter| list::reverse(v, meter)),
    ("items", |v, _, meter| list::items(v, meter)),
    ("batch", list::batch),
    ("slice", list::slice),
    ("chain", list::chain),
    ("zip", list::zip),
    ("unique", pick::unique),
    ("sort", pick::sort),
    ("dictsort", pick::dictsort),
    ("groupby", pick::groupby),
    ("min", |v, inputs, _| pick::extreme(v, inputs, false)),
    ("max", |v, inputs, _| pick::extreme(v, inputs, true)),
    ("sum", pick::sum),
    ("attr", pick::attr),
    ("map", pick::map),
    ("select", |v, inputs, meter| pick::select(v, inputs, meter, true)),
    ("reject", |v, inputs, meter| pick::select(v, inputs, meter, false)),
    ("selectattr", |v, inputs, meter| pick::select_by(v, inputs, meter, true)),
    ("rejectattr", |v, inputs, meter| pick::select_by(v, inputs, meter, false)),
];

pub(super) fn find(name: &str) -> Option<Filter> {
    ALL.iter().find(|(own, _)| *own == name).map(|(name, run)| Filter { name, run: *run })
}

pub(super) fn unknown(name: &str) -> Problem {
    let names = ALL.iter().map(|(name, _)| *name).chain(["default", "d"]);
    Problem::new(Fault::Unknown, format!("there is no filter `{name}`")).hint_if(nearest(name, names))
}
