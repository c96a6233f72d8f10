//! The file that an export is written to.
//!
//! Nothing is overwritten unasked, nothing is left half written, and nothing is
//! written outside the open folders but among the exports.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Action;
use crate::semantic_model::error::Error;
use crate::semantic_model::place::has_extension;
use crate::semantic_model::roots::resolve_in_roots;

/// Where exports go that name no file.
#[derive(Debug, Clone)]
pub struct Exports {
    /// The folder of the day; made when it is needed. None where there is no data folder.
    pub folder: Option<PathBuf>,
}

/// A place for a file.
#[derive(Debug)]
pub(super) enum Target {
    /// Exactly this file.
    Given(PathBuf),
    /// A file of this name in this folder, with a number where another one has the name.
    Free { folder: PathBuf, stem: String, extension: &'static str },
}

/// Files of one name in one day.
const NUMBERS: u32 = 1000;

impl Exports {
    /// The place that a caller means.
    pub(super) fn target(
        &self,
        output_path: Option<&str>,
        roots: &[PathBuf],
        model: &str,
        extension: &'static str,
    ) -> Result<Target, Error> {
        let Some(given) = output_path else {
            let folder = self.folder.clone().ok_or_else(|| Error::InvalidArgument {
                message: "there is no data folder for exports".into(),
                hint: "give `output_path`, a file inside the open folders".into(),
            })?;
            return Ok(Target::Free { folder, stem: file_name(model), extension });
        };
        let path = Path::new(given);
        if !has_extension(path, extension) {
            return Err(Error::InvalidArgument {
                message: format!("`output_path` is `{given}`, which does not end with `.{extension}`"),
                hint: format!("give a file name that ends with `.{extension}`"),
            });
        }
        let (Some(name), parent) = (path.file_name(), path.parent().unwrap_or(Path::new(""))) else {
            return Err(Error::InvalidArgument {
                message: format!("`output_path` is `{given}`, which names no file"),
                hint: format!("give a file name that ends with `.{extension}`"),
            });
        };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let folder = resolve_in_roots(&parent.display().to_string(), roots)?;
        let file = folder.join(name);
        // A link there may lead out of the folders.
        match std::fs::symlink_metadata(&file) {
            Ok(facts) if facts.is_symlink() => resolve_in_roots(&file.display().to_string(), roots).map(Target::Given),
            Ok(facts) if facts.is_dir() => Err(Error::InvalidArgument {
                message: format!("`{given}` is a folder"),
                hint: format!("give a file name that ends with `.{extension}`"),
            }),
            Ok(_) | Err(_) => Ok(Target::Given(file)),
        }
    }
}

impl Target {
    /// Writes the file, whole or not at all.
    pub(super) fn write(self, bytes: &[u8], overwrite: bool) -> Result<(PathBuf, Action), Error> {
        match self {
            Self::Given(path) => {
                if !path.exists() {
                    put(&path, bytes)?;
                    return Ok((path, Action::Created));
                }
                if holds(&path, bytes) {
                    return Ok((path, Action::Unchanged));
                }
                if !overwrite {
                    return Err(Error::Exists { path: path.display().to_string() });
                }
                put(&path, bytes)?;
                Ok((path, Action::Replaced))
            }
            Self::Free { folder, stem, extension } => {
                std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
                for number in 1..NUMBERS {
                    let name = if number == 1 {
                        format!("{stem}.{extension}")
                    } else {
                        format!("{stem} {number}.{extension}")
                    };
                    let path = folder.join(name);
                    if !path.exists() {
                        put(&path, bytes)?;
                        return Ok((path, Action::Created));
                    }
                    if holds(&path, bytes) {
                        return Ok((path, Action::Unchanged));
                    }
                    if overwrite {
                        put(&path, bytes)?;
                        return Ok((path, Action::Replaced));
                    }
                }
                Err(Error::Exists { path: folder.join(format!("{stem}.{extension}")).display().to_string() })
            }
        }
    }
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    std::fs::read(path).is_ok_and(|there| there == bytes)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::CannotWrite { path: path.display().to_string(), cause: error.to_string() }
}

/// Beside it first, then in its place.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |error: std::io::Error| unwritable(path, &error);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| std::fs::rename(&beside, path)) {
        // What is left of it is of no use, and its removal may fail for the same reason.
        drop(std::fs::remove_file(&beside));
        return Err(failed(error));
    }
    Ok(())
}

/// A model's name as a file's: without what one of the systems does not allow.
fn file_name(model: &str) -> String {
    let kept: String = model
        .chars()
        .map(|char| if char.is_control() || r#"<>:"/\|?*"#.contains(char) { '_' } else { char })
        .take(100)
        .collect();
    let kept = kept.trim().trim_end_matches('.');
    if kept.is_empty() { "model".to_owned() } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exports(folder: &Path) -> Exports {
        Exports { folder: Some(folder.join("exports/2026-01-02")) }
    }

    #[test]
    fn the_same_export_twice_is_one_file_and_another_one_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let write = |bytes: &[u8]| {
            let target = exports(folder.path()).target(None, &[], "A/B: C", "html").unwrap();
            let (path, action) = target.write(bytes, false).unwrap();
            (path.file_name().unwrap().to_string_lossy().into_owned(), action)
        };
        assert_eq!(write(b"1"), ("A_B_ C.html".into(), Action::Created));
        assert_eq!(write(b"1"), ("A_B_ C.html".into(), Action::Unchanged));
        assert_eq!(write(b"2"), ("A_B_ C 2.html".into(), Action::Created));
        let left: Vec<_> = std::fs::read_dir(folder.path().join("exports/2026-01-02")).unwrap().collect();
        assert_eq!(left.len(), 2, "no part is left");
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let roots = vec![folder.path().canonicalize().unwrap()];
        let target = || exports(folder.path()).target(Some("doc.html"), &roots, "M", "html").unwrap();
        assert_eq!(target().write(b"1", false).unwrap().1, Action::Created);
        let error = target().write(b"2", false).unwrap_err();
        assert_eq!(error.kind().as_str(), "conflict");
        assert!(error.hint().contains("overwrite"), "{}", error.hint());
        assert_eq!(target().write(b"2", true).unwrap().1, Action::Replaced);
        assert_eq!(std::fs::read(roots[0].join("doc.html")).unwrap(), b"2");
    }

    #[test]
    fn paths_outside_of_another_kind_or_through_links_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("in");
        std::fs::create_dir(&inside).unwrap();
        let roots = vec![inside.canonicalize().unwrap()];
        let kind =
            |path: &str| exports(folder.path()).target(Some(path), &roots, "M", "html").unwrap_err().kind().as_str();
        assert_eq!(kind("../doc.html"), "outside_roots");
        assert_eq!(kind("doc.txt"), "invalid_input");
        assert_eq!(kind("nowhere/doc.html"), "not_found");
        std::fs::create_dir(inside.join("folder.html")).unwrap();
        assert_eq!(kind("folder.html"), "invalid_input");
        #[cfg(unix)]
        {
            std::fs::write(folder.path().join("out.html"), "x").unwrap();
            std::os::unix::fs::symlink(folder.path().join("out.html"), inside.join("link.html")).unwrap();
            assert_eq!(kind("link.html"), "outside_roots");
        }
    }
}
