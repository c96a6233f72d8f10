//! Rules over real models: what an independent evaluation of the same predicates found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sequitur::semantic_model::model::{Column, Measure, Model, Table, TableKind, same};
use sequitur::semantic_model::rules::{self, Analysis, Depth, Issue, MARK, Request, Rule, Severity, UserRules, review};
use sequitur::semantic_model::words::{CrossFilter, DataType, SummarizeBy};
use serde_json::Value;

use super::real_models::{load, real_models};

/// The rules of the public set that were evaluated there too, by the name that they have there.
const SHARED: &[(&str, &str)] = &[
    ("AVOID_FLOATING_POINT_DATA_TYPES", "Do not use floating point data types"),
    ("ISAVAILABLEINMDX_FALSE_NONATTRIBUTE_COLUMNS", "Set IsAvailableInMdx to false on non-attribute columns"),
    (
        "REDUCE_USAGE_OF_CALCULATED_COLUMNS_THAT_USE_THE_RELATED_FUNCTION",
        "Reduce usage of calculated columns that use the RELATED function",
    ),
    ("SNOWFLAKE_SCHEMA_ARCHITECTURE", "Consider a star-schema instead of a snowflake architecture"),
    ("MODEL_SHOULD_HAVE_A_DATE_TABLE", "Model should have a date table"),
    ("DATE/CALENDAR_TABLES_SHOULD_BE_MARKED_AS_A_DATE_TABLE", "Date/calendar tables should be marked as a date table"),
    ("REMOVE_AUTO-DATE_TABLE", "Remove auto-date table"),
    (
        "AVOID_EXCESSIVE_BI-DIRECTIONAL_OR_MANY-TO-MANY_RELATIONSHIPS",
        "Avoid excessive bi-directional or many-to-many relationships",
    ),
    ("LIMIT_ROW_LEVEL_SECURITY_(RLS)_LOGIC", "Limit row level security (RLS) logic"),
    (
        "AVOID_USING_MANY-TO-MANY_RELATIONSHIPS_ON_TABLES_USED_FOR_DYNAMIC_ROW_LEVEL_SECURITY",
        "Avoid using many-to-many relationships on tables used for dynamic row level security",
    ),
    ("MANY-TO-MANY_RELATIONSHIPS_SHOULD_BE_SINGLE-DIRECTION", "Many-to-many relationships should be single-direction"),
    ("REDUCE_USAGE_OF_CALCULATED_TABLES", "Reduce usage of calculated tables"),
    (
        "CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID",
        "Check if bi-directional and many-to-many relationships are valid",
    ),
    (
        "CHECK_IF_DYNAMIC_ROW_LEVEL_SECURITY_(RLS)_IS_NECESSARY",
        "Check if dynamic row level security (RLS) is necessary",
    ),
    ("AVOID_DUPLICATE_MEASURES", "No two measures should have the same definition"),
    (
        "USE_THE_TREATAS_FUNCTION_INSTEAD_OF_INTERSECT",
        "Use the TREATAS function instead of INTERSECT for virtual relationships",
    ),
    ("USE_THE_DIVIDE_FUNCTION_FOR_DIVISION", "Use the DIVIDE function for division"),
    ("AVOID_USING_THE_IFERROR_FUNCTION", "Avoid using the IFERROR function"),
    (
        "MEASURES_SHOULD_NOT_BE_DIRECT_REFERENCES_OF_OTHER_MEASURES",
        "Measures should not be direct references of other measures",
    ),
    ("FILTER_COLUMN_VALUES", "Filter column values with proper syntax"),
    ("FILTER_MEASURE_VALUES_BY_COLUMNS", "Filter measure values by columns, not tables"),
    ("INACTIVE_RELATIONSHIPS_THAT_ARE_NEVER_ACTIVATED", "Inactive relationships that are never activated"),
    ("AVOID_USING_'1-(X/Y)'_SYNTAX", "Avoid using '1-(x/y)' syntax"),
    (
        "EVALUATEANDLOG_SHOULD_NOT_BE_USED_IN_PRODUCTION_MODELS",
        "The EVALUATEANDLOG function should not be used in production models",
    ),
    ("DATA_COLUMNS_MUST_HAVE_A_SOURCE_COLUMN", "Data columns must have a source column"),
    (
        "AVOID_THE_USERELATIONSHIP_FUNCTION_AND_RLS_AGAINST_THE_SAME_TABLE",
        "Avoid the USERELATIONSHIP function and RLS against the same table",
    ),
    ("RELATIONSHIP_COLUMNS_SAME_DATA_TYPE", "Relationship columns should be of the same data type"),
    ("SET_ISAVAILABLEINMDX_TO_TRUE_ON_NECESSARY_COLUMNS", "Set IsAvailableInMdx to true on necessary columns"),
    ("ENSURE_TABLES_HAVE_RELATIONSHIPS", "Ensure tables have relationships"),
    ("OBJECTS_WITH_NO_DESCRIPTION", "Visible objects with no description"),
    ("CALCULATION_GROUPS_WITH_NO_CALCULATION_ITEMS", "Calculation groups with no calculation items"),
    (
        "PARTITION_NAME_SHOULD_MATCH_TABLE_NAME_FOR_SINGLE_PARTITION_TABLES",
        "Partition name should match table name for single partition tables",
    ),
    ("SPECIAL_CHARS_IN_OBJECT_NAMES", "Object names must not contain special characters"),
    ("FORMAT_FLAG_COLUMNS_AS_YES/NO_VALUE_STRINGS", "Format flag columns as Yes/No value strings"),
    ("OBJECTS_SHOULD_NOT_START_OR_END_WITH_A_SPACE", "Objects should not start or end with a space"),
    ("DATECOLUMN_FORMATSTRING", "Provide format string for 'Date' columns"),
    ("MONTHCOLUMN_FORMATSTRING", "Provide format string for 'Month' columns"),
    ("PROVIDE_FORMAT_STRING_FOR_MEASURES", "Provide format string for measures"),
    ("NUMERIC_COLUMN_SUMMARIZE_BY", "Do not summarize numeric columns"),
    ("PERCENTAGE_FORMATTING", "Percentages should be formatted with thousands separators and 1 decimal"),
    ("INTEGER_FORMATTING", "Whole numbers should be formatted with thousands separators and no decimals"),
    ("RELATIONSHIP_COLUMNS_SHOULD_BE_OF_INTEGER_DATA_TYPE", "Relationship columns should be of integer data type"),
    ("ADD_DATA_CATEGORY_FOR_COLUMNS", "Add data category for columns"),
    ("HIDE_FOREIGN_KEYS", "Hide foreign keys"),
    ("MARK_PRIMARY_KEYS", "Mark primary keys"),
    ("FIRST_LETTER_OF_OBJECTS_MUST_BE_CAPITALIZED", "First letter of objects must be capitalized"),
    ("MONTH_(AS_A_STRING)_MUST_BE_SORTED", "Month (as a string) must be sorted"),
];

