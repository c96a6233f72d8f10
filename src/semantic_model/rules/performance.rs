//! What costs time or memory beside the public set: involved measures,
//! calculated columns, columns of very many values.

use super::element::{Element, ElementKind};
use super::hits::Hits;
use super::rule::{Analysis, Category, Check, Look, Rule, Severity};
use super::subject::{Subject, is_both_ways};
use crate::semantic_model::dax::patterns::ALL as PATTERNS;
use crate::semantic_model::dax::{Complexity, Object, Part};
use crate::semantic_model::model::{Column, Table, same};
use crate::semantic_model::words::{ColumnKind, DataType};

const fn rule(
    id: &'static str,
    name: &'static str,
    severity: Severity,
    scope: &'static [ElementKind],
    texts: [&'static str; 2],
    check: Check,
) -> Rule {
    Rule::of(Analysis::Performance, id, name, Category::Performance, severity, scope, texts, check)
}

const fn closer(look: Look) -> Check {
    Check::Closer(look)
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "INVOLVED_MEASURE",
        "Measures are not too involved",
        Severity::Info,
        &[ElementKind::Measure],
        [
            "the measure is among the most involved: worth a look before others, though its text says nothing about speed",
            "split it with variables or measures, and time it",
        ],
        closer(involved),
    ),
    rule(
        "CALCULATED_COLUMN",
        "Columns come from the source",
        Severity::Info,
        &[ElementKind::CalculatedColumn],
        [
            "a calculated column compresses worse than one from a source, and lengthens every refresh",
            "make the column in the source or in Power Query",
        ],
        closer(calculated),
    ),
    rule(
        "BOTH_WAYS",
        "Filters go one way",
        Severity::Info,
        &[ElementKind::Relationship],
        [
            "filters go both ways, which every query over the two tables pays for",
            "let filters go one way, and use `CROSSFILTER` in the measures that need the other",
        ],
        Check::Properties(both_ways),
    )
    .twin("CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID"),
    rule(
        "MANY_VALUES",
        "Columns have few values",
        Severity::Info,
        &[ElementKind::Column],
        [
            "by its name and type the column may have nearly as many values as rows, which takes most of the memory",
            "take it out where no report needs it, or cut the time or the decimals off",
        ],
        closer(many_values),
    ),
];

/// A rule for each DAX pattern.
pub(super) fn patterns() -> impl Iterator<Item = Rule> {
    PATTERNS.iter().map(|pattern| {
        let rule = Rule::of(
            Analysis::Performance,
            "",
            "",
            Category::Dax,
            pattern.severity,
            &[
                ElementKind::Measure,
                ElementKind::CalculatedColumn,
                ElementKind::CalculatedTable,
                ElementKind::CalculationItem,
                ElementKind::TablePermission,
                ElementKind::Function,
            ],
            ["", ""],
            Check::Pattern(pattern.id),
        );
        let name = pattern.id.replace('_', " ");
        let told = format!("a DAX pattern that is worth a change: {name}");
        Rule {
            id: format!("DAX_{}", pattern.id.to_uppercase()).into(),
            name: format!("DAX: {name}").into(),
            message: told.into(),
            fix: "see the suggestion at the finding".into(),
            twin: twin(pattern.id),
            ..rule
        }
    })
}

/// The rule of the public set that tells a pattern.
fn twin(pattern: &str) -> Option<&'static str> {
    Some(match pattern {
        "division_operator" => "USE_THE_DIVIDE_FUNCTION_FOR_DIVISION",
        "error_function" => "AVOID_USING_THE_IFERROR_FUNCTION",
        "filter_over_table" => "FILTER_COLUMN_VALUES",
        "intersect_as_filter" => "USE_THE_TREATAS_FUNCTION_INSTEAD_OF_INTERSECT",
        "one_minus_ratio" => "AVOID_USING_'1-(X/Y)'_SYNTAX",
        "qualified_measure" => "DAX_MEASURES_UNQUALIFIED",
        "unqualified_column" => "DAX_COLUMNS_FULLY_QUALIFIED",
        "evaluate_and_log" => "EVALUATEANDLOG_SHOULD_NOT_BE_USED_IN_PRODUCTION_MODELS",
        _ => return None,
    })
}

/// From this score on a measure is among the most involved of the models that we know.
const INVOLVED: u32 = 60;

/// Every measure with its score, in the model's order.
pub(super) fn scores<'m>(subject: &Subject<'_, 'm>) -> Vec<(Element<'m>, u32)> {
    let mut found = Vec::new();
    for read in subject.reads.iter().filter(|read| read.expression.part == Part::Value) {
        let Object::Measure(name) = read.expression.object else { continue };
        if let Some(element) = subject.element(read) {
            found.push((element, Complexity::of(&read.analysis).score(subject.dependencies.depth(name))));
        }
    }
    found
}

fn involved<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (element, score) in scores(subject).into_iter().filter(|(_, score)| *score >= INVOLVED) {
        hits.say(element, format!("complexity {score}: among the most involved, worth a look before others"));
    }
}

fn calculated<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns().filter(|(_, column)| column.kind == ColumnKind::Calculated) {
        hits.add(Element::Column(table, column));
    }
}

fn both_ways<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for relationship in subject.model.relationships.iter().filter(|relationship| is_both_ways(relationship)) {
        hits.add(Element::Relationship(relationship));
    }
}

/// Only in tables on the many side, where rows are many.
fn many_values<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.tables() {
        let mut from = false;
        let mut to = false;
        for relationship in subject.relationships_at(table) {
            from |= same(&relationship.from_table, &table.name);
            to |= same(&relationship.to_table, &table.name);
        }
        if !from || to {
            continue;
        }
        for column in table.columns().filter(|column| column.kind == ColumnKind::Data) {
            if let Some(why) = why_many(subject, table, column) {
                hits.say(Element::Column(table, column), why);
            }
        }
    }
}

fn why_many(subject: &Subject<'_, '_>, table: &Table, column: &Column) -> Option<&'static str> {
    if subject.relationships_of(table, column).next().is_some() {
        return None;
    }
    let name = column.name.to_lowercase();
    let shows_time = column.format_string.as_deref().is_some_and(|format| format.contains('h') || format.contains('H'));
    let unique = ["guid", "uuid", "hash", "correlationid", "correlation id", "transactionid", "transaction id"];
    match column.data_type {
        DataType::DateTime if shows_time => Some("dates with times have nearly as many values as rows"),
        DataType::String if unique.iter().any(|word| name.contains(word)) => {
            Some("a text that is different in each row takes most of the memory")
        }
        DataType::Automatic
        | DataType::String
        | DataType::Int64
        | DataType::Double
        | DataType::Decimal
        | DataType::DateTime
        | DataType::Boolean
        | DataType::Binary
        | DataType::Variant
        | DataType::Unknown => None,
    }
}
