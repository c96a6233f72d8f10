//! Requests and what they are read as.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::intelligence::catalogue::Entry;

fn catalogue() -> Catalogue {
    let tool = Entry::new;
    Catalogue::new(
        [
            tool("execute_workflow", &["template_id", "parameters"]),
            tool("list_workflow_templates", &["category", "query"]),
            tool("01_detect_pbi_instances", &["roots"]),
            tool("01_connect_to_instance", &["path", "model_index"]),
            tool("02_list_tables", &["model"]),
            tool("02_describe_table", &["table", "model"]),
            tool("02_list_measures", &["table", "model"]),
            tool("02_get_measure_details", &["measure", "table", "model"]),
            tool("03_list_relationships", &["active_only", "model"]),
            tool("03_dax_intelligence", &["expression", "analysis_mode", "table"]),
            tool("03_run_dax", &["query", "mode"]),
            tool("03_preview_table_data", &["table", "top"]),
            tool("04_upsert_measure", &["table", "measure", "expression"]),
            tool("04_create_calculation_group", &["name", "items"]),
            tool("04_list_calculation_groups", &["model"]),
            tool("05_comprehensive_analysis", &["scope", "depth"]),
            tool("06_analyze_measure_dependencies", &["measure", "table", "max_depth"]),
            tool("06_get_measure_impact", &["measure", "table"]),
            tool("07_export_model_schema", &["section", "output_path"]),
            tool("08_generate_model_documentation_word", &["output_path"]),
            tool("08_export_model_explorer_html", &["output_path"]),
            tool("slack_send_message", &["channel", "message"]),
        ],
        [
            tool("model_review_complete", &["model"]),
            tool("performance_optimization", &["include_query_analysis"]),
            tool("measure_development", &["measure_name", "table_name", "expression"]),
            tool("model_inventory", &["model"]),
            tool("github_pr_workflow", &["repo", "pr_title"]),
        ],
    )
}

fn read(request: &str) -> Intent {
    analyze(request, &Object::new(), &catalogue())
}

fn label(intent: &Intent) -> String {
    format!("{}/{}", intent.intent_category.as_str(), intent.intent_subcategory.as_str())
}

