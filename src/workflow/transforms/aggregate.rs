//! `aggregate {group_by, fields}`: figures of fields, one row for each group
//! with its keys, or one object over all. Also the source documents'
//! `aggregate_type`: that figure of every numeric field.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Stop;
use super::figure::{Figure, Tally};
use super::item;
use super::read::Reading;
use super::work::Work;
use crate::base::json::Object;
use crate::expr;
use crate::workflow::problem::{Code, shorten};
use crate::workflow::shape::Fields;

/// Which figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Aggregate {
    /// These fields' figures.
    Fields {
        /// What makes a group; empty for one over all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        group_by: Vec<String>,
        /// The figure of each field.
        fields: IndexMap<String, Figure>,
    },
    /// One figure of every numeric field.
    Every {
        /// Which.
        aggregate_type: Figure,
    },
}

impl Aggregate {
    pub(super) fn read<'n>(fields: &Fields<'n>, reading: &mut Reading<'_, 'n>) -> Option<Self> {
        let (key, node) = reading.one_of(fields, "an aggregate", ("fields", "aggregate_type"))?;
        if key == "aggregate_type" {
            if let Some(entry) = fields.entry("group_by") {
                let hint = Some("name the figures with `fields`".to_owned());
                let message = "`group_by` does not go with `aggregate_type`, which gives one object";
                reading.tell_key(Code::ConflictingKeys, entry, message, hint);
            }
            return Some(Self::Every { aggregate_type: Figure::parse(node.text()?)? });
        }
        let group_by = match fields.get("group_by") {
            Some(_) => reading.names(fields, "group_by")?,
            None => Vec::new(),
        };
        let mut figures = IndexMap::new();
        for entry in reading.entries(node, "fields")? {
            if group_by.contains(&entry.key) {
                let message = format!("`{}` is a key of the groups and cannot be a figure too", shorten(&entry.key));
                let hint = Some("to count a group's items, count another field".to_owned());
                reading.tell_key(Code::ConflictingKeys, entry, message, hint);
            }
            figures.insert(entry.key.clone(), Figure::parse(entry.value.text()?)?);
        }
        Some(Self::Fields { group_by, fields: figures })
    }

    pub(super) fn apply(&self, input: Value, work: &mut Work<'_>) -> Result<Value, Stop> {
        let items = item::list(input, "an aggregate")?;
        work.budget.spend(items.len())?;
        match self {
            Self::Fields { group_by, fields } if group_by.is_empty() => {
                let mut group = Group::new(Object::new(), fields);
                for (index, item) in items.iter().enumerate() {
                    group.add(item, fields, index, work)?;
                }
                group.row(fields, work)
            }
            Self::Fields { group_by, fields } => {
                let mut groups: IndexMap<String, Group> = IndexMap::new();
                for (index, item) in items.iter().enumerate() {
                    let key = key(item, group_by, index, work)?;
                    let group = match groups.entry(key) {
                        indexmap::map::Entry::Occupied(group) => group.into_mut(),
                        indexmap::map::Entry::Vacant(place) => {
                            place.insert(Group::new(keys(item, group_by, index, work)?, fields))
                        }
                    };
                    group.add(item, fields, index, work)?;
                }
                groups.into_values().map(|group| group.row(fields, work)).collect::<Result<_, _>>().map(Value::Array)
            }
            Self::Every { aggregate_type } => every(*aggregate_type, &items, work),
        }
    }
}

/// What the items of one group share: equal values have equal texts.
fn key(item: &Value, group_by: &[String], index: usize, work: &mut Work<'_>) -> Result<String, Stop> {
    let mut key = String::new();
    for name in group_by {
        expr::identity(item::field(item, name, index)?, &mut key);
        key.push(',');
    }
    work.budget.spend(group_by.len())?;
    work.budget.read_text(&key)?;
    Ok(key)
}

/// The fields that make the group, as its first item has them.
fn keys(item: &Value, group_by: &[String], index: usize, work: &mut Work<'_>) -> Result<Object, Stop> {
    let mut keys = Object::with_capacity(group_by.len());
    for name in group_by {
        work.budget.make(name.len())?;
        keys.insert(name.clone(), work.budget.copy(item::field(item, name, index)?)?);
    }
    Ok(keys)
}

struct Group {
    keys: Object,
    tallies: Vec<Tally>,
}

impl Group {
    fn new(keys: Object, fields: &IndexMap<String, Figure>) -> Self {
        Self { keys, tallies: fields.values().map(|figure| Tally::new(*figure)).collect() }
    }

    fn add(
        &mut self,
        item: &Value,
        fields: &IndexMap<String, Figure>,
        index: usize,
        work: &mut Work<'_>,
    ) -> Result<(), Stop> {
        work.budget.spend(fields.len())?;
        for (name, tally) in fields.keys().zip(&mut self.tallies) {
            add(tally, name, item::field(item, name, index)?, index, work)?;
        }
        Ok(())
    }

    fn row(self, fields: &IndexMap<String, Figure>, work: &mut Work<'_>) -> Result<Value, Stop> {
        let mut row = self.keys;
        for (name, tally) in fields.keys().zip(self.tallies) {
            work.budget.make(name.len())?;
            row.insert(name.clone(), finish(tally, name)?);
        }
        Ok(Value::Object(row))
    }
}

fn add(tally: &mut Tally, name: &str, value: &Value, index: usize, work: &mut Work<'_>) -> Result<(), Stop> {
    if let Value::String(text) = value {
        // `min` and `max` may keep it.
        work.budget.make(text.len())?;
    }
    tally.add(value).map_err(|stop| stop.within(&format!("`{}`", shorten(name))).at(index))
}

fn finish(tally: Tally, name: &str) -> Result<Value, Stop> {
    tally.finish().map_err(|stop| stop.within(&format!("`{}`", shorten(name))))
}

/// A field of the items as far as it was seen.
enum Column {
    Numbers(Tally),
    Other,
}

/// A numeric field holds a number wherever it is there and not null.
fn every(figure: Figure, items: &[Value], work: &mut Work<'_>) -> Result<Value, Stop> {
    let mut columns: IndexMap<&str, Column> = IndexMap::new();
    for (index, item) in items.iter().enumerate() {
        let Value::Object(members) = item else {
            return Err(Stop::new(format!("the item is {} and has no fields", item::kind(item))).at(index));
        };
        work.budget.spend(members.len())?;
        for (name, value) in members {
            if value.is_null() {
                continue;
            }
            let column = columns
                .entry(name)
                .or_insert_with(|| if value.is_number() { Column::Numbers(Tally::new(figure)) } else { Column::Other });
            match column {
                Column::Numbers(tally) if value.is_number() => add(tally, name, value, index, work)?,
                Column::Other if !value.is_number() => {}
                Column::Numbers(_) | Column::Other => {
                    let message = format!("`{}` is a number in some items and something else in others", shorten(name));
                    return Err(Stop::new(message).hint("say with `fields` which figures are wanted").at(index));
                }
            }
        }
    }
    let mut figures = Object::new();
    for (name, column) in columns {
        if let Column::Numbers(tally) = column {
            work.budget.make(name.len())?;
            figures.insert(name.to_owned(), finish(tally, name)?);
        }
    }
    Ok(Value::Object(figures))
}
