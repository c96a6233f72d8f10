use std::path::PathBuf;

use super::{resolve_in_roots, shown};

fn folders() -> (tempfile::TempDir, PathBuf, Vec<PathBuf>) {
    let all = tempfile::tempdir().unwrap();
    let real = all.path().canonicalize().unwrap();
    for folder in ["one/models", "two", "outside"] {
        std::fs::create_dir_all(real.join(folder)).unwrap();
    }
    std::fs::write(real.join("one/models/a.bim"), "{}").unwrap();
    std::fs::write(real.join("two/b.bim"), "{}").unwrap();
    std::fs::write(real.join("outside/c.bim"), "{}").unwrap();
    let roots = vec![real.join("one"), real.join("two")];
    (all, real, roots)
}

fn failure(path: &str, roots: &[PathBuf]) -> String {
    resolve_in_roots(path, roots).unwrap_err().to_string()
}

#[test]
fn paths_inside_any_root_are_found_relative_or_absolute() {
    let (_all, real, roots) = folders();
    assert_eq!(resolve_in_roots("models/a.bim", &roots).unwrap(), real.join("one/models/a.bim"));
    assert_eq!(resolve_in_roots("b.bim", &roots).unwrap(), real.join("two/b.bim"));
    assert_eq!(resolve_in_roots("models/../models/./a.bim", &roots).unwrap(), real.join("one/models/a.bim"));
    let absolute = real.join("two/b.bim").display().to_string();
    assert_eq!(resolve_in_roots(&absolute, &roots).unwrap(), real.join("two/b.bim"));
    assert_eq!(resolve_in_roots(".", &roots).unwrap(), real.join("one"));
}

#[test]
fn what_lies_outside_is_refused_in_the_same_words_whether_it_exists_or_not() {
    let (_all, real, roots) = folders();
    for name in ["c.bim", "nothing.bim"] {
        let relative = format!("../outside/{name}");
        assert_eq!(
            failure(&relative, &roots),
            format!("`{relative}` lies outside the folders that are open to the model tools")
        );
        let absolute = real.join("outside").join(name).display().to_string();
        assert!(failure(&absolute, &roots).contains("lies outside"));
    }
    assert_eq!(failure("models/nothing.bim", &roots), "there is no file or folder `models/nothing.bim`");
    assert_eq!(failure("x", &[]), "no folder is open to the model tools");
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_are_refused_and_links_inside_are_not() {
    let (_all, real, roots) = folders();
    std::os::unix::fs::symlink(real.join("outside"), real.join("one/out")).unwrap();
    std::os::unix::fs::symlink(real.join("two"), real.join("one/in")).unwrap();
    assert!(failure("out/c.bim", &roots).contains("lies outside"));
    assert!(failure("out/nothing.bim", &roots).contains("lies outside"));
    assert_eq!(resolve_in_roots("in/b.bim", &roots).unwrap(), real.join("two/b.bim"));
}

#[cfg(not(windows))]
#[test]
fn windows_forms_are_named_elsewhere_and_backslashes_may_separate() {
    let (_all, real, roots) = folders();
    for path in [r"C:\models\a.bim", "c:/models/a.bim", "D:"] {
        assert_eq!(failure(path, &roots), format!("`{path}` is a Windows drive path, and this system is not Windows"));
    }
    assert_eq!(
        failure(r"\\server\share\a.bim", &roots),
        r"`\\server\share\a.bim` is a Windows network path, and this system is not Windows"
    );
    assert_eq!(resolve_in_roots(r"models\a.bim", &roots).unwrap(), real.join("one/models/a.bim"));
    assert!(failure(r"..\outside\c.bim", &roots).contains("lies outside"));
    assert_eq!(failure(" ", &roots), "the path is empty or holds a zero byte");
    assert_eq!(failure("a\0b", &roots), "the path is empty or holds a zero byte");
}

#[test]
fn real_paths_of_windows_are_shown_without_their_prefix() {
    assert_eq!(shown(&PathBuf::from(r"\\?\C:\models")), r"C:\models");
    assert_eq!(shown(&PathBuf::from(r"\\?\UNC\server\share")), r"\\server\share");
}