/// Requests that stand in the source documents, and the phrases of their rules in a sentence.
const SOURCES: &[(&str, &str)] = &[
    ("Run a full analysis to check for issues", "analysis/best_practices"),
    ("Create a new measure called Total Sales", "development/measure_creation"),
    // Steps and templates of the first document, as a person would ask for them.
    ("Find running Power BI Desktop instances", "exploration/exploration"),
    ("Connect to the first detected instance", "general/general"),
    ("List All Tables", "exploration/exploration"),
    ("Get overview of all tables in the model", "exploration/exploration"),
    ("Run Best Practice Analyzer", "analysis/best_practices"),
    ("Analyze model against best practices", "analysis/best_practices"),
    ("Analyze Relationships", "analysis/relationships"),
    ("Review all relationships in the model", "analysis/relationships"),
    ("List All Measures", "exploration/exploration"),
    ("Get overview of all measures", "exploration/exploration"),
    ("Export Model Schema", "documentation/schema_export"),
    ("Export compact schema for documentation", "documentation/schema_export"),
    ("Generate Documentation", "documentation/general_documentation"),
    ("Generate Word documentation report", "documentation/word_export"),
    ("Identify and analyze performance bottlenecks in your Power BI model", "analysis/performance"),
    ("Run performance-focused BPA rules", "analysis/best_practices"),
    ("Analyze Relationship Cardinality", "analysis/relationships"),
    ("Check for cardinality issues in relationships", "analysis/relationships"),
    ("Analyze Measure Dependencies", "analysis/dependencies"),
    ("Analyze dependencies of slowest measures", "analysis/dependencies"),
    ("Create the measure in the model", "development/measure_creation"),
    ("Analyze measure dependencies", "analysis/dependencies"),
    ("Review model structure", "analysis/general_analysis"),
    // The first document's rules: the category's phrase, then the subcategory's.
    ("analyze the model", "analysis/general_analysis"),
    ("check the model", "analysis/general_analysis"),
    ("review the model", "analysis/general_analysis"),
    ("inspect the model", "analysis/general_analysis"),
    ("examine the model", "analysis/general_analysis"),
    ("what's wrong", "analysis/general_analysis"),
    ("check best practice", "analysis/best_practices"),
    ("review with bpa", "analysis/best_practices"),
    ("analyze performance", "analysis/performance"),
    ("check why it is slow", "analysis/performance"),
    ("check relationship", "analysis/relationships"),
    ("check which measures depend on each other", "analysis/dependencies"),
    ("create a measure", "development/measure_creation"),
    ("add a measure", "development/measure_creation"),
    ("build a measure", "development/measure_creation"),
    ("develop a measure", "development/measure_creation"),
    ("make a measure", "development/measure_creation"),
    ("new measure", "development/measure_creation"),
    ("write dax", "development/measure_creation"),
    ("implement a measure", "development/measure_creation"),
    ("create a calculation group", "development/calculation_group"),
    ("create a table", "development/table_creation"),
    ("create a hierarchy", "development/general_development"),
    ("optimize", "optimization/general_optimization"),
    ("improve performance", "optimization/general_optimization"),
    ("faster", "optimization/general_optimization"),
    ("slow", "optimization/general_optimization"),
    ("performance", "optimization/general_optimization"),
    ("speed up", "optimization/general_optimization"),
    ("bottleneck", "optimization/general_optimization"),
    ("optimize dax", "optimization/dax_optimization"),
    ("optimize relationship", "optimization/relationship_optimization"),
    ("optimize with an aggregation", "optimization/aggregation"),
    ("document the model", "documentation/general_documentation"),
    ("export the model", "documentation/general_documentation"),
    ("generate report", "documentation/general_documentation"),
    ("create documentation", "documentation/general_documentation"),
    ("explain the model", "documentation/general_documentation"),
    ("describe the model", "documentation/general_documentation"),
    ("export to word", "documentation/word_export"),
    ("export as docx", "documentation/word_export"),
    ("export html", "documentation/html_export"),
    ("export the schema", "documentation/schema_export"),
    ("show", "exploration/exploration"),
    ("list", "exploration/exploration"),
    ("show tables", "exploration/exploration"),
    ("what tables are there", "exploration/exploration"),
    ("which measures exist", "exploration/exploration"),
    ("get the measures", "exploration/exploration"),
    ("view the columns", "exploration/exploration"),
    ("see the tables", "exploration/exploration"),
    ("tell me about the model", "exploration/exploration"),
    // The second document: other domains than a model.
    ("Deploy application to production", "general/general"),
    // The third: intents named `account_analysis` and `general_conversation` say nothing of a model.
    ("general conversation", "general/general"),
    // The fourth.
    ("Create a GitHub PR and notify the team on Slack", "general/general"),
    ("List GitHub issues", "general/general"),
    ("Execute github_pr_workflow", "general/general"),
    ("PR created. Notify Slack", "general/general"),
];

