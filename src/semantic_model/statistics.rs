//! What a `.vpax` knows of a model's data: rows, distinct values, sizes, broken references.
//!
//! A `.vpax` is what DAX Studio, Tabular Editor and Bravo export from a loaded
//! model. Without one these facts are unknown, never 0. Must not know who asks.
//!
//! Its `DaxModel.json` is written by Json.NET with references kept: an object
//! carries `$id`, later mentions are `{"$ref": id}`, lists are `{"$values": [..]}`.
//! Source: github.com/sql-bi/VertiPaq-Analyzer, folder `Dax.Metadata`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::semantic_model::archive;
use crate::semantic_model::bim::parse_json;
use crate::semantic_model::error::Error;
use crate::semantic_model::limits::Limits;
use crate::semantic_model::model::{Model, Relationship};
use crate::semantic_model::place::{Format, Place, has_extension};

/// The member that is read.
const MEMBER: &str = "DaxModel.json";

/// What is known of a model's data. Names are looked up as the engine does, without case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The file's name.
    pub file: String,
    /// When they were taken, as the file writes it.
    pub taken_at: Option<String>,
    tables: HashMap<String, TableStatistics>,
    columns: HashMap<(String, String), ColumnStatistics>,
    relationships: HashMap<[String; 4], RelationshipStatistics>,
}

/// Of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableStatistics {
    /// Its rows.
    pub rows: u64,
    /// Bytes of its columns in memory.
    pub bytes: u64,
    /// Its relationships with values that the other side lacks; the older versions do not say.
    pub broken_relationships: Option<u64>,
}

/// Of a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColumnStatistics {
    /// Distinct values.
    pub cardinality: u64,
    /// Bytes in memory: data, dictionary and hierarchies.
    pub bytes: u64,
}

/// Of a relationship. The older versions do not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RelationshipStatistics {
    /// Distinct values of the from side that the to side lacks.
    pub missing_keys: Option<u64>,
    /// Rows of the from side with such a value.
    pub invalid_rows: Option<u64>,
}

impl Statistics {
    /// Reads a `.vpax`.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, Error> {
        let (bytes, _) = archive::member(path, MEMBER, limits)?;
        let root: Value = parse_json(&bytes, &MEMBER.into(), "export the statistics again")?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self::of(&root, file))
    }

    fn of(root: &Value, file: String) -> Self {
        let graph = Graph::of(root);
        let mut found = Self { file, ..Self::default() };
        found.taken_at = root.get("ExtractionDate").and_then(Value::as_str).map(str::to_owned);
        // Columns are first written where a table lists them; relationships mention them by reference.
        let mut owners: HashMap<*const Value, (String, String)> = HashMap::new();
        for table in graph.list(root.get("Tables")) {
            let Some(name) = graph.name(table, "TableName") else { continue };
            let mut bytes = 0;
            for column in graph.list(table.get("Columns")) {
                let Some(column_name) = graph.name(column, "ColumnName") else { continue };
                let size = number(column, "TotalSize").unwrap_or_else(|| {
                    ["DataSize", "DictionarySize", "HierarchiesSize"]
                        .iter()
                        .filter_map(|part| number(column, part))
                        .fold(0, u64::saturating_add)
                });
                bytes = size.saturating_add(bytes);
                let key = (name.to_lowercase(), column_name.to_lowercase());
                owners.insert(column, key.clone());
                if let Some(cardinality) = number(column, "ColumnCardinality") {
                    found.columns.insert(key, ColumnStatistics { cardinality, bytes: size });
                }
            }
            if let Some(rows) = number(table, "RowsCount") {
                let broken_relationships = number(table, "ReferentialIntegrityViolationCount");
                found.tables.insert(name.to_lowercase(), TableStatistics { rows, bytes, broken_relationships });
            }
        }
        for relationship in graph.list(root.get("Relationships")) {
            let end = |key: &str| {
                let column: *const Value = graph.follow(relationship.get(key)?);
                owners.get(&column)
            };
            let (Some(from), Some(to)) = (end("FromColumn"), end("ToColumn")) else { continue };
            let key = [from.0.clone(), from.1.clone(), to.0.clone(), to.1.clone()];
            found.relationships.insert(
                key,
                RelationshipStatistics {
                    missing_keys: number(relationship, "MissingKeys"),
                    invalid_rows: number(relationship, "InvalidRows"),
                },
            );
        }
        found
    }

    /// Of the table with that name.
    #[must_use]
    pub fn table(&self, table: &str) -> Option<TableStatistics> {
        self.tables.get(&table.to_lowercase()).copied()
    }

    /// Of a column.
    #[must_use]
    pub fn column(&self, table: &str, column: &str) -> Option<ColumnStatistics> {
        self.columns.get(&(table.to_lowercase(), column.to_lowercase())).copied()
    }

    /// Of a relationship between the same columns.
    #[must_use]
    pub fn relationship(&self, relationship: &Relationship) -> Option<RelationshipStatistics> {
        let ends =
            [&relationship.from_table, &relationship.from_column, &relationship.to_table, &relationship.to_column];
        self.relationships.get(&ends.map(|name| name.to_lowercase())).copied()
    }

    /// Whether they were taken from this model: they know at least half of its tables.
    #[must_use]
    pub fn fits(&self, model: &Model) -> bool {
        let known = model.tables.iter().filter(|table| self.table(&table.name).is_some()).count();
        known > 0 && known * 2 >= model.tables.len()
    }
}

