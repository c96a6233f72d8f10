use std::path::{Path, PathBuf};

use super::{ModelName, Models};
use crate::semantic_model::error::Error;
use crate::semantic_model::place::Place;

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn shops(names: &[&str]) -> (tempfile::TempDir, Models) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for name in names {
        write(&root, &format!("{name}/definition/model.tmdl"), "model Model\n");
    }
    (folder, Models { roots: vec![root], ..Models::default() })
}

fn text(name: &str) -> ModelName {
    ModelName::Text(name.to_owned())
}

fn name(place: Result<Place, Error>) -> String {
    place.map_or_else(|error| error.to_string(), |place| place.name)
}

#[test]
fn the_only_model_needs_no_name_and_of_several_one_must_be_chosen() {
    let (_one, models) = shops(&["A.SemanticModel"]);
    assert_eq!(name(models.choose(None)), "A");
    let (_two, models) = shops(&["A.SemanticModel", "B.SemanticModel"]);
    let error = models.choose(None).unwrap_err();
    assert_eq!(error.kind().as_str(), "ambiguous_model");
    assert_eq!(error.models().unwrap().iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    let connected = Models { connected: Some(models.roots[0].join("B.SemanticModel")), ..models };
    assert_eq!(name(connected.choose(None)), "B");
    let (_none, models) = shops(&[]);
    assert!(matches!(models.choose(None), Err(Error::NothingFound { .. })));
}

#[test]
fn a_model_is_named_by_name_path_or_index() {
    let (_folder, models) = shops(&["A.SemanticModel", "sub/B.SemanticModel", "sub/b"]);
    assert_eq!(name(models.choose(Some(&text("a")))), "A");
    assert_eq!(name(models.choose(Some(&text("sub/B.SemanticModel")))), "B");
    assert_eq!(name(models.choose(Some(&ModelName::Index(2)))), "b");
    assert_eq!(name(models.choose(Some(&text("2")))), "b");
    assert!(matches!(models.choose(Some(&text("B"))), Err(Error::Ambiguous { models }) if models.len() == 2));
    assert_eq!(name(models.choose(Some(&text("9")))), "there is no model `9`");
    let error = models.choose(Some(&text("Aa"))).unwrap_err();
    assert_eq!(error.to_string(), "there is no model `Aa`");
    assert_eq!(error.hint(), "did you mean `A`?");
    assert_eq!(name(models.choose(Some(&text("sub")))), "2 semantic models were found and none was chosen");
}

#[test]
fn a_folder_that_holds_one_model_stands_for_it() {
    let (_folder, models) = shops(&["deep/down/A.SemanticModel"]);
    assert_eq!(name(models.by_path("deep")), "A");
    write(&models.roots[0], "empty/readme.md", "");
    assert_eq!(name(models.by_path("empty")), "`empty` holds no semantic model");
}

#[test]
fn a_project_that_points_out_of_the_roots_is_refused() {
    let (_folder, models) = shops(&["A.SemanticModel"]);
    let root = models.roots[0].clone();
    write(&root, "open/x.pbip", r#"{"artifacts": [{"report": {"path": "x.Report"}}]}"#);
    write(
        &root,
        "open/x.Report/definition.pbir",
        r#"{"datasetReference": {"byPath": {"path": "../../A.SemanticModel"}}}"#,
    );
    assert_eq!(name(models.by_path("open/x.pbip")), "A");
    let narrow = Models { roots: vec![root.join("open")], ..models };
    assert_eq!(narrow.by_path("x.pbip").unwrap_err().kind().as_str(), "outside_roots");
}

#[test]
fn a_connected_model_outside_the_roots_is_refused() {
    let (_folder, models) = shops(&["A.SemanticModel"]);
    let (_other, elsewhere) = shops(&["B.SemanticModel"]);
    let connected: Option<PathBuf> = Some(elsewhere.roots[0].join("B.SemanticModel"));
    let error = Models { connected, ..models }.choose(None).unwrap_err();
    assert_eq!(error.kind().as_str(), "outside_roots");
}

#[test]
fn a_template_beside_a_model_is_not_meant_and_one_that_is_no_zip_is_told() {
    let (_folder, models) = shops(&["A.SemanticModel"]);
    write(&models.roots[0], "t.pbit", "zip");
    assert_eq!(name(models.choose(None)), "A");
    let (_alone, models) = shops(&[]);
    write(&models.roots[0], "t.pbit", "zip");
    let error = models.open(None).unwrap_err();
    assert_eq!(error.kind().as_str(), "invalid_input");
    assert!(error.to_string().contains("cannot be unpacked"), "{error}");
    let (_pbix, models) = shops(&[]);
    write(&models.roots[0], "t.pbix", "zip");
    assert!(models.open(None).unwrap_err().to_string().ends_with("is a .pbix file, which is not read"));
}
