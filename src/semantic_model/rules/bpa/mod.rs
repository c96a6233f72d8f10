//! Microsoft's public set of best-practice rules: a file for each family.
//!
//! Ids, names, categories and severities are those of the set; predicates ask
//! the syntax tree instead of the text, and the sentences are our own. Where a
//! predicate differs on purpose, the reason stands with it. A new rule is a
//! function and a line in its family's `RULES`.
//!
//! Source: `BestPracticeRules/BPARules.json` of microsoft/Analysis-Services.

mod columns;
mod dax;
mod design;
mod errors;
mod formats;
mod maintenance;
mod naming;
mod relationships;
mod security;
mod sources;
mod statistics;
mod values;

use super::element::ElementKind;
use super::rule::Rule;

pub(super) use maintenance::{copied, is_unused, members_are_elsewhere};

/// The rules of all families.
pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    let families = [
        columns::RULES,
        relationships::RULES,
        design::RULES,
        security::RULES,
        sources::RULES,
        statistics::RULES,
        dax::RULES,
        errors::RULES,
        maintenance::RULES,
        naming::RULES,
        formats::RULES,
    ];
    families.into_iter().flatten()
}

/// Columns of every kind.
const COLUMNS: &[ElementKind] =
    &[ElementKind::Column, ElementKind::CalculatedColumn, ElementKind::CalculatedTableColumn];
/// Tables with rows.
const TABLES: &[ElementKind] = &[ElementKind::Table, ElementKind::CalculatedTable];
/// The model as a whole.
const MODEL: &[ElementKind] = &[ElementKind::Model];
/// Relationships.
const RELATIONSHIPS: &[ElementKind] = &[ElementKind::Relationship];
/// Measures.
const MEASURES: &[ElementKind] = &[ElementKind::Measure];
/// Partitions.
const PARTITIONS: &[ElementKind] = &[ElementKind::Partition];
