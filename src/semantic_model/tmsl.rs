//! The JSON members of TMSL as they stand in a `model.bim`.
//!
//! Only shapes: `bim` gives them their meaning. A member that is not listed is
//! read over.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A string, or its lines in an array.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut lines: A) -> Result<Text, A::Error> {
        let mut text = String::new();
        let mut first = true;
        while let Some(line) = lines.next_element::<String>()? {
            if !first {
                text.push('\n');
            }
            first = false;
            text.push_str(&line);
        }
        Ok(Text(text))
    }

    // Values of annotations may be of any kind.
    fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
}

/// A file: a database, or a script that creates one.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Root {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) compatibility_level: Option<u32>,
    #[serde(default)]
    pub(crate) model: Option<Model>,
    #[serde(default)]
    pub(crate) create: Option<Script>,
    #[serde(default)]
    pub(crate) create_or_replace: Option<Script>,
}

/// What a script creates.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Script {
    #[serde(default)]
    pub(crate) database: Database,
}

/// A database.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Database {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) compatibility_level: Option<u32>,
    #[serde(default)]
    pub(crate) model: Option<Model>,
}

/// A model.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Model {
    #[serde(default)]
    pub(crate) description: Option<Text>,
    #[serde(default)]
    pub(crate) culture: Option<String>,
    #[serde(default)]
    pub(crate) default_mode: Option<String>,
    #[serde(default, rename = "defaultPowerBIDataSourceVersion")]
    pub(crate) default_data_source_version: Option<String>,
    #[serde(default)]
    pub(crate) discourage_implicit_measures: bool,
    #[serde(default)]
    pub(crate) tables: Vec<Table>,
    #[serde(default)]
    pub(crate) relationships: Vec<Relationship>,
    #[serde(default)]
    pub(crate) roles: Vec<Role>,
    #[serde(default)]
    pub(crate) expressions: Vec<NamedExpression>,
    #[serde(default)]
    pub(crate) functions: Vec<NamedExpression>,
    #[serde(default)]
    pub(crate) data_sources: Vec<DataSource>,
    #[serde(default)]
    pub(crate) cultures: Vec<Culture>,
    #[serde(default)]
    pub(crate) perspectives: Vec<Perspective>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

/// A table.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Table {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: Option<Text>,
    #[serde(default)]
    pub(crate) is_hidden: bool,
    #[serde(default)]
    pub(crate) data_category: Option<String>,
    #[serde(default)]
    pub(crate) columns: Vec<Column>,
    #[serde(default)]
    pub(crate) measures: Vec<Measure>,
    #[serde(default)]
    pub(crate) hierarchies: Vec<Hierarchy>,
    #[serde(default)]
    pub(crate) partitions: Vec<Partition>,
    #[serde(default)]
    pub(crate) calculation_group: Option<CalculationGroup>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

/// A column. Only the engine's may lack a name.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Column {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) data_type: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<Text>,
    #[serde(default)]
    pub(crate) is_hidden: bool,
    #[serde(default)]
    pub(crate) is_key: bool,
    #[serde(default)]
    pub(crate) format_string: Option<String>,
    #[serde(default)]
    pub(crate) display_folder: Option<String>,
    #[serde(default)]
    pub(crate) sort_by_column: Option<String>,
    #[serde(default)]
    pub(crate) source_column: Option<String>,
    #[serde(default)]
    pub(crate) summarize_by: Option<String>,
    #[serde(default)]
    pub(crate) data_category: Option<String>,
    #[serde(default)]
    pub(crate) is_available_in_mdx: Option<bool>,
    #[serde(default)]
    pub(crate) expression: Option<Text>,
    #[serde(default)]
    pub(crate) alternate_of: Option<IgnoredAny>,
    #[serde(default)]
    pub(crate) related_column_details: Option<RelatedColumnDetails>,
    #[serde(default)]
    pub(crate) variations: Vec<Variation>,
    #[serde(default)]
    pub(crate) extended_properties: Vec<Named>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

/// Columns that a column's values are grouped by.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RelatedColumnDetails {
    #[serde(default)]
    pub(crate) group_by_columns: Vec<GroupByColumn>,
}

/// One of them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupByColumn {
    #[serde(default)]
    pub(crate) grouping_column: String,
}

/// Another form of a column in reports.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variation {
    #[serde(default)]
    pub(crate) default_column: Option<ColumnOfTable>,
}

