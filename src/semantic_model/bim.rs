//! `model.bim`: a model as TMSL, in JSON.
//!
//! Members that it does not know are read over, so that a file of a newer
//! version still loads; a known member with an unknown word is a warning. Must
//! not know where a model lies.
//!
//! Source: "Tabular Model Scripting Language (TMSL) Reference" on learn.microsoft.com.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::semantic_model::error::Error;
use crate::semantic_model::model::{
    Annotation, CalculationGroup, CalculationItem, Column, Culture, DataSource, Hierarchy, Kpi, Level, Location,
    Measure, Model, NamedExpression, Partition, Perspective, Relationship, Role, Table, TablePermission, Warning,
};
use crate::semantic_model::text::number;
use crate::semantic_model::tmsl;
use crate::semantic_model::words::{
    Cardinality, ColumnKind, CrossFilter, DataType, Mode, Permission, SecurityFilter, SourceKind, SummarizeBy,
};

/// What Power BI writes on the columns of parameters.
pub(crate) const PARAMETER: &str = "ParameterMetadata";

const DATABASE_HINT: &str = "the file must be the JSON of one tabular database, as `model.bim` is";

/// Reads a database, or a script that creates one.
pub(crate) fn read(text: &str, file: &Arc<str>) -> Result<Model, Error> {
    let root: tmsl::Root = parse_json(text.as_bytes(), file, DATABASE_HINT)?;
    let tmsl::Root { name, compatibility_level, model, create, create_or_replace } = root;
    let database = create
        .or(create_or_replace)
        .map_or(tmsl::Database { name, compatibility_level, model }, |script| script.database);
    let Some(raw) = database.model else {
        let location = Location { file: file.clone(), line: 1, column: 1 };
        return Err(Error::syntax(location, "the file has no member `model`", DATABASE_HINT));
    };
    let mut reader = Reader { warnings: Vec::new() };
    let mut model = reader.model(raw);
    model.database_name = database.name;
    model.compatibility_level = database.compatibility_level;
    model.warnings = reader.warnings;
    Ok(model)
}

/// Parses JSON, telling where it breaks.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8], file: &Arc<str>, hint: &'static str) -> Result<T, Error> {
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| {
        let location =
            Location { file: file.clone(), line: number(error.line().max(1)), column: number(error.column().max(1)) };
        // serde_json puts the place behind its message; ours stands in front.
        let said = error.to_string();
        let cause = said.rsplit_once(" at line ").map_or(said.as_str(), |(cause, _)| cause).to_owned();
        Error::syntax(location, cause, hint)
    })
}

struct Reader {
    warnings: Vec<Warning>,
}

impl Reader {
    /// One of the format's words, or its default with a warning.
    fn word<T>(&mut self, word: Option<String>, what: &str, owner: &str, parse: fn(&str) -> Option<T>) -> Option<T> {
        let word = word?;
        let parsed = parse(&word);
        if parsed.is_none() {
            let message = format!("`{word}` of `{owner}` is no known value of `{what}`");
            self.warnings.push(Warning { message, location: None });
        }
        parsed
    }

    fn model(&mut self, raw: tmsl::Model) -> Model {
        Model {
            description: text(raw.description),
            culture: raw.culture,
            default_mode: self.word(raw.default_mode, "defaultMode", "model", Mode::parse),
            default_data_source_version: raw.default_data_source_version,
            discourage_implicit_measures: raw.discourage_implicit_measures,
            tables: raw.tables.into_iter().map(|table| self.table(table)).collect(),
            relationships: raw.relationships.into_iter().map(|relationship| self.relationship(relationship)).collect(),
            roles: raw.roles.into_iter().map(|role| self.role(role)).collect(),
            expressions: raw.expressions.into_iter().map(named_expression).collect(),
            functions: raw.functions.into_iter().map(named_expression).collect(),
            data_sources: raw.data_sources.into_iter().map(data_source).collect(),
            cultures: raw
                .cultures
                .into_iter()
                .map(|culture| Culture { name: culture.name, translates: culture.translations.is_some() })
                .collect(),
            perspectives: raw
                .perspectives
                .into_iter()
                .map(|perspective| Perspective { name: perspective.name, tables: perspective.tables.len() })
                .collect(),
            annotations: annotations(raw.annotations),
            ..Model::default()
        }
    }