#[test]
fn the_tables_of_rules_in_the_page_are_generated() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/models.md")).unwrap();
    let (_, generated) = page.split_once(MARK).unwrap();
    assert!(format!("{MARK}{generated}") == rules::page(), "docs/models.md differs: run `cargo run --example schemas`");
}

#[test]
fn every_rule_of_the_public_set_is_there_with_its_category_and_severity() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models/rules/BPARules.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("skipped: the public set is not at {}", file.display());
        return;
    };
    let set: Vec<Value> = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    let ours: BTreeMap<&str, &Rule> = rules::all()
        .iter()
        .filter(|rule| rule.analysis == Analysis::Bpa)
        .map(|rule| (rule.id.as_ref(), rule))
        .collect();
    assert_eq!(set.len(), ours.len());
    for known in set {
        let id = known["ID"].as_str().unwrap();
        let rule = ours.get(id).unwrap_or_else(|| panic!("{id} is not there"));
        let severity = match known["Severity"].as_u64().unwrap() {
            1 => Severity::Info,
            2 => Severity::Warning,
            _ => Severity::Error,
        };
        assert_eq!((rule.category.as_str(), rule.severity), (known["Category"].as_str().unwrap(), severity), "{id}");
        let name = known["Name"].as_str().unwrap().split("] ").last().unwrap();
        assert_eq!(rule.name, name, "{id}");
    }
}

/// A finding as that evaluation names it.
fn named(issue: &Issue) -> String {
    match issue.object_type.as_str() {
        "table" | "calculated_table" | "calculation_group" | "measure" => issue.object.clone(),
        "model" => "Model".to_owned(),
        _ => issue.full_name.clone(),
    }
}

