//! Models that are larger than one answer: every list is read to its end, page
//! by page, each page at most 16 kB.

use std::path::Path;

use sequitur::semantic_model::facts::{
    calculation_groups, detect, export_schema, measure_details, measures, page::ANSWER_BYTES, relationships, table,
    tables,
};
use sequitur::semantic_model::models::Models;

const TABLES: usize = 150;
const COLUMNS: usize = 900;
const MEASURES: usize = 400;

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Many tables, one with very many columns and measures, one measure of 100 kB.
fn large() -> (tempfile::TempDir, Models) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "model.tmdl", "model Model\n");
    for n in 0..TABLES {
        write(root, &format!("tables/Table {n:03}.tmdl"), &format!("table 'Table {n:03}'\n\tcolumn Key\n"));
    }
    let columns: Vec<String> =
        (0..COLUMNS).map(|n| format!("\tcolumn 'Column {n:04}'\n\t\tdataType: string\n")).collect();
    let sum = "1 + ".repeat(25_000);
    let measures: Vec<String> = (0..MEASURES)
        .map(|n| {
            format!("\tmeasure 'Measure {n:03}' = {}\n", if n == 7 { format!("{sum}\"ü\"") } else { format!("{n}") })
        })
        .collect();
    write(root, "tables/Wide.tmdl", &format!("table Wide\n{}{}", measures.concat(), columns.concat()));
    let relationships: Vec<String> = (0..TABLES)
        .map(|n| format!("relationship r{n}\n\tfromColumn: Wide.'Column {n:04}'\n\ttoColumn: 'Table {n:03}'.Key\n\n"))
        .collect();
    write(root, "relationships.tmdl", &relationships.concat());
    let items: Vec<String> =
        (0..300).map(|n| format!("\t\tcalculationItem 'Item {n}' = \"{}\"\n", "x".repeat(200))).collect();
    write(root, "tables/Group.tmdl", &format!("table Group\n\tcalculationGroup\n{}\n\tcolumn Name\n", items.concat()));
    let models = Models { roots: vec![root.to_path_buf()], ..Models::default() };
    (folder, models)
}

/// Asks until there is no next page; tells how often it asked.
fn read_all<A: serde::Serialize>(
    mut ask: impl FnMut(Option<String>) -> A,
    next: impl Fn(&A) -> Option<String>,
    mut take: impl FnMut(A),
) -> usize {
    let mut token = None;
    for asked in 1.. {
        let answer = ask(token);
        let bytes = serde_json::to_string(&answer).unwrap().len();
        assert!(bytes <= ANSWER_BYTES, "an answer of {bytes} bytes");
        token = next(&answer);
        take(answer);
        if token.is_none() {
            return asked;
        }
        assert!(asked < 200, "the pages do not end");
    }
    unreachable!("the loop ends above")
}

#[test]
fn lists_of_tables_measures_and_relationships_are_read_to_their_end() {
    let (_folder, models) = large();
    let mut names = Vec::new();
    read_all(
        |next_token| {
            tables::run(&models, &tables::Args { page_size: Some(500), next_token, ..Default::default() }).unwrap()
        },
        |answer| answer.next_token.clone(),
        |answer| {
            assert_eq!((answer.row_count, answer.total), (answer.rows.len(), TABLES + 2));
            names.extend(answer.rows.into_iter().map(|row| row.name));
        },
    );
    names.dedup();
    assert_eq!(names.len(), TABLES + 2);

    let mut names = Vec::new();
    let mut cut = Vec::new();
    let pages = read_all(
        |next_token| measures::run(&models, &measures::Args { next_token, ..Default::default() }).unwrap(),
        |answer| answer.next_token.clone(),
        |answer| {
            cut.extend(answer.rows.iter().filter(|row| row.expression_cut).map(|row| row.name.clone()));
            names.extend(answer.rows.into_iter().map(|row| row.name));
        },
    );
    names.dedup();
    assert_eq!((names.len(), cut), (MEASURES, vec!["Measure 007".to_owned()]));
    assert!(pages >= MEASURES / 50);

    let mut count = 0;
    read_all(
        |next_token| relationships::run(&models, &relationships::Args { next_token, ..Default::default() }).unwrap(),
        |answer| answer.next_token.clone(),
        |answer| count += answer.rows.len(),
    );
    assert_eq!(count, TABLES);
}

