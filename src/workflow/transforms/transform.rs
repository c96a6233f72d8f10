//! A transform as the plan has it, and the one way through its expressions:
//! lowering and compiling are the same walk.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::aggregate::Aggregate;
use super::filter::Filter;
use super::flatten::Flatten;
use super::limit::Limit;
use super::map::Map;
use super::merge::Merge;
use super::select::Select;
use super::sort::Sort;
use crate::expr::{self, Known};

/// One transform. `E` are its expressions (text in a plan), `V` its values that may hold some.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Transform<E = String, V = Value> {
    /// Keeps the items for which something holds.
    Filter(Filter<E, V>),
    /// Makes something else of each item.
    Map(Map<E>),
    /// Keeps some fields of each item.
    Select(Select),
    /// Orders the items.
    Sort(Sort<E>),
    /// Keeps a stretch of the items.
    Limit(Limit<V>),
    /// Makes one list of the lists in the items.
    Flatten(Flatten),
    /// Adds another list or object.
    Merge(Merge<V>),
    /// Figures over all items, or over groups of them.
    Aggregate(Aggregate),
}

/// From one form of expressions and values to another.
pub(super) trait Translate<E, V> {
    type Expression;
    type Value;
    type Error;

    fn expression(&mut self, expression: &E) -> Result<Self::Expression, Self::Error>;
    fn value(&mut self, value: &V) -> Result<Self::Value, Self::Error>;
}

impl<E, V> Transform<E, V> {
    /// The word under `type`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Filter(_) => "filter",
            Self::Map(_) => "map",
            Self::Select(_) => "select",
            Self::Sort(_) => "sort",
            Self::Limit(_) => "limit",
            Self::Flatten(_) => "flatten",
            Self::Merge(_) => "merge",
            Self::Aggregate(_) => "aggregate",
        }
    }

    pub(super) fn translate<T: Translate<E, V>>(
        &self,
        with: &mut T,
    ) -> Result<Transform<T::Expression, T::Value>, T::Error> {
        Ok(match self {
            Self::Filter(filter) => Transform::Filter(filter.translate(with)?),
            Self::Map(map) => Transform::Map(map.translate(with)?),
            Self::Select(select) => Transform::Select(select.clone()),
            Self::Sort(sort) => Transform::Sort(sort.translate(with)?),
            Self::Limit(limit) => Transform::Limit(limit.translate(with)?),
            Self::Flatten(flatten) => Transform::Flatten(flatten.clone()),
            Self::Merge(merge) => Transform::Merge(merge.translate(with)?),
            Self::Aggregate(aggregate) => Transform::Aggregate(aggregate.clone()),
        })
    }
}

/// Into the one language.
struct Lowering<'k>(&'k Known);

impl Translate<String, Value> for Lowering<'_> {
    type Expression = String;
    type Value = Value;
    type Error = Infallible;

    fn expression(&mut self, expression: &String) -> Result<String, Infallible> {
        Ok(expr::lower(expression, self.0))
    }

    fn value(&mut self, value: &Value) -> Result<Value, Infallible> {
        Ok(expr::lower_value(value, self.0))
    }
}

/// Brings every expression of a transform into the one language.
pub(crate) fn lower(transform: &mut Transform, known: &Known) {
    match transform.translate(&mut Lowering(known)) {
        Ok(lowered) => *transform = lowered,
        Err(never) => match never {},
    }
}