fn findings(model: &Model) -> Vec<Issue> {
    let own = UserRules::default();
    let request = Request { scope: Some(Analysis::Bpa), depth: Depth::Deep, own: &own, annotations: false };
    review(model, &request).unwrap().issues
}

#[test]
fn findings_on_real_models_are_those_of_an_independent_evaluation_but_for_reviewed_differences() {
    let mut unexplained = Vec::new();
    for (name, path, known) in real_models() {
        let model = load(&path);
        let known = &known["bpa_semantic_link_labs"]["findings"];
        let issues = findings(&model);
        for (id, label) in SHARED {
            let ours: BTreeSet<String> = issues.iter().filter(|issue| issue.rule_id == *id).map(named).collect();
            let theirs: BTreeMap<&str, Vec<&str>> = known[*label]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(kind, list)| {
                    (kind.as_str(), list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect())
                })
                .collect();
            let theirs: BTreeSet<String> = theirs
                .into_iter()
                .flat_map(|(kind, list)| list.into_iter().map(move |name| (kind, name)))
                .flat_map(|(kind, name)| theirs_named(&model, id, kind, name))
                .collect();
            for extra in ours.difference(&theirs) {
                if extra_because(&model, id, extra).is_none() {
                    unexplained.push(format!("{name}: {id} on {extra} is ours alone"));
                }
            }
            for missing in theirs.difference(&ours) {
                if missing_because(&model, id, missing).is_none() {
                    unexplained.push(format!("{name}: {id} on {missing} is theirs alone"));
                }
            }
        }
    }
    assert!(unexplained.is_empty(), "{} differences:\n{}", unexplained.len(), unexplained.join("\n"));
}

/// What they name, in our names: they tell partitions and relationships where the set tells tables and columns.
fn theirs_named(model: &Model, id: &str, kind: &str, name: &str) -> Vec<String> {
    if id == "PARTITION_NAME_SHOULD_MATCH_TABLE_NAME_FOR_SINGLE_PARTITION_TABLES" {
        let table = name.split("'[").next().unwrap_or_default().trim_start_matches('\'');
        return vec![table.to_owned()];
    }
    if id == "RELATIONSHIP_COLUMNS_SHOULD_BE_OF_INTEGER_DATA_TYPE" {
        let ends = name
            .split(" -> ")
            .filter(|end| column(model, end).is_some_and(|(_, one)| one.data_type.as_str() != "int64"));
        return ends.map(str::to_owned).collect();
    }
    if id == "FIRST_LETTER_OF_OBJECTS_MUST_BE_CAPITALIZED" && matches!(kind, "Column" | "Partition") {
        // The set looks at calculated columns only.
        let kind = column(model, name).map(|(_, one)| one.kind.as_str());
        return if matches!(kind, Some("calculated" | "calculatedTableColumn")) {
            vec![name.to_owned()]
        } else {
            Vec::new()
        };
    }
    vec![name.to_owned()]
}

/// Measures that yield text: read one by one.
const TEXTS: &[&str] = &[
    "BillingPeriod",
    "ChargePeriod",
    "MonthRange",
    "UpdatedRange",
    "x_CommitmentDiscountMeterCategory",
    "x_CommitmentDiscountMeterSubcategory",
    "FUAM Release",
    "FUAM Release Message",
    "First Workspace Admin (User)",
    "Item Analyzer Report URL",
    "Last Run Name",
    "SM Analyzer Report URL",
    "Select Capacity Label",
    "Selected Capacity IOD OA",
    "Selected Item IOD OA",
    "Selected ItemKind IOD OA",
    "Selected Operation IOD OA",
    "Selected Workspace IOD OA",
    "Unused Workspace Action Mail To",
    "Unused Workspace Action Teams To",
    "Workspace Monitoring URL",
];

fn column<'m>(model: &'m Model, name: &str) -> Option<(&'m Table, &'m Column)> {
    model.columns().find(|(table, column)| format!("'{}'[{}]", table.name, column.name) == name)
}

fn measure<'m>(model: &'m Model, name: &str) -> Option<&'m Measure> {
    model.measures().find(|(_, measure)| measure.name == name).map(|(_, measure)| measure)
}

