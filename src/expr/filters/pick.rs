//! Filters that look into each item of a list: `map`, `select`, `sort`,
//! `groupby` and their like. Keys to sort by must be of one kind, and a key
//! that an item does not have is an error.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::list;
use crate::base::json::canonical;
use crate::expr::datum::{Datum, Members};
use crate::expr::error::{Fault, Problem};
use crate::expr::inputs::Inputs;
use crate::expr::meter::Meter;
use crate::expr::node::Operator;
use crate::expr::{operators, predicates};

/// What `a.b.0` is in an item, if it is there.
pub(in crate::expr) fn lookup<'a>(item: &'a Datum, path: &str) -> Option<&'a Datum> {
    path.split('.').try_fold(item, |at, key| match at {
        Datum::Map(members) => members.get(key),
        Datum::List(items) => items.get(key.parse::<usize>().ok()?),
        Datum::Null | Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) | Datum::Text(_) | Datum::Secret(_) => None,
    })
}

fn missing(place: usize, path: &str) -> Problem {
    Problem::new(Fault::Undefined, format!("item {place} has no `{path}`"))
        .hint(format!("keep only the items that have it: `|selectattr('{path}', 'defined')`"))
}

/// The value at a path of every item.
pub(in crate::expr) fn column(value: &Datum, path: &str) -> Result<Vec<Datum>, Problem> {
    let items = list::of(value)?;
    items
        .iter()
        .enumerate()
        .map(|(place, item)| lookup(item, path).cloned().ok_or_else(|| missing(place, path)))
        .collect()
}

pub(in crate::expr) fn attr(value: &Datum, inputs: &mut Inputs, _: &mut Meter) -> Result<Datum, Problem> {
    let path = inputs.need_text("name")?;
    lookup(value, &path).cloned().ok_or_else(|| Problem::new(Fault::Undefined, format!("there is no `{path}`")))
}

pub(in crate::expr) fn map(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let items = list::of(value)?;
    meter.write(items.len())?;
    if let Some(path) = inputs.take_named("attribute") {
        let Datum::Text(path) = path else {
            return Err(Problem::kind("the argument `attribute` must be a string"));
        };
        return match inputs.take_named("default") {
            None => Ok(Datum::list(column(value, &path)?)),
            Some(other) => {
                Ok(Datum::list(items.iter().map(|item| lookup(item, &path).unwrap_or(&other).clone()).collect()))
            }
        };
    }
    let name = inputs.need_text("filter")?;
    let filter = super::find(&name).ok_or_else(|| super::unknown(&name))?;
    let (positional, named) = (inputs.rest(), inputs.rest_named());
    let mapped = items.iter().map(|item| filter.apply(item, Inputs::new(positional.clone(), named.clone()), meter));
    Ok(Datum::list(mapped.collect::<Result<_, _>>()?))
}

pub(in crate::expr) fn select(
    value: &Datum,
    inputs: &mut Inputs,
    meter: &mut Meter,
    wanted: bool,
) -> Result<Datum, Problem> {
    let items = list::of(value)?;
    let test = Test::from(inputs)?;
    let mut kept = Vec::new();
    for item in items {
        if test.holds(Some(item), meter)? == Some(wanted) {
            kept.push(item.clone());
        }
    }
    Ok(Datum::list(kept))
}

pub(in crate::expr) fn select_by(
    value: &Datum,
    inputs: &mut Inputs,
    meter: &mut Meter,
    wanted: bool,
) -> Result<Datum, Problem> {
    let items = list::of(value)?;
    let path = inputs.need_text("attribute")?;
    let test = Test::from(inputs)?;
    let mut kept = Vec::new();
    for (place, item) in items.iter().enumerate() {
        match test.holds(lookup(item, &path), meter)? {
            None => return Err(missing(place, &path)),
            Some(held) if held == wanted => kept.push(item.clone()),
            Some(_) => {}
        }
    }
    Ok(Datum::list(kept))
}

