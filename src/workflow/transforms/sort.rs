//! `sort {by, descending}`: by a field, or by an expression over `item`.
//! Items that are equal keep their order. Only like kinds have an order, so a
//! key that is null, missing or of another kind is an error.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Stop;
use super::item;
use super::read::Reading;
use super::transform::Translate;
use super::work::Work;
use crate::expr::{self, Expression};
use crate::workflow::shape::{Fields, is_word};

/// What orders the items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sort<E> {
    by: E,
    #[serde(default)]
    descending: bool,
}

impl Sort<String> {
    pub(super) fn read<'n>(fields: &Fields<'n>, reading: &mut Reading<'_, 'n>) -> Option<Self> {
        let node = fields.get("by")?;
        let written = node.written()?;
        // A lone word is a field of the item; `item` is the item itself.
        let by = if is_word(&written) && written != "item" {
            format!("item['{written}']")
        } else {
            reading.expression(node)?
        };
        Some(Self { by, descending: fields.boolean("descending").unwrap_or(false) })
    }
}

impl<E> Sort<E> {
    pub(super) fn translate<V, T: Translate<E, V>>(&self, with: &mut T) -> Result<Sort<T::Expression>, T::Error> {
        Ok(Sort { by: with.expression(&self.by)?, descending: self.descending })
    }
}

impl Sort<Expression> {
    pub(super) fn apply(&self, input: Value, work: &mut Work<'_>) -> Result<Value, Stop> {
        let items = item::list(input, "a sort")?;
        // What comparing costs: each key about log2(n) times.
        let rounds = 1 + usize::try_from(items.len().checked_ilog2().unwrap_or(0)).unwrap_or(0);
        work.budget.spend(items.len().saturating_mul(rounds))?;
        let mut keyed = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let key = work.eval(&self.by, &item, index)?;
            work.budget.spend(key.as_str().map_or(0, |text| (text.len() / 64).saturating_mul(rounds)))?;
            keyed.push((key, item));
        }
        // Every key against the first one: then all have an order among each other.
        if let Some((first, _)) = keyed.first() {
            for (index, (key, _)) in keyed.iter().enumerate() {
                expr::order(first, key).map_err(|error| unordered(error).at(index))?;
            }
        }
        let mut failed = None;
        keyed.sort_by(|(one, _), (other, _)| {
            let (one, other) = if self.descending { (other, one) } else { (one, other) };
            expr::order(one, other).unwrap_or_else(|error| {
                failed = Some(error);
                std::cmp::Ordering::Equal
            })
        });
        match failed {
            Some(error) => Err(unordered(error)),
            None => Ok(Value::Array(keyed.into_iter().map(|(_, item)| item).collect())),
        }
    }
}

fn unordered(error: expr::ValueError) -> Stop {
    Stop::from(error)
        .hint("sort by numbers or by strings: a default for null, `int(...)` for the others, makes them alike")
}
