//! The names of a model, for looking up as the engine does: without regard to case.
//!
//! Must not know expressions.

use std::collections::HashMap;

use crate::semantic_model::model::{Measure, Model, Table};

/// The names of a model.
#[derive(Debug)]
pub struct Names<'m> {
    tables: HashMap<String, TableNames<'m>>,
    measures: HashMap<String, (&'m Table, &'m Measure)>,
    functions: HashMap<String, &'m str>,
}

#[derive(Debug)]
struct TableNames<'m> {
    table: &'m Table,
    columns: HashMap<String, &'m str>,
}

impl<'m> Names<'m> {
    /// The names of `model`.
    #[must_use]
    pub fn of(model: &'m Model) -> Self {
        let tables = model.tables.iter().map(|table| {
            let columns = table.columns().map(|column| (column.name.to_lowercase(), column.name.as_str())).collect();
            (table.name.to_lowercase(), TableNames { table, columns })
        });
        let mut measures = HashMap::new();
        for (table, measure) in model.measures() {
            measures.entry(measure.name.to_lowercase()).or_insert((table, measure));
        }
        let functions = model.functions.iter().map(|one| (one.name.to_lowercase(), one.name.as_str()));
        Self { tables: tables.collect(), measures, functions: functions.collect() }
    }

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&'m Table> {
        self.tables.get(&name.to_lowercase()).map(|names| names.table)
    }

    /// The measure of that name, with its table.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<(&'m Table, &'m Measure)> {
        self.measures.get(&name.to_lowercase()).copied()
    }

    /// The table and column of those names as the model spells them.
    #[must_use]
    pub fn column(&self, table: &str, column: &str) -> Option<(&'m str, &'m str)> {
        let names = self.tables.get(&table.to_lowercase())?;
        Some((names.table.name.as_str(), names.columns.get(&column.to_lowercase())?))
    }

    /// The model's own function of that name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&'m str> {
        self.functions.get(&name.to_lowercase()).copied()
    }

    /// The table nearest to a name that none has.
    #[must_use]
    pub fn near_table(&self, name: &str) -> Option<&'m str> {
        nearest(name, self.tables.values().map(|names| names.table.name.as_str()))
    }

    /// The column or measure nearest to one that the table does not have.
    #[must_use]
    pub fn near_field(&self, table: Option<&str>, name: &str) -> Option<String> {
        let names = table.and_then(|table| self.tables.get(&table.to_lowercase()));
        let columns = names.into_iter().flat_map(|names| names.columns.values().copied());
        if let (Some(column), Some(names)) = (nearest(name, columns), names) {
            return Some(column_name(&names.table.name, column));
        }
        let measures = self.measures.values().map(|(_, measure)| measure.name.as_str());
        nearest(name, measures).map(|measure| format!("[{}]", measure.replace(']', "]]")))
    }

    /// Tables that have a column of this name, in alphabetical order.
    #[must_use]
    pub fn tables_with(&self, column: &str) -> Vec<&'m str> {
        let wanted = column.to_lowercase();
        let with = self.tables.values().filter(|names| names.columns.contains_key(&wanted));
        let mut tables: Vec<&str> = with.map(|names| names.table.name.as_str()).collect();
        tables.sort_unstable();
        tables
    }
}

/// `'Table'[Column]`
#[must_use]
pub fn column_name(table: &str, column: &str) -> String {
    format!("{}[{}]", table_name(table), column.replace(']', "]]"))
}

/// `'Table'`
#[must_use]
pub fn table_name(table: &str) -> String {
    format!("'{}'", table.replace('\'', "''"))
}

fn nearest<'m>(name: &str, known: impl Iterator<Item = &'m str>) -> Option<&'m str> {
    let wanted = name.to_lowercase();
    let bound = 1.max(wanted.chars().count() / 3);
    known
        .map(|known| (strsim::damerau_levenshtein(&wanted, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, known)| known)
}
