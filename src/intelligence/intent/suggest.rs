//! From a reading to the tools and the workflow that the catalogue has for it.

use serde_json::Value;

use super::classify::{Reading, Verdict};
use super::types::{Alternative, Category, Entities, Intent, Subcategory};
use crate::base::json::Object;
use crate::intelligence::catalogue::{Catalogue, Entry};

/// Tools suggested at most.
const TOOLS: usize = 5;

/// The answer.
pub(super) fn intent(request: &str, verdict: Verdict, entities: Entities, catalogue: &Catalogue) -> Intent {
    let Verdict { best, others, because, words } = verdict;
    let reading = best.subcategory;
    let named_workflow = catalogue.workflows().find(|entry| names(request, &words, &entry.name));
    let workflow = named_workflow.or_else(|| catalogue.workflow(workflow_for(reading, &words)?));
    let mut tools: Vec<&str> = Vec::new();
    let named = catalogue.tools().filter(|entry| names(request, &words, &entry.name)).map(|entry| entry.name.as_str());
    let fitting = tools_for(reading, &entities, &words).iter().filter_map(|name| catalogue.tool(name));
    for name in named.chain(fitting.map(|entry| entry.name.as_str())) {
        if !tools.contains(&name) {
            tools.push(name);
        }
    }
    tools.truncate(TOOLS);
    let target = workflow.or_else(|| catalogue.tool(tools.first()?));
    let suggested_parameters = target.map(|entry| parameters(entry, reading, &entities)).unwrap_or_default();
    let alternatives = others
        .into_iter()
        .map(|other| Alternative {
            intent_category: other.subcategory.category(),
            intent_subcategory: other.subcategory,
            confidence: other.confidence,
            suggested_workflow: workflow_for(other.subcategory, &words)
                .filter(|id| catalogue.workflow(id).is_some())
                .map(str::to_owned),
        })
        .collect();
    Intent {
        intent_category: reading.category(),
        intent_subcategory: reading,
        confidence: best.confidence,
        explanation: explanation(&best, &because),
        suggested_tools: tools.into_iter().map(str::to_owned).collect(),
        suggested_workflow: workflow.map(|entry| entry.name.clone()),
        suggested_parameters,
        alternatives,
        entities,
    }
}

fn explanation(best: &Reading, because: &[String]) -> String {
    let label = format!("{}/{}", best.subcategory.category().as_str(), best.subcategory.as_str());
    if because.is_empty() {
        return format!("No phrase of the request says what to do with a model: {label}.");
    }
    let phrases: Vec<String> = because.iter().take(4).map(|phrase| format!("`{phrase}`")).collect();
    format!("Read as {label} because of {}.", phrases.join(", "))
}

/// The workflow that does the whole of such a request.
fn workflow_for(reading: Subcategory, words: &[String]) -> Option<&'static str> {
    match reading {
        Subcategory::BestPractices | Subcategory::GeneralAnalysis => Some("model_review_complete"),
        Subcategory::Performance
        | Subcategory::DaxOptimization
        | Subcategory::RelationshipOptimization
        | Subcategory::Aggregation
        | Subcategory::GeneralOptimization => Some("performance_optimization"),
        Subcategory::MeasureCreation => Some("measure_development"),
        Subcategory::Exploration | Subcategory::GeneralDocumentation => {
            let says = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
            let whole = says(&["inventory", "overview", "everything", "whole", "entire", "summary"]);
            (whole && !says(&["measure", "table", "column"])).then_some("model_inventory")
        }
        Subcategory::Relationships
        | Subcategory::Dependencies
        | Subcategory::CalculationGroup
        | Subcategory::TableCreation
        | Subcategory::GeneralDevelopment
        | Subcategory::WordExport
        | Subcategory::HtmlExport
        | Subcategory::SchemaExport
        | Subcategory::General => None,
    }
}

