//! A semantic model in memory: what TMDL and TMSL files both say.
//!
//! Must not know either format. A new fact of a model is a field here, then a
//! line in `tmdl/build.rs` and one in `bim.rs`.

use std::sync::Arc;

use crate::semantic_model::statistics::Statistics;
use crate::semantic_model::words::{
    Cardinality, ColumnKind, CrossFilter, DataType, Mode, Permission, SecurityFilter, SourceKind, SummarizeBy,
};

/// A place in a file of the model. Lines and columns begin with 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Relative to the model, with `/`.
    pub file: Arc<str>,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Something odd in a file that can be read all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A sentence.
    pub message: String,
    /// Where, when the format tells.
    pub location: Option<Location>,
}

/// A named value that tools leave on objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A whole model. Objects stand in the model's own order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// The name its files give it, which is often none of any use.
    pub database_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// As `1601`.
    pub compatibility_level: Option<u32>,
    /// As `en-US`.
    pub culture: Option<String>,
    /// The mode of partitions that name none.
    pub default_mode: Option<Mode>,
    /// As `powerBI_V3`.
    pub default_data_source_version: Option<String>,
    /// Numbers are not summed without a measure.
    pub discourage_implicit_measures: bool,
    /// The tables.
    pub tables: Vec<Table>,
    /// The relationships.
    pub relationships: Vec<Relationship>,
    /// The security roles.
    pub roles: Vec<Role>,
    /// Shared M expressions and parameters.
    pub expressions: Vec<NamedExpression>,
    /// Functions of the model's own.
    pub functions: Vec<NamedExpression>,
    /// The legacy and structured data sources.
    pub data_sources: Vec<DataSource>,
    /// The cultures.
    pub cultures: Vec<Culture>,
    /// The perspectives.
    pub perspectives: Vec<Perspective>,
    /// Annotations of the model.
    pub annotations: Vec<Annotation>,
    /// What is known of the data, where a `.vpax` lies beside the model.
    pub statistics: Option<Statistics>,
    /// What is odd but could be read.
    pub warnings: Vec<Warning>,
}

impl Model {
    /// The table of that name, upper and lower case being equal as in the engine.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| same(&table.name, name))
    }

    /// All measures with their tables, in the model's order.
    pub fn measures(&self) -> impl Iterator<Item = (&Table, &Measure)> {
        self.tables.iter().flat_map(|table| table.measures.iter().map(move |measure| (table, measure)))
    }

    /// All columns but row numbers, with their tables.
    pub fn columns(&self) -> impl Iterator<Item = (&Table, &Column)> {
        self.tables.iter().flat_map(|table| table.columns().map(move |column| (table, column)))
    }

    /// Takes out where everything stands, so that models can be compared whose files differ in form only.
    pub fn forget_places(&mut self) {
        self.warnings.clear();
        for table in &mut self.tables {
            table.location = None;
            for column in &mut table.all_columns {
                column.location = None;
                column.expression_line = None;
            }
            for measure in &mut table.measures {
                measure.location = None;
                measure.expression_line = None;
            }
            for hierarchy in &mut table.hierarchies {
                hierarchy.location = None;
            }
            for partition in &mut table.partitions {
                partition.location = None;
                partition.expression_line = None;
            }
            for item in table.calculation_group.iter_mut().flat_map(|group| &mut group.items) {
                item.location = None;
                item.expression_line = None;
            }
        }
        for relationship in &mut self.relationships {
            relationship.location = None;
        }
        for role in &mut self.roles {
            role.location = None;
            for permission in &mut role.table_permissions {
                permission.location = None;
                permission.filter_line = None;
            }
        }
        for expression in self.expressions.iter_mut().chain(&mut self.functions) {
            expression.location = None;
            expression.expression_line = None;
        }
    }

    /// The tables that are calculation groups.
    pub fn calculation_groups(&self) -> impl Iterator<Item = (&Table, &CalculationGroup)> {
        self.tables.iter().filter_map(|table| table.calculation_group.as_ref().map(|group| (table, group)))
    }
}

/// What a table is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// From a source.
    Table,
    /// From a DAX expression.
    Calculated,
    /// A calculation group.
    CalculationGroup,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Not shown to report authors.
    pub hidden: bool,
    /// `Time` for a date table.
    pub data_category: Option<String>,
    /// Every column, row numbers too: see [`Table::columns`].
    pub all_columns: Vec<Column>,
    /// The measures.
    pub measures: Vec<Measure>,
    /// The hierarchies.
    pub hierarchies: Vec<Hierarchy>,
    /// The partitions.
    pub partitions: Vec<Partition>,
    /// Set when the table is a calculation group.
    pub calculation_group: Option<CalculationGroup>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Where it is declared.
    pub location: Option<Location>,
}

