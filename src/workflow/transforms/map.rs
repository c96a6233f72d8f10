//! `map {to}`: each item becomes what an expression makes of it, or an object
//! of one expression by field. Also the source documents' `mapping`, which
//! renames fields. One object is taken as one item.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Stop;
use super::item;
use super::read::Reading;
use super::transform::Translate;
use super::work::Work;
use crate::base::json::Object;
use crate::expr::Expression;
use crate::workflow::problem::{Code, shorten};
use crate::workflow::shape::Fields;

/// What an item becomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Map<E> {
    /// Something new.
    To {
        /// What.
        to: To<E>,
    },
    /// The same with other names of fields.
    Mapping {
        /// New names by old; other fields are kept.
        mapping: IndexMap<String, String>,
    },
}

/// Something new.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum To<E> {
    /// The value of an expression.
    Value(E),
    /// An object of these fields and no other.
    Fields(IndexMap<String, E>),
}

impl Map<String> {
    pub(super) fn read<'n>(fields: &Fields<'n>, reading: &mut Reading<'_, 'n>) -> Option<Self> {
        match reading.one_of(fields, "a map", ("to", "mapping"))? {
            ("to", node) if node.entries().is_some() => {
                let mut to = IndexMap::new();
                for entry in reading.entries(node, "to")? {
                    to.insert(entry.key.clone(), reading.expression(&entry.value)?);
                }
                Some(Self::To { to: To::Fields(to) })
            }
            ("to", node) => Some(Self::To { to: To::Value(reading.expression(node)?) }),
            (_, node) => {
                let mut mapping: IndexMap<String, String> = IndexMap::new();
                for entry in reading.entries(node, "mapping")? {
                    let new = entry.value.text()?;
                    if mapping.values().any(|other| other == new) {
                        let message = format!("two fields would be named `{}`", shorten(new));
                        reading.tell(Code::WrongValue, &entry.value, message);
                    }
                    mapping.insert(entry.key.clone(), new.to_owned());
                }
                Some(Self::Mapping { mapping })
            }
        }
    }
}

impl<E> Map<E> {
    pub(super) fn translate<V, T: Translate<E, V>>(&self, with: &mut T) -> Result<Map<T::Expression>, T::Error> {
        Ok(match self {
            Self::To { to: To::Value(expression) } => Map::To { to: To::Value(with.expression(expression)?) },
            Self::To { to: To::Fields(fields) } => {
                let mut translated = IndexMap::new();
                for (name, expression) in fields {
                    translated.insert(name.clone(), with.expression(expression)?);
                }
                Map::To { to: To::Fields(translated) }
            }
            Self::Mapping { mapping } => Map::Mapping { mapping: mapping.clone() },
        })
    }
}

impl Map<Expression> {
    pub(super) fn apply(&self, input: Value, work: &mut Work<'_>) -> Result<Value, Stop> {
        if input.is_object() {
            return self.item(input, 0, work);
        }
        let items = item::list(input, "a map")?;
        work.budget.spend(items.len())?;
        let mapped = items.into_iter().enumerate().map(|(index, item)| self.item(item, index, work));
        Ok(Value::Array(mapped.collect::<Result<_, _>>()?))
    }

    fn item(&self, item: Value, index: usize, work: &mut Work<'_>) -> Result<Value, Stop> {
        match self {
            Self::To { to: To::Value(expression) } => work.eval(expression, &item, index),
            Self::To { to: To::Fields(fields) } => {
                let mut members = Object::with_capacity(fields.len());
                for (name, expression) in fields {
                    work.budget.make(name.len())?;
                    members.insert(name.clone(), work.eval(expression, &item, index)?);
                }
                Ok(Value::Object(members))
            }
            Self::Mapping { mapping } => rename(item::object(item, index)?, mapping, index, work).map(Value::Object),
        }
    }
}

/// All names change at once, so that two fields can change places.
fn rename(item: Object, mapping: &IndexMap<String, String>, index: usize, work: &mut Work<'_>) -> Result<Object, Stop> {
    if let Some(old) = mapping.keys().find(|old| !item.contains_key(*old)) {
        return Err(item::no_field(&item, old).at(index));
    }
    work.budget.spend(item.len())?;
    let mut renamed = Object::with_capacity(item.len());
    for (name, value) in item {
        let name = match mapping.get(&name) {
            Some(new) => {
                work.budget.make(new.len())?;
                new.clone()
            }
            None => name,
        };
        if renamed.contains_key(&name) {
            return Err(Stop::new(format!("two fields would be named `{}`", shorten(&name))).at(index));
        }
        renamed.insert(name, value);
    }
    Ok(renamed)
}