/// Tools for such a request, best first.
fn tools_for(reading: Subcategory, entities: &Entities, words: &[String]) -> &'static [&'static str] {
    let says = |word: &str| words.iter().any(|own| own == word);
    match reading {
        Subcategory::BestPractices => &["05_comprehensive_analysis", "02_list_measures", "03_list_relationships"],
        Subcategory::Performance => {
            &["05_comprehensive_analysis", "03_dax_intelligence", "02_list_measures", "03_run_dax"]
        }
        Subcategory::Relationships => &["03_list_relationships", "02_describe_table", "05_comprehensive_analysis"],
        Subcategory::Dependencies => &["06_analyze_measure_dependencies", "06_get_measure_impact"],
        Subcategory::GeneralAnalysis => &["05_comprehensive_analysis", "02_list_tables", "03_list_relationships"],
        Subcategory::MeasureCreation => {
            &["03_dax_intelligence", "04_upsert_measure", "06_analyze_measure_dependencies"]
        }
        Subcategory::CalculationGroup => &["04_create_calculation_group", "04_list_calculation_groups"],
        Subcategory::TableCreation => &["02_list_tables"],
        Subcategory::GeneralDevelopment if entities.measure.is_some() => {
            &["04_upsert_measure", "02_get_measure_details", "06_get_measure_impact"]
        }
        Subcategory::GeneralDevelopment => &["02_list_tables", "02_describe_table"],
        Subcategory::DaxOptimization => &["03_dax_intelligence", "03_run_dax", "06_analyze_measure_dependencies"],
        Subcategory::RelationshipOptimization => &["03_list_relationships", "05_comprehensive_analysis"],
        Subcategory::Aggregation => &["02_describe_table", "05_comprehensive_analysis"],
        Subcategory::GeneralOptimization => &["05_comprehensive_analysis", "03_list_relationships"],
        Subcategory::WordExport => &["08_generate_model_documentation_word"],
        Subcategory::HtmlExport => &["08_export_model_explorer_html"],
        Subcategory::SchemaExport => &["07_export_model_schema"],
        Subcategory::GeneralDocumentation if entities.measure.is_some() => {
            &["02_get_measure_details", "06_analyze_measure_dependencies"]
        }
        Subcategory::GeneralDocumentation => {
            &["08_generate_model_documentation_word", "08_export_model_explorer_html", "07_export_model_schema"]
        }
        Subcategory::Exploration => exploration(entities, &says),
        Subcategory::General if says("connect") || says("reconnect") => {
            &["01_connect_to_instance", "01_detect_pbi_instances"]
        }
        Subcategory::General => &[],
    }
}

fn exploration(entities: &Entities, says: &dyn Fn(&str) -> bool) -> &'static [&'static str] {
    let any = |words: &[&str]| words.iter().any(|word| says(word));
    if any(&["relationship", "relationships", "related"]) {
        &["03_list_relationships", "02_describe_table"]
    } else if any(&["calculation", "calc"]) && any(&["group", "groups", "item", "items"]) {
        &["04_list_calculation_groups"]
    } else if any(&["models", "instances", "instance", "datasets"]) {
        &["01_detect_pbi_instances"]
    } else if any(&["tables"]) {
        &["02_list_tables", "02_list_measures"]
    } else if any(&["measures", "kpis"]) && entities.measure.is_none() {
        &["02_list_measures", "02_list_tables"]
    } else if entities.measure.is_some() && !entities.from_context.iter().any(|field| field == "measure") {
        &["02_get_measure_details", "06_analyze_measure_dependencies"]
    } else if entities.table.is_some() && any(&["row", "rows", "preview", "data", "first"]) {
        &["03_preview_table_data", "02_describe_table"]
    } else if entities.table.is_some() {
        &["02_describe_table", "03_preview_table_data"]
    } else if entities.measure.is_some() {
        &["02_get_measure_details", "06_analyze_measure_dependencies"]
    } else {
        &["02_list_tables", "02_list_measures"]
    }
}

/// Whether the request names the tool or workflow: literally, or with every
/// word of a name that has at least two.
fn names(request: &str, words: &[String], name: &str) -> bool {
    if name.contains('_') && request.to_lowercase().contains(&name.to_lowercase()) {
        return true;
    }
    let said: Vec<&str> = words.iter().map(|word| singular(word)).collect();
    let mut parts: Vec<&str> = name
        .split(['_', '-', '.', '/'])
        .filter(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()) && *part != "workflow")
        .collect();
    parts.dedup();
    parts.len() >= 2 && parts.iter().all(|part| said.contains(&singular(&part.to_lowercase())))
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|stem| stem.len() >= 3).unwrap_or(word)
}

/// Arguments for `entry` from what the request names.
fn parameters(entry: &Entry, reading: Subcategory, entities: &Entities) -> Object {
    let given = |field: &str| !entities.from_context.iter().any(|own| own == field);
    // A new measure is never the one spoken of before.
    let creates = reading == Subcategory::MeasureCreation;
    let measure = entities.measure.as_ref().filter(|_| given("measure") || !creates);
    let document = reading.category() == Category::Documentation;
    let slots: [(&[&str], Option<&String>); 5] = [
        (&["measure_name", "measure"], measure),
        (&["table_name", "table"], entities.table.as_ref()),
        (&["column_name", "column"], entities.column.as_ref()),
        (&["expression"], entities.expression.as_ref()),
        (&[if document { "output_path" } else { "path" }], entities.path.as_ref()),
    ];
    let mut arguments = Object::new();
    for (parameters, value) in slots {
        if let (Some(parameter), Some(value)) = (parameters.iter().find(|name| entry.takes(name)), value) {
            arguments.insert((*parameter).to_owned(), Value::String(value.clone()));
        }
    }
    arguments
}
