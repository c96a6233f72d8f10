//! Rules about what makes a model hard to keep.

use std::collections::HashSet;

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::m;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::Subject;
use super::{COLUMNS, MEASURES, TABLES};
use crate::semantic_model::dax::{Object, Target, Way};
use crate::semantic_model::model::{Column, Table, TableKind, same};

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "UNNECESSARY_COLUMNS",
        "Remove unnecessary columns",
        Category::Maintenance,
        Severity::Warning,
        COLUMNS,
        ["the column is hidden, and nothing in the model uses it", "take the column out"],
        Check::Expressions(unnecessary_columns),
    ),
    Rule::bpa(
        "UNNECESSARY_MEASURES",
        "Remove unnecessary measures",
        Category::Maintenance,
        Severity::Warning,
        MEASURES,
        ["the measure is hidden, and nothing in the model uses it", "take the measure out"],
        Check::Expressions(unnecessary_measures),
    ),
    Rule::bpa(
        "REMOVE_DATA_SOURCES_NOT_REFERENCED_BY_ANY_PARTITIONS",
        "Remove data sources not referenced by any partitions",
        Category::Maintenance,
        Severity::Info,
        &[ElementKind::DataSource],
        ["no partition uses the data source", "take the data source out"],
        Check::Properties(unused_sources),
    ),
    Rule::bpa(
        "REMOVE_ROLES_WITH_NO_MEMBERS",
        "Remove roles with no members",
        Category::Maintenance,
        Severity::Info,
        &[ElementKind::Role],
        ["nobody is a member of the role", "add members, or take the role out"],
        Check::Properties(empty_roles),
    ),
    Rule::bpa(
        "ENSURE_TABLES_HAVE_RELATIONSHIPS",
        "Ensure tables have relationships",
        Category::Maintenance,
        Severity::Info,
        TABLES,
        ["no relationship ends in the table: nothing filters it, and it filters nothing", "relate it, or take it out"],
        Check::Expressions(unrelated),
    ),
    Rule::bpa(
        "OBJECTS_WITH_NO_DESCRIPTION",
        "Visible objects with no description",
        Category::Maintenance,
        Severity::Info,
        &[
            ElementKind::Table,
            ElementKind::Measure,
            ElementKind::Column,
            ElementKind::CalculatedColumn,
            ElementKind::CalculatedTable,
            ElementKind::CalculatedTableColumn,
            ElementKind::CalculationGroup,
        ],
        ["report authors see the object and no word about what it is", "write a description"],
        Check::Properties(undescribed),
    ),
    Rule::bpa(
        "PERSPECTIVES_WITH_NO_OBJECTS",
        "Perspectives with no objects",
        Category::Maintenance,
        Severity::Info,
        &[ElementKind::Perspective],
        ["the perspective shows nothing", "add tables to it, or take it out"],
        Check::Properties(empty_perspectives),
    ),
    Rule::bpa(
        "CALCULATION_GROUPS_WITH_NO_CALCULATION_ITEMS",
        "Calculation groups with no calculation items",
        Category::Maintenance,
        Severity::Warning,
        &[ElementKind::CalculationGroup],
        ["the calculation group has no items", "add items, or take the group out"],
        Check::Properties(empty_groups),
    ),
];

/// Whether nothing in the model uses a column, as far as files tell.
pub(in super::super) fn is_unused<'m>(
    subject: &Subject<'_, 'm>,
    copied: &HashSet<&str>,
    table: &'m Table,
    column: &'m Column,
) -> bool {
    let object = Object::Column(&table.name, &column.name);
    let by_design = table.kind() == TableKind::CalculationGroup
        || column.alternate
        || subject.is_parameter(table)
        || copied.contains(table.name.as_str());
    let uses = subject.uses(table, column);
    let used = uses.is_some_and(|uses| {
        !uses.relationships.is_empty() || uses.sorts || uses.in_hierarchy || uses.in_variation || uses.groups
    });
    !by_design
        && !used
        && subject.dependencies.next(object, Way::Down).next().is_none()
        && !is_secured(subject, table, column)
}

