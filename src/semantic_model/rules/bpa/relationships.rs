//! Rules about relationships.

use super::super::element::Element;
use super::super::hits::Hits;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::{Subject, is_both_ways, is_many_to_many, key};
use super::{MODEL, RELATIONSHIPS, TABLES};
use crate::semantic_model::model::same;

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "SNOWFLAKE_SCHEMA_ARCHITECTURE",
        "Consider a star-schema instead of a snowflake architecture",
        Category::Performance,
        Severity::Warning,
        TABLES,
        [
            "filters pass through this table to another one, which costs time in every query",
            "join the outer table into this one",
        ],
        Check::Properties(snowflake),
    ),
    Rule::bpa(
        "AVOID_EXCESSIVE_BI-DIRECTIONAL_OR_MANY-TO-MANY_RELATIONSHIPS",
        "Avoid excessive bi-directional or many-to-many relationships",
        Category::Performance,
        Severity::Warning,
        MODEL,
        [
            "more than 30 % of the relationships are many-to-many or filter both ways",
            "put a table of the distinct keys between the two, and let filters go one way",
        ],
        Check::Properties(excessive),
    ),
    Rule::bpa(
        "MANY-TO-MANY_RELATIONSHIPS_SHOULD_BE_SINGLE-DIRECTION",
        "Many-to-many relationships should be single-direction",
        Category::Performance,
        Severity::Warning,
        RELATIONSHIPS,
        [
            "a many-to-many relationship that filters both ways is slow, and easily counts rows twice",
            "let filters go one way, and use `CROSSFILTER` in the measures that need the other",
        ],
        Check::Properties(both_ways_and_many),
    ),
    Rule::bpa(
        "CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID",
        "Check if bi-directional and many-to-many relationships are valid",
        Category::Performance,
        Severity::Info,
        RELATIONSHIPS,
        [
            "the relationship is many-to-many or filters both ways: each such one needs a reason",
            "make it one-to-many in one direction unless a report needs it",
        ],
        Check::Properties(worth_a_check),
    ),
    Rule::bpa(
        "INACTIVE_RELATIONSHIPS_THAT_ARE_NEVER_ACTIVATED",
        "Inactive relationships that are never activated",
        Category::Dax,
        Severity::Warning,
        RELATIONSHIPS,
        [
            "no expression names this inactive relationship in `USERELATIONSHIP`, so that nothing ever uses it",
            "use it in a measure, or take it out",
        ],
        Check::Expressions(never_activated),
    ),
    Rule::bpa(
        "RELATIONSHIP_COLUMNS_SAME_DATA_TYPE",
        "Relationship columns should be of the same data type",
        Category::ErrorPrevention,
        Severity::Error,
        RELATIONSHIPS,
        [
            "the two columns of the relationship differ in type: values that look alike may not match",
            "give both columns the same type",
        ],
        Check::Properties(types_differ),
    ),
];

fn snowflake<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in subject.tables() {
        let from = subject.relationships_at(table).any(|relationship| same(&relationship.from_table, &table.name));
        let to = subject.relationships_at(table).any(|relationship| same(&relationship.to_table, &table.name));
        if from && to {
            hits.add(Element::Table(table));
        }
    }
}

fn excessive<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let all = &subject.model.relationships;
    let both = all.iter().filter(|relationship| is_both_ways(relationship)).count();
    let many = all.iter().filter(|relationship| is_many_to_many(relationship)).count();
    if (both + many) * 10 > all.len().max(1) * 3 {
        let message = format!("of {} relationships {both} filter both ways and {many} are many-to-many", all.len());
        hits.say(Element::Model(subject.model), message);
    }
}

fn both_ways_and_many<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for relationship in &subject.model.relationships {
        if is_many_to_many(relationship) && is_both_ways(relationship) {
            hits.add(Element::Relationship(relationship));
        }
    }
}

fn worth_a_check<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for relationship in &subject.model.relationships {
        let message = match (is_many_to_many(relationship), is_both_ways(relationship)) {
            (true, true) => "many-to-many, and filters go both ways: such a relationship needs a reason",
            (true, false) => "many-to-many: such a relationship needs a reason",
            (false, true) => "filters go both ways: such a relationship needs a reason",
            (false, false) => continue,
        };
        hits.say(Element::Relationship(relationship), message);
    }
}

fn never_activated<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let activated = subject.activated();
    for relationship in subject.model.relationships.iter().filter(|relationship| !relationship.active) {
        let from = key(&relationship.from_table, &relationship.from_column);
        let to = key(&relationship.to_table, &relationship.to_column);
        if !activated.contains(&[from, to]) {
            hits.add(Element::Relationship(relationship));
        }
    }
}

fn types_differ<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for relationship in &subject.model.relationships {
        let column = |table: &str, column: &str| subject.names.table(table).and_then(|table| table.column(column));
        let from = column(&relationship.from_table, &relationship.from_column);
        let to = column(&relationship.to_table, &relationship.to_column);
        if let (Some(from), Some(to)) = (from, to)
            && from.data_type != to.data_type
        {
            let message = format!("{} on one side and {} on the other", from.data_type.as_str(), to.data_type.as_str());
            hits.say(Element::Relationship(relationship), message);
        }
    }
}