/// Why a finding is ours alone.
fn extra_because(model: &Model, id: &str, name: &str) -> Option<&'static str> {
    match id {
        "CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID" => {
            let both_ways = model.relationships.iter().any(|one| {
                let ends =
                    format!("'{}'[{}] -> '{}'[{}]", one.from_table, one.from_column, one.to_table, one.to_column);
                ends == name && one.cross_filter == CrossFilter::BothDirections
            });
            both_ways.then_some("it filters both ways, which their predicate compares with a word that no file has")
        }
        "FILTER_COLUMN_VALUES" => {
            (name == "nonCompliantCount").then_some("their pattern over the text takes no dots in names")
        }
        "AVOID_USING_'1-(X/Y)'_SYNTAX" => (name == "Total Inventory Value Performance")
            .then_some("their pattern over the text wants SUM or DIVIDE after the sign"),
        "OBJECTS_WITH_NO_DESCRIPTION" => {
            let blank = measure(model, name).is_some_and(|one| one.description.as_deref() == Some(""));
            blank.then_some("the description is nothing but empty lines")
        }
        "ADD_DATA_CATEGORY_FOR_COLUMNS" => {
            name.ends_with("[Sales Territory Country]").then_some("they look at how names begin")
        }
        "MONTH_(AS_A_STRING)_MUST_BE_SORTED" => {
            Some("their predicate can never hold: it tests for a length that no value has")
        }
        _ => None,
    }
}

/// Why a finding is theirs alone.
fn missing_because(model: &Model, id: &str, name: &str) -> Option<&'static str> {
    let column = || column(model, name);
    match id {
        "OBJECTS_WITH_NO_DESCRIPTION" => {
            let hidden = column().is_some_and(|(table, _)| table.hidden)
                || model.measures().any(|(table, measure)| table.hidden && measure.name == name);
            hidden.then_some("nobody sees a column or measure of a hidden table")
        }
        "NUMERIC_COLUMN_SUMMARIZE_BY" => {
            let (table, column) = column()?;
            let none = column.summarize_by == SummarizeBy::None;
            (none || column.hidden || table.hidden).then_some("it is not summed, or nobody sees it")
        }
        "RELATIONSHIP_COLUMNS_SHOULD_BE_OF_INTEGER_DATA_TYPE" => {
            let (_, column) = column()?;
            (column.data_type == DataType::DateTime).then_some("dates lead to the key of a marked date table")
        }
        "PROVIDE_FORMAT_STRING_FOR_MEASURES" => {
            let one = measure(model, name)?;
            let text = TEXTS.contains(&name);
            (text && one.format_string.is_none()).then_some("the measure yields text, which has no format")
        }
        "REDUCE_USAGE_OF_CALCULATED_TABLES" | "ENSURE_TABLES_HAVE_RELATIONSHIPS" => {
            let table = model.table(name)?;
            let parameter = table.columns().any(|column| column.parameter);
            let for_measures = !table.measures.is_empty() && table.columns().all(|column| column.hidden);
            (parameter || for_measures).then_some("a parameter's choices, or a table that only holds measures")
        }
        "PARTITION_NAME_SHOULD_MATCH_TABLE_NAME_FOR_SINGLE_PARTITION_TABLES" => {
            let kind = model.table(name)?.kind();
            (kind != TableKind::Table).then_some("the set looks at tables from sources only")
        }
        "INACTIVE_RELATIONSHIPS_THAT_ARE_NEVER_ACTIVATED" => {
            let known = [
                "'Employee'[SalesTerritoryKey] -> 'Sales Territory'[SalesTerritoryKey]",
                "'Geography'[SalesTerritoryKey] -> 'Sales Territory'[SalesTerritoryKey]",
            ];
            known.contains(&name).then_some("a measure names the two columns in the other order")
        }
        "DATECOLUMN_FORMATSTRING" => name.to_lowercase().contains("update").then_some("an update is no date"),
        "INTEGER_FORMATTING" => {
            let format = measure(model, name)?.format_string.as_deref().unwrap_or_default();
            (!matches!(format, "0" | "#"))
                .then_some("the format shows no whole numbers: dates, decimals, or none at all")
        }
        "HIDE_FOREIGN_KEYS" => {
            let (table, column) = column()?;
            let from = model
                .relationships
                .iter()
                .any(|one| same(&one.from_table, &table.name) && same(&one.from_column, &column.name));
            (!from || table.hidden).then_some("a key of the same name on the one side, or a column that nobody sees")
        }
        _ => None,
    }
}
