//! Every DAX expression of a model, with the object it belongs to.
//!
//! A new place for DAX in the files is a line here. Must not read them.

use crate::semantic_model::dax::analysis::Formula;
use crate::semantic_model::dax::home::Home;
use crate::semantic_model::dax::names::{column_name, table_name};
use crate::semantic_model::model::{Model, Table, TableKind};
use crate::semantic_model::words::SourceKind;

/// An object of a model that DAX can belong to or refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object<'m> {
    /// A measure; its name is unique in the model.
    Measure(&'m str),
    /// A column of a table.
    Column(&'m str, &'m str),
    /// A table.
    Table(&'m str),
    /// An item of the calculation group that is this table.
    Item(&'m str, &'m str),
    /// A role, with the table whose rows it filters.
    Role(&'m str, &'m str),
    /// A function of the model's own.
    Function(&'m str),
}

impl Object<'_> {
    /// `measure`, `column` and so on.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Measure(_) => "measure",
            Self::Column(..) => "column",
            Self::Table(_) => "table",
            Self::Item(..) => "calculation_item",
            Self::Role(..) => "role",
            Self::Function(_) => "function",
        }
    }
}

impl std::fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Measure(name) => write!(f, "[{}]", name.replace(']', "]]")),
            Self::Column(table, name) | Self::Item(table, name) => f.write_str(&column_name(table, name)),
            Self::Table(name) => f.write_str(&table_name(name)),
            Self::Role(role, table) => write!(f, "{role} on {}", table_name(table)),
            Self::Function(name) => f.write_str(name),
        }
    }
}

/// What an expression is for its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Its value, rows or filter.
    Value,
    /// The format of its values.
    Format,
    /// The rows behind a value.
    DetailRows,
    /// The target of its key performance indicator.
    Target,
    /// The status of its key performance indicator.
    Status,
    /// The trend of its key performance indicator.
    Trend,
}

/// An expression of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expression<'m> {
    /// The object that it belongs to.
    pub object: Object<'m>,
    /// What it is for the object.
    pub part: Part,
    /// The DAX.
    pub text: &'m str,
    /// Where it is written.
    pub home: Home<'m>,
}

impl Expression<'_> {
    /// Reads it.
    #[must_use]
    pub fn parse(&self) -> Formula {
        if matches!(self.object, Object::Function(_)) {
            Formula::parse_function(self.text)
        } else {
            Formula::parse(self.text)
        }
    }
}

/// Every expression of `model`, in the model's order.
#[must_use]
pub fn expressions(model: &Model) -> Vec<Expression<'_>> {
    let mut found = Vec::new();
    for table in &model.tables {
        of_table(table, &mut found);
    }
    for role in &model.roles {
        for permission in &role.table_permissions {
            let object = Object::Role(&role.name, &permission.table);
            add(&mut found, object, Part::Value, permission.filter.as_deref(), Home::Filter(&permission.table));
        }
    }
    for function in &model.functions {
        let object = Object::Function(&function.name);
        add(&mut found, object, Part::Value, Some(&function.expression), Home::Query);
    }
    found
}

fn of_table<'m>(table: &'m Table, found: &mut Vec<Expression<'m>>) {
    let name = table.name.as_str();
    if table.kind() == TableKind::Calculated {
        let calculated = table.partitions.iter().filter(|partition| partition.source == SourceKind::Calculated);
        for partition in calculated {
            add(found, Object::Table(name), Part::Value, partition.expression.as_deref(), Home::Table);
        }
    }
    for column in table.columns() {
        let object = Object::Column(name, &column.name);
        add(found, object, Part::Value, column.expression.as_deref(), Home::Column(name));
    }
    for measure in &table.measures {
        let object = Object::Measure(&measure.name);
        let kpi = measure.kpi.as_ref();
        let parts = [
            (Part::Value, Some(measure.expression.as_str())),
            (Part::Format, measure.format_string_expression.as_deref()),
            (Part::DetailRows, measure.detail_rows.as_deref()),
            (Part::Target, kpi.and_then(|kpi| kpi.target.as_deref())),
            (Part::Status, kpi.and_then(|kpi| kpi.status.as_deref())),
            (Part::Trend, kpi.and_then(|kpi| kpi.trend.as_deref())),
        ];
        for (part, text) in parts {
            add(found, object, part, text, Home::Measure(name));
        }
    }
    for item in table.calculation_group.iter().flat_map(|group| &group.items) {
        let object = Object::Item(name, &item.name);
        add(found, object, Part::Value, Some(&item.expression), Home::Item(name));
        add(found, object, Part::Format, item.format_string_expression.as_deref(), Home::Item(name));
    }
}

fn add<'m>(found: &mut Vec<Expression<'m>>, object: Object<'m>, part: Part, text: Option<&'m str>, home: Home<'m>) {
    // Files of templates hold objects without any.
    if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
        found.push(Expression { object, part, text, home });
    }
}
