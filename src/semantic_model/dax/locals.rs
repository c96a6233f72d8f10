//! Names that an expression or query gives itself: columns it adds, what it
//! defines, parameters of a function.
//!
//! Which of its tables has such a column is not followed: it is enough to know
//! that the name is no mistake. Must not know models.

use std::collections::HashSet;

use crate::semantic_model::dax::outline::Outline;
use crate::semantic_model::dax::syntax::{Call, Definition, DefinitionKind, Field, FunctionParameter, Kind, Node};

/// Functions whose strings, as direct arguments, name columns.
const NAMING: &[&str] = &[
    "ADDCOLUMNS",
    "ADDMISSINGITEMS",
    "DATATABLE",
    "GROUPBY",
    "ROLLUPADDISSUBTOTAL",
    "ROW",
    "SELECTCOLUMNS",
    "SUBSTITUTEWITHINDEX",
    "SUMMARIZE",
    "SUMMARIZECOLUMNS",
];

/// Functions that give tables whose columns are not known from the text.
const OPAQUE: &[&str] = &["COLUMNSTATISTICS", "DETAILROWS", "LINEST", "LINESTX", "SAMPLEAXISWITHLOCALMINMAX"];

/// Names that an expression or query gives itself. All in lower case.
#[derive(Debug, Default)]
pub(super) struct Locals {
    columns: HashSet<String>,
    measures: HashSet<String>,
    tables: HashSet<String>,
    functions: HashSet<String>,
    values: HashSet<String>,
    opaque: bool,
}

impl Locals {
    /// Of these trees, of what a query defines, and of a function's parameters.
    pub(super) fn of(outline: &Outline<'_>, definitions: &[Definition], parameters: &[FunctionParameter]) -> Self {
        let mut locals = Self::default();
        for (_, call) in outline.calls() {
            locals.call(call);
        }
        for (_, site) in outline.sites() {
            if let Kind::Set(rows) = &site.node.kind {
                locals.set(rows);
            }
        }
        for definition in definitions {
            locals.definition(definition);
        }
        locals.values.extend(parameters.iter().map(|parameter| parameter.name.to_lowercase()));
        locals
    }

    fn call(&mut self, call: &Call) {
        if call.is_any(NAMING) {
            for argument in &call.arguments {
                if let Kind::Text(name) = &argument.bare().kind {
                    self.columns.insert(name.to_lowercase());
                }
            }
        }
        if call.is("GENERATESERIES") {
            self.columns.insert("value".into());
        }
        if call.is_any(&["CALENDAR", "CALENDARAUTO"]) {
            self.columns.insert("date".into());
        }
        self.opaque |= call.is_any(OPAQUE) || call.function.to_ascii_uppercase().starts_with("INFO.");
    }

    /// The columns of `{...}` are called `Value`, or `Value1` and so on.
    fn set(&mut self, rows: &[Node]) {
        match rows.first().map(|row| &row.kind) {
            Some(Kind::Tuple(parts)) => {
                self.columns.extend((1..=parts.len()).map(|number| format!("value{number}")));
            }
            _ => {
                self.columns.insert("value".into());
            }
        }
    }

    fn definition(&mut self, definition: &Definition) {
        match &definition.kind {
            DefinitionKind::Measure(field) => {
                self.measures.insert(field.name.to_lowercase());
            }
            DefinitionKind::Column(field) => {
                self.columns.insert(field.name.to_lowercase());
            }
            DefinitionKind::Table(name) => {
                self.tables.insert(name.to_lowercase());
            }
            DefinitionKind::Variable(name) | DefinitionKind::Parameter(name) => {
                self.values.insert(name.to_lowercase());
            }
            DefinitionKind::Function(name, parameters) => {
                self.functions.insert(name.to_lowercase());
                self.values.extend(parameters.iter().map(|parameter| parameter.name.to_lowercase()));
            }
        }
    }

    /// Whether it is a column or measure of the expression's own.
    pub(super) fn has_field(&self, field: &Field) -> bool {
        let name = field.name.to_lowercase();
        if self.opaque || self.columns.contains(&name) || self.measures.contains(&name) {
            return true;
        }
        // A table of the query's own may have any column of what it is made from.
        field.table.as_ref().is_some_and(|table| {
            let table = table.name.to_lowercase();
            self.tables.contains(&table)
                || self.values.contains(&table)
                || self.columns.contains(&format!("{table}[{name}]"))
                || self.columns.contains(&format!("'{table}'[{name}]"))
        })
    }

    /// Whether it is a measure of the query's own.
    pub(super) fn has_measure(&self, name: &str) -> bool {
        self.measures.contains(&name.to_lowercase())
    }

    /// Whether it is a table of the query's own.
    pub(super) fn has_table(&self, name: &str) -> bool {
        self.tables.contains(&name.to_lowercase())
    }

    /// Whether it is a function of the query's own.
    pub(super) fn has_function(&self, name: &str) -> bool {
        self.functions.contains(&name.to_lowercase())
    }

    /// Whether it is a variable or parameter of the query or function.
    pub(super) fn has_value(&self, name: &str) -> bool {
        self.values.contains(&name.to_lowercase())
    }
}
