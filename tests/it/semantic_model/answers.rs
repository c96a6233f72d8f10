//! What the questions of the pack are answered for the sample.

use sequitur::semantic_model::facts::{
    calculation_groups, connect, detect, export_schema, measure_details, measures, page::ANSWER_BYTES, relationships,
    table, tables,
};
use sequitur::semantic_model::models::{ModelName, Models};
use sequitur::tools::ALL;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::sample::{open_sample, project};

fn args<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn shown(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap()
}

fn identity() -> Value {
    let path = project().canonicalize().unwrap().join("Bramble Retail.SemanticModel");
    json!({"name": "Bramble Retail", "path": path.display().to_string()})
}

#[test]
fn the_sample_is_found_and_connected() {
    let found = shown(detect::run(&open_sample(), &args(json!({}))).unwrap());
    assert_eq!(found["count"], 1);
    let instance = &found["instances"][0];
    assert_eq!(
        (&instance["index"], &instance["name"], &instance["format"]),
        (&json!(0), &json!("Bramble Retail"), &json!("tmdl"))
    );
    assert_eq!(instance["path"], identity()["path"]);

    for named in [
        json!({}),
        json!({"model_index": 0}),
        json!({"path": "Bramble Retail.pbip"}),
        json!({"path": "Bramble Retail.SemanticModel/definition"}),
        json!({"model": "bramble retail"}),
        json!({"model": 0}),
    ] {
        let connected = shown(connect::run(&open_sample(), &args(named.clone())).unwrap());
        assert_eq!(connected["model"], identity(), "{named}");
        assert_eq!(connected["instance"], *instance, "{named}");
        assert_eq!(connected["counts"]["measures"], 41);
        assert_eq!(connected["capabilities"], json!({"write": true, "query": false}));
        assert_eq!(connected["fingerprint"].as_str().unwrap().len(), 64);
    }
    let twice = connect::run(&open_sample(), &args(json!({"path": ".", "model_index": 0}))).unwrap_err();
    assert_eq!(twice.to_string(), "the model is named more than once");
}

