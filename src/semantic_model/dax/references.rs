//! What an expression refers to: measures, columns, tables.
//!
//! Must not follow references further; `dependencies` does.

use std::collections::BTreeSet;

use crate::semantic_model::dax::analysis::{Analysis, Formula};
use crate::semantic_model::dax::home::Home;
use crate::semantic_model::dax::names::Names;
use crate::semantic_model::dax::resolve::Target;
use crate::semantic_model::dax::syntax::Kind;

/// What one expression refers to, in the model's spelling, in alphabetical order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// Names of measures.
    pub measures: BTreeSet<String>,
    /// Tables and their columns.
    pub columns: BTreeSet<(String, String)>,
    /// Tables that are named without a column.
    pub tables: BTreeSet<String>,
    /// Functions of the model's own.
    pub functions: BTreeSet<String>,
    /// What the model does not have, as it is written.
    pub unresolved: BTreeSet<String>,
    /// What the model does not have but the expression itself gives a name to,
    /// as `ADDCOLUMNS` does with a string.
    pub local: BTreeSet<String>,
}

impl References {
    /// What `expression`, written at `home`, refers to.
    #[must_use]
    pub fn of(expression: &str, home: Home<'_>, names: &Names<'_>) -> Self {
        let formula = Formula::parse(expression);
        Self::found(&Analysis::of(&formula, home, names))
    }

    /// What was found in an expression.
    #[must_use]
    pub fn found(analysis: &Analysis<'_, '_>) -> Self {
        let mut found = Self::default();
        for (at, site) in analysis.outline.sites() {
            match analysis.target(at) {
                Some(Target::Column { table, column }) => {
                    found.columns.insert((table.to_owned(), column.to_owned()));
                }
                Some(Target::Measure(name)) => {
                    found.measures.insert(name.to_owned());
                }
                Some(Target::Table(name)) => {
                    found.tables.insert(name.to_owned());
                }
                Some(Target::Function(name)) => {
                    found.functions.insert(name.to_owned());
                }
                Some(Target::Local) => found.local.extend(written(&site.node.kind)),
                Some(Target::Unknown) => found.unresolved.extend(written(&site.node.kind)),
                Some(Target::Variable(..) | Target::Word) | None => {}
            }
        }
        found
    }
}

/// A column, measure or table as it is written; what else a name can be is no reference.
fn written(kind: &Kind) -> Option<String> {
    if let Kind::Field(field) = kind {
        let table = field.table.as_ref().map(|table| quoted(&table.name)).unwrap_or_default();
        return Some(format!("{table}[{}]", field.name));
    }
    if let Kind::Name(name) = kind {
        return Some(name.clone());
    }
    if let Kind::Table(name) = kind { Some(quoted(name)) } else { None }
}

/// A table's name, in quotes where it needs them.
fn quoted(name: &str) -> String {
    let plain =
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "''")) }
}

#[cfg(test)]
mod tests;
