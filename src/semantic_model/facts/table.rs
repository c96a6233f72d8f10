//! `02_describe_table`: everything in one table.
//!
//! Its columns, measures, partitions, relationships and hierarchies are one long
//! list for paging, so that a table of any size can be read to its end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::Unavailable;
use crate::semantic_model::facts::page::{Page, Shorten, cut};
use crate::semantic_model::facts::relationships::RelationshipRow;
use crate::semantic_model::facts::tables::{partition_mode, row_count, rows_unavailable, storage_mode};
use crate::semantic_model::model::{Column, Hierarchy, Measure, Model, Partition, Table, TableKind, same};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};
use crate::semantic_model::words::{ColumnKind, DataType, Mode, SourceKind, SummarizeBy};

/// What is asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The table's name.
    #[serde(alias = "table_name")]
    pub table: String,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
    /// Columns, measures and the rest per page, 1 to 500; as many as fit when not given.
    #[serde(default, alias = "limit")]
    #[schemars(range(min = 1, max = 500))]
    pub page_size: Option<u32>,
    /// The `next_token` of the page before.
    #[serde(default)]
    pub next_token: Option<String>,
}

/// What is answered. Lists hold what belongs to this page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was asked.
    pub model: ModelIdentity,
    /// The table's name.
    pub table: String,
    /// What it is made from.
    #[serde(rename = "type")]
    pub kind: TableKind,
    /// Not shown to report authors.
    pub hidden: bool,
    /// What it is for.
    pub description: Option<String>,
    /// Where its rows are kept.
    pub storage_mode: Option<String>,
    /// Number of its rows, from a `.vpax` beside the model; else null, see `unavailable`.
    pub row_count: Option<u64>,
    /// How many there are of each in all.
    pub counts: Contents,
    /// Its columns.
    pub columns: Vec<ColumnRow>,
    /// Its measures.
    pub measures: Vec<MeasureName>,
    /// Its partitions.
    pub partitions: Vec<PartitionRow>,
    /// The relationships from and to it.
    pub relationships: Vec<RelationshipRow>,
    /// Its hierarchies.
    pub hierarchies: Vec<HierarchyRow>,
    /// Ask for the next page with this.
    pub next_token: Option<String>,
    /// Facts that a file cannot hold, with the reason.
    pub unavailable: Unavailable,
}

/// Numbers of what is in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Contents {
    /// Columns.
    pub columns: usize,
    /// Measures.
    pub measures: usize,
    /// Partitions.
    pub partitions: usize,
    /// Relationships from and to the table.
    pub relationships: usize,
    /// Hierarchies.
    pub hierarchies: usize,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ColumnRow {
    /// The name.
    pub name: String,
    /// The type of its values.
    pub data_type: DataType,
    /// Not shown to report authors.
    pub hidden: bool,
    /// Has a DAX expression.
    pub calculated: bool,
    /// The table's key.
    pub key: bool,
    /// As `#,0.00`.
    pub format: Option<String>,
    /// The column that gives the order.
    pub sort_by: Option<String>,
    /// What a visual does with its numbers.
    pub summarize_by: SummarizeBy,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// As `Money\Gross`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_folder: Option<String>,
    /// The DAX of a calculated column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Its distinct values, where a `.vpax` lies beside the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cardinality: Option<u64>,
    /// A text of this row is longer than shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// A measure's name: `02_get_measure_details` tells the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MeasureName {
    /// The name.
    pub name: String,
    /// Not shown to report authors.
    pub hidden: bool,
    /// As `#,0.00`.
    pub format_string: Option<String>,
    /// As `Money\Gross`.
    pub display_folder: Option<String>,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartitionRow {
    /// The name.
    pub name: String,
    /// What fills it.
    pub source: SourceKind,
    /// Where its rows are kept.
    pub mode: Mode,
    /// The source's table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// M, SQL or DAX.
    pub expression: Option<String>,
    /// The expression is longer than shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// One hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HierarchyRow {
    /// The name.
    pub name: String,
    /// Not shown to report authors.
    pub hidden: bool,
    /// The columns of its levels, from the top down.
    pub levels: Vec<String>,
}

/// Anything in a table.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content {
    Column(ColumnRow),
    Measure(MeasureName),
    Partition(PartitionRow),
    Relationship(RelationshipRow),
    Hierarchy(HierarchyRow),
}

impl Shorten for Content {
    fn shorten(&mut self, bytes: usize) {
        // A third for each of the two texts, the rest for the other members.
        let room = bytes / 3;
        match self {
            Self::Column(row) => {
                for text in [&mut row.description, &mut row.expression].into_iter().flatten() {
                    row.cut |= cut(text, room);
                }
            }
            Self::Partition(row) => {
                if let Some(text) = &mut row.expression {
                    row.cut = cut(text, room);
                }
            }
            Self::Measure(_) | Self::Relationship(_) | Self::Hierarchy(_) => {}
        }
    }
}

