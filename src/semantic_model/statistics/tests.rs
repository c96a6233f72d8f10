use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::semantic_model::model::Table;
use crate::semantic_model::models::Models;

/// A file in the way Json.NET writes it.
fn exported() -> Value {
    json!({
        "$id": "1",
        "ExtractionDate": "2026-01-02T03:04:05Z",
        "Tables": {"$id": "2", "$values": [
            {"$id": "3", "TableName": {"$id": "4", "Name": "Orders"}, "RowsCount": 30_000_001,
             "ReferentialIntegrityViolationCount": 1,
             "Columns": {"$id": "5", "$values": [
                {"$id": "6", "Table": {"$ref": "3"}, "ColumnName": {"$id": "7", "Name": "ShopKey"},
                 "ColumnCardinality": 12, "TotalSize": 400},
                {"$id": "8", "Table": {"$ref": "3"}, "ColumnName": {"$id": "9", "Name": "Amount"},
                 "ColumnCardinality": -1, "DataSize": 50, "DictionarySize": 6}]}},
            {"$id": "10", "TableName": "Shops", "RowsCount": 11,
             "Columns": [{"$id": "11", "ColumnName": "ShopKey", "ColumnCardinality": 11, "TotalSize": 7}]}]},
        "Relationships": {"$id": "12", "$values": [
            {"$id": "13", "FromColumn": {"$ref": "6"}, "ToColumn": {"$ref": "11"}, "MissingKeys": 1, "InvalidRows": 5},
            {"$id": "14", "FromColumn": {"$ref": "99"}, "ToColumn": {"$ref": "11"}}]}
    })
}

fn write_vpax(path: &Path, content: &str) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    zip.start_file(MEMBER, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(content.as_bytes()).unwrap();
    zip.finish().unwrap();
}

#[test]
fn references_lists_and_both_kinds_of_names_are_followed() {
    let found = Statistics::of(&exported(), "m.vpax".into());
    let orders = TableStatistics { rows: 30_000_001, bytes: 456, broken_relationships: Some(1) };
    assert_eq!(found.table("orders"), Some(orders));
    let shops = TableStatistics { rows: 11, bytes: 7, broken_relationships: None };
    assert_eq!(found.table("Shops"), Some(shops));
    assert_eq!(found.column("Orders", "SHOPKEY"), Some(ColumnStatistics { cardinality: 12, bytes: 400 }));
    assert_eq!(found.column("Orders", "Amount"), None, "a cardinality of -1 is unknown");
    let relationship = Relationship {
        from_table: "Orders".into(),
        from_column: "ShopKey".into(),
        to_table: "Shops".into(),
        to_column: "ShopKey".into(),
        ..Relationship::default()
    };
    let broken = RelationshipStatistics { missing_keys: Some(1), invalid_rows: Some(5) };
    assert_eq!(found.relationship(&relationship), Some(broken));
    assert_eq!(found.taken_at.as_deref(), Some("2026-01-02T03:04:05Z"));
}

#[test]
fn statistics_of_another_model_do_not_fit() {
    let found = Statistics::of(&exported(), "m.vpax".into());
    let table = |name: &str| Table { name: name.into(), ..Table::default() };
    let model = |names: &[&str]| Model { tables: names.iter().map(|name| table(name)).collect(), ..Model::default() };
    assert!(found.fits(&model(&["orders", "Shops", "Dates"])));
    assert!(!found.fits(&model(&["Orders", "A", "B"])));
    assert!(!found.fits(&model(&[])));
}

/// A model of two tables in `folder/M.SemanticModel`.
fn write_model(folder: &Path) {
    let definition = folder.join("M.SemanticModel/definition");
    std::fs::create_dir_all(&definition).unwrap();
    std::fs::write(definition.join("model.tmdl"), "model Model\n").unwrap();
    std::fs::write(definition.join("t.tmdl"), "table Orders\n\tcolumn ShopKey\n\ntable Shops\n\tcolumn ShopKey\n")
        .unwrap();
}

fn open(folder: &Path) -> Model {
    let roots = vec![folder.canonicalize().unwrap()];
    Models { roots, ..Models::default() }.open(None).unwrap().model
}

#[test]
fn a_vpax_beside_the_model_or_in_its_folder_is_found() {
    for beside in ["M.vpax", "M.SemanticModel/M.vpax", "M.SemanticModel/export.vpax"] {
        let folder = tempfile::tempdir().unwrap();
        write_model(folder.path());
        assert_eq!(open(folder.path()).statistics, None);
        write_vpax(&folder.path().join(beside), &exported().to_string());
        let model = open(folder.path());
        assert_eq!(model.statistics.unwrap().table("Shops").unwrap().rows, 11, "{beside}");
    }
}

#[test]
fn one_that_cannot_be_read_or_belongs_to_another_model_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path());
    let vpax = folder.path().join("M.vpax");
    let cases: [(&dyn Fn(), &str); 3] = [
        (&|| std::fs::write(&vpax, "no zip").unwrap(), "cannot be unpacked"),
        (&|| write_vpax(&vpax, "{"), "DaxModel.json:1:"),
        (&|| write_vpax(&vpax, r#"{"Tables": []}"#), "another model"),
    ];
    for (write, told) in cases {
        write();
        let model = open(folder.path());
        assert_eq!(model.statistics, None);
        let warning = model.warnings.last().unwrap();
        assert!(warning.message.contains(told), "{told}: {warning:?}");
    }
}

#[cfg(unix)]
#[test]
fn one_outside_the_roots_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path());
    write_vpax(&folder.path().join("M.vpax"), &exported().to_string());
    assert_eq!(open(&folder.path().join("M.SemanticModel")).statistics, None, "it lies above the only root");
    let inside = folder.path().join("M.SemanticModel/M.vpax");
    std::os::unix::fs::symlink(folder.path().join("M.vpax"), inside).unwrap();
    assert_eq!(open(&folder.path().join("M.SemanticModel")).statistics, None, "a link that leads out");
}