/// A column of a table.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ColumnOfTable {
    #[serde(default)]
    pub(crate) table: String,
    #[serde(default)]
    pub(crate) column: String,
}

/// A measure.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Measure {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) expression: Option<Text>,
    #[serde(default)]
    pub(crate) description: Option<Text>,
    #[serde(default)]
    pub(crate) format_string: Option<String>,
    #[serde(default)]
    pub(crate) format_string_definition: Option<Definition>,
    #[serde(default)]
    pub(crate) display_folder: Option<String>,
    #[serde(default)]
    pub(crate) is_hidden: bool,
    #[serde(default)]
    pub(crate) kpi: Option<Kpi>,
    #[serde(default)]
    pub(crate) detail_rows_definition: Option<Definition>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

/// An expression with properties of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Definition {
    #[serde(default)]
    pub(crate) expression: Option<Text>,
}

/// A key performance indicator.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kpi {
    #[serde(default)]
    pub(crate) target_expression: Option<Text>,
    #[serde(default)]
    pub(crate) status_expression: Option<Text>,
    #[serde(default)]
    pub(crate) trend_expression: Option<Text>,
}

/// A hierarchy.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hierarchy {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) is_hidden: bool,
    #[serde(default)]
    pub(crate) description: Option<Text>,
    #[serde(default)]
    pub(crate) levels: Vec<Level>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

/// A level of a hierarchy.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Level {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) column: String,
    #[serde(default)]
    pub(crate) ordinal: Option<i64>,
}

/// A partition.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Partition {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) mode: Option<String>,
    #[serde(default)]
    pub(crate) source: Option<Source>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

/// What fills a partition.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Source {
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) expression: Option<Text>,
    #[serde(default)]
    pub(crate) query: Option<Text>,
    #[serde(default)]
    pub(crate) entity_name: Option<String>,
    #[serde(default)]
    pub(crate) data_source: Option<String>,
}

/// A calculation group.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CalculationGroup {
    #[serde(default)]
    pub(crate) precedence: Option<i64>,
    #[serde(default)]
    pub(crate) description: Option<Text>,
    #[serde(default)]
    pub(crate) calculation_items: Vec<CalculationItem>,
}

/// One calculation of a group.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CalculationItem {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) expression: Option<Text>,
    #[serde(default)]
    pub(crate) ordinal: Option<i64>,
    #[serde(default)]
    pub(crate) format_string_definition: Option<Definition>,
    #[serde(default)]
    pub(crate) description: Option<Text>,
}

/// A relationship.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Relationship {
    #[serde(default)]
    pub(crate) name: Option<String>,
    pub(crate) from_table: String,
    pub(crate) from_column: String,
    pub(crate) to_table: String,
    pub(crate) to_column: String,
    #[serde(default)]
    pub(crate) from_cardinality: Option<String>,
    #[serde(default)]
    pub(crate) to_cardinality: Option<String>,
    #[serde(default)]
    pub(crate) cross_filtering_behavior: Option<String>,
    #[serde(default)]
    pub(crate) security_filtering_behavior: Option<String>,
    #[serde(default)]
    pub(crate) is_active: Option<bool>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

/// A security role.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: Option<Text>,
    #[serde(default)]
    pub(crate) model_permission: Option<String>,
    #[serde(default)]
    pub(crate) table_permissions: Vec<TablePermission>,
    #[serde(default)]
    pub(crate) members: Vec<IgnoredAny>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

/// The rows of one table that a role sees.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TablePermission {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) filter_expression: Option<Text>,
    #[serde(default)]
    pub(crate) metadata_permission: Option<String>,
    #[serde(default)]
    pub(crate) column_permissions: Vec<ColumnPermission>,
}

/// Whether a role sees a column.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ColumnPermission {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) metadata_permission: Option<String>,
}

/// A data source.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataSource {
    pub(crate) name: String,
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
}

/// A perspective.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Perspective {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) tables: Vec<IgnoredAny>,
}

/// A shared expression.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamedExpression {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) expression: Option<Text>,
    #[serde(default)]
    pub(crate) description: Option<Text>,
    #[serde(default)]
    pub(crate) annotations: Vec<Annotation>,
}

/// A culture.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Culture {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) translations: Option<IgnoredAny>,
}

/// An annotation.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Annotation {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: Option<Text>,
}

/// Anything of which only the name is kept.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Named {
    pub(crate) name: String,
}
