//! Rules about what tables a model has.

use std::collections::HashMap;

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::Subject;
use super::{COLUMNS, MODEL, TABLES};
use crate::semantic_model::model::{Table, TableKind, same};
use crate::semantic_model::words::{ColumnKind, DataType};

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "MODEL_SHOULD_HAVE_A_DATE_TABLE",
        "Model should have a date table",
        Category::Performance,
        Severity::Warning,
        MODEL,
        [
            "no table is marked as a date table, so that time calculations work over hidden tables or not at all",
            "mark a table with one row a day as date table, its date column as key",
        ],
        Check::Properties(no_date_table),
    ),
    Rule::bpa(
        "DATE/CALENDAR_TABLES_SHOULD_BE_MARKED_AS_A_DATE_TABLE",
        "Date/calendar tables should be marked as a date table",
        Category::Performance,
        Severity::Warning,
        TABLES,
        [
            "the table looks like a calendar and is not marked as a date table",
            "set `dataCategory: Time`, and `isKey` on its date column",
        ],
        Check::Properties(unmarked_calendar),
    ),
    Rule::bpa(
        "REMOVE_AUTO-DATE_TABLE",
        "Remove auto-date table",
        Category::Performance,
        Severity::Warning,
        TABLES,
        [
            "Power BI has made a hidden calendar for one date column, which takes memory at every refresh",
            "use one date table, and turn off `Auto date/time` in the options",
        ],
        Check::Properties(auto_date),
    ),
    Rule::bpa(
        "UNPIVOT_PIVOTED_(MONTH)_DATA",
        "Unpivot pivoted (month) data",
        Category::Performance,
        Severity::Warning,
        TABLES,
        [
            "the table has a column for each month, which no measure can go over",
            "unpivot the months in the source: one column for the month, one for the value",
        ],
        Check::Properties(pivoted),
    ),
    Rule::bpa(
        "REDUCE_USAGE_OF_CALCULATED_TABLES",
        "Reduce usage of calculated tables",
        Category::Performance,
        Severity::Warning,
        &[ElementKind::CalculatedTable],
        [
            "a calculated table is made anew at every refresh and compresses worse than one from a source",
            "make the table in the source or in Power Query",
        ],
        Check::Expressions(calculated_tables),
    ),
    Rule::bpa(
        "REMOVE_REDUNDANT_COLUMNS_IN_RELATED_TABLES",
        "Remove redundant columns in related tables",
        Category::Performance,
        Severity::Warning,
        COLUMNS,
        [
            "a table that this one is related to has a column of the same name",
            "take the column out here, and use the one of the related table",
        ],
        Check::Properties(redundant),
    ),
    Rule::bpa(
        "REDUCE_NUMBER_OF_CALCULATED_COLUMNS",
        "Reduce number of calculated columns",
        Category::Performance,
        Severity::Warning,
        MODEL,
        [
            "the model has more than five calculated columns, which compress badly and lengthen every refresh",
            "make the columns in the source or in Power Query",
        ],
        Check::Properties(calculated_columns),
    ),
];

/// Whether a table is a date table, so that time calculations can rely on it.
fn is_marked(table: &Table) -> bool {
    let key = |table: &Table| table.columns().any(|column| column.key && column.data_type == DataType::DateTime);
    table.data_category.as_deref() == Some("Time") && key(table)
}

fn no_date_table<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    if !subject.model.tables.iter().any(is_marked) {
        hits.add(Element::Model(subject.model));
    }
}

/// Words that hold `date` and mean something else.
const NO_DATES: [&str; 6] = ["update", "validate", "candidate", "mandate", "consolidate", "accommodate"];

/// Whether a name speaks of dates.
pub(super) fn speaks_of_dates(name: &str) -> bool {
    let mut name = name.to_lowercase();
    for word in NO_DATES {
        name = name.replace(word, "");
    }
    name.contains("date") || name.contains("calendar")
}

/// A table without a date column cannot be marked.
fn unmarked_calendar<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.tables() {
        let has_date = table.columns().any(|column| column.data_type == DataType::DateTime);
        if speaks_of_dates(&table.name) && has_date && !is_marked(table) {
            hits.add(Element::Table(table));
        }
    }
}

fn auto_date<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.tables().filter(|table| table.kind() == TableKind::Calculated) {
        if table.name.starts_with("DateTableTemplate_") || table.name.starts_with("LocalDateTable_") {
            hits.add(Element::Table(table));
        }
    }
}

fn pivoted<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.tables() {
        let numbers: Vec<String> = table
            .columns()
            .filter(|column| matches!(column.data_type, DataType::Int64 | DataType::Decimal | DataType::Double))
            .map(|column| column.name.to_lowercase())
            .collect();
        let months = ["jan", "feb", "mar", "apr", "may", "jun"];
        if months.iter().all(|month| numbers.iter().any(|name| name.contains(month))) {
            hits.add(Element::Table(table));
        }
    }
}

/// The choices of a parameter can only be a calculated table.
fn calculated_tables<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.tables().filter(|table| table.kind() == TableKind::Calculated) {
        if !subject.is_parameter(table) {
            hits.add(Element::Table(table));
        }
    }
}

fn redundant<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let mut of_table: HashMap<String, Vec<&'m Table>> = HashMap::new();
    for relationship in &subject.model.relationships {
        if let Some(to) = subject.names.table(&relationship.to_table)
            && !same(&relationship.from_table, &relationship.to_table)
        {
            of_table.entry(relationship.from_table.to_lowercase()).or_default().push(to);
        }
    }
    for table in subject.tables() {
        let Some(related) = of_table.get(&table.name.to_lowercase()) else { continue };
        for column in table.columns() {
            let in_relationship = subject.relationships_of(table, column).next().is_some();
            let Some(other) = related.iter().find(|other| other.column(&column.name).is_some()) else { continue };
            if !in_relationship {
                let message = format!("'{}' has a column of the same name, one relationship away", other.name);
                hits.say(Element::Column(table, column), message);
            }
        }
    }
}

fn calculated_columns<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let count = subject.columns().filter(|(_, column)| column.kind == ColumnKind::Calculated).count();
    if count > 5 {
        let message = format!("{count} calculated columns, which compress badly and lengthen every refresh");
        hits.say(Element::Model(subject.model), message);
    }
}
