use std::sync::Arc;

use super::build;
use crate::semantic_model::error::Error;
use crate::semantic_model::model::{Model, TableKind};
use crate::semantic_model::words::{Cardinality, ColumnKind, CrossFilter, Mode, SecurityFilter, SourceKind};

fn model(files: &[(&str, &str)]) -> Result<Model, Error> {
    let files: Vec<(Arc<str>, &str)> = files.iter().map(|(name, text)| ((*name).into(), *text)).collect();
    build(&files)
}

#[test]
fn a_table_may_be_split_across_files_and_stands_where_its_ref_says() {
    let model = model(&[
        ("model.tmdl", "model Model\n\tculture: de-DE\n\nref table B\nref table A\n"),
        ("tables/A.tmdl", "table A\n\tcolumn x\n"),
        ("tables/B.tmdl", "/// bee\ntable B\n\tcolumn y\n"),
        ("tables/C.tmdl", "table C\n"),
        ("tables/measures.tmdl", "table b\n\tisHidden\n\tmeasure m = 1\n"),
    ])
    .unwrap();
    let names: Vec<&str> = model.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["B", "A", "C"]);
    let table = &model.tables[0];
    assert_eq!((table.all_columns.len(), table.measures.len(), table.hidden), (1, 1, true));
    assert_eq!(table.description.as_deref(), Some("bee"));
    assert_eq!(table.measures[0].location.as_ref().unwrap().to_string(), "tables/measures.tmdl:3:2");
    assert_eq!(model.culture.as_deref(), Some("de-DE"));
}

#[test]
fn keywords_are_read_in_any_case_and_unknown_ones_are_read_over() {
    let model = model(&[(
        "all.tmdl",
        "Model Model\n\tDefaultMode: DirectQuery\n\tnewThing: 1\n\nTABLE T\n\tnovelty 'of the year'\n\t\tdeep\n\t\t\tdeeper: 1\n\tColumn C\n\t\tDATATYPE: Int64\n\t\tishidden: TRUE\n\t\tisKey: false\n\nfutureObject X\n\tisGood\n",
    )])
    .unwrap();
    assert_eq!(model.default_mode, Some(Mode::DirectQuery));
    let column = &model.tables[0].all_columns[0];
    assert_eq!((column.data_type.as_str(), column.hidden, column.key), ("int64", true, false));
    assert_eq!(model.warnings, []);
}

#[test]
fn columns_are_of_the_kind_that_their_table_and_expression_say() {
    let model = model(&[(
        "t.tmdl",
        "table T\n\tcolumn A\n\tcolumn B = 1\n\tcolumn R\n\t\ttype: rowNumber\n\tpartition P = calculated\n\t\tmode: import\n\t\tsource = {1}\n",
    )])
    .unwrap();
    let kinds: Vec<ColumnKind> = model.tables[0].all_columns.iter().map(|column| column.kind).collect();
    assert_eq!(kinds, [ColumnKind::CalculatedTableColumn, ColumnKind::Calculated, ColumnKind::RowNumber]);
    assert_eq!(model.tables[0].columns().count(), 2);
    assert_eq!(model.tables[0].kind(), TableKind::Calculated);
    assert_eq!(model.tables[0].partitions[0].source, SourceKind::Calculated);
}

#[test]
fn a_relationship_has_defaults_and_says_what_differs() {
    let model = model(&[(
        "relationships.tmdl",
        "relationship r1\n\tfromColumn: 'Sales Facts'.'Order Date'\n\ttoColumn: Date.Date\n\nrelationship r2\n\tisActive: false\n\tfromCardinality: one\n\ttoCardinality: many\n\tcrossFilteringBehavior: bothDirections\n\tsecurityFilteringBehavior: bothDirections\n\tfromColumn: a.b\n\ttoColumn: c.d\n",
    )])
    .unwrap();
    let [first, second] = model.relationships.as_slice() else { panic!("two") };
    assert_eq!((first.from_table.as_str(), first.from_column.as_str()), ("Sales Facts", "Order Date"));
    assert_eq!((first.from_cardinality, first.to_cardinality), (Cardinality::Many, Cardinality::One));
    assert!(first.active && !second.active);
    assert_eq!((second.from_cardinality, second.to_cardinality), (Cardinality::One, Cardinality::Many));
    assert_eq!(second.cross_filter, CrossFilter::BothDirections);
    assert_eq!(second.security_filter, SecurityFilter::BothDirections);
}

#[test]
fn roles_groups_hierarchies_and_sources_are_read() {
    let model = model(&[(
        "all.tmdl",
        "role North\n\tmodelPermission: read\n\n\ttablePermission 'My Store' = [Region] = \"N\"\n\ntable Time\n\tcalculationGroup\n\t\tprecedence: 20\n\n\t\t/// now\n\t\tcalculationItem Now = SELECTEDMEASURE()\n\t\t\tordinal: 1\n\t\t\tformatStringDefinition = \"0\"\n\n\thierarchy H\n\t\tlevel L\n\t\t\tcolumn: 'Year No'\n\n\tpartition P = entity\n\t\tmode: directLake\n\t\tsource\n\t\t\tentityName: time\n\ndataSource DB\n\nculture de-DE\n\ttranslations\n\t\tmodel Model\n\t\t\ttable Time\n\t\t\t\tcaption: Zeit\n",
    )])
    .unwrap();
    let role = &model.roles[0];
    assert_eq!((role.permission.as_str(), role.table_permissions[0].table.as_str()), ("read", "My Store"));
    assert_eq!(role.table_permissions[0].filter.as_deref(), Some("[Region] = \"N\""));
    let group = model.tables[0].calculation_group.as_ref().unwrap();
    assert_eq!((group.precedence, group.items[0].ordinal), (20, Some(1)));
    assert_eq!(group.items[0].format_string_expression.as_deref(), Some("\"0\""));
    assert_eq!(group.items[0].description.as_deref(), Some("now"));
    assert_eq!(model.tables[0].hierarchies[0].levels[0].column, "Year No");
    assert_eq!(model.tables[0].partitions[0].entity.as_deref(), Some("time"));
    assert_eq!(model.data_sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(), ["DB"]);
    assert!(model.cultures[0].translates);
    assert_eq!(model.tables.len(), 1, "a translation declares no table");
}

#[test]
fn a_script_and_a_nested_model_are_read_like_files() {
    let nested = "createOrReplace\n\n\tmodel Model\n\t\tculture: en-US\n\n\t\ttable T\n\t\t\tcolumn C\n";
    let model = model(&[("script.tmdl", nested)]).unwrap();
    assert_eq!((model.tables[0].name.as_str(), model.culture.as_deref()), ("T", Some("en-US")));
}

#[test]
fn unknown_words_warn_and_missing_ones_fail() {
    let odd = model(&[("t.tmdl", "table T\n\tcolumn C\n\t\tdataType: quaternion\n")]).unwrap();
    assert_eq!(odd.warnings[0].message, "`quaternion` is no known value of `dataType`");
    assert_eq!(odd.warnings[0].location.as_ref().unwrap().to_string(), "t.tmdl:3:3");
    let fails = |text| model(&[("t.tmdl", text)]).unwrap_err().to_string();
    assert_eq!(fails("table T\n\tcolumn\n\t\tisHidden\n"), "t.tmdl:2:2: this `column` has no name");
    assert_eq!(fails("relationship r\n\ttoColumn: a.b\n"), "t.tmdl:1:1: this relationship has no `fromColumn`");
    assert_eq!(fails("relationship r\n\tfromColumn: ab\n"), "t.tmdl:2:2: `fromColumn` names no column of a table");
}
