//! Rules that need numbers about the rows.
//!
//! No file of a model has them. A `.vpax` beside it has most, and a script of
//! Tabular Editor can leave all of them as annotations: then these rules work.

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::{Subject, is_both_ways};
use super::{COLUMNS, RELATIONSHIPS};

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "AVOID_BI-DIRECTIONAL_RELATIONSHIPS_AGAINST_HIGH-CARDINALITY_COLUMNS",
        "Avoid bi-directional relationships against high-cardinality columns",
        Category::Performance,
        Severity::Warning,
        COLUMNS,
        ["filters go both ways over a column with more than 100,000 different values", "let filters go one way"],
        Check::Statistics("Vertipaq_Cardinality", true, both_ways),
    ),
    Rule::bpa(
        "REDUCE_USAGE_OF_LONG-LENGTH_COLUMNS_WITH_HIGH_CARDINALITY",
        "Reduce usage of long-length columns with high cardinality",
        Category::Performance,
        Severity::Warning,
        COLUMNS,
        [
            "more than 500,000 rows hold long text, which takes most of the memory",
            "take the column out, or split what is needed from it",
        ],
        Check::Statistics("LongLengthRowCount", false, long_text),
    ),
    Rule::bpa(
        "SPLIT_DATE_AND_TIME",
        "Split date and time",
        Category::Performance,
        Severity::Warning,
        COLUMNS,
        [
            "the column holds dates with times, and so nearly as many values as rows",
            "split it into a date and a time, or leave the time out",
        ],
        Check::Statistics("DateTimeWithHourMinSec", false, with_time),
    ),
    Rule::bpa(
        "LARGE_TABLES_SHOULD_BE_PARTITIONED",
        "Large tables should be partitioned",
        Category::Performance,
        Severity::Warning,
        &[ElementKind::Table],
        [
            "the table has more than 25 million rows in one partition, which are all read at every refresh",
            "partition it, or set an incremental refresh",
        ],
        Check::Statistics("Vertipaq_RowCount", true, large),
    ),
    Rule::bpa(
        "FIX_REFERENTIAL_INTEGRITY_VIOLATIONS",
        "Fix referential integrity violations",
        Category::Maintenance,
        Severity::Warning,
        RELATIONSHIPS,
        [
            "rows of the many side have no row on the one side, and are shown as blank",
            "add the missing rows to the one side",
        ],
        Check::Statistics("Vertipaq_RIViolationInvalidRows", true, violations),
    ),
];

/// What an annotation of an object says.
fn noted(element: Element<'_>, annotation: &str) -> Option<u64> {
    element.annotation(annotation)?.trim().parse().ok()
}

fn both_ways<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let statistics = subject.model.statistics.as_ref();
    for (table, column) in subject.columns() {
        let element = Element::Column(table, column);
        let known = statistics.and_then(|statistics| statistics.column(&table.name, &column.name));
        let count = known.map(|known| known.cardinality).or_else(|| noted(element, "Vertipaq_Cardinality"));
        if let Some(count) = count.filter(|count| *count > 100_000)
            && subject.relationships_of(table, column).any(is_both_ways)
        {
            hits.say(element, format!("filters go both ways over {count} different values"));
        }
    }
}

fn long_text<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each_column(subject, hits, "LongLengthRowCount", 500_000);
}

fn with_time<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each_column(subject, hits, "DateTimeWithHourMinSec", 0);
}

fn each_column<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>, annotation: &str, bound: u64) {
    for (table, column) in subject.columns() {
        let element = Element::Column(table, column);
        if noted(element, annotation).is_some_and(|count| count > bound) {
            hits.add(element);
        }
    }
}

fn large<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let statistics = subject.model.statistics.as_ref();
    for table in subject.tables().filter(|table| table.partitions.len() == 1) {
        let element = Element::Table(table);
        let known = statistics.and_then(|statistics| statistics.table(&table.name));
        let rows = known.map(|known| known.rows).or_else(|| noted(element, "Vertipaq_RowCount"));
        if let Some(rows) = rows.filter(|rows| *rows > 25_000_000) {
            hits.say(element, format!("{rows} rows in one partition, which are all read at every refresh"));
        }
    }
}

fn violations<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let statistics = subject.model.statistics.as_ref();
    for relationship in &subject.model.relationships {
        let element = Element::Relationship(relationship);
        let known = statistics.and_then(|statistics| statistics.relationship(relationship));
        let rows = known.and_then(|known| known.invalid_rows);
        let rows = rows.or_else(|| noted(element, "Vertipaq_RIViolationInvalidRows"));
        if let Some(rows) = rows.filter(|rows| *rows > 0) {
            hits.say(
                element,
                format!("{rows} rows of the many side have no row on the one side, and are shown as blank"),
            );
        }
    }
}