/// Where the statistics of a model lie: a `.vpax` of its name beside it or in its folder, else the
/// only one in its folder.
pub(crate) fn beside(place: &Place) -> Option<PathBuf> {
    let file = format!("{}.vpax", place.name);
    let mut candidates = Vec::new();
    if place.format == Format::Tmdl {
        candidates.push(place.path.join(&file));
    } else {
        candidates.push(place.path.with_extension("vpax"));
    }
    candidates.extend(place.path.parent().map(|parent| parent.join(&file)));
    if let Some(found) = candidates.into_iter().find(|candidate| candidate.is_file()) {
        return Some(found);
    }
    if place.format != Format::Tmdl {
        return None;
    }
    let entries = std::fs::read_dir(&place.path).ok()?;
    let mut inside = entries.flatten().map(|entry| entry.path()).filter(|path| has_extension(path, "vpax"));
    let first = inside.next()?;
    inside.next().is_none().then_some(first)
}

/// A document of Json.NET with its references resolved on the way.
struct Graph<'v> {
    by_id: HashMap<&'v str, &'v Value>,
}

impl<'v> Graph<'v> {
    fn of(root: &'v Value) -> Self {
        let mut by_id = HashMap::new();
        let mut open = vec![root];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => {
                    if let Some(id) = members.get("$id").and_then(Value::as_str) {
                        by_id.insert(id, value);
                    }
                    open.extend(members.values());
                }
                Value::Array(items) => open.extend(items),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        Self { by_id }
    }

    /// What a mention stands for.
    fn follow(&self, value: &'v Value) -> &'v Value {
        value.get("$ref").and_then(Value::as_str).and_then(|id| self.by_id.get(id).copied()).unwrap_or(value)
    }

    /// The items of a list, plain or with an id.
    fn list(&self, value: Option<&'v Value>) -> impl Iterator<Item = &'v Value> {
        let value = value.map(|value| self.follow(value));
        let items = value.and_then(|value| value.get("$values").unwrap_or(value).as_array());
        items.into_iter().flatten().map(|item| self.follow(item))
    }

    /// A name: an object with one, or a plain string.
    fn name(&self, owner: &'v Value, key: &str) -> Option<&'v str> {
        let name = self.follow(owner.get(key)?);
        name.as_str().or_else(|| name.get("Name")?.as_str())
    }
}

/// A count; a negative one stands for unknown.
fn number(owner: &Value, key: &str) -> Option<u64> {
    owner.get(key)?.as_u64()
}

#[cfg(test)]
mod tests;