    fn table(&mut self, raw: tmsl::Table) -> Table {
        let name = raw.name;
        Table {
            description: text(raw.description),
            hidden: raw.is_hidden,
            data_category: raw.data_category,
            all_columns: raw.columns.into_iter().map(|column| self.column(column, &name)).collect(),
            measures: raw.measures.into_iter().map(measure).collect(),
            hierarchies: raw.hierarchies.into_iter().map(hierarchy).collect(),
            partitions: raw.partitions.into_iter().map(|partition| self.partition(partition)).collect(),
            calculation_group: raw.calculation_group.map(calculation_group),
            annotations: annotations(raw.annotations),
            location: None,
            name,
        }
    }

    fn column(&mut self, raw: tmsl::Column, table: &str) -> Column {
        let owner = format!("'{table}'[{}]", raw.name);
        Column {
            kind: self.word(raw.kind, "type", &owner, ColumnKind::parse).unwrap_or_default(),
            data_type: self.word(raw.data_type, "dataType", &owner, DataType::parse).unwrap_or_default(),
            description: text(raw.description),
            hidden: raw.is_hidden,
            key: raw.is_key,
            format_string: raw.format_string,
            display_folder: raw.display_folder,
            sort_by: raw.sort_by_column,
            source_column: raw.source_column,
            summarize_by: self.word(raw.summarize_by, "summarizeBy", &owner, SummarizeBy::parse).unwrap_or_default(),
            data_category: raw.data_category,
            available_in_mdx: raw.is_available_in_mdx.unwrap_or(true),
            expression: text(raw.expression),
            expression_line: None,
            group_by: raw
                .related_column_details
                .into_iter()
                .flat_map(|details| details.group_by_columns)
                .map(|column| column.grouping_column)
                .collect(),
            alternate: raw.alternate_of.is_some(),
            parameter: raw.extended_properties.iter().any(|property| property.name == PARAMETER),
            default_columns: raw
                .variations
                .into_iter()
                .filter_map(|variation| variation.default_column)
                .map(|column| (column.table, column.column))
                .collect(),
            annotations: annotations(raw.annotations),
            location: None,
            name: raw.name,
        }
    }

    fn partition(&mut self, raw: tmsl::Partition) -> Partition {
        let source = raw.source.unwrap_or_default();
        // A source without a type is a query to a data source: the oldest kind.
        let kind = match source.kind {
            None => SourceKind::Query,
            kind => self.word(kind, "type", &raw.name, SourceKind::parse).unwrap_or(SourceKind::None),
        };
        Partition {
            source: kind,
            mode: self.word(raw.mode, "mode", &raw.name, Mode::parse),
            expression: text(source.expression).or_else(|| text(source.query)),
            expression_line: None,
            entity: source.entity_name,
            data_source: source.data_source,
            annotations: annotations(raw.annotations),
            location: None,
            name: raw.name,
        }
    }

    fn relationship(&mut self, raw: tmsl::Relationship) -> Relationship {
        let name = raw.name.unwrap_or_default();
        let owner = if name.is_empty() { "relationship" } else { name.as_str() };
        Relationship {
            from_table: raw.from_table,
            from_column: raw.from_column,
            to_table: raw.to_table,
            to_column: raw.to_column,
            from_cardinality: self
                .word(raw.from_cardinality, "fromCardinality", owner, Cardinality::parse)
                .unwrap_or(Cardinality::Many),
            to_cardinality: self
                .word(raw.to_cardinality, "toCardinality", owner, Cardinality::parse)
                .unwrap_or(Cardinality::One),
            cross_filter: self
                .word(raw.cross_filtering_behavior, "crossFilteringBehavior", owner, CrossFilter::parse)
                .unwrap_or_default(),
            security_filter: self
                .word(raw.security_filtering_behavior, "securityFilteringBehavior", owner, SecurityFilter::parse)
                .unwrap_or_default(),
            active: raw.is_active.unwrap_or(true),
            annotations: annotations(raw.annotations),
            location: None,
            name,
        }
    }

