//! `07_export_model_schema`: the whole model in few words.
//!
//! The compact section is names and types only, paged by tables, columns and
//! measures. Other sections are told to be unavailable.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::page::{MAX_PAGE_SIZE, Page, Shorten};
use crate::semantic_model::facts::relationships::RelationshipRow;
use crate::semantic_model::model::{Column, Model, Table, TableKind};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};
use crate::semantic_model::words::{Cardinality, ColumnKind, CrossFilter};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// What is exported.
    #[serde(default, alias = "export_mode")]
    pub section: Section,
    /// A file to write to, in place of an answer.
    #[serde(default)]
    pub output_path: Option<String>,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
    /// The `next_token` of the page before.
    #[serde(default)]
    pub next_token: Option<String>,
}

/// A form of the export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Names and types.
    #[default]
    Compact,
    /// Everything.
    All,
    /// A diagram of tables and relationships.
    Mermaid,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was asked.
    pub model: ModelIdentity,
    /// The part of the schema that belongs to this page.
    pub schema: Schema,
    /// Ask for the next page with this.
    pub next_token: Option<String>,
}

/// A model in few words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Schema {
    /// The tables.
    pub tables: Vec<TableSchema>,
    /// As `'Sales'[CustomerKey] *:1 'Customer'[CustomerKey]`, with `inactive` and `both directions` behind.
    pub relationships: Vec<String>,
    /// As `Time Intelligence: Current, YTD`.
    pub calculation_groups: Vec<String>,
    /// Security roles, as `North: Store`, with the tables that they filter.
    pub roles: Vec<String>,
}

/// A table in few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TableSchema {
    /// The name.
    pub name: String,
    /// What it is made from.
    #[serde(rename = "type")]
    pub kind: TableKind,
    /// Not shown to report authors.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// The table began in the page before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub continued: bool,
    /// As `CustomerKey: int64, key, hidden`.
    pub columns: Vec<String>,
    /// Names of its measures.
    pub measures: Vec<String>,
}

/// A part of a schema that is never divided.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Part<'m> {
    Table(TableSchema),
    Column(#[serde(skip)] &'m Table, String),
    Measure(#[serde(skip)] &'m Table, &'m str),
    Relationship(String),
    Group(String),
    Role(String),
}

impl Shorten for Part<'_> {
    fn shorten(&mut self, _bytes: usize) {}
}

/// Exports the schema.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    match args.section {
        Section::Compact => {}
        Section::All => return Err(Error::SectionUnavailable { section: "all" }),
        Section::Mermaid => return Err(Error::SectionUnavailable { section: "mermaid" }),
    }
    if args.output_path.is_some() {
        return Err(Error::InvalidArgument {
            message: "`output_path` is not supported by this version".into(),
            hint: "leave it out: the schema is in the answer".into(),
        });
    }
    let opened = models.open(args.model.as_ref())?;
    let page = Page::new(Some(MAX_PAGE_SIZE), args.next_token.as_deref(), &opened.fingerprint)?.at_least(u32::MAX);
    let taken = page.take(parts(&opened.model).into_iter(), 1024)?;
    Ok(Answer { schema: assemble(taken.rows), next_token: taken.next_token, model: opened.identity })
}

fn parts(model: &Model) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for table in &model.tables {
        parts.push(Part::Table(head(table)));
        parts.extend(table.columns().map(|column| Part::Column(table, column_line(column))));
        parts.extend(table.measures.iter().map(|measure| Part::Measure(table, measure.name.as_str())));
    }
    parts.extend(model.relationships.iter().map(|relationship| {
        Part::Relationship(relationship_line(
            &RelationshipRow::of(relationship),
            [relationship.from_cardinality, relationship.to_cardinality],
        ))
    }));
    parts.extend(model.calculation_groups().map(|(table, group)| {
        let items: Vec<&str> = group.items.iter().map(|item| item.name.as_str()).collect();
        Part::Group(format!("{}: {}", table.name, items.join(", ")))
    }));
    parts.extend(model.roles.iter().map(|role| {
        let tables: Vec<&str> = role.table_permissions.iter().map(|permission| permission.table.as_str()).collect();
        Part::Role(format!("{}: {}", role.name, tables.join(", ")))
    }));
    parts
}

fn assemble(parts: Vec<Part<'_>>) -> Schema {
    let mut schema = Schema::default();
    for part in parts {
        match part {
            Part::Table(table) => schema.tables.push(table),
            Part::Column(table, line) => continued(&mut schema, table).columns.push(line),
            Part::Measure(table, name) => continued(&mut schema, table).measures.push(name.to_owned()),
            Part::Relationship(line) => schema.relationships.push(line),
            Part::Group(line) => schema.calculation_groups.push(line),
            Part::Role(line) => schema.roles.push(line),
        }
    }
    schema
}

/// The table that a column or measure belongs to: the last one, or one that began in the page before.
fn continued<'s>(schema: &'s mut Schema, table: &Table) -> &'s mut TableSchema {
    if schema.tables.is_empty() {
        schema.tables.push(TableSchema { continued: true, ..head(table) });
    }
    let last = schema.tables.len() - 1;
    &mut schema.tables[last]
}

fn head(table: &Table) -> TableSchema {
    TableSchema {
        name: table.name.clone(),
        kind: table.kind(),
        hidden: table.hidden,
        continued: false,
        columns: Vec::new(),
        measures: Vec::new(),
    }
}

fn column_line(column: &Column) -> String {
    let mut line = format!("{}: {}", column.name, column.data_type.as_str());
    for (said, word) in
        [(column.kind == ColumnKind::Calculated, ", calculated"), (column.key, ", key"), (column.hidden, ", hidden")]
    {
        if said {
            line.push_str(word);
        }
    }
    line
}

fn relationship_line(row: &RelationshipRow, cardinality: [Cardinality; 2]) -> String {
    let [from, to] = cardinality.map(|side| match side {
        Cardinality::Many => "*",
        Cardinality::One => "1",
        Cardinality::None => "?",
    });
    let mut line =
        format!("'{}'[{}] {from}:{to} '{}'[{}]", row.from_table, row.from_column, row.to_table, row.to_column);
    if row.cross_filter == CrossFilter::BothDirections {
        line.push_str(", both directions");
    }
    if !row.active {
        line.push_str(", inactive");
    }
    line
}