#[test]
fn tables_are_listed_with_what_a_file_cannot_tell() {
    let answer = shown(tables::run(&open_sample(), &args(json!({"limit": 1}))).unwrap());
    assert_eq!(
        answer["rows"],
        json!([{
            "name": "Sales", "columns": 14, "measures": 0, "hidden": false, "type": "table", "storage_mode": "import",
            "row_count": null, "description": "One row per line of a receipt or web order."
        }])
    );
    assert_eq!((&answer["row_count"], &answer["total"], &answer["model"]), (&json!(1), &json!(12), &identity()));
    assert!(answer["unavailable"]["row_count"].as_str().unwrap().contains("no data"));
    let all = shown(tables::run(&open_sample(), &args(json!({}))).unwrap());
    let kind = |name: &str| {
        let row = all["rows"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
        (row["type"].clone(), row["storage_mode"].clone())
    };
    assert_eq!(kind("Time Comparison"), (json!("calculation_group"), json!(null)));
    assert_eq!(kind("Calendar"), (json!("calculated"), json!("import")));
}

#[test]
fn a_table_is_described_in_full() {
    let answer = shown(table::run(&open_sample(), &args(json!({"table_name": "'product'"}))).unwrap());
    assert_eq!(answer["table"], "Product");
    assert_eq!(
        answer["counts"],
        json!({"columns": 12, "measures": 0, "partitions": 1, "relationships": 4, "hierarchies": 1})
    );
    assert_eq!(
        answer["columns"][0],
        json!({
            "name": "Product Key", "data_type": "int64", "hidden": true, "calculated": false, "key": true, "format": "0",
            "sort_by": null, "summarize_by": "none"
        })
    );
    let band = &answer["columns"][9];
    assert_eq!((&band["calculated"], &band["sort_by"]), (&json!(true), &json!("Price Band No")));
    assert!(band["expression"].as_str().unwrap().starts_with("SWITCH (\n    TRUE (),"));
    assert_eq!(
        answer["hierarchies"],
        json!([{"name": "Assortment", "hidden": false, "levels": ["Category", "Subcategory", "Product"]}])
    );
    assert_eq!(answer["partitions"][0]["source"], "m");
    assert_eq!(answer["next_token"], json!(null));
    let error = table::run(&open_sample(), &args(json!({"table": "Produkt"}))).unwrap_err();
    assert_eq!(
        (error.to_string(), error.hint()),
        ("there is no table `Produkt`".into(), "did you mean `Product`?".into())
    );
}

#[test]
fn measures_are_listed_and_the_most_complex_is_named() {
    let answer = shown(measures::run(&open_sample(), &args(json!({"page_size": 3}))).unwrap());
    assert_eq!(answer["total"], 41);
    assert_eq!(
        answer["rows"][2],
        json!({
            "name": "Net Sales", "table": "Figures", "expression": "[Gross Sales] - [Discounts]",
            "format_string": "#,0.00", "display_folder": "Sales\\Amounts", "hidden": false, "complexity": 2
        })
    );
    assert_eq!(answer["most_complex_measure"], "Stock Value");
    assert_eq!(answer["most_complex_measure_table"], "Figures");
    let none = shown(measures::run(&open_sample(), &args(json!({"table": "Sales"}))).unwrap());
    assert_eq!((&none["total"], &none["most_complex_measure"]), (&json!(0), &json!(null)));
    let second = args(json!({"page_size": 3, "next_token": answer["next_token"]}));
    assert_eq!(shown(measures::run(&open_sample(), &second).unwrap())["rows"][0]["name"], "Net Sales after Returns");
}

#[test]
fn a_measure_is_told_with_what_it_refers_to() {
    let details = |value| shown(measure_details::run(&open_sample(), &args(value)).unwrap());
    let answer = details(json!({"measure_name": "new customers"}));
    assert_eq!(
        answer["references"],
        json!({
            "measures": [],
            "columns": ["'Calendar'[Date]", "'Sales'[Customer Key]", "'Sales'[Order Date]"],
            "tables": ["Calendar"],
            "unresolved": [],
            "cut": false
        })
    );
    assert_eq!((&answer["measure"], &answer["table"]), (&json!("New Customers"), &json!("Figures")));
    assert_eq!(answer["description"], "Card holders whose first order ever lies in the period.");
    assert!(answer["location"].as_str().unwrap().starts_with("tables/Figures.tmdl:"));
    assert_eq!(
        details(json!({"measure": "[Loyalty Points]"}))["references"]["unresolved"],
        json!(["Customer[Points]"])
    );
    assert_eq!(
        details(json!({"measure": "'Figures'[Net Sales]"}))["references"]["measures"],
        json!(["Discounts", "Gross Sales"])
    );
    let wrong =
        measure_details::run(&open_sample(), &args(json!({"measure": "Net Sales", "table": "Sales"}))).unwrap_err();
    assert_eq!(wrong.to_string(), "measure `Net Sales` is not in table `Sales`");
    assert_eq!(wrong.hint(), "it is in table `Figures`");
    let unknown = measure_details::run(&open_sample(), &args(json!({"measure": "Net Sale"}))).unwrap_err();
    assert_eq!(
        (unknown.to_string(), unknown.hint()),
        ("there is no measure `Net Sale`".into(), "did you mean `Net Sales`?".into())
    );
}

#[test]
fn relationships_are_listed_with_or_without_inactive_ones() {
    let all = shown(relationships::run(&open_sample(), &args(json!({}))).unwrap());
    assert_eq!(all["total"], 15);
    assert_eq!(
        all["rows"][4],
        json!({
            "from_table": "Sales", "from_column": "Customer Key", "to_table": "Customer", "to_column": "Customer Key",
            "active": true, "cardinality": "many_to_one", "cross_filter": "bothDirections", "security_filter": "oneDirection"
        })
    );
    assert_eq!(all["rows"][14]["cardinality"], "many_to_many");
    let active = shown(relationships::run(&open_sample(), &args(json!({"active_only": true}))).unwrap());
    assert_eq!(active["total"], 14);
}

#[test]
fn calculation_groups_are_listed_with_their_items() {
    let answer = shown(calculation_groups::run(&open_sample(), &args(json!({}))).unwrap());
    assert_eq!((&answer["total"], &answer["row_count"]), (&json!(1), &json!(1)));
    let group = &answer["rows"][0];
    assert_eq!(
        (&group["name"], &group["column"], &group["precedence"], &group["item_count"]),
        (&json!("Time Comparison"), &json!("Comparison"), &json!(10), &json!(5))
    );
    assert_eq!(
        group["items"][1],
        json!({
            "name": "Year to Date", "expression": "CALCULATE ( SELECTEDMEASURE (), DATESYTD ( 'Calendar'[Date] ) )",
            "format_string_expression": null, "ordinal": null, "description": "From 1 January to the last day in view."
        })
    );
    assert_eq!(group["items"][4]["format_string_expression"], "\"0.0 %;-0.0 %\"");
}

#[test]
fn the_compact_schema_is_one_answer_and_other_sections_are_told_unavailable() {
    let answer = shown(export_schema::run(&open_sample(), &args(json!({"export_mode": "compact"}))).unwrap());
    assert_eq!(answer["next_token"], json!(null));
    let schema = &answer["schema"];
    assert_eq!(schema["tables"].as_array().unwrap().len(), 12);
    assert_eq!(
        schema["tables"][8],
        json!({
            "name": "Calendar", "type": "calculated",
            "columns": ["Date: dateTime, key", "Year: int64", "Quarter: string", "Month: string", "Month No: int64, hidden",
                "Week: int64", "Weekday: string", "Is Weekend: boolean"],
            "measures": []
        })
    );
    assert_eq!(schema["relationships"][1], "'Sales'[Ship Date] *:1 'Calendar'[Date], inactive");
    assert_eq!(schema["relationships"][14], "'Budget'[Category] *:* 'Product'[Category]");
    assert_eq!(
        schema["calculation_groups"],
        json!(["Time Comparison: Current, Year to Date, Previous Year, Change, Change %"])
    );
    assert_eq!(schema["roles"], json!(["Northern Managers: Store", "Store Managers: Store, Budget"]));
    let error = export_schema::run(&open_sample(), &args(json!({"section": "mermaid"}))).unwrap_err();
    assert_eq!(error.to_string(), "section `mermaid` cannot be exported by this version");
    let error = export_schema::run(&open_sample(), &args(json!({"output_path": "x.json"}))).unwrap_err();
    assert_eq!(error.kind().as_str(), "invalid_input");
}

#[test]
fn every_answer_fits_the_schema_that_its_tool_publishes() {
    let models = open_sample();
    let answers = [
        ("01_detect_pbi_instances", shown(detect::run(&models, &args(json!({}))).unwrap())),
        ("01_connect_to_instance", shown(connect::run(&models, &args(json!({}))).unwrap())),
        ("02_list_tables", shown(tables::run(&models, &args(json!({}))).unwrap())),
        ("02_describe_table", shown(table::run(&models, &args(json!({"table": "Product"}))).unwrap())),
        ("02_list_measures", shown(measures::run(&models, &args(json!({}))).unwrap())),
        ("02_get_measure_details", shown(measure_details::run(&models, &args(json!({"measure": "Orders"}))).unwrap())),
        ("03_list_relationships", shown(relationships::run(&models, &args(json!({}))).unwrap())),
        ("04_list_calculation_groups", shown(calculation_groups::run(&models, &args(json!({}))).unwrap())),
        ("07_export_model_schema", shown(export_schema::run(&models, &args(json!({}))).unwrap())),
    ];
    for (name, mut answer) in answers {
        let tool = ALL.iter().find(|tool| tool.name() == name).unwrap().listed();
        let schema = tool.definition.output_schema.unwrap();
        let check = jsonschema::validator_for(&schema).unwrap();
        answer["success"] = json!(true);
        let wrong: Vec<String> = check.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert_eq!(wrong, [] as [&str; 0], "{name}");
        assert!(answer.to_string().len() <= ANSWER_BYTES, "{name}");
    }
}

#[test]
fn misspelt_arguments_and_changed_models_are_told() {
    let misspelt = serde_json::from_value::<tables::Args>(json!({"pagesize": 3})).unwrap_err();
    assert!(misspelt.to_string().contains("unknown field `pagesize`"), "{misspelt}");
    let stale = tables::run(&open_sample(), &args(json!({"next_token": "3-00000000"}))).unwrap_err();
    assert_eq!(stale.kind().as_str(), "conflict");
    let closed = tables::run(&Models::default(), &args(json!({}))).unwrap_err();
    assert_eq!((closed.kind().as_str(), closed.hint().contains("--root")), ("no_roots", true));
    let outside = Models { roots: vec![project()], ..Models::default() };
    let named = Some(ModelName::Text("../../..".into()));
    assert_eq!(outside.open(named.as_ref()).unwrap_err().kind().as_str(), "outside_roots");
}
