//! Template files: every good one loads, every bad one is told in full.

use std::path::{Path, PathBuf};

use sequitur::workflow::plan::Source;
use sequitur::workflow::{Loaded, Rejected, load_bytes, load_text, load_value, template_schema};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The template files of a folder, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .expect("the folder is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| matches!(path.extension().and_then(|end| end.to_str()), Some("yaml" | "json")))
        .filter(|path| !path.to_string_lossy().ends_with(".schema.json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} holds no templates");
    files
}

fn load(path: &Path) -> Result<Loaded, Rejected> {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let source = if name.starts_with("agent_") { Source::Agent } else { Source::User };
    load_bytes(&std::fs::read(path).expect("readable"), source, &name)
}

#[test]
fn every_good_template_loads_without_a_word() {
    for path in files("tests/fixtures/templates/good").into_iter().chain(files("workflows")) {
        let loaded = load(&path).unwrap_or_else(|rejected| panic!("{rejected}"));
        let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn an_example_of_each_source_document_loads() {
    for path in files("tests/fixtures/templates/sources") {
        load(&path).unwrap_or_else(|rejected| panic!("{rejected}"));
    }
}
