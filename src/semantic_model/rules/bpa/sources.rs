//! Rules about where rows come from.

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::m;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::Subject;
use super::{MODEL, PARTITIONS};
use crate::semantic_model::dax::{Object, Position};
use crate::semantic_model::model::same;
use crate::semantic_model::words::SourceKind;

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "MODEL_USING_DIRECT_QUERY_AND_NO_AGGREGATIONS",
        "Consider using aggregations if using Direct Query in Power BI",
        Category::Performance,
        Severity::Info,
        MODEL,
        [
            "tables are in DirectQuery and no table holds aggregations, so that every visual asks the source",
            "add an aggregation table for the questions that are asked most",
        ],
        Check::Properties(no_aggregations),
    ),
    Rule::bpa(
        "MINIMIZE_POWER_QUERY_TRANSFORMATIONS",
        "Minimize Power Query transformations",
        Category::Performance,
        Severity::Warning,
        PARTITIONS,
        [
            "the query joins, groups or reshapes rows, which lengthens every refresh unless the source does it",
            "do it in the source, or see that the step still folds",
        ],
        Check::Expressions(transformations),
    ),
    Rule::bpa(
        "MEASURES_USING_TIME_INTELLIGENCE_AND_MODEL_IS_USING_DIRECT_QUERY",
        "Measures using time intelligence and model is using Direct Query",
        Category::Performance,
        Severity::Warning,
        &[ElementKind::Measure, ElementKind::CalculationItem],
        [
            "time intelligence over DirectQuery makes queries that sources answer slowly",
            "make columns for the periods in the source, and compare those",
        ],
        Check::Expressions(time_intelligence),
    ),
    Rule::bpa(
        "AVOID_STRUCTURED_DATA_SOURCES_WITH_PROVIDER_PARTITIONS",
        "Avoid structured data sources with provider partitions",
        Category::ErrorPrevention,
        Severity::Warning,
        PARTITIONS,
        [
            "the partition's query goes to a data source of Power Query's kind, which Power BI does not take",
            "write the partition in M, or use a provider data source",
        ],
        Check::Properties(structured_with_query),
    ),
];

fn no_aggregations<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let in_power_bi = subject.model.default_data_source_version.as_deref();
    if subject.model.tables.iter().any(|table| subject.is_direct_query(table))
        && !subject.columns().any(|(_, column)| column.alternate)
        && in_power_bi.is_some_and(|version| version.eq_ignore_ascii_case("powerBI_V3"))
    {
        hits.add(Element::Model(subject.model));
    }
}

/// Functions of M that lengthen a refresh.
const HEAVY: &[&str] = &[
    "Table.Combine",
    "Table.Join",
    "Table.NestedJoin",
    "Table.AddColumn",
    "Table.Group",
    "Table.Sort",
    "Table.Pivot",
    "Table.Unpivot",
    "Table.UnpivotOtherColumns",
    "Table.Distinct",
    "Value.NativeQuery",
    "OleDb.Query",
    "Odbc.Query",
];

fn transformations<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in &subject.model.tables {
        for partition in table.partitions.iter().filter(|partition| partition.source == SourceKind::M) {
            let Some(text) = &partition.expression else { continue };
            let script = m::Script::of(text);
            let mut used: Vec<&str> = Vec::new();
            let mut first = None;
            for call in script.calls() {
                if let Some(known) = HEAVY.iter().find(|known| **known == call.function) {
                    first.get_or_insert(call.offset);
                    if !used.contains(known) {
                        used.push(known);
                    }
                }
            }
            let native = script.native_query_option();
            if let Some(at) = native {
                first.get_or_insert(at);
                used.push("[Query = ...]");
            }
            if let Some(at) = first {
                let message = format!("the query uses {}: it lengthens every refresh unless it folds", used.join(", "));
                hits.at(Element::Partition(table, partition), Position::of(text, at), Some(message), None);
            }
        }
    }
}

/// Functions that shift dates.
const TIME: &[&str] = &[
    "CLOSINGBALANCEMONTH",
    "CLOSINGBALANCEQUARTER",
    "CLOSINGBALANCEYEAR",
    "DATEADD",
    "DATESBETWEEN",
    "DATESINPERIOD",
    "DATESMTD",
    "DATESQTD",
    "DATESYTD",
    "ENDOFMONTH",
    "ENDOFQUARTER",
    "ENDOFYEAR",
    "FIRSTDATE",
    "FIRSTNONBLANK",
    "FIRSTNONBLANKVALUE",
    "LASTDATE",
    "LASTNONBLANK",
    "LASTNONBLANKVALUE",
    "NEXTDAY",
    "NEXTMONTH",
    "NEXTQUARTER",
    "NEXTYEAR",
    "OPENINGBALANCEMONTH",
    "OPENINGBALANCEQUARTER",
    "OPENINGBALANCEYEAR",
    "PARALLELPERIOD",
    "PREVIOUSDAY",
    "PREVIOUSMONTH",
    "PREVIOUSQUARTER",
    "PREVIOUSYEAR",
    "SAMEPERIODLASTYEAR",
    "STARTOFMONTH",
    "STARTOFQUARTER",
    "STARTOFYEAR",
    "TOTALMTD",
    "TOTALQTD",
    "TOTALYTD",
];

fn time_intelligence<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    if !subject.model.tables.iter().any(|table| subject.is_direct_query(table)) {
        return;
    }
    for read in &subject.reads {
        if !matches!(read.expression.object, Object::Measure(_) | Object::Item(..)) {
            continue;
        }
        if let (Some(call), Some(element)) = (read.first_call(TIME), subject.element(read)) {
            hits.at(element, read.position(call.name), None, None);
        }
    }
}

fn structured_with_query<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let structured =
        |name: &str| subject.model.data_sources.iter().any(|source| source.structured && same(&source.name, name));
    for table in &subject.model.tables {
        for partition in table.partitions.iter().filter(|partition| partition.source == SourceKind::Query) {
            if partition.data_source.as_deref().is_some_and(structured) {
                hits.add(Element::Partition(table, partition));
            }
        }
    }
}
