//! Filters, functions and methods on lists and objects as wholes.

use crate::expr::datum::Datum;
use crate::expr::error::{Fault, Problem};
use crate::expr::inputs::Inputs;
use crate::expr::meter::Meter;

pub(in crate::expr) fn of(value: &Datum) -> Result<&[Datum], Problem> {
    match value {
        Datum::List(items) => Ok(items),
        other => Err(Problem::kind(format!("a list is needed here, not {}", other.kind()))),
    }
}

pub(in crate::expr) fn length(value: &Datum) -> Result<Datum, Problem> {
    match value {
        Datum::List(items) => Ok(Datum::count(items.len())),
        Datum::Map(members) => Ok(Datum::count(members.len())),
        Datum::Text(text) => Ok(Datum::count(text.chars().count())),
        other => Err(Problem::kind(format!("{} has no length", other.kind()))),
    }
}

pub(in crate::expr) fn end(value: &Datum, last: bool) -> Result<Datum, Problem> {
    let nothing = || Problem::new(Fault::Undefined, "the list is empty").hint("give a default: `x|first|default(...)`");
    match value {
        Datum::List(items) => (if last { items.last() } else { items.first() }).cloned().ok_or_else(nothing),
        Datum::Text(text) => {
            let letter = if last { text.chars().next_back() } else { text.chars().next() };
            letter.map(|letter| Datum::text(letter.to_string())).ok_or_else(nothing)
        }
        other => Err(Problem::kind(format!("a list or a string is needed here, not {}", other.kind()))),
    }
}

/// A list of a list's items, a string's characters or an object's keys.
pub(in crate::expr) fn list(value: &Datum, _: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    match value {
        Datum::List(_) => Ok(value.clone()),
        Datum::Text(text) => {
            meter.write(text.len())?;
            meter.spend(text.len())?;
            Ok(Datum::list(text.chars().map(|letter| Datum::text(letter.to_string())).collect()))
        }
        Datum::Map(_) => keys(value, meter),
        other => Err(Problem::kind(format!("`list` does not take {}", other.kind()))),
    }
}

pub(in crate::expr) fn reverse(value: &Datum, meter: &mut Meter) -> Result<Datum, Problem> {
    match value {
        Datum::List(items) => {
            meter.write(items.len())?;
            Ok(Datum::list(items.iter().rev().cloned().collect()))
        }
        Datum::Text(text) => {
            meter.write(text.len())?;
            Ok(Datum::text(text.chars().rev().collect::<String>()))
        }
        other => Err(Problem::kind(format!("`reverse` does not take {}", other.kind()))),
    }
}

fn pairs<T>(value: &Datum, meter: &mut Meter, by: impl Fn(&String, &Datum) -> T) -> Result<Vec<T>, Problem> {
    match value {
        Datum::Map(members) => {
            meter.write(members.len())?;
            Ok(members.iter().map(|(key, value)| by(key, value)).collect())
        }
        other => Err(Problem::kind(format!("an object is needed here, not {}", other.kind()))),
    }
}

pub(in crate::expr) fn items(value: &Datum, meter: &mut Meter) -> Result<Datum, Problem> {
    Ok(Datum::list(pairs(value, meter, |key, value| Datum::list(vec![Datum::text(key), value.clone()]))?))
}

pub(in crate::expr) fn keys(value: &Datum, meter: &mut Meter) -> Result<Datum, Problem> {
    Ok(Datum::list(pairs(value, meter, |key, _| Datum::text(key))?))
}

pub(in crate::expr) fn values(value: &Datum, meter: &mut Meter) -> Result<Datum, Problem> {
    Ok(Datum::list(pairs(value, meter, |_, value| value.clone())?))
}

/// Rows of `count` items, the last one filled up when there is a filler.
pub(in crate::expr) fn batch(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let items = of(value)?;
    let count = inputs.count("linecount", 1)?.ok_or_else(|| Problem::kind("the argument `linecount` is missing"))?;
    let filler = inputs.take("fill_with");
    let mut rows: Vec<Vec<Datum>> = items.chunks(count).map(<[Datum]>::to_vec).collect();
    if let (Some(filler), Some(last)) = (filler, rows.last_mut()) {
        meter.write(count)?;
        last.resize(count, filler);
    }
    Ok(Datum::list(rows.into_iter().map(Datum::list).collect()))
}