/// Rows of a page when nothing is asked: more than ever fit, so that bytes decide.
const AS_MANY_AS_FIT: u32 = 500;

/// Bytes of a table's own description at most.
const DESCRIPTION_BYTES: usize = 1024;

/// Describes a table.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let opened = models.open(args.model.as_ref())?;
    let model = &opened.model;
    let table = find_table(model, &args.table)?;
    let size = args.page_size.or(Some(AS_MANY_AS_FIT));
    let page = Page::new(size, args.next_token.as_deref(), &opened.fingerprint)?;
    let relationships: Vec<_> = model
        .relationships
        .iter()
        .filter(|relationship| same(&relationship.from_table, &table.name) || same(&relationship.to_table, &table.name))
        .collect();
    let counts = Contents {
        columns: table.columns().count(),
        measures: table.measures.len(),
        partitions: table.partitions.len(),
        relationships: relationships.len(),
        hierarchies: table.hierarchies.len(),
    };
    let all = table
        .columns()
        .map(|column| Content::Column(column_row(model, table, column)))
        .chain(table.measures.iter().map(|measure| Content::Measure(measure_name(measure))))
        .chain(table.partitions.iter().map(|partition| Content::Partition(partition_row(model, partition))))
        .chain(relationships.into_iter().map(|relationship| Content::Relationship(RelationshipRow::of(relationship))))
        .chain(table.hierarchies.iter().map(|hierarchy| Content::Hierarchy(hierarchy_row(hierarchy))));
    let taken = page.take(all, DESCRIPTION_BYTES)?;
    let mut description = table.description.clone();
    if let Some(text) = &mut description {
        cut(text, DESCRIPTION_BYTES);
    }
    let mut answer = Answer {
        table: table.name.clone(),
        kind: table.kind(),
        hidden: table.hidden,
        description,
        storage_mode: storage_mode(model, table),
        row_count: row_count(model, table),
        counts,
        columns: Vec::new(),
        measures: Vec::new(),
        partitions: Vec::new(),
        relationships: Vec::new(),
        hierarchies: Vec::new(),
        next_token: taken.next_token,
        unavailable: rows_unavailable(model),
        model: opened.identity,
    };
    for content in taken.rows {
        match content {
            Content::Column(row) => answer.columns.push(row),
            Content::Measure(row) => answer.measures.push(row),
            Content::Partition(row) => answer.partitions.push(row),
            Content::Relationship(row) => answer.relationships.push(row),
            Content::Hierarchy(row) => answer.hierarchies.push(row),
        }
    }
    Ok(answer)
}

/// A name without the quotes or brackets of DAX around it.
pub(crate) fn bare_name(name: &str) -> &str {
    let name = name.trim();
    let quoted = name.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
    quoted.or_else(|| name.strip_prefix('[').and_then(|name| name.strip_suffix(']'))).unwrap_or(name)
}

/// A table by its name, with or without the quotes of DAX.
pub(crate) fn find_table<'m>(model: &'m Model, name: &str) -> Result<&'m Table, Error> {
    model
        .table(name)
        .or_else(|| model.table(&bare_name(name).replace("''", "'")))
        .ok_or_else(|| Error::not_found("table", bare_name(name), model.tables.iter().map(|table| table.name.as_str())))
}

fn column_row(model: &Model, table: &Table, column: &Column) -> ColumnRow {
    ColumnRow {
        name: column.name.clone(),
        data_type: column.data_type,
        hidden: column.hidden,
        calculated: column.kind == ColumnKind::Calculated,
        key: column.key,
        format: column.format_string.clone(),
        sort_by: column.sort_by.clone(),
        summarize_by: column.summarize_by,
        description: column.description.clone(),
        display_folder: column.display_folder.clone(),
        expression: column.expression.clone(),
        cardinality: cardinality(model, table, column),
        cut: false,
    }
}

fn cardinality(model: &Model, table: &Table, column: &Column) -> Option<u64> {
    Some(model.statistics.as_ref()?.column(&table.name, &column.name)?.cardinality)
}

fn measure_name(measure: &Measure) -> MeasureName {
    MeasureName {
        name: measure.name.clone(),
        hidden: measure.hidden,
        format_string: measure.format_string.clone(),
        display_folder: measure.display_folder.clone(),
    }
}

fn partition_row(model: &Model, partition: &Partition) -> PartitionRow {
    PartitionRow {
        name: partition.name.clone(),
        source: partition.source,
        mode: partition_mode(model, partition.mode),
        entity: partition.entity.clone(),
        expression: partition.expression.clone(),
        cut: false,
    }
}

fn hierarchy_row(hierarchy: &Hierarchy) -> HierarchyRow {
    HierarchyRow {
        name: hierarchy.name.clone(),
        hidden: hierarchy.hidden,
        levels: hierarchy.levels.iter().map(|level| level.column.clone()).collect(),
    }
}
