use std::sync::Arc;

use super::read;
use crate::semantic_model::model::TableKind;
use crate::semantic_model::words::{ColumnKind, SourceKind};

fn fault(text: &str) -> String {
    let file: Arc<str> = "model.bim".into();
    read(text, &file).unwrap_err().to_string()
}

#[test]
fn expressions_are_strings_or_lines_and_row_numbers_are_no_columns() {
    let text = r#"{"name": "M", "compatibilityLevel": 1500, "model": {"tables": [{"name": "T", "columns": [
        {"type": "rowNumber", "name": "RowNumber-1"}, {"name": "A", "dataType": "int64", "isHidden": true},
        {"name": "B", "type": "calculated", "expression": ["1 +", "2"]}],
        "measures": [{"name": "m", "expression": ["SUM(", "T[A])"], "annotations": [{"name": "n", "value": {"x": 1}}]}],
        "partitions": [{"name": "p", "source": {"query": "select 1", "dataSource": "D"}}], "novel": [[[]]]}]}}"#;
    let file: Arc<str> = "model.bim".into();
    let model = read(text, &file).unwrap();
    let table = &model.tables[0];
    assert_eq!((table.all_columns.len(), table.columns().count()), (3, 2));
    assert_eq!(table.measures[0].expression, "SUM(\nT[A])");
    assert_eq!(table.all_columns[2].expression.as_deref(), Some("1 +\n2"));
    assert_eq!(table.all_columns[2].kind, ColumnKind::Calculated);
    assert_eq!((table.partitions[0].source, table.kind()), (SourceKind::Query, TableKind::Table));
    assert_eq!((model.database_name.as_deref(), model.compatibility_level), (Some("M"), Some(1500)));
    assert_eq!(model.warnings, []);
}

#[test]
fn a_script_that_creates_a_database_is_read() {
    let text = r#"{"createOrReplace": {"object": {"database": "D"}, "database": {"name": "D", "model": {"tables": [{"name": "T"}]}}}}"#;
    let file: Arc<str> = "model.bim".into();
    assert_eq!(read(text, &file).unwrap().tables[0].name, "T");
}

#[test]
fn what_breaks_the_format_is_told_with_its_place() {
    assert_eq!(
        fault("{\n\"model\": {\"tables\": 5}}"),
        "model.bim:2:21: invalid type: integer `5`, expected a sequence"
    );
    assert_eq!(fault("{\"model\": {"), "model.bim:1:11: EOF while parsing an object");
    assert_eq!(fault("{}"), "model.bim:1:1: the file has no member `model`");
    assert_eq!(fault(""), "model.bim:1:1: EOF while parsing a value");
    let missing = r#"{"model": {"relationships": [{"fromTable": "a"}]}}"#;
    assert_eq!(fault(missing), "model.bim:1:47: missing field `fromColumn`");
}

#[test]
fn an_unknown_word_warns() {
    let file: Arc<str> = "model.bim".into();
    let text = r#"{"model": {"tables": [{"name": "T", "columns": [{"name": "A", "dataType": "quaternion"}]}]}}"#;
    let model = read(text, &file).unwrap();
    assert_eq!(model.warnings[0].message, "`quaternion` of `'T'[A]` is no known value of `dataType`");
}

#[test]
fn ten_thousand_levels_of_nesting_are_an_error_or_read_over() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let file: Arc<str> = "model.bim".into();
    assert!(read(&format!("{{\"model\": {{\"novel\": {deep}}}}}"), &file).is_ok());
    assert!(read(&format!("{{\"model\": {{\"description\": {deep}}}}}"), &file).is_err());
    assert!(read(&deep, &file).is_err());
}
