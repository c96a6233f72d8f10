//! The folders that file tools may use, and how written paths become absolute.
//!
//! Must not know what is done inside the roots: `semantic_model` and `tools`
//! keep to them.

use std::path::{Component, Path, PathBuf};

use super::environment::Environment;

/// Folders of the system in which nobody keeps a project, with all below them.
const SYSTEM: [&str; 19] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/sbin",
    "/sys",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/sbin",
    "/usr/share",
    "/Applications",
    "/Library",
    "/System",
];

/// Folders that hold other people's or other programs' folders: only they themselves.
const SHARED: [&str; 11] =
    ["/home", "/media", "/mnt", "/opt", "/private", "/run", "/srv", "/usr", "/usr/local", "/var", "/Users"];

/// Variables that name such folders on Windows.
const SYSTEM_VARIABLES: [&str; 4] = ["SystemRoot", "ProgramFiles", "ProgramFiles(x86)", "ProgramData"];

/// `path` made absolute: `~` is the home folder, anything relative is below `base`. `.` and `..`
/// are folded by name, links are not followed.
pub(super) fn absolute(path: &Path, base: &Path, home: Option<&Path>) -> PathBuf {
    let mut components = path.components();
    let from_home = match (components.next(), home) {
        (Some(Component::Normal(first)), Some(home)) if first == "~" => Some(home.join(components.as_path())),
        _ => None,
    };
    let joined = from_home.unwrap_or_else(|| base.join(path));
    let mut folded = PathBuf::new();
    for component in joined.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                folded.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => folded.push(component),
        }
    }
    folded
}

/// Whether a path as written is the folder it is written from.
pub(super) fn is_here(written: &Path) -> bool {
    written.components().all(|component| component == Component::CurDir)
}

/// Why the folder the process happens to stand in is no root, if it is none: a client that
/// starts us in `/` or in the home folder has not chosen it.
pub(super) fn not_a_project(folder: &Path, environment: &Environment) -> Option<&'static str> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let same = |other: &Path| other.canonicalize().is_ok_and(|other| other == folder) || other == folder;
    if folder.parent().is_none() {
        return Some("it is a file system's root");
    }
    if environment.home.as_deref().is_some_and(same) {
        return Some("it is the home folder");
    }
    let windows = SYSTEM_VARIABLES.iter().filter_map(|name| environment.filled(name));
    let system = SYSTEM.iter().any(|system| folder.starts_with(system))
        || SHARED.iter().any(|shared| folder == Path::new(shared))
        || windows.into_iter().any(|system| folder.starts_with(system))
        || environment
            .home
            .as_deref()
            .and_then(Path::parent)
            .is_some_and(|parent| parent.parent().is_some() && same(parent));
    system.then_some("it is a system folder")
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{absolute, is_here, not_a_project};
    use crate::config::Environment;

    #[cfg(unix)]
    #[test]
    fn written_paths_become_absolute() {
        for (written, path) in [
            ("a/./b/../c", "/base/a/c"),
            ("~/x", "/home/anna/x"),
            ("~", "/home/anna"),
            ("~x", "/base/~x"),
            ("/abs", "/abs"),
            (".", "/base"),
            ("../../..", "/"),
        ] {
            let found = absolute(Path::new(written), Path::new("/base"), Some(Path::new("/home/anna")));
            assert_eq!(found, PathBuf::from(path), "{written}");
        }
        assert!(is_here(Path::new("./")) && is_here(Path::new("")) && !is_here(Path::new("./x")));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_nobody_chose_is_no_root() {
        let home = tempfile::tempdir().unwrap();
        let project = home.path().join("project");
        std::fs::create_dir(&project).unwrap();
        let environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
        assert_eq!(not_a_project(Path::new("/"), &environment), Some("it is a file system's root"));
        assert_eq!(not_a_project(home.path(), &environment), Some("it is the home folder"));
        for system in ["/etc", "/usr/lib/x", "/usr", "/home"] {
            assert_eq!(not_a_project(Path::new(system), &environment), Some("it is a system folder"), "{system}");
        }
        assert_eq!(not_a_project(&project, &environment), None);
        assert_eq!(not_a_project(Path::new("/usr/src/app"), &environment), None);
    }
}
