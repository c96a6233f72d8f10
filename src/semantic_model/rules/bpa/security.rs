//! Rules about what roles see.

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::{Subject, is_many_to_many};
use super::TABLES;
use crate::semantic_model::dax::Object;
use crate::semantic_model::model::same;

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "LIMIT_ROW_LEVEL_SECURITY_(RLS)_LOGIC",
        "Limit row level security (RLS) logic",
        Category::Performance,
        Severity::Warning,
        TABLES,
        [
            "a role cuts or changes text for every row of the table, in every query",
            "make a column of the cut text, and compare that",
        ],
        Check::Expressions(text_logic),
    ),
    Rule::bpa(
        "AVOID_USING_MANY-TO-MANY_RELATIONSHIPS_ON_TABLES_USED_FOR_DYNAMIC_ROW_LEVEL_SECURITY",
        "Avoid using many-to-many relationships on tables used for dynamic row level security",
        Category::Performance,
        Severity::Error,
        &[ElementKind::Table],
        [
            "a role filters the table and a many-to-many relationship ends in it: every query pays for both",
            "let a one-to-many relationship carry the security filter",
        ],
        Check::Properties(filtered_and_many),
    ),
    Rule::bpa(
        "CHECK_IF_DYNAMIC_ROW_LEVEL_SECURITY_(RLS)_IS_NECESSARY",
        "Check if dynamic row level security (RLS) is necessary",
        Category::Performance,
        Severity::Info,
        &[ElementKind::TablePermission],
        [
            "the role asks who the reader is, in every query",
            "use roles with fixed filters where there are few kinds of readers",
        ],
        Check::Expressions(dynamic),
    ),
    Rule::bpa(
        "AVOID_THE_USERELATIONSHIP_FUNCTION_AND_RLS_AGAINST_THE_SAME_TABLE",
        "Avoid the USERELATIONSHIP function and RLS against the same table",
        Category::ErrorPrevention,
        Severity::Error,
        TABLES,
        [
            "a role filters the table and a measure relates it with `USERELATIONSHIP`, which the engine refuses for the role's members",
            "relate a second copy of the table instead",
        ],
        Check::Expressions(filtered_and_activated),
    ),
];

fn text_logic<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.tables() {
        let mut filters = subject.filters_on(table);
        let call = filters.find_map(|read| read.first_call(&["RIGHT", "LEFT", "UPPER", "LOWER", "FIND"]));
        if let Some(call) = call {
            let message = format!("a role calls `{}` for every row, in every query", call.function.to_uppercase());
            hits.say(Element::Table(table), message);
        }
    }
}

fn filtered_and_many<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.tables() {
        if subject.relationships_at(table).any(is_many_to_many) && subject.is_filtered(table) {
            hits.add(Element::Table(table));
        }
    }
}

fn dynamic<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for read in subject.reads.iter().filter(|read| matches!(read.expression.object, Object::Role(..))) {
        if let (Some(call), Some(element)) =
            (read.first_call(&["USERNAME", "USERPRINCIPALNAME"]), subject.element(read))
        {
            hits.at(element, read.position(call.name), None, None);
        }
    }
}

/// The side that filters, whichever way round the call names the columns.
fn filtered_and_activated<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let mut activated: Vec<String> = Vec::new();
    for read in subject.reads.iter().filter(|read| matches!(read.expression.object, Object::Measure(_))) {
        for (at, _) in read.calls(&["USERELATIONSHIP"]) {
            if let [Some((one, _)), Some((other, _))] = read.two_columns(at) {
                let reversed =
                    subject.model.relationships.iter().any(|relationship| {
                        same(&relationship.to_table, &one) && same(&relationship.from_table, &other)
                    });
                activated.push(if reversed { one } else { other });
            }
        }
    }
    for table in subject.tables() {
        if activated.contains(&table.name.to_lowercase()) && subject.is_filtered(table) {
            hits.add(Element::Table(table));
        }
    }
}
