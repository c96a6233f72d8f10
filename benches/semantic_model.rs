//! How long the largest model takes to read, against reading the same bytes,
//! splitting them into lines, and parsing as many bytes of JSON.
//!
//! `cargo bench --bench semantic_model` prints the ratios last: both sides run
//! in the same process, in alternating rounds.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![expect(clippy::print_stdout, reason = "a benchmark prints what it found")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group};
use sequitur::semantic_model::facts::Counts;
use sequitur::semantic_model::limits::Limits;
use sequitur::semantic_model::model::Model;
use sequitur::semantic_model::place::Place;
use sequitur::semantic_model::rules::{Depth, Request, UserRules, review};
use sequitur::semantic_model::source::Source;

/// The largest public model when it lies beside the project, else one of our own of the same size.
fn model() -> (Option<tempfile::TempDir>, PathBuf) {
    let public = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models/finops-storage-pbip");
    if public.is_dir() {
        return (None, public);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_path_buf();
    write_model(&path);
    (Some(folder), path)
}

/// 28 tables, 728 columns, 28 measures and a culture of 2.6 MB.
fn write_model(folder: &Path) {
    std::fs::create_dir_all(folder.join("tables")).unwrap();
    std::fs::create_dir_all(folder.join("cultures")).unwrap();
    std::fs::write(folder.join("model.tmdl"), "model Model\n\tculture: en-US\n").unwrap();
    for table in 0..28 {
        let head = format!("table 'Table {table}'\n\tlineageTag: 0b3f913f-1587-4280-a8bb-21ab7d661086\n\n");
        let columns: Vec<String> = (0..26).map(column).collect();
        let measure = format!(
            "\tmeasure 'Rows {table}' =\n\t\t\tVAR x = COUNTROWS('Table {table}')\n\t\t\tRETURN x + 0\n\t\tformatString: 0\n"
        );
        let text = format!("{head}{}{measure}", columns.concat());
        std::fs::write(folder.join(format!("tables/Table {table}.tmdl")), text).unwrap();
    }
    let entry = "\t\t\t  \"entity\": {\"Binding\": {\"ConceptualEntity\": \"Table\"}, \"State\": \"Generated\"},\n";
    let culture = format!("culture en-US\n\n\tlinguisticMetadata =\n\t\t\t{{\n{}\t\t\t}}\n", entry.repeat(28_000));
    std::fs::write(folder.join("cultures/en-US.tmdl"), culture).unwrap();
}

fn column(number: usize) -> String {
    let name = format!("properties.column.{number}");
    let tag = "lineageTag: 0b3f913f-1587-4280-a8bb-21ab7d661086";
    let annotation = "annotation SummarizationSetBy = Automatic";
    format!("\tcolumn '{name}'\n\t\tdataType: string\n\t\t{tag}\n\t\tsourceColumn: {name}\n\n\t\t{annotation}\n\n")
}

/// Reads and parses the model.
fn load(path: &Path) -> Counts {
    let source = Source::read(&Place::at(path).unwrap(), &Limits::default()).unwrap();
    Counts::of(&source.model().unwrap())
}

/// Every file of the model.
fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![path.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "tmdl") {
                found.push(path);
            }
        }
    }
    found
}

/// Baseline one: the same bytes, read and split into lines.
fn split_lines(path: &Path) -> usize {
    files(path)
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap().lines().map(str::trim).map(str::len).sum::<usize>())
        .sum()
}

/// As much JSON as the model has bytes: its lines as strings in an array.
fn as_json(path: &Path) -> String {
    let lines: Vec<String> = files(path)
        .iter()
        .flat_map(|file| std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    serde_json::to_string(&lines).unwrap()
}

/// Baseline two: as many bytes of JSON, parsed into values.
fn parse_json(json: &str) -> usize {
    serde_json::from_str::<serde_json::Value>(json).unwrap().as_array().unwrap().len()
}

fn benches(criterion: &mut Criterion) {
    let (_kept, path) = model();
    let json = as_json(&path);
    let mut group = criterion.benchmark_group("semantic_model");
    group.sample_size(20);
    group.bench_function("load 728 columns", |bencher| bencher.iter(|| load(black_box(&path))));
    group.bench_function("read and split the same bytes", |bencher| bencher.iter(|| split_lines(black_box(&path))));
    group.bench_function("parse as many bytes of JSON", |bencher| bencher.iter(|| parse_json(black_box(&json))));
    group.finish();
}

/// A review by every rule, of the model once read.
fn reviewed(model: &Model) -> usize {
    let own = UserRules::default();
    let request = Request { scope: None, depth: Depth::Deep, own: &own, annotations: true };
    review(model, &request).unwrap().issues.len()
}

/// The model beside copies of itself under other names.
fn times(model: &Model, copies: usize) -> Model {
    let mut all = model.clone();
    for copy in 1..copies {
        let name = |name: &str| format!("{name} {copy}");
        all.tables.extend(model.tables.iter().cloned().map(|mut table| {
            table.name = name(&table.name);
            table.measures.iter_mut().for_each(|measure| measure.name = name(&measure.name));
            table
        }));
        all.relationships.extend(model.relationships.iter().cloned().map(|mut relationship| {
            relationship.from_table = name(&relationship.from_table);
            relationship.to_table = name(&relationship.to_table);
            relationship
        }));
    }
    all
}

/// What a whole review costs, and that twice the model costs about twice as much.
fn reviews() {
    let (_kept, path) = model();
    let one = Source::read(&Place::at(&path).unwrap(), &Limits::default()).unwrap().model().unwrap();
    for copies in [1, 2, 4] {
        let model = times(&one, copies);
        let rounds = (0..11).map(|_| timed(|| reviewed(&model))).collect();
        println!(
            "review of {} columns, {} measures: {:?} (median of 11 rounds)",
            model.columns().count(),
            model.measures().count(),
            median(rounds)
        );
    }
}

criterion_group!(all, benches);

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

/// Alternating rounds, so that whatever else the machine does falls on all sides.
fn ratios() {
    let (_kept, path) = model();
    let json = as_json(&path);
    let (mut loads, mut splits, mut parses) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..21 {
        loads.push(timed(|| load(&path)));
        splits.push(timed(|| split_lines(&path)));
        parses.push(timed(|| parse_json(&json)));
    }
    let counts = load(&path);
    let (load, split, parse) = (median(loads), median(splits), median(parses));
    println!("model: {} tables, {} columns, {} bytes of JSON", counts.tables, counts.columns, json.len());
    println!("load {load:?}; read and split {split:?}; parse JSON {parse:?} (medians of 21 alternating rounds)");
    println!(
        "ratio to read and split: {:.2}; ratio to JSON: {:.2}",
        load.as_secs_f64() / split.as_secs_f64(),
        load.as_secs_f64() / parse.as_secs_f64()
    );
}

fn main() {
    all();
    ratios();
    reviews();
    Criterion::default().configure_from_args().final_summary();
}