/// The test of a `select`: truth, being there, or a named test with arguments.
enum Test {
    Truth,
    Defined(bool),
    Named(predicates::Predicate, Vec<Datum>),
}

impl Test {
    fn from(inputs: &mut Inputs) -> Result<Self, Problem> {
        let Some(name) = inputs.text("test")? else { return Ok(Self::Truth) };
        Ok(match &*name {
            "defined" => Self::Defined(true),
            "undefined" => Self::Defined(false),
            name => Self::Named(predicates::find(name).ok_or_else(|| predicates::unknown(name))?, inputs.rest()),
        })
    }

    /// `None` when the value is missing and the test needs it.
    fn holds(&self, value: Option<&Datum>, meter: &mut Meter) -> Result<Option<bool>, Problem> {
        meter.spend(1)?;
        match (self, value) {
            (Self::Defined(wanted), _) => Ok(Some(value.is_some() == *wanted)),
            (_, None) => Ok(None),
            (Self::Truth, Some(value)) => value.is_true().map(Some),
            (Self::Named(predicate, arguments), Some(value)) => {
                predicate.check(value, &mut Inputs::new(arguments.clone(), Vec::new()), meter).map(Some)
            }
        }
    }
}

/// Orders by keys; the first failed comparison is the answer.
fn sort_by_keys<T>(rows: &mut [(Vec<Datum>, T)], reverse: bool, meter: &mut Meter) -> Result<(), Problem> {
    // Comparisons number at most n log n; 64 levels bound the logarithm.
    meter.spend(rows.len().saturating_mul(20))?;
    if let Some((first, rest)) = rows.split_first() {
        // Every pair is of one kind when each is of the first one's kind; without
        // this a sort might not meet the pair that does not fit.
        for (keys, _) in rest {
            for (a, b) in first.0.iter().zip(keys) {
                a.order(b)?;
            }
        }
    }
    let mut problem = None;
    rows.sort_by(|(a, _), (b, _)| {
        let order = a.iter().zip(b).find_map(|(a, b)| match a.order(b) {
            Ok(Ordering::Equal) => None,
            Ok(order) => Some(order),
            Err(found) => {
                problem.get_or_insert(found);
                None
            }
        });
        let order = order.unwrap_or(Ordering::Equal);
        if reverse { order.reverse() } else { order }
    });
    problem.map_or(Ok(()), Err)
}

/// A key to compare by: letters' case is ignored unless asked for, as in Jinja.
fn folded(key: &Datum, case_sensitive: bool) -> Datum {
    match key {
        Datum::Text(text) if !case_sensitive => Datum::text(text.to_lowercase()),
        other => other.clone(),
    }
}

fn keys_of(item: &Datum, place: usize, paths: Option<&str>, case_sensitive: bool) -> Result<Vec<Datum>, Problem> {
    let Some(paths) = paths else { return Ok(vec![folded(item, case_sensitive)]) };
    paths
        .split(',')
        .map(str::trim)
        .map(|path| lookup(item, path).map(|key| folded(key, case_sensitive)).ok_or_else(|| missing(place, path)))
        .collect()
}

pub(in crate::expr) fn sort(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let (reverse, case_sensitive) = (inputs.flag("reverse")?, inputs.flag("case_sensitive")?);
    let attribute = inputs.text("attribute")?;
    let mut rows = list::of(value)?
        .iter()
        .enumerate()
        .map(|(place, item)| Ok((keys_of(item, place, attribute.as_deref(), case_sensitive)?, item.clone())))
        .collect::<Result<Vec<_>, Problem>>()?;
    sort_by_keys(&mut rows, reverse, meter)?;
    Ok(Datum::list(rows.into_iter().map(|(_, item)| item).collect()))
}