impl Table {
    /// The columns but the row numbers that the engine adds.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.all_columns.iter().filter(|column| column.kind != ColumnKind::RowNumber)
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns().find(|column| same(&column.name, name))
    }

    /// The measure of that name.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| same(&measure.name, name))
    }

    /// What it is made from.
    #[must_use]
    pub fn kind(&self) -> TableKind {
        if self.calculation_group.is_some() {
            TableKind::CalculationGroup
        } else if self.partitions.iter().any(|partition| partition.source == SourceKind::Calculated) {
            TableKind::Calculated
        } else {
            TableKind::Table
        }
    }
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// From a source, calculated, or the engine's.
    pub kind: ColumnKind,
    /// The type of its values.
    pub data_type: DataType,
    /// What it is for.
    pub description: Option<String>,
    /// Not shown to report authors.
    pub hidden: bool,
    /// The table's key.
    pub key: bool,
    /// As `#,0.00`.
    pub format_string: Option<String>,
    /// As `Money\Gross`.
    pub display_folder: Option<String>,
    /// The column that gives the order.
    pub sort_by: Option<String>,
    /// The column of the source.
    pub source_column: Option<String>,
    /// What a visual does with its numbers.
    pub summarize_by: SummarizeBy,
    /// As `City`, `WebUrl`.
    pub data_category: Option<String>,
    /// Excel can put it on an axis.
    pub available_in_mdx: bool,
    /// The DAX of a calculated column.
    pub expression: Option<String>,
    /// The line of the file on which the DAX begins.
    pub expression_line: Option<u32>,
    /// The columns of its table that its values are grouped by.
    pub group_by: Vec<String>,
    /// Its values are those of another table's column, summed up before.
    pub alternate: bool,
    /// The column of a parameter that a report author chooses from.
    pub parameter: bool,
    /// Columns of other tables that stand for it in reports, as `Table.Column`.
    pub default_columns: Vec<(String, String)>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// A measure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measure {
    /// The name, unique in the model.
    pub name: String,
    /// The DAX.
    pub expression: String,
    /// The line of the file on which the DAX begins.
    pub expression_line: Option<u32>,
    /// What it is for.
    pub description: Option<String>,
    /// As `#,0.00`.
    pub format_string: Option<String>,
    /// DAX that yields the format.
    pub format_string_expression: Option<String>,
    /// As `Money\Gross`.
    pub display_folder: Option<String>,
    /// Not shown to report authors.
    pub hidden: bool,
    /// A key performance indicator's expressions.
    pub kpi: Option<Kpi>,
    /// DAX of the rows behind a value.
    pub detail_rows: Option<String>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// A key performance indicator.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kpi {
    /// What is wanted.
    pub target: Option<String>,
    /// How far it is reached.
    pub status: Option<String>,
    /// Where it goes.
    pub trend: Option<String>,
}

/// A hierarchy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hierarchy {
    /// The name.
    pub name: String,
    /// Not shown to report authors.
    pub hidden: bool,
    /// What it is for.
    pub description: Option<String>,
    /// From the top down.
    pub levels: Vec<Level>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// A level of a hierarchy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Level {
    /// The name.
    pub name: String,
    /// Its column.
    pub column: String,
}

/// A part of a table's rows and where they come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Partition {
    /// The name.
    pub name: String,
    /// What fills it.
    pub source: SourceKind,
    /// Where its rows are kept.
    pub mode: Option<Mode>,
    /// M, SQL or DAX.
    pub expression: Option<String>,
    /// The line of the file on which the expression begins.
    pub expression_line: Option<u32>,
    /// The source's table, for a partition over an entity.
    pub entity: Option<String>,
    /// The data source that a query goes to.
    pub data_source: Option<String>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// A calculation group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CalculationGroup {
    /// Higher ones are applied first.
    pub precedence: i64,
    /// What it is for.
    pub description: Option<String>,
    /// The items, in their order.
    pub items: Vec<CalculationItem>,
}

/// One calculation of a group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CalculationItem {
    /// The name.
    pub name: String,
    /// The DAX.
    pub expression: String,
    /// Its place in the order, where one is given.
    pub ordinal: Option<i64>,
    /// DAX that yields the format.
    pub format_string_expression: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The line of the file on which the DAX begins.
    pub expression_line: Option<u32>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// A relationship between two columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Relationship {
    /// Often a GUID.
    pub name: String,
    /// The table on the side that is filtered.
    pub from_table: String,
    /// Its column.
    pub from_column: String,
    /// The table on the side that filters.
    pub to_table: String,
    /// Its column.
    pub to_column: String,
    /// How often a value may come on the from side.
    pub from_cardinality: Cardinality,
    /// How often a value may come on the to side.
    pub to_cardinality: Cardinality,
    /// Which way filters go.
    pub cross_filter: CrossFilter,
    /// Which way row-level security goes.
    pub security_filter: SecurityFilter,
    /// Used without `USERELATIONSHIP`.
    pub active: bool,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// A security role.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Role {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What its members may do.
    pub permission: Permission,
    /// The rows they see.
    pub table_permissions: Vec<TablePermission>,
    /// How many members the files name.
    pub members: usize,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// The rows of one table that a role sees.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TablePermission {
    /// The table.
    pub table: String,
    /// DAX; none hides nothing.
    pub filter: Option<String>,
    /// The line of the file on which the DAX begins.
    pub filter_line: Option<u32>,
    /// The table itself is not shown.
    pub hides_table: bool,
    /// Columns that are not shown.
    pub hidden_columns: Vec<String>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// A shared expression.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NamedExpression {
    /// The name.
    pub name: String,
    /// M, or DAX for a function.
    pub expression: String,
    /// The line of the file on which the expression begins.
    pub expression_line: Option<u32>,
    /// What it is for.
    pub description: Option<String>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Where it is declared.
    pub location: Option<Location>,
}

/// A data source that partitions refer to by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DataSource {
    /// The name.
    pub name: String,
    /// Power Query's kind, not the older one with a connection string.
    pub structured: bool,
}

/// A part of the model for some readers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Perspective {
    /// The name.
    pub name: String,
    /// How many tables it shows something of.
    pub tables: usize,
}

/// A culture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Culture {
    /// As `en-US`.
    pub name: String,
    /// It translates names or descriptions.
    pub translates: bool,
}

/// Whether two names are the same to the engine, which does not look at case.
#[must_use]
pub fn same(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        return left.eq_ignore_ascii_case(right);
    }
    left == right || left.to_lowercase() == right.to_lowercase()
}
