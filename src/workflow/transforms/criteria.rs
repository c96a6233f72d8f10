//! `criteria: {field: {relation: value}}`, the source documents' way to filter:
//! the language's own comparisons, all of which must hold.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Stop;
use super::item;
use super::read::Reading;
use super::transform::Translate;
use super::work::Work;
use crate::expr::{self, Template};
use crate::workflow::node::Node;
use crate::workflow::problem::{Code, shorten};

/// Conditions by field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Criteria<V> {
    fields: IndexMap<String, IndexMap<Relation, V>>,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Relation {
    Equals,
    NotEquals,
    GreaterThan,
    LessThan,
    Contains,
    In,
}

impl Relation {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "equals" => Self::Equals,
            "not_equals" => Self::NotEquals,
            "greater_than" => Self::GreaterThan,
            "less_than" => Self::LessThan,
            "contains" => Self::Contains,
            "in" => Self::In,
            _ => return None,
        })
    }
}

impl Criteria<Value> {
    pub(super) fn read<'n>(node: &'n Node, reading: &mut Reading<'_, 'n>) -> Option<Self> {
        let mut fields = IndexMap::new();
        for entry in reading.entries(node, "criteria")? {
            let relations = entry.value.entries()?;
            if relations.is_empty() {
                let message = format!("the criterion `{}` compares with nothing", shorten(&entry.key));
                let hint = "with `equals`, `not_equals`, `greater_than`, `less_than`, `contains` or `in`";
                reading.tell_key(Code::MissingKey, entry, message, Some(hint.to_owned()));
            }
            let mut criterion = IndexMap::new();
            for relation in relations {
                // An unknown word was told by the table of keys.
                if let Some(word) = Relation::parse(&relation.key) {
                    criterion.insert(word, reading.value(&relation.value));
                }
            }
            fields.insert(entry.key.clone(), criterion);
        }
        Some(Self { fields })
    }
}

impl<V> Criteria<V> {
    pub(super) fn translate<E, T: Translate<E, V>>(&self, with: &mut T) -> Result<Criteria<T::Value>, T::Error> {
        let mut fields = IndexMap::new();
        for (name, criterion) in &self.fields {
            let mut translated = IndexMap::new();
            for (relation, value) in criterion {
                translated.insert(*relation, with.value(value)?);
            }
            fields.insert(name.clone(), translated);
        }
        Ok(Criteria { fields })
    }
}

impl Criteria<Template> {
    /// The values to compare with, which are the same for every item.
    pub(super) fn prepare(&self, work: &mut Work<'_>) -> Result<Prepared<'_>, Stop> {
        let mut list = Vec::new();
        for (name, criterion) in &self.fields {
            for (relation, template) in criterion {
                let value = work.render(template)?;
                let check = match (relation, value) {
                    (Relation::Equals, value) => Check::Equal(value, true),
                    (Relation::NotEquals, value) => Check::Equal(value, false),
                    (Relation::GreaterThan, value) => Check::Greater(value),
                    (Relation::LessThan, value) => Check::Less(value),
                    (Relation::Contains, value) => Check::Contains(value),
                    (Relation::In, Value::Array(values)) => Check::OneOf(identities(&values, work)?),
                    (
                        Relation::In,
                        value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)),
                    ) => Check::In(value),
                };
                list.push((name.as_str(), check));
            }
        }
        Ok(Prepared { list })
    }
}

/// A list as a set, so that a long one costs each item the same.
fn identities(values: &[Value], work: &mut Work<'_>) -> Result<HashSet<String>, Stop> {
    work.budget.spend(values.len())?;
    Ok(values.iter().map(identity).collect())
}

fn identity(value: &Value) -> String {
    let mut text = String::new();
    expr::identity(value, &mut text);
    text
}

/// Criteria with their values.
pub(super) struct Prepared<'c> {
    list: Vec<(&'c str, Check)>,
}

enum Check {
    Equal(Value, bool),
    Greater(Value),
    Less(Value),
    Contains(Value),
    OneOf(HashSet<String>),
    In(Value),
}

impl Prepared<'_> {
    pub(super) fn hold(&self, item: &Value, index: usize, work: &mut Work<'_>) -> Result<bool, Stop> {
        for (name, check) in &self.list {
            let field = item::field(item, name, index)?;
            work.budget.spend(1)?;
            if let Value::String(text) = field {
                work.budget.read_text(text)?;
            }
            let holds = match check {
                Check::Equal(value, wanted) => Ok(expr::equal(field, value) == *wanted),
                Check::Greater(value) => expr::order(field, value).map(std::cmp::Ordering::is_gt),
                Check::Less(value) => expr::order(field, value).map(std::cmp::Ordering::is_lt),
                Check::Contains(value) => {
                    work.budget.spend(field.as_array().map_or(0, Vec::len))?;
                    expr::contains(field, value)
                }
                Check::OneOf(values) => Ok(values.contains(&identity(field))),
                Check::In(value) => expr::contains(value, field),
            };
            if !holds.map_err(|error| Stop::from(error).within(&format!("`{}`", shorten(name))).at(index))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
