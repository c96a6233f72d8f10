//! `flatten {field}`: one item for each element of the list in each item, the
//! parent's other fields beside it; without `field` a list of lists becomes
//! one list.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Stop;
use super::item;
use super::work::Work;
use crate::base::json::Object;
use crate::expr;
use crate::workflow::problem::shorten;
use crate::workflow::shape::Fields;

/// Where the lists are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flatten {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl Flatten {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        Self { field: fields.text("field").map(str::to_owned) }
    }

    pub(super) fn apply(&self, input: Value, work: &mut Work<'_>) -> Result<Value, Stop> {
        let items = item::list(input, "a flatten")?;
        work.budget.spend(items.len())?;
        let mut flat = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            match &self.field {
                None => flat.extend(elements(item, "the item", index, work)?),
                Some(field) => {
                    let mut parent = item::object(item, index)?;
                    let Some(list) = parent.shift_remove(field) else {
                        return Err(item::no_field(&parent, field).at(index));
                    };
                    for element in elements(list, &format!("`{}`", shorten(field)), index, work)? {
                        flat.push(Value::Object(beside(&parent, field, element, index, work)?));
                    }
                }
            }
        }
        Ok(Value::Array(flat))
    }
}

fn elements(value: Value, what: &str, index: usize, work: &mut Work<'_>) -> Result<Vec<Value>, Stop> {
    match value {
        Value::Array(elements) => {
            work.budget.spend(elements.len())?;
            Ok(elements)
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err(Stop::new(format!("{what} is {}, not a list", item::kind(&other))).at(index))
        }
    }
}

/// An element with its parent's other fields. An object's fields stand beside
/// them, anything else under the list's name.
fn beside(parent: &Object, field: &str, element: Value, index: usize, work: &mut Work<'_>) -> Result<Object, Stop> {
    let own = match element {
        Value::Object(own) => own,
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            work.budget.make(field.len())?;
            Object::from_iter([(field.to_owned(), other)])
        }
    };
    let mut members = Object::with_capacity(parent.len() + own.len());
    for (name, value) in parent {
        work.budget.make(name.len())?;
        members.insert(name.clone(), work.budget.copy(value)?);
    }
    for (name, value) in own {
        if members.get(&name).is_some_and(|parents| !expr::equal(parents, &value)) {
            let message = format!("the item and an element of `{}` both have `{}`", shorten(field), shorten(&name));
            return Err(Stop::new(message).hint("give one of them another name with `map` before").at(index));
        }
        members.insert(name, value);
    }
    Ok(members)
}