    fn role(&mut self, raw: tmsl::Role) -> Role {
        Role {
            description: text(raw.description),
            permission: self
                .word(raw.model_permission, "modelPermission", &raw.name, Permission::parse)
                .unwrap_or_default(),
            table_permissions: raw
                .table_permissions
                .into_iter()
                .map(|permission| TablePermission {
                    table: permission.name,
                    filter: text(permission.filter_expression),
                    filter_line: None,
                    hides_table: permission.metadata_permission.as_deref().is_some_and(hides),
                    hidden_columns: permission
                        .column_permissions
                        .into_iter()
                        .filter(|column| column.metadata_permission.as_deref().is_some_and(hides))
                        .map(|column| column.name)
                        .collect(),
                    location: None,
                })
                .collect(),
            members: raw.members.len(),
            annotations: annotations(raw.annotations),
            location: None,
            name: raw.name,
        }
    }
}

fn measure(raw: tmsl::Measure) -> Measure {
    Measure {
        name: raw.name,
        expression: text(raw.expression).unwrap_or_default(),
        expression_line: None,
        description: text(raw.description),
        format_string: raw.format_string,
        format_string_expression: definition(raw.format_string_definition),
        display_folder: raw.display_folder,
        hidden: raw.is_hidden,
        kpi: raw.kpi.map(|kpi| Kpi {
            target: text(kpi.target_expression),
            status: text(kpi.status_expression),
            trend: text(kpi.trend_expression),
        }),
        detail_rows: definition(raw.detail_rows_definition),
        annotations: annotations(raw.annotations),
        location: None,
    }
}

fn hierarchy(raw: tmsl::Hierarchy) -> Hierarchy {
    let mut levels = raw.levels;
    levels.sort_by_key(|level| level.ordinal.unwrap_or_default());
    Hierarchy {
        name: raw.name,
        hidden: raw.is_hidden,
        description: text(raw.description),
        annotations: annotations(raw.annotations),
        location: None,
        levels: levels.into_iter().map(|level| Level { name: level.name, column: level.column }).collect(),
    }
}

fn calculation_group(raw: tmsl::CalculationGroup) -> CalculationGroup {
    let items = raw.calculation_items.into_iter().map(|item| CalculationItem {
        name: item.name,
        expression: text(item.expression).unwrap_or_default(),
        ordinal: item.ordinal,
        format_string_expression: definition(item.format_string_definition),
        description: text(item.description),
        expression_line: None,
        location: None,
    });
    CalculationGroup {
        precedence: raw.precedence.unwrap_or_default(),
        description: text(raw.description),
        items: items.collect(),
    }
}

fn named_expression(raw: tmsl::NamedExpression) -> NamedExpression {
    NamedExpression {
        name: raw.name,
        expression: text(raw.expression).unwrap_or_default(),
        expression_line: None,
        description: text(raw.description),
        annotations: annotations(raw.annotations),
        location: None,
    }
}

/// A source without a type is the older kind.
fn data_source(raw: tmsl::DataSource) -> DataSource {
    DataSource { structured: raw.kind.is_some_and(|kind| kind.eq_ignore_ascii_case("structured")), name: raw.name }
}

fn hides(permission: &str) -> bool {
    permission.eq_ignore_ascii_case("none")
}

fn annotations(raw: Vec<tmsl::Annotation>) -> Vec<Annotation> {
    raw.into_iter()
        .map(|annotation| Annotation { name: annotation.name, value: text(annotation.value).unwrap_or_default() })
        .collect()
}

fn definition(raw: Option<tmsl::Definition>) -> Option<String> {
    raw.and_then(|definition| text(definition.expression))
}

fn text(raw: Option<tmsl::Text>) -> Option<String> {
    raw.map(|text| text.0)
}

#[cfg(test)]
mod tests;