/// An object's pairs, sorted by key or by value.
pub(in crate::expr) fn dictsort(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let case_sensitive = inputs.flag("case_sensitive")?;
    let by_value = match inputs.text("by")?.as_deref() {
        None | Some("key") => false,
        Some("value") => true,
        Some(_) => return Err(Problem::value("the argument `by` is `key` or `value`")),
    };
    let reverse = inputs.flag("reverse")?;
    let Datum::Map(members) = value else {
        return Err(Problem::kind(format!("an object is needed here, not {}", value.kind())));
    };
    let mut rows: Vec<(Vec<Datum>, Datum)> = members
        .iter()
        .map(|(key, value)| {
            let by = if by_value { folded(value, case_sensitive) } else { folded(&Datum::text(key), case_sensitive) };
            (vec![by], Datum::list(vec![Datum::text(key), value.clone()]))
        })
        .collect();
    sort_by_keys(&mut rows, reverse, meter)?;
    Ok(Datum::list(rows.into_iter().map(|(_, pair)| pair).collect()))
}

/// `[{grouper, list}]`, sorted by the key.
pub(in crate::expr) fn groupby(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let path = inputs.need_text("attribute")?;
    let default = inputs.take("default");
    let case_sensitive = inputs.flag("case_sensitive")?;
    let mut rows = Vec::new();
    for (place, item) in list::of(value)?.iter().enumerate() {
        let key = lookup(item, &path).or(default.as_ref()).ok_or_else(|| missing(place, &path))?;
        rows.push((vec![folded(key, case_sensitive)], (key.clone(), item.clone())));
    }
    sort_by_keys(&mut rows, false, meter)?;
    let mut groups: Vec<(Datum, Datum, Vec<Datum>)> = Vec::new();
    for (mut keys, (key, item)) in rows {
        let folded = keys.pop().unwrap_or(Datum::Null);
        match groups.last_mut() {
            Some((last, _, items)) if last.equals(&folded) => items.push(item),
            _ => groups.push((folded, key, vec![item])),
        }
    }
    Ok(Datum::list(
        groups
            .into_iter()
            .map(|(_, grouper, items)| {
                Datum::map(Members::from_iter([
                    ("grouper".to_owned(), grouper),
                    ("list".to_owned(), Datum::list(items)),
                ]))
            })
            .collect(),
    ))
}

/// The first of equal items, in their order.
pub(in crate::expr) fn unique(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let case_sensitive = inputs.flag("case_sensitive")?;
    let attribute = inputs.text("attribute")?;
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for (place, item) in list::of(value)?.iter().enumerate() {
        let key = match &attribute {
            Some(path) => lookup(item, path).ok_or_else(|| missing(place, path))?,
            None => item,
        };
        if seen.insert(canonical(&folded(key, case_sensitive).to_json(meter)?)) {
            kept.push(item.clone());
        }
    }
    Ok(Datum::list(kept))
}

pub(in crate::expr) fn extreme(value: &Datum, inputs: &mut Inputs, largest: bool) -> Result<Datum, Problem> {
    let Some(path) = inputs.text("attribute")? else { return list::most(list::of(value)?, largest) };
    let keys = column(value, &path)?;
    let most = list::most(&keys, largest)?;
    let place = keys.iter().position(|key| key.equals(&most)).unwrap_or(0);
    list::of(value)?.get(place).cloned().ok_or_else(|| missing(place, &path))
}

/// Numbers only.
pub(in crate::expr) fn sum(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let attribute = inputs.text("attribute")?;
    let mut total = inputs.take("start").unwrap_or(Datum::Int(0));
    let items = match &attribute {
        Some(path) => column(value, path)?,
        None => list::of(value)?.to_vec(),
    };
    for item in &items {
        if !matches!((&total, item), (Datum::Int(_) | Datum::Float(_), Datum::Int(_) | Datum::Float(_))) {
            return Err(Problem::kind(format!("`sum` adds numbers, not {}", item.kind())));
        }
        total = operators::operate(Operator::Add, &total, item, meter)?;
    }
    Ok(total)
}
