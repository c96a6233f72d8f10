//! How many objects a model has.

use schemars::JsonSchema;
use serde::Serialize;

use crate::semantic_model::model::Model;
use crate::semantic_model::words::ColumnKind;

/// Numbers of objects. Row-number columns, which the engine adds, are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Tables, calculation groups among them.
    pub tables: usize,
    /// Columns.
    pub columns: usize,
    /// Columns with a DAX expression.
    pub calculated_columns: usize,
    /// Measures.
    pub measures: usize,
    /// Relationships.
    pub relationships: usize,
    /// Relationships that are not active.
    pub inactive_relationships: usize,
    /// Hierarchies.
    pub hierarchies: usize,
    /// Partitions.
    pub partitions: usize,
    /// Security roles.
    pub roles: usize,
    /// Calculation groups.
    pub calculation_groups: usize,
    /// Items of all calculation groups.
    pub calculation_items: usize,
    /// Shared M expressions and parameters.
    pub expressions: usize,
    /// Cultures.
    pub cultures: usize,
    /// Perspectives.
    pub perspectives: usize,
}

impl Counts {
    /// Of `model`.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        Self {
            tables: model.tables.len(),
            columns: model.columns().count(),
            calculated_columns: model.columns().filter(|(_, column)| column.kind == ColumnKind::Calculated).count(),
            measures: model.measures().count(),
            relationships: model.relationships.len(),
            inactive_relationships: model.relationships.iter().filter(|relationship| !relationship.active).count(),
            hierarchies: model.tables.iter().map(|table| table.hierarchies.len()).sum(),
            partitions: model.tables.iter().map(|table| table.partitions.len()).sum(),
            roles: model.roles.len(),
            calculation_groups: model.calculation_groups().count(),
            calculation_items: model.calculation_groups().map(|(_, group)| group.items.len()).sum(),
            expressions: model.expressions.len(),
            cultures: model.cultures.len(),
            perspectives: model.perspectives.len(),
        }
    }
}
