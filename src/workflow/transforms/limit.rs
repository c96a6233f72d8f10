//! `limit {count, offset}`: so many items, after leaving off some.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Stop;
use super::item;
use super::read::Reading;
use super::transform::Translate;
use super::work::Work;
use crate::expr::Template;
use crate::workflow::problem::Code;
use crate::workflow::shape::Fields;

/// Which stretch is kept: numbers, or expressions that yield them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit<V> {
    count: V,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<V>,
}

impl Limit<Value> {
    pub(super) fn read<'n>(fields: &Fields<'n>, reading: &mut Reading<'_, 'n>) -> Option<Self> {
        let mut number = |key| {
            let node = fields.get(key)?;
            if node.number().is_some_and(|number| number.fract() != 0.0) {
                reading.tell(Code::WrongType, node, "expected a whole number");
            }
            Some(reading.value(node))
        };
        let (count, offset) = (number("count"), number("offset"));
        Some(Self { count: count?, offset })
    }
}

impl<V> Limit<V> {
    pub(super) fn translate<E, T: Translate<E, V>>(&self, with: &mut T) -> Result<Limit<T::Value>, T::Error> {
        let offset = self.offset.as_ref().map(|offset| with.value(offset)).transpose()?;
        Ok(Limit { count: with.value(&self.count)?, offset })
    }
}

impl Limit<Template> {
    pub(super) fn apply(&self, input: Value, work: &mut Work<'_>) -> Result<Value, Stop> {
        let mut items = item::list(input, "a limit")?;
        work.budget.spend(1)?;
        let offset = self.offset.as_ref().map(|offset| number(offset, "offset", work)).transpose()?.unwrap_or(0);
        let count = number(&self.count, "count", work)?;
        items.drain(..offset.min(items.len()));
        items.truncate(count);
        Ok(Value::Array(items))
    }
}

fn number(template: &Template, key: &str, work: &mut Work<'_>) -> Result<usize, Stop> {
    let value = work.render(template)?;
    item::count(&value).ok_or_else(|| {
        let found = if value.is_number() { value.to_string() } else { item::kind(&value).to_owned() };
        Stop::new(format!("`{key}` is {found}, not a whole number of 0 or more"))
    })
}
