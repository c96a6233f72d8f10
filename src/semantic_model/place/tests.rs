use std::path::{Path, PathBuf};

use super::{Format, Place};

fn write(root: &Path, file: &str, text: &str) -> PathBuf {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_model_is_named_by_any_of_its_paths() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "Shop.SemanticModel/definition/model.tmdl", "");
    write(
        root,
        "Shop.Report/definition.pbir",
        r#"{"datasetReference": {"byPath": {"path": "../Shop.SemanticModel"}}}"#,
    );
    let project = write(root, "Stand.pbip", r#"{"artifacts": [{"report": {"path": "Shop.Report"}}]}"#);
    let model = root.join("Shop.SemanticModel");
    for path in [model.clone(), model.join("definition")] {
        let place = Place::at(&path).unwrap();
        assert_eq!((place.name.as_str(), &place.path, place.format), ("Shop", &model, Format::Tmdl));
    }
    let place = Place::at(&project).unwrap();
    assert_eq!(place.content.canonicalize().unwrap(), model.join("definition").canonicalize().unwrap());
    assert_eq!(Place::at(&write(root, "Shop.pbip", "{}")).unwrap().path, model);
}

#[test]
fn bare_folders_tables_alone_and_bim_files_are_models() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "tables-only/tables/T.tmdl", "");
    let bim = write(root, "Sales.Dataset/model.bim", "{}");
    write(root, "two/a.bim", "{}");
    write(root, "two/b.BIM", "{}");
    assert_eq!(Place::at(&root.join("tables-only")).unwrap().name, "tables-only");
    for path in [root.join("Sales.Dataset"), bim] {
        let place = Place::at(&path).unwrap();
        assert_eq!((place.name.as_str(), place.format), ("Sales", Format::Bim));
    }
    assert_eq!(Place::at(&root.join("two/b.BIM")).unwrap().name, "b");
    assert!(Place::at(&root.join("two")).unwrap_err().to_string().ends_with("holds no semantic model"));
}

#[test]
fn what_is_no_model_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let pbix = Place::at(&write(root, "r.pbix", "")).unwrap_err();
    assert_eq!(pbix.to_string(), format!("`{}` is a .pbix file, which is not read", root.join("r.pbix").display()));
    assert_eq!(pbix.kind().as_str(), "unsupported_format");
    assert!(pbix.hint().contains("PBIP") && pbix.hint().contains(".pbit"), "{}", pbix.hint());
    assert!(Place::at(&write(root, "t.txt", "")).unwrap_err().to_string().ends_with("holds no semantic model"));
    assert_eq!(Place::at(&root.join("gone")).unwrap_err().kind().as_str(), "not_found");
    let broken = Place::at(&write(root, "x.pbip", "{\"artifacts\": 1}")).unwrap_err();
    assert_eq!(broken.to_string(), "x.pbip:1:15: invalid type: integer `1`, expected a sequence");
    assert!(Place::at(&write(root, "y.pbip", "{}")).unwrap_err().to_string().ends_with("holds no semantic model"));
}
