use std::path::{Path, PathBuf};

use super::{Detection, detect};
use crate::semantic_model::limits::Limits;

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn tree() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    write(&root, "b/Shop.SemanticModel/definition/model.tmdl", "model Model\n");
    write(&root, "b/Shop.SemanticModel/definition/tables/T.tmdl", "table T\n");
    write(&root, "b/Shop.pbip", "{}");
    write(&root, "a/bare/database.tmdl", "database D\n");
    write(&root, "a/Old.Dataset/model.bim", "{}");
    write(&root, "a/cube.bim", "{}");
    write(&root, "a/report.pbit", "zip");
    write(&root, "a/report.pbix", "zip");
    write(&root, "a/.git/hidden.bim", "{}");
    write(&root, "node_modules/hidden.bim", "{}");
    write(&root, "notes.txt", "");
    (folder, root)
}

fn shown(found: &Detection, root: &Path) -> Vec<String> {
    found
        .instances
        .iter()
        .map(|found| {
            let path = found.path.strip_prefix(&format!("{}/", root.display())).unwrap();
            format!("{} {} {path} {:?} {}", found.index, found.name, found.format, found.size)
        })
        .collect()
}

#[cfg(unix)]
#[test]
fn models_of_every_form_are_found_in_the_order_of_their_paths() {
    let (_folder, root) = tree();
    let found = detect(std::slice::from_ref(&root), &Limits::default()).unwrap();
    assert_eq!(
        shown(&found, &root),
        [
            "0 Old a/Old.Dataset/model.bim Bim 2",
            "1 bare a/bare Tmdl 11",
            "2 cube a/cube.bim Bim 2",
            "3 report a/report.pbit Pbit 3",
            "4 Shop b/Shop.SemanticModel Tmdl 20",
        ]
    );
    assert!(!found.truncated);
    assert_eq!(found.unsupported, [root.join("a/report.pbix").display().to_string()]);
    assert_eq!(found.warnings, [] as [&str; 0]);
}

#[test]
fn a_root_inside_a_root_finds_nothing_twice_and_roots_keep_their_order() {
    let (_folder, root) = tree();
    let names = |roots: &[PathBuf]| -> Vec<String> {
        detect(roots, &Limits::default()).unwrap().instances.into_iter().map(|found| found.name).collect()
    };
    assert_eq!(names(&[root.join("b"), root.clone()]), ["Shop", "Old", "bare", "cube", "report"]);
}

#[test]
fn the_search_stops_at_its_bounds_and_says_so() {
    let (_folder, root) = tree();
    let shallow = detect(std::slice::from_ref(&root), &Limits { depth: 1, ..Limits::default() }).unwrap();
    assert!(shallow.truncated);
    assert_eq!(shallow.instances.len(), 2);
    let few = detect(std::slice::from_ref(&root), &Limits { entries: 3, ..Limits::default() }).unwrap();
    assert!(few.truncated && few.instances.is_empty());
}

#[test]
fn a_definition_folder_as_root_is_shown_by_its_own_path() {
    let (_folder, root) = tree();
    let root = root.join("b/Shop.SemanticModel/definition");
    let found = detect(std::slice::from_ref(&root), &Limits::default()).unwrap();
    assert_eq!((found.instances[0].name.as_str(), &found.places[0].path), ("Shop", &root));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (_folder, root) = tree();
    let (_other, outside) = tree();
    std::os::unix::fs::symlink(&outside, root.join("out")).unwrap();
    std::os::unix::fs::symlink(outside.join("a/cube.bim"), root.join("cube2.bim")).unwrap();
    std::os::unix::fs::symlink(&root, root.join("a/circle")).unwrap();
    assert_eq!(detect(&[root], &Limits::default()).unwrap().instances.len(), 5);
}

#[test]
fn a_root_that_is_gone_is_told_and_only_all_gone_is_an_error() {
    let (_folder, root) = tree();
    let gone = root.join("gone");
    let found = detect(&[gone.clone(), root], &Limits::default()).unwrap();
    assert_eq!(found.instances.len(), 5);
    assert_eq!(found.warnings, [format!("there is no file or folder `{}`", gone.display())]);
    assert!(detect(&[gone], &Limits::default()).is_err());
    assert_eq!(detect(&[], &Limits::default()).unwrap_err().to_string(), "no folder is open to the model tools");
}
