//! An object of a model as rules see it: what it is called, where it stands,
//! what its annotations say.
//!
//! Must not know rules. A new kind of object is a variant, its arms here, and
//! a line in [`elements`].

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::dax::names::{column_name, table_name};
use crate::semantic_model::dax::{Names, Object};
use crate::semantic_model::model::{
    Annotation, CalculationItem, Column, DataSource, Hierarchy, Level, Location, Measure, Model, NamedExpression,
    Partition, Perspective, Relationship, Role, Table, TableKind, TablePermission,
};
use crate::semantic_model::words::ColumnKind;

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ElementKind {
    /// The model itself.
    Model,
    /// A table from a source.
    Table,
    /// A table from a DAX expression.
    CalculatedTable,
    /// A calculation group.
    CalculationGroup,
    /// An item of a calculation group.
    CalculationItem,
    /// A column from a source.
    Column,
    /// A column with a DAX expression.
    CalculatedColumn,
    /// A column of a calculated table.
    CalculatedTableColumn,
    /// A measure.
    Measure,
    /// A hierarchy.
    Hierarchy,
    /// A level of a hierarchy.
    Level,
    /// A partition.
    Partition,
    /// A relationship.
    Relationship,
    /// A security role.
    Role,
    /// What a role sees of a table.
    TablePermission,
    /// A perspective.
    Perspective,
    /// A data source.
    DataSource,
    /// A shared M expression or parameter.
    Expression,
    /// A function of the model's own.
    Function,
}

impl ElementKind {
    /// As in answers and in files with rules.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Table => "table",
            Self::CalculatedTable => "calculated_table",
            Self::CalculationGroup => "calculation_group",
            Self::CalculationItem => "calculation_item",
            Self::Column => "column",
            Self::CalculatedColumn => "calculated_column",
            Self::CalculatedTableColumn => "calculated_table_column",
            Self::Measure => "measure",
            Self::Hierarchy => "hierarchy",
            Self::Level => "level",
            Self::Partition => "partition",
            Self::Relationship => "relationship",
            Self::Role => "role",
            Self::TablePermission => "table_permission",
            Self::Perspective => "perspective",
            Self::DataSource => "data_source",
            Self::Expression => "expression",
            Self::Function => "function",
        }
    }
}

