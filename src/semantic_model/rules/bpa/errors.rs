//! Rules about what fails at a refresh or in a query.

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::Subject;
use super::COLUMNS;
use crate::semantic_model::words::ColumnKind;

const NAMED: &[ElementKind] = &[
    ElementKind::Table,
    ElementKind::Measure,
    ElementKind::Hierarchy,
    ElementKind::Level,
    ElementKind::Perspective,
    ElementKind::Partition,
    ElementKind::Column,
    ElementKind::CalculatedColumn,
    ElementKind::CalculatedTable,
    ElementKind::CalculatedTableColumn,
    ElementKind::Role,
    ElementKind::CalculationGroup,
    ElementKind::CalculationItem,
];

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "DATA_COLUMNS_MUST_HAVE_A_SOURCE_COLUMN",
        "Data columns must have a source column",
        Category::ErrorPrevention,
        Severity::Error,
        &[ElementKind::Column],
        ["the column names no column of its source, so that the refresh fails", "set `sourceColumn`"],
        Check::Properties(no_source),
    ),
    Rule::bpa(
        "EXPRESSION_RELIANT_OBJECTS_MUST_HAVE_AN_EXPRESSION",
        "Expression-reliant objects must have an expression",
        Category::ErrorPrevention,
        Severity::Error,
        &[ElementKind::Measure, ElementKind::CalculatedColumn, ElementKind::CalculationItem],
        ["there is no expression", "write one, or take the object out"],
        Check::Properties(no_expression),
    ),
    Rule::bpa(
        "AVOID_INVALID_NAME_CHARACTERS",
        "Avoid invalid characters in names",
        Category::ErrorPrevention,
        Severity::Error,
        NAMED,
        ["the name holds a control character, which the engine refuses", "take the character out"],
        Check::Properties(bad_names),
    ),
    Rule::bpa(
        "AVOID_INVALID_DESCRIPTION_CHARACTERS",
        "Avoid invalid characters in descriptions",
        Category::ErrorPrevention,
        Severity::Error,
        NAMED,
        ["the description holds a control character, which the engine refuses", "take the character out"],
        Check::Properties(bad_descriptions),
    ),
    Rule::bpa(
        "SET_ISAVAILABLEINMDX_TO_TRUE_ON_NECESSARY_COLUMNS",
        "Set IsAvailableInMdx to true on necessary columns",
        Category::ErrorPrevention,
        Severity::Error,
        COLUMNS,
        [
            "something sorts or groups by the column, which fails in Excel while it is not available there",
            "take `isAvailableInMdx: false` out",
        ],
        Check::Properties(needed_mdx),
    )
    .set("isAvailableInMdx", "true"),
];

fn no_source<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns().filter(|(_, column)| column.kind == ColumnKind::Data) {
        if column.source_column.as_deref().is_none_or(|source| source.trim().is_empty()) {
            hits.add(Element::Column(table, column));
        }
    }
}

fn no_expression<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for element in &subject.elements {
        let needs = matches!(
            element.kind(),
            ElementKind::Measure | ElementKind::CalculatedColumn | ElementKind::CalculationItem
        );
        if needs && element.expression().is_none_or(|text| text.trim().is_empty()) {
            hits.add(*element);
        }
    }
}

fn is_bad(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

fn bad_names<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for element in &subject.elements {
        if NAMED.contains(&element.kind()) && is_bad(&element.name()) {
            hits.add(*element);
        }
    }
}

fn bad_descriptions<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for element in &subject.elements {
        if NAMED.contains(&element.kind()) && element.description().is_some_and(is_bad) {
            hits.add(*element);
        }
    }
}

fn needed_mdx<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns().filter(|(_, column)| !column.available_in_mdx) {
        let used = subject.uses(table, column).is_some_and(|uses| uses.sorts || uses.in_hierarchy || uses.in_variation);
        if used || column.sort_by.is_some() {
            hits.add(Element::Column(table, column));
        }
    }
}
