//! What a document tells of a model, in the order in which it is told.
//!
//! Must not know how it is written.

use super::Told;
use super::diagram::{Picture, pictures};
use crate::semantic_model::dax::{Branch, Dependencies, Names, Object, Way, format};
use crate::semantic_model::facts::Counts;
use crate::semantic_model::model::{Column, Measure, Model, Relationship, Table, TableKind, same};
use crate::semantic_model::words::{Cardinality, ColumnKind, CrossFilter};

/// A model, ready to be told.
pub(super) struct Content<'m> {
    /// What it is called.
    pub(super) name: &'m str,
    /// All of it.
    pub(super) model: &'m Model,
    /// Its tables, hidden ones left out where that was asked for.
    pub(super) tables: Vec<&'m Table>,
    /// Its relationships, in pictures.
    pub(super) pictures: Vec<Picture>,
    dependencies: Dependencies<'m>,
    include_hidden: bool,
    depth: u32,
}

/// What stands in one line of a table of facts.
pub(super) type Fact = (&'static str, String);

impl<'m> Content<'m> {
    /// Of `model`.
    pub(super) fn of(model: &'m Model, name: &'m str, include_hidden: bool, depth: u32) -> Self {
        let dependencies = Dependencies::of(model, &Names::of(model));
        let tables: Vec<&Table> = model.tables.iter().filter(|table| include_hidden || !table.hidden).collect();
        // What relates tables is told for hidden ones too, but for date tables that Power BI made by itself.
        let made = |table: &str| {
            !include_hidden && (table.starts_with("LocalDateTable_") || table.starts_with("DateTableTemplate_"))
        };
        let pictures = pictures(model, &|table| !made(table));
        Self { name, model, tables, pictures, dependencies, include_hidden, depth }
    }

    /// How much it tells.
    pub(super) fn told(&self) -> Told {
        Told {
            tables: self.tables.len(),
            columns: self.tables.iter().map(|table| self.columns(table).count()).sum(),
            measures: self.measures().count(),
            relationships: self.model.relationships.len(),
            diagrams: self.pictures.len(),
        }
    }

    /// The columns of a table that are told.
    pub(super) fn columns(&self, table: &'m Table) -> impl Iterator<Item = &'m Column> {
        table.columns().filter(|column| self.include_hidden || !column.hidden)
    }

    /// The measures that are told, with their tables.
    pub(super) fn measures(&self) -> impl Iterator<Item = (&'m Table, &'m Measure)> {
        self.model.measures().filter(|(_, measure)| self.include_hidden || !measure.hidden)
    }

    /// Numbers of the whole model.
    pub(super) fn overview(&self) -> Vec<Fact> {
        let counts = Counts::of(self.model);
        let mut facts: Vec<Fact> = Vec::new();
        let mut number = |what: &'static str, count: usize| {
            if count > 0 {
                facts.push((what, count.to_string()));
            }
        };
        number("Tables", counts.tables);
        number("Columns", counts.columns);
        number("Calculated columns", counts.calculated_columns);
        number("Measures", counts.measures);
        number("Relationships", counts.relationships);
        number("Inactive relationships", counts.inactive_relationships);
        number("Hierarchies", counts.hierarchies);
        number("Calculation groups", counts.calculation_groups);
        number("Security roles", counts.roles);
        number("Shared expressions", counts.expressions);
        number("Cultures", counts.cultures);
        number("Perspectives", counts.perspectives);
        let mut text = |what, value: Option<String>| facts.extend(value.map(|value| (what, value)));
        text("Compatibility level", self.model.compatibility_level.map(|level| level.to_string()));
        text("Culture", self.model.culture.clone());
        text("Statistics", self.model.statistics.as_ref().map(|found| found.file.clone()));
        facts
    }

    /// What is to be said of a table beside its columns.
    pub(super) fn table_facts(&self, table: &Table) -> Vec<Fact> {
        let kind = match table.kind() {
            TableKind::Table => "table",
            TableKind::Calculated => "calculated table",
            TableKind::CalculationGroup => "calculation group",
        };
        let mut facts = vec![("Kind", kind.to_owned())];
        let measures = self.measures().filter(|(owner, _)| same(&owner.name, &table.name)).count();
        if measures > 0 {
            facts.push(("Measures", measures.to_string()));
        }
        if let Some(found) = self.model.statistics.as_ref().and_then(|found| found.table(&table.name)) {
            facts.push(("Rows", grouped(found.rows)));
        }
        let hierarchies: Vec<String> = table
            .hierarchies
            .iter()
            .filter(|hierarchy| self.include_hidden || !hierarchy.hidden)
            .map(|hierarchy| {
                let levels: Vec<&str> = hierarchy.levels.iter().map(|level| level.name.as_str()).collect();
                format!("{}: {}", hierarchy.name, levels.join(" › "))
            })
            .collect();
        if !hierarchies.is_empty() {
            facts.push(("Hierarchies", hierarchies.join("; ")));
        }
        if table.hidden {
            facts.push(("Visibility", "hidden".to_owned()));
        }
        facts
    }

    /// A column's type and what is special about it.
    pub(super) fn column_notes(&self, table: &Table, column: &Column) -> String {
        let mut notes = Vec::new();
        let mut note = |said: bool, text: &str| {
            if said {
                notes.push(text.to_owned());
            }
        };
        note(column.key, "key");
        note(column.kind == ColumnKind::Calculated, "calculated");
        note(column.hidden, "hidden");
        if let Some(by) = &column.sort_by {
            notes.push(format!("sorted by {by}"));
        }
        if let Some(format) = &column.format_string {
            notes.push(format!("format {format}"));
        }
        let found = self.model.statistics.as_ref().and_then(|found| found.column(&table.name, &column.name));
        if let Some(found) = found {
            notes.push(format!("{} distinct values", grouped(found.cardinality)));
        }
        notes.join(", ")
    }

    /// What is to be said of a measure beside its expression.
    pub(super) fn measure_facts(table: &Table, measure: &Measure) -> Vec<Fact> {
        let mut facts = vec![("Table", table.name.clone())];
        let mut text = |what, value: Option<&String>| facts.extend(value.map(|value| (what, value.clone())));
        text("Format", measure.format_string.as_ref());
        text("Folder", measure.display_folder.as_ref());
        if measure.hidden {
            facts.push(("Visibility", "hidden".to_owned()));
        }
        facts
    }

    /// DAX laid out for reading; as it is where its syntax is wrong.
    pub(super) fn dax(text: &str) -> String {
        format(text).unwrap_or_else(|| text.trim().to_owned())
    }

    /// What a measure is made from, or what is made from it: a line each, further ones deeper.
    pub(super) fn tree(&self, measure: &'m Measure, way: Way) -> Vec<Branch<'m>> {
        let mut lines = self.dependencies.tree(Object::Measure(&measure.name), way, self.depth);
        if !lines.is_empty() {
            lines.remove(0);
        }
        lines
    }

    /// A relationship in a line.
    pub(super) fn relationship(one: &Relationship) -> [String; 4] {
        let sign = |side: Cardinality| match side {
            Cardinality::Many => "*",
            Cardinality::One => "1",
            Cardinality::None => "?",
        };
        let mut notes = Vec::new();
        if one.cross_filter == CrossFilter::BothDirections {
            notes.push("both directions");
        }
        if !one.active {
            notes.push("inactive");
        }
        [
            format!("{}[{}]", one.from_table, one.from_column),
            format!("{} : {}", sign(one.from_cardinality), sign(one.to_cardinality)),
            format!("{}[{}]", one.to_table, one.to_column),
            notes.join(", "),
        ]
    }
}

/// A number with its thousands apart, as `1 234 567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!([grouped(0), grouped(999), grouped(1000)], ["0", "999", "1\u{a0}000"]);
    }
}
