//! Names found in requests.

use serde_json::json;

use super::*;

fn model() -> ModelNames {
    ModelNames::new(
        ["Sales", "Date", "FactSales", "Product Category"],
        [("Sales", "Total Sales"), ("Sales", "Total Margin %"), ("Sales", "Count")],
        [("Sales", "Amount"), ("Date", "Year")],
    )
}

fn entities(request: &str) -> Entities {
    fill(find(request, &model()), &Object::new())
}

fn mentions(request: &str, names: &ModelNames) -> Vec<(MentionKind, String)> {
    fill(find(request, names), &Object::new()).mentions.into_iter().map(|m| (m.kind, m.text)).collect()
}

#[test]
fn names_are_found_without_a_model_by_how_they_are_written() {
    use MentionKind::{Column, Expression, Measure, Name, Path, Table};
    let cases: [(&str, &[(MentionKind, &str)]); 18] = [
        ("Create a new measure called Total Sales", &[(Measure, "Total Sales")]),
        (
            "add a measure named Return on Investment to the Finance table",
            &[(Measure, "Return on Investment"), (Table, "Finance")],
        ),
        ("describe the Sales table", &[(Table, "Sales")]),
        ("describe the sales table", &[(Table, "sales")]),
        ("describe table 'Order Lines'", &[(Table, "Order Lines")]),
        ("What breaks if I delete the column Customer[Segment]?", &[(Column, "Customer[Segment]")]),
        ("show 'Order Lines'[Net Price]", &[(Column, "'Order Lines'[Net Price]")]),
        ("optimise [Stock Cover Days] please", &[(Measure, "Stock Cover Days")]),
        ("docment the Active Users measure", &[(Measure, "Active Users")]),
        ("what's wrong with it, isn't it slow?", &[]),
        ("explain \"Weighted Pipeline\"", &[(Name, "Weighted Pipeline")]),
        (
            "Create measure Profit = SUM(Sales[Amount]) - [Cost] in the Sales table",
            &[(Measure, "Profit"), (Expression, "SUM(Sales[Amount]) - [Cost]"), (Table, "Sales")],
        ),
        ("Add a date table", &[]),
        ("Create a table", &[]),
        ("connect to C:\\work\\Retail.pbip", &[(Path, "C:\\work\\Retail.pbip")]),
        ("make an empty holder table called _Measures", &[(Table, "_Measures")]),
        ("analyze which table is the biggest", &[]),
        ("List tables", &[]),
    ];
    for (request, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|(kind, text)| (*kind, (*text).to_owned())).collect();
        assert_eq!(mentions(request, &ModelNames::default()), expected, "{request}");
    }
}

#[test]
fn names_of_the_model_are_found_in_any_case_and_the_longest_wins() {
    use MentionKind::{Column, Measure, Table};
    let cases: [(&str, &[(MentionKind, &str)]); 8] = [
        ("why does total margin % take 12 seconds", &[(Measure, "total margin %")]),
        ("how is Total Sales computed?", &[(Measure, "Total Sales")]),
        ("filter paths between sales and product category?", &[(Table, "sales"), (Table, "product category")]),
        ("what is FactSales's grain", &[(Table, "FactSales")]),
        ("count the tables", &[]),
        ("explain Count", &[(Measure, "Count")]),
        ("which year was best", &[]),
        ("where is column Year used", &[(Column, "Year")]),
    ];
    for (request, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|(kind, text)| (*kind, (*text).to_owned())).collect();
        assert_eq!(mentions(request, &model()), expected, "{request}");
    }
    assert_eq!(entities("explain total sales").measure.as_deref(), Some("Total Sales"));
}

#[test]
fn a_column_names_its_table_too() {
    let found = entities("what uses Sales[Amount]");
    assert_eq!((found.table.as_deref(), found.column.as_deref()), (Some("Sales"), Some("Amount")));
    assert_eq!(entities("what uses Sales[Total Sales]").measure.as_deref(), Some("Total Sales"));
}

#[test]
fn places_count_characters() {
    let found = entities("für «Ärger» measure: Total Sales");
    let places: Vec<(usize, usize)> = found.mentions.iter().map(|m| (m.start, m.end)).collect();
    assert_eq!(places, [(5, 10), (21, 32)]);
}

#[test]
fn the_context_fills_gaps_and_only_gaps() {
    let context = json!({"last_table": "Date", "last_measure": "Margin"});
    let context = context.as_object().unwrap();
    let found = fill(find("describe the Sales table", &model()), context);
    assert_eq!((found.table.as_deref(), found.measure.as_deref()), (Some("Sales"), Some("Margin")));
    assert_eq!(found.from_context, ["measure"]);
}