#[test]
fn a_wide_table_is_described_to_its_end() {
    let (_folder, models) = large();
    let (mut columns, mut measures, mut relationships) = (0, 0, 0);
    let ask = |next_token| {
        let args = table::Args { table: "wide".into(), model: None, page_size: None, next_token };
        table::run(&models, &args).unwrap()
    };
    read_all(
        ask,
        |answer| answer.next_token.clone(),
        |answer| {
            assert_eq!((answer.counts.columns, answer.counts.measures), (COLUMNS, MEASURES));
            columns += answer.columns.len();
            measures += answer.measures.len();
            relationships += answer.relationships.len();
        },
    );
    assert_eq!((columns, measures, relationships), (COLUMNS, MEASURES, TABLES));
}

#[test]
fn a_long_expression_is_read_to_its_end() {
    let (_folder, models) = large();
    let mut text = String::new();
    let mut length = 0;
    let ask = |next_token| {
        let args = measure_details::Args { measure: "Measure 007".into(), table: None, model: None, next_token };
        measure_details::run(&models, &args).unwrap()
    };
    read_all(
        ask,
        |answer| answer.next_token.clone(),
        |answer| {
            length = answer.expression_length;
            text.push_str(&answer.expression);
        },
    );
    assert_eq!(text, format!("{}\"ü\"", "1 + ".repeat(25_000)));
    assert_eq!(text.chars().count(), length);
}

#[test]
fn the_schema_is_exported_to_its_end() {
    let (_folder, models) = large();
    let (mut columns, mut measures, mut relationships, mut tables) = (0, 0, 0, 0);
    let ask =
        |next_token| export_schema::run(&models, &export_schema::Args { next_token, ..Default::default() }).unwrap();
    read_all(
        ask,
        |answer| answer.next_token.clone(),
        |answer| {
            for table in &answer.schema.tables {
                tables += usize::from(!table.continued);
                columns += table.columns.len();
                measures += table.measures.len();
            }
            relationships += answer.schema.relationships.len();
        },
    );
    assert_eq!((tables, columns, measures, relationships), (TABLES + 2, COLUMNS + TABLES + 1, MEASURES, TABLES));
}

#[test]
fn items_of_a_large_calculation_group_are_read_to_their_end() {
    let (_folder, models) = large();
    let mut items = Vec::new();
    let ask = |next_token| {
        calculation_groups::run(&models, &calculation_groups::Args { page_size: Some(500), next_token, model: None })
            .unwrap()
    };
    let pages = read_all(
        ask,
        |answer| answer.next_token.clone(),
        |answer| {
            assert_eq!((answer.total, answer.rows[0].item_count), (1, 300));
            items.extend(answer.rows.into_iter().flat_map(|row| row.items).map(|item| item.name));
        },
    );
    items.dedup();
    assert!(pages > 1);
    assert_eq!(items.len(), 300);
}

#[test]
fn five_hundred_models_are_listed_to_their_end() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..500 {
        write(folder.path(), &format!("folder {}/model {n}.bim", n % 7), "{}");
    }
    let models = Models { roots: vec![folder.path().to_path_buf()], ..Models::default() };
    let mut found = Vec::new();
    let ask =
        |next_token| detect::run(&models, &detect::Args { page_size: Some(500), next_token, roots: None }).unwrap();
    read_all(
        ask,
        |answer| answer.next_token.clone(),
        |answer| {
            assert_eq!(answer.count, 500);
            found.extend(answer.instances.into_iter().map(|instance| instance.index));
        },
    );
    assert_eq!(found, (0..500).collect::<Vec<_>>());
}
