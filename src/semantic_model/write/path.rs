//! Which object of a model is changed.
//!
//! Must not know formats. A new kind of object is a variant, then an arm in
//! `tmdl`, `bim` and in [`ObjectPath::leave_out`].

use crate::semantic_model::model::{Model, same};

/// An object by its names, which are read without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectPath {
    /// The model itself.
    Model,
    /// A table.
    Table(String),
    /// A column of a table.
    Column(String, String),
    /// A measure of a table.
    Measure(String, String),
    /// A hierarchy of a table.
    Hierarchy(String, String),
    /// A partition of a table.
    Partition(String, String),
    /// The calculation group that a table is.
    CalculationGroup(String),
    /// An item of the calculation group that a table is.
    CalculationItem(String, String),
    /// A relationship.
    Relationship(String),
    /// A role.
    Role(String),
}

impl ObjectPath {
    /// The word that TMDL has before its name.
    pub(super) fn keyword(&self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Table(_) => "table",
            Self::Column(..) => "column",
            Self::Measure(..) => "measure",
            Self::Hierarchy(..) => "hierarchy",
            Self::Partition(..) => "partition",
            Self::CalculationGroup(_) => "calculationGroup",
            Self::CalculationItem(..) => "calculationItem",
            Self::Relationship(_) => "relationship",
            Self::Role(_) => "role",
        }
    }

    /// Its own name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Model => "",
            Self::Table(name)
            | Self::CalculationGroup(name)
            | Self::Relationship(name)
            | Self::Role(name)
            | Self::Column(_, name)
            | Self::Measure(_, name)
            | Self::Hierarchy(_, name)
            | Self::Partition(_, name)
            | Self::CalculationItem(_, name) => name,
        }
    }

    /// The table that it is or belongs to.
    pub(super) fn table(&self) -> Option<&str> {
        match self {
            Self::Model | Self::Relationship(_) | Self::Role(_) => None,
            Self::Table(table)
            | Self::CalculationGroup(table)
            | Self::Column(table, _)
            | Self::Measure(table, _)
            | Self::Hierarchy(table, _)
            | Self::Partition(table, _)
            | Self::CalculationItem(table, _) => Some(table),
        }
    }

    /// Takes the object out of a model, so that what remains can be compared.
    pub(super) fn leave_out(&self, model: &mut Model) {
        match self {
            Self::Model => {
                let rest = std::mem::take(model);
                *model = Model {
                    tables: rest.tables,
                    relationships: rest.relationships,
                    roles: rest.roles,
                    expressions: rest.expressions,
                    functions: rest.functions,
                    data_sources: rest.data_sources,
                    cultures: rest.cultures,
                    perspectives: rest.perspectives,
                    ..Model::default()
                };
            }
            Self::Table(name) => model.tables.retain(|table| !same(&table.name, name)),
            Self::Relationship(name) => model.relationships.retain(|one| !same(&one.name, name)),
            Self::Role(name) => model.roles.retain(|one| !same(&one.name, name)),
            Self::Column(table, _)
            | Self::Measure(table, _)
            | Self::Hierarchy(table, _)
            | Self::Partition(table, _)
            | Self::CalculationGroup(table)
            | Self::CalculationItem(table, _) => {
                let Some(table) = model.tables.iter_mut().find(|one| same(&one.name, table)) else { return };
                let name = self.name();
                match self {
                    Self::Column(..) => table.all_columns.retain(|one| !same(&one.name, name)),
                    Self::Measure(..) => table.measures.retain(|one| !same(&one.name, name)),
                    Self::Hierarchy(..) => table.hierarchies.retain(|one| !same(&one.name, name)),
                    Self::Partition(..) => table.partitions.retain(|one| !same(&one.name, name)),
                    Self::CalculationGroup(_) => {
                        if let Some(group) = &mut table.calculation_group {
                            group.precedence = 0;
                            group.description = None;
                        }
                    }
                    Self::CalculationItem(..) => {
                        if let Some(group) = &mut table.calculation_group {
                            group.items.retain(|one| !same(&one.name, name));
                        }
                    }
                    Self::Model | Self::Table(_) | Self::Relationship(_) | Self::Role(_) => {}
                }
            }
        }
    }
}

impl std::fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.table(), self.name()) {
            (_, "") => f.write_str(self.keyword()),
            (Some(table), name) if table != name => write!(f, "{} '{table}'[{name}]", self.keyword()),
            (_, name) => write!(f, "{} '{name}'", self.keyword()),
        }
    }
}
