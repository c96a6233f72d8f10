//! Rules about names.

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::Subject;

const SPECIAL: &[ElementKind] = &[
    ElementKind::Model,
    ElementKind::Table,
    ElementKind::Measure,
    ElementKind::Hierarchy,
    ElementKind::Perspective,
    ElementKind::Partition,
    ElementKind::Column,
    ElementKind::CalculatedColumn,
    ElementKind::CalculatedTable,
    ElementKind::CalculatedTableColumn,
    ElementKind::CalculationGroup,
    ElementKind::CalculationItem,
];

const TRIMMED: &[ElementKind] = &[
    ElementKind::Model,
    ElementKind::Table,
    ElementKind::Measure,
    ElementKind::Hierarchy,
    ElementKind::Level,
    ElementKind::Perspective,
    ElementKind::Partition,
    ElementKind::DataSource,
    ElementKind::Column,
    ElementKind::CalculatedColumn,
    ElementKind::CalculatedTable,
    ElementKind::CalculatedTableColumn,
    ElementKind::Expression,
    ElementKind::Role,
    ElementKind::CalculationGroup,
    ElementKind::CalculationItem,
];

const SPACED: &[ElementKind] = &[
    ElementKind::Model,
    ElementKind::Table,
    ElementKind::Measure,
    ElementKind::Hierarchy,
    ElementKind::Perspective,
    ElementKind::Partition,
    ElementKind::Column,
    ElementKind::CalculatedColumn,
];

const CAPITALIZED: &[ElementKind] = &[
    ElementKind::Table,
    ElementKind::Measure,
    ElementKind::Hierarchy,
    ElementKind::CalculatedColumn,
    ElementKind::CalculatedTable,
    ElementKind::CalculatedTableColumn,
    ElementKind::CalculationGroup,
];

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "PARTITION_NAME_SHOULD_MATCH_TABLE_NAME_FOR_SINGLE_PARTITION_TABLES",
        "Partition name should match table name for single partition tables",
        Category::Naming,
        Severity::Info,
        &[ElementKind::Table],
        ["the table's only partition has another name", "give the partition the table's name"],
        Check::Properties(partition_names),
    ),
    Rule::bpa(
        "SPECIAL_CHARS_IN_OBJECT_NAMES",
        "Object names must not contain special characters",
        Category::Naming,
        Severity::Warning,
        SPECIAL,
        ["the name holds a tab or a line break", "take it out of the name"],
        Check::Properties(special),
    ),
    Rule::bpa(
        "TRIM_OBJECT_NAMES",
        "Trim object names",
        Category::Naming,
        Severity::Info,
        TRIMMED,
        ["the name begins or ends with a space, which nobody sees", "take the space out of the name"],
        Check::Properties(untrimmed),
    ),
    Rule::bpa(
        "OBJECTS_SHOULD_NOT_START_OR_END_WITH_A_SPACE",
        "Objects should not start or end with a space",
        Category::Formatting,
        Severity::Error,
        SPACED,
        ["the name begins or ends with a space, which nobody sees", "take the space out of the name"],
        Check::Properties(spaced),
    ),
    Rule::bpa(
        "FIRST_LETTER_OF_OBJECTS_MUST_BE_CAPITALIZED",
        "First letter of objects must be capitalized",
        Category::Formatting,
        Severity::Info,
        CAPITALIZED,
        ["the name begins with a small letter", "begin it with a capital"],
        Check::Properties(small),
    ),
];

fn partition_names<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.model.tables.iter().filter(|table| Element::Table(table).kind() == ElementKind::Table) {
        if let [only] = table.partitions.as_slice()
            && only.name != table.name
        {
            hits.say(Element::Table(table), format!("its only partition is called `{}`", only.name));
        }
    }
}

fn each<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>, kinds: &[ElementKind], test: impl Fn(&str) -> bool) {
    for element in subject.elements.iter().filter(|element| kinds.contains(&element.kind())) {
        if test(&element.name()) {
            hits.add(*element);
        }
    }
}

fn special<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, SPECIAL, |name| name.contains(['\t', '\n', '\r']));
}

fn is_spaced(name: &str) -> bool {
    name.starts_with(' ') || name.ends_with(' ')
}

fn untrimmed<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, TRIMMED, is_spaced);
}

fn spaced<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, SPACED, is_spaced);
}

fn small<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, CAPITALIZED, |name| name.chars().next().is_some_and(char::is_lowercase));
}
