//! Rules about how columns are stored and used.

use std::collections::HashSet;

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::{Subject, key};
use super::COLUMNS;
use crate::semantic_model::dax::Object;
use crate::semantic_model::model::same;
use crate::semantic_model::words::{Cardinality, ColumnKind, DataType, Mode, SummarizeBy};

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "AVOID_FLOATING_POINT_DATA_TYPES",
        "Do not use floating point data types",
        Category::Performance,
        Severity::Warning,
        COLUMNS,
        [
            "a floating point column compresses badly, and sums of it differ in their last digits",
            "make the type a fixed decimal number, or a whole number where there are no fractions",
        ],
        Check::Properties(floating_point),
    ),
    Rule::bpa(
        "ISAVAILABLEINMDX_FALSE_NONATTRIBUTE_COLUMNS",
        "Set IsAvailableInMdx to false on non-attribute columns",
        Category::Performance,
        Severity::Warning,
        COLUMNS,
        [
            "a hidden column that nothing sorts or groups by still gets a hierarchy for Excel, which takes memory",
            "set `isAvailableInMdx: false`",
        ],
        Check::Properties(needless_mdx),
    )
    .set("isAvailableInMdx", "false"),
    Rule::bpa(
        "REDUCE_USAGE_OF_CALCULATED_COLUMNS_THAT_USE_THE_RELATED_FUNCTION",
        "Reduce usage of calculated columns that use the RELATED function",
        Category::Performance,
        Severity::Warning,
        &[ElementKind::CalculatedColumn],
        [
            "the calculated column copies a value over a relationship: it compresses badly and lengthens every refresh",
            "take the value from the source, or write it as a measure",
        ],
        Check::Expressions(related),
    ),
    Rule::bpa(
        "NUMERIC_COLUMN_SUMMARIZE_BY",
        "Do not summarize numeric columns",
        Category::Formatting,
        Severity::Error,
        COLUMNS,
        [
            "a visual sums this visible column without a measure, whether a sum makes sense or not",
            "set `summarizeBy: none`, and write a measure where a sum is wanted",
        ],
        Check::Properties(summarized),
    )
    .set("summarizeBy", "none"),
    Rule::bpa(
        "RELATIONSHIP_COLUMNS_SHOULD_BE_OF_INTEGER_DATA_TYPE",
        "Relationship columns should be of integer data type",
        Category::Formatting,
        Severity::Info,
        COLUMNS,
        [
            "a relationship over a column that is no whole number takes more memory and time",
            "relate the tables over whole-number keys",
        ],
        Check::Properties(key_type),
    ),
    Rule::bpa(
        "HIDE_FOREIGN_KEYS",
        "Hide foreign keys",
        Category::Formatting,
        Severity::Warning,
        COLUMNS,
        [
            "report authors see a key whose values mean nothing to them, beside the column of the related table",
            "hide the column",
        ],
        Check::Properties(foreign_keys),
    )
    .set("isHidden", "true"),
    Rule::bpa(
        "MARK_PRIMARY_KEYS",
        "Mark primary keys",
        Category::Formatting,
        Severity::Info,
        COLUMNS,
        ["the key of the table is not marked as one", "set `isKey`"],
        Check::Properties(primary_keys),
    )
    .set("isKey", "true"),
    Rule::bpa(
        "HIDE_FACT_TABLE_COLUMNS",
        "Hide fact table columns",
        Category::Formatting,
        Severity::Warning,
        COLUMNS,
        [
            "a measure already sums up this visible number column, so that reports may do it in two ways",
            "hide the column",
        ],
        Check::Expressions(fact_columns),
    )
    .set("isHidden", "true"),
];

fn floating_point<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns().filter(|(_, column)| column.data_type == DataType::Double) {
        hits.add(Element::Column(table, column));
    }
}

/// Direct Lake makes no such hierarchies.
fn needless_mdx<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    if subject.model.tables.iter().flat_map(|table| &table.partitions).any(|one| one.mode == Some(Mode::DirectLake)) {
        return;
    }
    for (table, column) in subject.columns() {
        let used = subject.uses(table, column).is_some_and(|uses| uses.sorts || uses.in_hierarchy || uses.in_variation);
        if column.available_in_mdx && (column.hidden || table.hidden) && !used && column.sort_by.is_none() {
            hits.add(Element::Column(table, column));
        }
    }
}

fn related<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns().filter(|(_, column)| column.kind == ColumnKind::Calculated) {
        for read in subject.reads_of(Object::Column(&table.name, &column.name)) {
            if let Some(call) = read.first_call(&["RELATED"]) {
                hits.at(Element::Column(table, column), read.position(call.name), None, None);
            }
        }
    }
}

fn is_number(kind: DataType) -> bool {
    matches!(kind, DataType::Int64 | DataType::Decimal | DataType::Double)
}

fn summarized<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns() {
        let visible = !column.hidden && !table.hidden;
        if visible && is_number(column.data_type) && column.summarize_by != SummarizeBy::None {
            hits.add(Element::Column(table, column));
        }
    }
}

/// A date that leads to the key of a marked date table is what date tables are for.
fn key_type<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns() {
        let dates_only = column.data_type == DataType::DateTime
            && subject.relationships_of(table, column).all(|relationship| {
                let to = subject.names.table(&relationship.to_table);
                to.is_some_and(|to| to.data_category.as_deref() == Some("Time"))
            });
        let used = subject.relationships_of(table, column).next().is_some();
        if used && column.data_type != DataType::Int64 && !dates_only {
            hits.say(
                Element::Column(table, column),
                format!(
                    "a relationship over a column of type {} takes more memory and time",
                    column.data_type.as_str()
                ),
            );
        }
    }
}

/// Only the end of the relationship itself: a column of the same name on the one side is no foreign key.
fn foreign_keys<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns().filter(|(table, column)| !column.hidden && !table.hidden) {
        let foreign = subject.relationships_of(table, column).any(|relationship| {
            same(&relationship.from_table, &table.name)
                && same(&relationship.from_column, &column.name)
                && relationship.from_cardinality == Cardinality::Many
        });
        if foreign {
            hits.add(Element::Column(table, column));
        }
    }
}

fn primary_keys<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns().filter(|(_, column)| !column.key) {
        let is_key = subject.relationships_of(table, column).any(|relationship| {
            same(&relationship.to_table, &table.name)
                && same(&relationship.to_column, &column.name)
                && relationship.to_cardinality == Cardinality::One
        });
        if is_key && table.data_category.as_deref() != Some("Time") {
            hits.add(Element::Column(table, column));
        }
    }
}

/// Functions that make one number of a column.
const AGGREGATIONS: &[&str] = &[
    "COUNT",
    "COUNTBLANK",
    "SUM",
    "AVERAGE",
    "VALUES",
    "DISTINCT",
    "DISTINCTCOUNT",
    "MIN",
    "MAX",
    "COUNTA",
    "AVERAGEA",
    "MAXA",
    "MINA",
];

fn fact_columns<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let mut summed = HashSet::new();
    for read in subject.reads.iter().filter(|read| matches!(read.expression.object, Object::Measure(_))) {
        for (at, call) in read.calls(AGGREGATIONS) {
            if let ([_], [Some(column), _]) = (call.arguments.as_slice(), read.two_columns(at)) {
                summed.insert(column);
            }
        }
    }
    for (table, column) in subject.columns() {
        let visible = !column.hidden && !table.hidden;
        if visible && is_number(column.data_type) && summed.contains(&key(&table.name, &column.name)) {
            hits.add(Element::Column(table, column));
        }
    }
}
