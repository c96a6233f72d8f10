//! `select {fields}`: some fields of each item, in the order they are named.
//! One object is taken as one item.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Stop;
use super::item;
use super::read::Reading;
use super::work::Work;
use crate::base::json::Object;
use crate::workflow::shape::Fields;

/// Which fields are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Select {
    fields: Vec<String>,
}

impl Select {
    pub(super) fn read<'n>(fields: &Fields<'n>, reading: &mut Reading<'_, 'n>) -> Option<Self> {
        Some(Self { fields: reading.names(fields, "fields")? })
    }

    pub(super) fn apply(&self, input: Value, work: &mut Work<'_>) -> Result<Value, Stop> {
        if input.is_object() {
            return self.item(input, 0, work);
        }
        let items = item::list(input, "a select")?;
        let selected = items.into_iter().enumerate().map(|(index, item)| self.item(item, index, work));
        Ok(Value::Array(selected.collect::<Result<_, _>>()?))
    }

    fn item(&self, item: Value, index: usize, work: &mut Work<'_>) -> Result<Value, Stop> {
        let mut item = item::object(item, index)?;
        work.budget.spend(1 + item.len() + self.fields.len())?;
        // Looked for before any is taken out, so that "did you mean" knows them all.
        if let Some(name) = self.fields.iter().find(|name| !item.contains_key(*name)) {
            return Err(item::no_field(&item, name).at(index));
        }
        let mut kept = Object::with_capacity(self.fields.len());
        for name in &self.fields {
            if let Some((name, value)) = item.remove_entry(name) {
                kept.insert(name, value);
            }
        }
        Ok(Value::Object(kept))
    }
}
