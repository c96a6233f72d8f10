//! `filter {where}`: the items for which an expression holds. Also the source
//! documents' `criteria`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::criteria::Criteria;
use super::error::Stop;
use super::item;
use super::read::Reading;
use super::transform::Translate;
use super::work::Work;
use crate::expr::{Expression, Template};
use crate::workflow::shape::Fields;

/// Which items are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Filter<E, V> {
    /// Those for which an expression over `item` holds.
    Where {
        /// It.
        #[serde(rename = "where")]
        holds: E,
    },
    /// Those whose fields satisfy conditions.
    Criteria {
        /// They.
        criteria: Criteria<V>,
    },
}

impl Filter<String, Value> {
    pub(super) fn read<'n>(fields: &Fields<'n>, reading: &mut Reading<'_, 'n>) -> Option<Self> {
        Some(match reading.one_of(fields, "a filter", ("where", "criteria"))? {
            ("where", node) => Self::Where { holds: reading.expression(node)? },
            (_, node) => Self::Criteria { criteria: Criteria::read(node, reading)? },
        })
    }
}

impl<E, V> Filter<E, V> {
    pub(super) fn translate<T: Translate<E, V>>(
        &self,
        with: &mut T,
    ) -> Result<Filter<T::Expression, T::Value>, T::Error> {
        Ok(match self {
            Self::Where { holds } => Filter::Where { holds: with.expression(holds)? },
            Self::Criteria { criteria } => Filter::Criteria { criteria: criteria.translate(with)? },
        })
    }
}

impl Filter<Expression, Template> {
    pub(super) fn apply(&self, input: Value, work: &mut Work<'_>) -> Result<Value, Stop> {
        let items = item::list(input, "a filter")?;
        work.budget.spend(items.len())?;
        let mut kept = Vec::new();
        match self {
            Self::Where { holds } => {
                for (index, item) in items.into_iter().enumerate() {
                    if work.holds(holds, &item, index)? {
                        kept.push(item);
                    }
                }
            }
            Self::Criteria { criteria } => {
                let criteria = criteria.prepare(work)?;
                for (index, item) in items.into_iter().enumerate() {
                    if criteria.hold(&item, index, work)? {
                        kept.push(item);
                    }
                }
            }
        }
        Ok(Value::Array(kept))
    }
}