/// Requests of people.
const PEOPLE: &[(&str, &str)] = &[
    ("Can you check my model for problems?", "analysis/best_practices"),
    ("is our model any good? do a thorough review", "analysis/best_practices"),
    ("why is the Sales report so slow on Mondays", "analysis/performance"),
    ("which measures are slowest", "analysis/performance"),
    ("find the bottlenecks in this dataset", "analysis/performance"),
    ("are the relationships between my tables correct?", "analysis/relationships"),
    ("which measures use the column Customer[Segment]?", "analysis/dependencies"),
    ("what breaks if I rename the Sales table", "analysis/dependencies"),
    ("is it safe to delete [Old Margin]?", "analysis/dependencies"),
    ("impact of changing [Total Sales]", "analysis/dependencies"),
    ("the totals look weird, please look into it", "analysis/general_analysis"),
    ("please add a year to date measure for revenue", "development/measure_creation"),
    ("I need a KPI for churn", "development/measure_creation"),
    ("write a DAX measure that sums Sales[Amount]", "development/measure_creation"),
    ("don't analyze anything, just create a measure named Profit", "development/measure_creation"),
    ("set up a calculation group for time intelligence", "development/calculation_group"),
    ("add a calendar table", "development/table_creation"),
    ("rename [Sls] to Sales", "development/general_development"),
    ("hide the key columns", "development/general_development"),
    ("make this measure faster: [Stock Cover]", "optimization/dax_optimization"),
    ("optimise the DAX of [Customers LTM]", "optimization/dax_optimization"),
    ("remove bidirectional relationships that are not needed", "optimization/relationship_optimization"),
    ("add an aggregation table to make the model faster", "optimization/aggregation"),
    ("reduce the model size", "optimization/general_optimization"),
    ("speed up the refresh", "optimization/general_optimization"),
    ("export the documentation to Word", "documentation/word_export"),
    ("I want a .docx about the data model", "documentation/word_export"),
    ("publish the model docs as a web page", "documentation/html_export"),
    ("dump the schema as JSON", "documentation/schema_export"),
    ("explain what [Weighted Pipeline] calculates", "documentation/general_documentation"),
    ("write descriptions for every measure", "documentation/general_documentation"),
    ("how many tables do we have?", "exploration/exploration"),
    ("show me the DAX behind [Gross Margin]", "exploration/exploration"),
    ("what columns does the Geography table have", "exploration/exploration"),
    ("tables?", "exploration/exploration"),
    ("shwo me all mesures", "exploration/exploration"),
    ("hello", "general/general"),
    ("thanks, that's all", "general/general"),
    ("what can you do for me?", "general/general"),
    ("what's the weather like in Oslo", "general/general"),
    ("Write a poem about autumn", "general/general"),
    ("cancel that", "general/general"),
    ("connect to Retail.pbip", "general/general"),
    ("", "general/general"),
    ("   ", "general/general"),
    ("42", "general/general"),
];