/// Whether some role hides the column or its table: it is there to be hidden.
fn is_secured(subject: &Subject<'_, '_>, table: &Table, column: &Column) -> bool {
    let permissions = subject.model.roles.iter().flat_map(|role| &role.table_permissions);
    permissions.filter(|permission| same(&permission.table, &table.name)).any(|permission| {
        permission.hides_table || permission.hidden_columns.iter().any(|hidden| same(hidden, &column.name))
    })
}

/// Tables that a calculated table copies with all their columns.
pub(in super::super) fn copied<'m>(subject: &Subject<'_, 'm>) -> HashSet<&'m str> {
    let mut found = HashSet::new();
    for read in subject.reads.iter().filter(|read| matches!(read.expression.object, Object::Table(_))) {
        for target in read.analysis.targets.iter().flatten() {
            if let Target::Table(name) = target {
                found.insert(*name);
            }
        }
    }
    found
}

fn unnecessary_columns<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let copied = copied(subject);
    for (table, column) in subject.columns().filter(|(table, column)| column.hidden || table.hidden) {
        if is_unused(subject, &copied, table, column) {
            hits.add(Element::Column(table, column));
        }
    }
}

fn unnecessary_measures<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, measure) in subject.model.measures().filter(|(table, measure)| measure.hidden || table.hidden) {
        if subject.dependencies.next(Object::Measure(&measure.name), Way::Down).next().is_none() {
            hits.add(Element::Measure(table, measure));
        }
    }
}

fn unused_sources<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let model = subject.model;
    let named: HashSet<String> = model
        .tables
        .iter()
        .flat_map(|table| &table.partitions)
        .filter_map(|partition| partition.data_source.as_deref())
        .map(str::to_lowercase)
        .collect();
    let mut in_text =
        model.tables.iter().flat_map(|table| &table.partitions).filter_map(|one| one.expression.as_deref());
    let texts: Vec<&str> =
        in_text.by_ref().chain(model.expressions.iter().map(|one| one.expression.as_str())).collect();
    for source in &model.data_sources {
        let used = named.contains(&source.name.to_lowercase())
            || texts.iter().any(|text| m::Script::of(text).mentions(&source.name));
        if !used {
            hits.add(Element::DataSource(source));
        }
    }
}

/// Members of a Power BI model's roles are set in the service, and no file of a project holds them.
pub(in super::super) fn members_are_elsewhere(subject: &Subject<'_, '_>) -> bool {
    let model = subject.model;
    model.default_data_source_version.is_some() && model.roles.iter().all(|role| role.members == 0)
}

fn empty_roles<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    if members_are_elsewhere(subject) {
        return;
    }
    for role in subject.model.roles.iter().filter(|role| role.members == 0) {
        hits.add(Element::Role(role));
    }
}

/// A parameter's choices, and a table that only holds measures, relate to nothing by design.
fn unrelated<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.tables() {
        let for_measures = !table.measures.is_empty() && table.columns().all(|column| column.hidden);
        if subject.relationships_at(table).next().is_none() && !for_measures && !subject.is_parameter(table) {
            hits.add(Element::Table(table));
        }
    }
}

fn undescribed<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for element in &subject.elements {
        let counts = matches!(element, Element::Table(_) | Element::Column(..) | Element::Measure(..));
        if counts && !element.hidden() && element.description().is_none_or(|text| text.trim().is_empty()) {
            let group = if let Element::Table(table) = element { table.calculation_group.as_ref() } else { None };
            if group.is_none_or(|group| group.description.is_none()) {
                hits.add(*element);
            }
        }
    }
}

fn empty_perspectives<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for perspective in subject.model.perspectives.iter().filter(|perspective| perspective.tables == 0) {
        hits.add(Element::Perspective(perspective));
    }
}

fn empty_groups<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, group) in subject.model.calculation_groups() {
        if group.items.is_empty() {
            hits.add(Element::Table(table));
        }
    }
}
