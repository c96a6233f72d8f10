use super::{Home, Names, References};
use crate::semantic_model::model::{Column, Measure, Model, Table};

fn model() -> Model {
    let table = |name: &str, columns: &[&str], measures: &[&str]| Table {
        name: name.into(),
        all_columns: columns.iter().map(|name| Column { name: (*name).into(), ..Column::default() }).collect(),
        measures: measures.iter().map(|name| Measure { name: (*name).into(), ..Measure::default() }).collect(),
        ..Table::default()
    };
    Model {
        tables: vec![
            table("Sales", &["Qty", "Price", "Both"], &["Total", "Margin %"]),
            table("Date Table", &["Date"], &[]),
            table("Other", &["Both"], &[]),
        ],
        ..Model::default()
    }
}

/// measures | columns | tables | unresolved | local
fn of(expression: &str) -> String {
    let model = model();
    let found = References::of(expression, Home::Measure("sales"), &Names::of(&model));
    let list = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(" ");
    [
        list(&mut found.measures.iter().cloned()),
        list(&mut found.columns.iter().map(|(table, column)| format!("{table}.{column}"))),
        list(&mut found.tables.iter().cloned()),
        list(&mut found.unresolved.iter().cloned()),
        list(&mut found.local.iter().cloned()),
    ]
    .join("|")
}

#[test]
fn a_bare_name_is_a_column_of_the_home_table_first_and_else_a_measure() {
    assert_eq!(of("[qty] * [TOTAL] + [nowhere]"), "Total|Sales.Qty||[nowhere]|");
}

#[test]
fn a_qualified_name_is_a_column_first_and_else_a_measure() {
    assert_eq!(of("SUM(sales[Price]) + 'Sales'[Total] + 'date table' [Date]"), "Total|Date Table.Date Sales.Price|||");
    assert_eq!(of("Missing[x] + 'Other'[Gone]"), "|||Missing[x] Other[Gone]|");
}

#[test]
fn tables_alone_are_told_but_not_variables_keywords_and_functions() {
    assert_eq!(of("COUNTROWS('Date Table') + COUNTROWS(Other)"), "||Date Table Other||");
    assert_eq!(of("VAR Other = 1 RETURN Other + Sales(2)"), "||||");
    assert_eq!(of("VAR x = 1 RETURN [Total]"), "Total||||");
}

#[test]
fn comments_and_strings_refer_to_nothing() {
    assert_eq!(of("1 // [Total]\n-- Sales[Qty]\n/* 'Other' */ & \"[Total]\""), "||||");
}

#[test]
fn what_the_expression_names_itself_is_local() {
    assert_eq!(of("MAXX(ADDCOLUMNS(Other, \"@Sum\", 1), [@sum])"), "||Other||[@sum]");
}