/// An object of a model.
#[derive(Debug, Clone, Copy)]
pub enum Element<'m> {
    /// The model itself.
    Model(&'m Model),
    /// A table of any kind.
    Table(&'m Table),
    /// A column of any kind.
    Column(&'m Table, &'m Column),
    /// A measure.
    Measure(&'m Table, &'m Measure),
    /// An item of a calculation group.
    Item(&'m Table, &'m CalculationItem),
    /// A hierarchy.
    Hierarchy(&'m Table, &'m Hierarchy),
    /// A level of a hierarchy.
    Level(&'m Table, &'m Hierarchy, &'m Level),
    /// A partition.
    Partition(&'m Table, &'m Partition),
    /// A relationship.
    Relationship(&'m Relationship),
    /// A role.
    Role(&'m Role),
    /// What a role sees of a table.
    Permission(&'m Role, &'m TablePermission),
    /// A perspective.
    Perspective(&'m Perspective),
    /// A data source.
    DataSource(&'m DataSource),
    /// A shared M expression.
    Expression(&'m NamedExpression),
    /// A function.
    Function(&'m NamedExpression),
}

/// Every object of `model`, in the model's order.
#[must_use]
pub fn elements(model: &Model) -> Vec<Element<'_>> {
    let mut found = vec![Element::Model(model)];
    for table in &model.tables {
        found.push(Element::Table(table));
        found.extend(table.columns().map(|column| Element::Column(table, column)));
        found.extend(table.measures.iter().map(|measure| Element::Measure(table, measure)));
        for hierarchy in &table.hierarchies {
            found.push(Element::Hierarchy(table, hierarchy));
            found.extend(hierarchy.levels.iter().map(|level| Element::Level(table, hierarchy, level)));
        }
        found.extend(table.partitions.iter().map(|partition| Element::Partition(table, partition)));
        let items = table.calculation_group.iter().flat_map(|group| &group.items);
        found.extend(items.map(|item| Element::Item(table, item)));
    }
    found.extend(model.relationships.iter().map(Element::Relationship));
    for role in &model.roles {
        found.push(Element::Role(role));
        found.extend(role.table_permissions.iter().map(|permission| Element::Permission(role, permission)));
    }
    found.extend(model.perspectives.iter().map(Element::Perspective));
    found.extend(model.data_sources.iter().map(Element::DataSource));
    found.extend(model.expressions.iter().map(Element::Expression));
    found.extend(model.functions.iter().map(Element::Function));
    found
}

impl<'m> Element<'m> {
    /// The object of these names, as DAX refers to it.
    #[must_use]
    pub fn of(object: Object<'m>, model: &'m Model, names: &Names<'m>) -> Option<Self> {
        match object {
            Object::Measure(name) => names.measure(name).map(|(table, measure)| Self::Measure(table, measure)),
            Object::Column(table, column) => {
                let table = names.table(table)?;
                table.column(column).map(|column| Self::Column(table, column))
            }
            Object::Table(name) => names.table(name).map(Self::Table),
            Object::Item(table, item) => {
                let table = names.table(table)?;
                let items = &table.calculation_group.as_ref()?.items;
                items.iter().find(|one| one.name == item).map(|item| Self::Item(table, item))
            }
            Object::Role(role, table) => {
                let role = model.roles.iter().find(|one| one.name == role)?;
                let permission = role.table_permissions.iter().find(|one| one.table == table)?;
                Some(Self::Permission(role, permission))
            }
            Object::Function(name) => model.functions.iter().find(|one| one.name == name).map(Self::Function),
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> ElementKind {
        match self {
            Self::Model(_) => ElementKind::Model,
            Self::Table(table) => match table.kind() {
                TableKind::Table => ElementKind::Table,
                TableKind::Calculated => ElementKind::CalculatedTable,
                TableKind::CalculationGroup => ElementKind::CalculationGroup,
            },
            Self::Column(_, column) => match column.kind {
                ColumnKind::Data | ColumnKind::RowNumber => ElementKind::Column,
                ColumnKind::Calculated => ElementKind::CalculatedColumn,
                ColumnKind::CalculatedTableColumn => ElementKind::CalculatedTableColumn,
            },
            Self::Measure(..) => ElementKind::Measure,
            Self::Item(..) => ElementKind::CalculationItem,
            Self::Hierarchy(..) => ElementKind::Hierarchy,
            Self::Level(..) => ElementKind::Level,
            Self::Partition(..) => ElementKind::Partition,
            Self::Relationship(_) => ElementKind::Relationship,
            Self::Role(_) => ElementKind::Role,
            Self::Permission(..) => ElementKind::TablePermission,
            Self::Perspective(_) => ElementKind::Perspective,
            Self::DataSource(_) => ElementKind::DataSource,
            Self::Expression(_) => ElementKind::Expression,
            Self::Function(_) => ElementKind::Function,
        }
    }

    /// What it is called, alone; relationships by their two columns.
    #[must_use]
    pub fn name(self) -> Cow<'m, str> {
        Cow::Borrowed(match self {
            Self::Model(model) => model.database_name.as_deref().unwrap_or("Model"),
            Self::Table(table) => &table.name,
            Self::Column(_, column) => &column.name,
            Self::Measure(_, measure) => &measure.name,
            Self::Item(_, item) => &item.name,
            Self::Hierarchy(_, hierarchy) => &hierarchy.name,
            Self::Level(_, _, level) => &level.name,
            Self::Partition(_, partition) => &partition.name,
            Self::Relationship(relationship) => return Cow::Owned(columns_of(relationship)),
            Self::Role(role) | Self::Permission(role, _) => &role.name,
            Self::Perspective(perspective) => &perspective.name,
            Self::DataSource(source) => &source.name,
            Self::Expression(expression) | Self::Function(expression) => &expression.name,
        })
    }

    /// The table that it belongs to; a table's own name.
    #[must_use]
    pub fn table(self) -> Option<&'m str> {
        match self {
            Self::Table(table)
            | Self::Column(table, _)
            | Self::Measure(table, _)
            | Self::Item(table, _)
            | Self::Hierarchy(table, _)
            | Self::Level(table, _, _)
            | Self::Partition(table, _) => Some(&table.name),
            Self::Relationship(relationship) => Some(&relationship.from_table),
            Self::Permission(_, permission) => Some(&permission.table),
            Self::Model(_)
            | Self::Role(_)
            | Self::Perspective(_)
            | Self::DataSource(_)
            | Self::Expression(_)
            | Self::Function(_) => None,
        }
    }

    /// Its name with what it takes to tell it from others, for people.
    #[must_use]
    pub fn full_name(self) -> String {
        match self {
            Self::Table(table) => table_name(&table.name),
            Self::Column(table, column) => column_name(&table.name, &column.name),
            Self::Measure(_, measure) => format!("[{}]", measure.name.replace(']', "]]")),
            Self::Item(table, _) | Self::Hierarchy(table, _) | Self::Partition(table, _) => {
                column_name(&table.name, &self.name())
            }
            Self::Level(table, hierarchy, level) => {
                format!("{}.{}", column_name(&table.name, &hierarchy.name), level.name)
            }
            Self::Permission(role, permission) => format!("{} on {}", role.name, table_name(&permission.table)),
            Self::Model(_)
            | Self::Relationship(_)
            | Self::Role(_)
            | Self::Perspective(_)
            | Self::DataSource(_)
            | Self::Expression(_)
            | Self::Function(_) => self.name().into_owned(),
        }
    }

    /// What it is for, in its author's words.
    #[must_use]
    pub fn description(self) -> Option<&'m str> {
        match self {
            Self::Model(model) => model.description.as_deref(),
            Self::Table(table) => table.description.as_deref(),
            Self::Column(_, column) => column.description.as_deref(),
            Self::Measure(_, measure) => measure.description.as_deref(),
            Self::Item(_, item) => item.description.as_deref(),
            Self::Hierarchy(_, hierarchy) => hierarchy.description.as_deref(),
            Self::Role(role) => role.description.as_deref(),
            Self::Expression(expression) | Self::Function(expression) => expression.description.as_deref(),
            Self::Level(..)
            | Self::Partition(..)
            | Self::Relationship(_)
            | Self::Permission(..)
            | Self::Perspective(_)
            | Self::DataSource(_) => None,
        }
    }

    /// Whether report authors do not see it. A column of a hidden table is not seen either.
    #[must_use]
    pub fn hidden(self) -> bool {
        match self {
            Self::Table(table) => table.hidden,
            Self::Column(table, column) => table.hidden || column.hidden,
            Self::Measure(table, measure) => table.hidden || measure.hidden,
            Self::Hierarchy(table, hierarchy) => table.hidden || hierarchy.hidden,
            Self::Model(_)
            | Self::Item(..)
            | Self::Level(..)
            | Self::Partition(..)
            | Self::Relationship(_)
            | Self::Role(_)
            | Self::Permission(..)
            | Self::Perspective(_)
            | Self::DataSource(_)
            | Self::Expression(_)
            | Self::Function(_) => false,
        }
    }

    /// What tools have left on it.
    #[must_use]
    pub fn annotations(self) -> &'m [Annotation] {
        match self {
            Self::Model(model) => &model.annotations,
            Self::Table(table) => &table.annotations,
            Self::Column(_, column) => &column.annotations,
            Self::Measure(_, measure) => &measure.annotations,
            Self::Hierarchy(_, hierarchy) => &hierarchy.annotations,
            Self::Partition(_, partition) => &partition.annotations,
            Self::Relationship(relationship) => &relationship.annotations,
            Self::Role(role) => &role.annotations,
            Self::Expression(expression) | Self::Function(expression) => &expression.annotations,
            Self::Item(..) | Self::Level(..) | Self::Permission(..) | Self::Perspective(_) | Self::DataSource(_) => &[],
        }
    }

    /// The annotation of that name.
    #[must_use]
    pub fn annotation(self, name: &str) -> Option<&'m str> {
        self.annotations().iter().find(|one| one.name == name).map(|one| one.value.as_str())
    }

    /// Where it is declared, when the format tells.
    #[must_use]
    pub fn location(self) -> Option<&'m Location> {
        match self {
            Self::Table(table) => table.location.as_ref(),
            Self::Column(_, column) => column.location.as_ref(),
            Self::Measure(_, measure) => measure.location.as_ref(),
            Self::Item(_, item) => item.location.as_ref(),
            Self::Hierarchy(_, hierarchy) | Self::Level(_, hierarchy, _) => hierarchy.location.as_ref(),
            Self::Partition(_, partition) => partition.location.as_ref(),
            Self::Relationship(relationship) => relationship.location.as_ref(),
            Self::Role(role) => role.location.as_ref(),
            Self::Permission(_, permission) => permission.location.as_ref(),
            Self::Expression(expression) | Self::Function(expression) => expression.location.as_ref(),
            Self::Model(_) | Self::Perspective(_) | Self::DataSource(_) => None,
        }
    }

    /// The DAX or M that it is made of.
    #[must_use]
    pub fn expression(self) -> Option<&'m str> {
        match self {
            Self::Table(table) => table.partitions.first().and_then(|partition| partition.expression.as_deref()),
            Self::Column(_, column) => column.expression.as_deref(),
            Self::Measure(_, measure) => Some(&measure.expression),
            Self::Item(_, item) => Some(&item.expression),
            Self::Partition(_, partition) => partition.expression.as_deref(),
            Self::Permission(_, permission) => permission.filter.as_deref(),
            Self::Expression(expression) | Self::Function(expression) => Some(&expression.expression),
            Self::Model(_)
            | Self::Hierarchy(..)
            | Self::Level(..)
            | Self::Relationship(_)
            | Self::Role(_)
            | Self::Perspective(_)
            | Self::DataSource(_) => None,
        }
    }

    /// The line of its file on which that expression begins.
    #[must_use]
    pub fn expression_line(self) -> Option<u32> {
        match self {
            Self::Table(table) => table.partitions.first().and_then(|partition| partition.expression_line),
            Self::Column(_, column) => column.expression_line,
            Self::Measure(_, measure) => measure.expression_line,
            Self::Item(_, item) => item.expression_line,
            Self::Partition(_, partition) => partition.expression_line,
            Self::Permission(_, permission) => permission.filter_line,
            Self::Expression(expression) | Self::Function(expression) => expression.expression_line,
            Self::Model(_)
            | Self::Hierarchy(..)
            | Self::Level(..)
            | Self::Relationship(_)
            | Self::Role(_)
            | Self::Perspective(_)
            | Self::DataSource(_) => None,
        }
    }
}

fn columns_of(relationship: &Relationship) -> String {
    let from = column_name(&relationship.from_table, &relationship.from_column);
    format!("{from} -> {}", column_name(&relationship.to_table, &relationship.to_column))
}