#[test]
fn requests_are_read_as_the_table_says() {
    let wrong: Vec<String> = SOURCES
        .iter()
        .chain(PEOPLE)
        .filter_map(|(request, expected)| {
            let intent = read(request);
            let got = label(&intent);
            (got != *expected)
                .then(|| format!("{request:?}: {got} ({}), not {expected}: {}", intent.confidence, intent.explanation))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The share of the shared development rows that the phrases read right. Their
/// hard cases are for a trained classifier; this holds the phrases where they are.
#[test]
fn the_shared_development_rows_are_read_no_worse_than_before() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/intent/dev.jsonl");
    let Ok(rows) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let (mut rows_read, mut category, mut subcategory) = (0, 0, 0);
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let intent = read(row["text"].as_str().unwrap());
        rows_read += 1;
        let right = row["category"] == json!(intent.intent_category);
        category += i32::from(right);
        subcategory += i32::from(right && row["subcategory"] == json!(intent.intent_subcategory));
        if row["subcategory"] != json!(intent.intent_subcategory) {
            println!("{} -> {} {}: {}", row["text"], label(&intent), row["subcategory"], intent.explanation);
        }
    }
    println!("{category} categories and {subcategory} subcategories of {rows_read}");
    assert!(category * 100 >= rows_read * 80, "{category} of {rows_read} categories");
}

#[test]
fn the_first_documents_own_tests_hold() {
    let intent = read("Run a full analysis to check for issues");
    assert_eq!(label(&intent), "analysis/best_practices");
    assert!(intent.confidence > 0.8, "{}", intent.confidence);
    assert_eq!(intent.suggested_tools[0], "05_comprehensive_analysis");
    assert_eq!(intent.suggested_workflow.as_deref(), Some("model_review_complete"));

    let intent = read("Create a new measure called Total Sales");
    assert_eq!(label(&intent), "development/measure_creation");
    assert_eq!(intent.suggested_workflow.as_deref(), Some("measure_development"));
    assert_eq!(intent.entities.measure.as_deref(), Some("Total Sales"));
    assert_eq!(Value::Object(intent.suggested_parameters), json!({"measure_name": "Total Sales"}));
}

#[test]
fn only_what_the_catalogue_has_is_suggested() {
    let only = Catalogue::new([Entry::new("02_list_measures", &[])], []);
    let intent = analyze("Run a full analysis to check for issues", &Object::new(), &only);
    assert_eq!(intent.suggested_tools, ["02_list_measures"]);
    assert_eq!(intent.suggested_workflow, None);
    let none = analyze("Create a new measure called Total Sales", &Object::new(), &Catalogue::default());
    assert!(
        none.suggested_tools.is_empty() && none.suggested_workflow.is_none() && none.suggested_parameters.is_empty()
    );
}

#[test]
fn what_is_out_of_scope_has_low_confidence_and_no_tools() {
    for request in ["hello", "What's the weather like in Oslo tomorrow?", "Write a poem about autumn", "qwzx", ""] {
        let intent = read(request);
        assert_eq!(label(&intent), "general/general", "{request}");
        assert!(intent.confidence <= 0.5, "{request}: {}", intent.confidence);
        assert!(intent.suggested_tools.is_empty() && intent.suggested_workflow.is_none(), "{request}");
    }
}

#[test]
fn names_of_tools_and_workflows_in_the_request_are_heard() {
    let named = read("Create a GitHub PR and notify the team");
    assert_eq!(named.suggested_workflow.as_deref(), Some("github_pr_workflow"));
    assert_eq!(
        read("run performance_optimization now").suggested_workflow.as_deref(),
        Some("performance_optimization")
    );
    assert_eq!(read("send a message on slack").suggested_tools, ["slack_send_message"]);
    assert_eq!(read("make an inventory of the whole model").suggested_workflow.as_deref(), Some("model_inventory"));
}

#[test]
fn tools_follow_the_names_in_the_request() {
    let first = |request: &str| read(request).suggested_tools.into_iter().next();
    assert_eq!(first("show the Sales table").as_deref(), Some("02_describe_table"));
    assert_eq!(first("show the first rows of the Sales table").as_deref(), Some("03_preview_table_data"));
    assert_eq!(first("show the Total Sales measure").as_deref(), Some("02_get_measure_details"));
    assert_eq!(first("list relationships").as_deref(), Some("03_list_relationships"));
    assert_eq!(first("which models do I have").as_deref(), Some("01_detect_pbi_instances"));
    assert_eq!(first("connect to Retail.pbip").as_deref(), Some("01_connect_to_instance"));
    let connect = read("connect to C:\\models\\Retail.pbip");
    assert_eq!(Value::Object(connect.suggested_parameters), json!({"path": "C:\\models\\Retail.pbip"}));
}

#[test]
fn parameters_are_filled_from_the_request_and_a_new_measure_never_from_the_context() {
    let context = json!({"last_table": "Sales", "last_measure": "Total Sales"});
    let context = context.as_object().unwrap();
    let intent = analyze("create a measure for the growth rate", context, &catalogue());
    assert_eq!(Value::Object(intent.suggested_parameters), json!({"table_name": "Sales"}));
    assert_eq!(intent.entities.from_context, ["table", "measure"]);
    let whole = read("add measure Margin = DIVIDE([Profit], [Sales]) to the Finance table");
    assert_eq!(
        Value::Object(whole.suggested_parameters),
        json!({"measure_name": "Margin", "table_name": "Finance", "expression": "DIVIDE([Profit], [Sales])"})
    );
}

#[test]
fn the_answer_says_why_and_what_else_it_could_be() {
    let intent = read("check the model and then document it");
    assert_eq!(label(&intent), "analysis/general_analysis");
    assert!(intent.explanation.contains("`check`"), "{}", intent.explanation);
    assert_eq!(intent.alternatives[0].intent_category, Category::Documentation);
}

#[test]
fn the_answer_reads_back_from_its_json_and_has_a_schema() {
    let intent = read("describe the Sales table");
    let value = serde_json::to_value(&intent).unwrap();
    assert_eq!(value["entities"]["mentions"][0], json!({"type": "table", "text": "Sales", "start": 13, "end": 18}));
    assert_eq!(serde_json::from_value::<Intent>(value.clone()).unwrap(), intent);
    let schema = serde_json::to_value(schemars::schema_for!(Intent)).unwrap();
    jsonschema::validate(&schema, &value).unwrap();
}

#[test]
fn any_text_is_read_without_a_fault() {
    for request in [
        "'",
        "''",
        "[",
        "]",
        "[]",
        "x[",
        "'x'[",
        "called",
        " = ",
        ":=",
        "“",
        "ß[ß]ß",
        "a'b'c",
        "\u{202e}table",
        "called \"",
        "))((",
        "= ((",
        "measure 😀 table",
    ] {
        read(request);
    }
    let long = "list the Sales table, ".repeat(2_000);
    assert_eq!(label(&read(&long)), "exploration/exploration");
}
