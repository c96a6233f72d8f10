//! The sample project: what it holds, in every form that files come in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sequitur::semantic_model::facts::Counts;
use sequitur::semantic_model::limits::Limits;
use sequitur::semantic_model::model::{Model, TableKind};
use sequitur::semantic_model::models::Models;
use sequitur::semantic_model::place::{Format, Place};
use sequitur::semantic_model::source::Source;
use sequitur::semantic_model::words::{Cardinality, CrossFilter};

/// The folder of the project.
pub(super) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/Bramble Retail")
}

/// A caller to whom only the sample is open.
pub(super) fn open_sample() -> Models {
    Models { roots: vec![project()], ..Models::default() }
}

/// The TMDL files of the sample as `(name, text)`, in the order of their names.
pub(super) fn files() -> Vec<(String, String)> {
    let definition = project().join("Bramble Retail.SemanticModel/definition");
    let mut files = Vec::new();
    let mut open = vec![definition.clone()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&definition).unwrap().to_string_lossy().replace('\\', "/");
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn parse(files: &[(String, String)]) -> Model {
    let files = files.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes())).collect();
    Source::of(Format::Tmdl, files).model().unwrap()
}

pub(super) fn load_sample() -> Model {
    Source::read(&Place::at(&project().join("Bramble Retail.pbip")).unwrap(), &Limits::default())
        .unwrap()
        .model()
        .unwrap()
}

#[test]
fn the_sample_holds_what_it_should() {
    let model = load_sample();
    let expected = Counts {
        tables: 12,
        columns: 77,
        calculated_columns: 3,
        measures: 41,
        relationships: 15,
        inactive_relationships: 1,
        hierarchies: 3,
        partitions: 11,
        roles: 2,
        calculation_groups: 1,
        calculation_items: 5,
        expressions: 2,
        cultures: 1,
        perspectives: 0,
    };
    assert_eq!(Counts::of(&model), expected);
    assert_eq!(model.warnings, []);
    let names: Vec<&str> = model.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Sales",
            "Returns",
            "Stock",
            "Budget",
            "Product",
            "Store",
            "Customer",
            "Promotion",
            "Calendar",
            "Measure Choice",
            "Time Comparison",
            "Figures"
        ]
    );
    assert_eq!(model.table("calendar").unwrap().kind(), TableKind::Calculated);
    assert_eq!(model.table("Time Comparison").unwrap().kind(), TableKind::CalculationGroup);
}

#[test]
fn relationships_of_every_sort_are_in_the_sample() {
    let model = load_sample();
    let one = |from: &str, to: &str| {
        let mut found = model
            .relationships
            .iter()
            .filter(|relationship| relationship.from_table == from && relationship.to_table == to);
        found.next().unwrap()
    };
    assert_eq!(one("Sales", "Customer").cross_filter, CrossFilter::BothDirections);
    assert_eq!(one("Budget", "Product").to_cardinality, Cardinality::Many);
    let inactive: Vec<&str> = model
        .relationships
        .iter()
        .filter(|relationship| !relationship.active)
        .map(|relationship| relationship.from_column.as_str())
        .collect();
    assert_eq!(inactive, ["Ship Date"]);
}

#[test]
fn expressions_keep_their_text_in_every_form() {
    let model = load_sample();
    let figures = model.table("Figures").unwrap();
    let expression = |name: &str| figures.measure(name).unwrap().expression.as_str();
    assert_eq!(expression("Net Sales"), "[Gross Sales] - [Discounts]");
    assert_eq!(
        expression("Web Sales"),
        "CALCULATE (\n    [Net Sales],\n    FILTER ( Sales, Sales[Channel] = \"web\" )\n)"
    );
    assert!(expression("Stock Value").starts_with("  \nCALCULATE (\n    SUMX"));
    assert!(expression("Stock Value").ends_with(")\n"));
    let net = figures.measure("Net Sales").unwrap();
    assert_eq!(
        net.description.as_deref(),
        Some(
            "What was paid at the till or in the web shop.\nReturns are not taken off: see `Net Sales after Returns`."
        )
    );
    assert_eq!(net.display_folder.as_deref(), Some("Sales\\Amounts"));
    assert_eq!(
        figures.measure("Gross Margin").unwrap().kpi.as_ref().unwrap().target.as_deref(),
        Some("[Budget Margin]")
    );
    let discontinued = model.table("Product").unwrap().column("Discontinued").unwrap();
    assert_eq!(discontinued.format_string.as_deref(), Some("\"yes\";\"yes\";\"no\""));
    assert_eq!(
        model.roles[1].table_permissions[0].filter.as_deref(),
        Some("Store[Manager E-mail] = USERPRINCIPALNAME ()")
    );
}

#[test]
fn measures_of_all_three_forms_are_in_the_sample() {
    let (_, figures) = files().into_iter().find(|(name, _)| name == "tables/Figures.tmdl").unwrap();
    let measures: Vec<&str> =
        figures.lines().filter(|line| line.trim_start().starts_with("measure ")).map(str::trim_end).collect();
    let fenced = measures.iter().filter(|line| line.ends_with("```")).count();
    let blocks = measures.iter().filter(|line| line.ends_with('=')).count();
    assert!(measures.len() >= 35 && fenced >= 3 && blocks >= 10, "{} {fenced} {blocks}", measures.len());
}

#[test]
fn the_sample_is_the_same_model_with_crlf_a_mark_and_spaces() {
    let files = files();
    let plain = parse(&files);
    let changed = |change: &dyn Fn(&str) -> String| -> Model {
        parse(&files.iter().map(|(name, text)| (name.clone(), change(text))).collect::<Vec<_>>())
    };
    assert_eq!(plain, load_sample());
    assert_eq!(plain, changed(&|text| text.replace('\n', "\r\n")));
    assert_eq!(plain, changed(&|text| format!("\u{feff}{text}")));
    // Where indentation is wider the columns differ, and only they: everything else is compared.
    let spaces = |width: usize| {
        changed(&|text| {
            let lines = text.split('\n').map(|line| {
                let tabs = line.len() - line.trim_start_matches('\t').len();
                format!("{}{}", " ".repeat(tabs * width), &line[tabs..])
            });
            lines.collect::<Vec<_>>().join("\r\n")
        })
    };
    assert_eq!(without_places(plain.clone()), without_places(spaces(2)));
    assert_eq!(without_places(plain.clone()), without_places(spaces(4)));
}

fn without_places(mut model: Model) -> Model {
    model.forget_places();
    model
}

#[test]
fn a_table_cut_in_two_files_is_the_same_table() {
    let mut files = files();
    let place = files.iter().position(|(name, _)| name == "tables/Figures.tmdl").unwrap();
    let whole = parse(&files);
    let (_, text) = files.remove(place);
    let cut = text.find("\tmeasure Customers").unwrap();
    files.push(("tables/Figures 1.tmdl".into(), text[..cut].to_owned()));
    files.push(("tables/Figures 2.tmdl".into(), format!("table Figures\n{}", &text[cut..])));
    let split = parse(&files);
    let names =
        |model: &Model| -> BTreeSet<String> { model.measures().map(|(_, measure)| measure.name.clone()).collect() };
    assert_eq!(names(&split), names(&whole));
    assert_eq!(split.tables.len(), whole.tables.len());
}