/// `count` columns of nearly equal length.
pub(in crate::expr) fn slice(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let items = of(value)?;
    let count = inputs.count("slices", 1)?.ok_or_else(|| Problem::kind("the argument `slices` is missing"))?;
    let filler = inputs.take("fill_with");
    meter.write(count)?;
    let (each, extra) = (items.len() / count, items.len() % count);
    let mut columns = Vec::with_capacity(count);
    let mut rest = items;
    for place in 0..count {
        let (column, after) = rest.split_at(each + usize::from(place < extra));
        rest = after;
        let mut column = column.to_vec();
        if let Some(filler) = &filler
            && extra > 0
            && place >= extra
        {
            column.push(filler.clone());
        }
        columns.push(Datum::list(column));
    }
    Ok(Datum::list(columns))
}

/// Lists one after the other, or objects merged, later ones over earlier ones.
pub(in crate::expr) fn chain(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let others = inputs.rest();
    if let Datum::Map(members) = value {
        let mut members = (**members).clone();
        for other in others {
            let Datum::Map(more) = other else {
                return Err(Problem::kind(format!("an object cannot be chained with {}", other.kind())));
            };
            meter.write(more.len())?;
            members.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        return Ok(Datum::map(members));
    }
    let mut items = of(value)?.to_vec();
    for other in others {
        let more = of(&other)?;
        meter.write(more.len())?;
        items.extend_from_slice(more);
    }
    Ok(Datum::list(items))
}

/// Rows of one item of each list, as many as the shortest has.
pub(in crate::expr) fn zip(value: &Datum, inputs: &mut Inputs, meter: &mut Meter) -> Result<Datum, Problem> {
    let others = inputs.rest();
    let mut lists = vec![of(value)?];
    for other in &others {
        lists.push(of(other)?);
    }
    let shortest = lists.iter().map(|list| list.len()).min().unwrap_or(0);
    meter.write(shortest.saturating_mul(lists.len()))?;
    Ok(Datum::list(
        (0..shortest)
            .map(|place| Datum::list(lists.iter().filter_map(|list| list.get(place).cloned()).collect()))
            .collect(),
    ))
}

/// How often a part is in a text, or an item in a list.
pub(in crate::expr) fn occurrences(value: &Datum, part: &Datum, meter: &mut Meter) -> Result<Datum, Problem> {
    match (value, part) {
        (Datum::List(items), _) => {
            meter.spend(items.len())?;
            Ok(Datum::count(items.iter().filter(|item| item.equals(part)).count()))
        }
        (Datum::Text(text), Datum::Text(part)) if !part.is_empty() => {
            meter.spend_text(text.len())?;
            Ok(Datum::count(text.matches(&**part).count()))
        }
        _ => Err(Problem::kind(format!("`.count()` does not look for {} in {}", part.kind(), value.kind()))),
    }
}

/// The functions `min` and `max`: of a list, or of their arguments.
pub(in crate::expr) fn extreme(inputs: &mut Inputs, meter: &mut Meter, largest: bool) -> Result<Datum, Problem> {
    let mut values = inputs.rest();
    meter.spend(values.len())?;
    if let [Datum::List(items)] = values.as_slice() {
        let items = std::sync::Arc::clone(items);
        meter.spend(items.len())?;
        return most(&items, largest);
    }
    if values.len() == 1
        && let Some(only) = values.pop()
    {
        return Err(Problem::kind(format!("a list or several values are needed here, not {}", only.kind())));
    }
    most(&values, largest)
}

/// The least or greatest item; all must be numbers, or all strings.
pub(in crate::expr) fn most(items: &[Datum], largest: bool) -> Result<Datum, Problem> {
    let Some(mut found) = items.first() else {
        return Err(Problem::new(Fault::Undefined, "the list is empty, it has no least and no greatest item"));
    };
    found.order(found)?;
    for item in &items[1..] {
        let order = item.order(found)?;
        if if largest { order.is_gt() } else { order.is_lt() } {
            found = item;
        }
    }
    Ok(found.clone())
}
