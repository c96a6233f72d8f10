//! What is odd in a model although its files can be read: names twice, ends of
//! relationships that lead nowhere.
//!
//! Only what makes other answers doubtful; judging a model's design is the
//! business of best-practice rules. Must not read files.

use std::collections::HashSet;

use crate::semantic_model::model::{Location, Model, Warning};

/// The warnings for a model as it was read.
pub(crate) fn check(model: &Model) -> Vec<Warning> {
    let mut warnings = Vec::new();
    twice(&mut warnings, "table", model.tables.iter().map(|table| (table.name.as_str(), table.location.as_ref())));
    let measures = model.measures().map(|(_, measure)| (measure.name.as_str(), measure.location.as_ref()));
    twice(&mut warnings, "measure", measures);
    for table in &model.tables {
        let what = format!("column of `{}`", table.name);
        twice(&mut warnings, &what, table.columns().map(|column| (column.name.as_str(), column.location.as_ref())));
    }
    for relationship in &model.relationships {
        let ends =
            [(&relationship.from_table, &relationship.from_column), (&relationship.to_table, &relationship.to_column)];
        for (table, column) in ends {
            if model.table(table).and_then(|table| table.column(column)).is_none() {
                warnings.push(Warning {
                    message: format!("a relationship names '{table}'[{column}], which is not there"),
                    location: relationship.location.clone(),
                });
            }
        }
    }
    warnings
}

fn twice<'m>(warnings: &mut Vec<Warning>, what: &str, names: impl Iterator<Item = (&'m str, Option<&'m Location>)>) {
    let mut seen = HashSet::new();
    for (name, location) in names {
        if !seen.insert(name.to_lowercase()) {
            let message = format!("there are two objects of the name `{name}`: {what}");
            warnings.push(Warning { message, location: location.cloned() });
        }
    }
}
