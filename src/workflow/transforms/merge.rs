//! `merge {with, on}`: lists one after the other, objects laid over each
//! other, and with `on` a left join of two lists of objects.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Stop;
use super::item;
use super::read::Reading;
use super::transform::Translate;
use super::work::Work;
use crate::base::json::Object;
use crate::expr::{self, Template};
use crate::workflow::shape::Fields;

/// What is merged in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Merge<V> {
    with: V,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<String>,
}

impl Merge<Value> {
    pub(super) fn read<'n>(fields: &Fields<'n>, reading: &mut Reading<'_, 'n>) -> Option<Self> {
        Some(Self { with: reading.value(fields.get("with")?), on: fields.text("on").map(str::to_owned) })
    }
}

impl<V> Merge<V> {
    pub(super) fn translate<E, T: Translate<E, V>>(&self, with: &mut T) -> Result<Merge<T::Value>, T::Error> {
        Ok(Merge { with: with.value(&self.with)?, on: self.on.clone() })
    }
}

impl Merge<Template> {
    pub(super) fn apply(&self, input: Value, work: &mut Work<'_>) -> Result<Value, Stop> {
        let with = work.render(&self.with)?;
        if let Some(on) = &self.on {
            let left = item::list(input, "a merge with `on`")?;
            let right = item::list(with, "a merge with `on`").map_err(|stop| stop.within("`with`"))?;
            return join(left, &right, on, work).map(Value::Array);
        }
        match (input, with) {
            (Value::Array(mut items), Value::Array(more)) => {
                work.budget.spend(more.len())?;
                items.extend(more);
                Ok(Value::Array(items))
            }
            (Value::Object(mut members), Value::Object(more)) => {
                work.budget.spend(more.len())?;
                members.extend(more);
                Ok(Value::Object(members))
            }
            (input, with) => {
                let message = format!(
                    "a merge takes two lists or two objects, not {} and {}",
                    item::kind(&input),
                    item::kind(&with)
                );
                Err(Stop::new(message))
            }
        }
    }
}

/// Each item with the fields of every item of `right` that has the same value under `on`.
fn join(left: Vec<Value>, right: &[Value], on: &str, work: &mut Work<'_>) -> Result<Vec<Value>, Stop> {
    let mut partners: HashMap<String, Vec<&Object>> = HashMap::new();
    for (index, item) in right.iter().enumerate() {
        let key = key(item, on, index, work).map_err(|stop| stop.within("`with`"))?;
        if let (Some(key), Value::Object(members)) = (key, item) {
            partners.entry(key).or_default().push(members);
        }
    }
    let mut joined = Vec::with_capacity(left.len());
    for (index, item) in left.into_iter().enumerate() {
        let found = key(&item, on, index, work)?.and_then(|key| partners.get(&key));
        let Some((last, others)) = found.and_then(|found| found.split_last()) else {
            joined.push(item);
            continue;
        };
        for partner in others {
            let copy = work.budget.copy(&item)?;
            joined.push(laid_over(item::object(copy, index)?, partner, work)?);
        }
        joined.push(laid_over(item::object(item, index)?, last, work)?);
    }
    Ok(joined)
}

/// What equal values share; null equals nothing here.
fn key(item: &Value, on: &str, index: usize, work: &mut Work<'_>) -> Result<Option<String>, Stop> {
    let value = item::field(item, on, index)?;
    work.budget.spend(1)?;
    if value.is_null() {
        return Ok(None);
    }
    let mut key = String::new();
    expr::identity(value, &mut key);
    work.budget.read_text(&key)?;
    Ok(Some(key))
}

fn laid_over(mut item: Object, with: &Object, work: &mut Work<'_>) -> Result<Value, Stop> {
    for (name, value) in with {
        work.budget.make(name.len())?;
        item.insert(name.clone(), work.budget.copy(value)?);
    }
    Ok(Value::Object(item))
}
