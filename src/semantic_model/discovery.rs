//! Looking for models below the roots, within bounds.
//!
//! Reads names and sizes, never a model. Links are not followed: what they lead
//! to inside the roots is found where it lies, and what lies outside must not
//! be. Must not know which model a caller wants; `models` does.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::semantic_model::error::Error;
use crate::semantic_model::limits::Limits;
use crate::semantic_model::place::{Format, Place, format_of_file, has_extension, marks_tmdl_folder};
use crate::semantic_model::roots::shown;
use crate::semantic_model::source::tmdl_files;

/// A model that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Instance {
    /// Its place in the list, from 0; stays the same while the files do.
    pub index: usize,
    /// What it is called: after its folder or file.
    pub name: String,
    /// Its folder or file, absolute.
    pub path: String,
    /// The format of its files.
    pub format: Format,
    /// Bytes of its files.
    pub size: u64,
}

/// What a search brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detection {
    /// The models, in the order of the roots and then of their paths.
    pub instances: Vec<Instance>,
    /// Their places, index by index.
    pub(crate) places: Vec<Place>,
    /// The search stopped at one of its bounds.
    pub truncated: bool,
    /// `.pbix` files, which hold a model that cannot be read.
    pub unsupported: Vec<String>,
    /// Folders that could not be read.
    pub warnings: Vec<String>,
}

/// Folders that hold no model of the user's own.
const SKIPPED: [&str; 2] = [".git", "node_modules"];

/// Files and folders that cannot be read, and `.pbix` files, are told up to here.
const TOLD: usize = 10;

/// Looks for models in `roots`.
///
/// Fails only when none of the roots can be read.
pub fn detect(roots: &[PathBuf], limits: &Limits) -> Result<Detection, Error> {
    if roots.is_empty() {
        return Err(Error::NoRoots);
    }
    let mut search = Search { limits, left: limits.entries, found: Detection::default(), seen: HashSet::new() };
    let mut failure = None;
    let mut readable = false;
    for root in roots {
        match root.canonicalize() {
            Ok(root) => {
                readable = true;
                search.root(&root);
            }
            Err(error) => {
                let error = Error::io(root, &error);
                search.warn(error.to_string());
                failure.get_or_insert(error);
            }
        }
    }
    match failure {
        Some(error) if !readable => Err(error),
        Some(_) | None => Ok(search.found),
    }
}

struct Search<'l> {
    limits: &'l Limits,
    /// Entries that may still be looked at.
    left: usize,
    found: Detection,
    /// Folders looked at, for roots inside roots.
    seen: HashSet<PathBuf>,
}

impl Search<'_> {
    fn warn(&mut self, message: String) {
        if self.found.warnings.len() < TOLD {
            self.found.warnings.push(message);
        }
    }

    /// Breadth first, so that a bound cuts off what lies deepest.
    fn root(&mut self, root: &Path) {
        let mut places = Vec::new();
        let mut open = VecDeque::from([(root.to_path_buf(), 0)]);
        while let Some((folder, depth)) = open.pop_front() {
            if !self.seen.insert(folder.clone()) {
                continue;
            }
            let Some(mut entries) = self.entries(&folder) else { break };
            entries.sort();
            if entries.iter().any(|(path, kind)| *kind == Kind::File && marks_tmdl_folder(path)) {
                places.push(Place::tmdl(&folder).shown_within(root));
                continue;
            }
            for (path, kind) in entries {
                match kind {
                    Kind::Folder if depth < self.limits.depth => open.push_back((path, depth + 1)),
                    Kind::Folder => self.found.truncated = true,
                    Kind::File => {
                        if let Some(format) = format_of_file(&path) {
                            places.push(Place::file(&path, format));
                        } else if has_extension(&path, "pbix") && self.found.unsupported.len() < TOLD {
                            self.found.unsupported.push(shown(&path));
                        }
                    }
                }
            }
        }
        places.sort_by(|a, b| a.path.cmp(&b.path));
        for place in places {
            self.add(place);
        }
    }

    fn add(&mut self, place: Place) {
        match self.size(&place) {
            Ok(size) => {
                self.found.instances.push(Instance {
                    index: self.found.instances.len(),
                    name: place.name.clone(),
                    path: shown(&place.path),
                    format: place.format,
                    size,
                });
                self.found.places.push(place);
            }
            Err(error) => self.warn(error.to_string()),
        }
    }

    fn size(&self, place: &Place) -> Result<u64, Error> {
        let files = match place.format {
            Format::Tmdl => tmdl_files(&place.content, self.limits)?,
            Format::Bim | Format::Pbit => vec![place.content.clone()],
        };
        files.iter().try_fold(0, |size, file| {
            let facts = std::fs::metadata(file).map_err(|error| Error::io(file, &error))?;
            Ok(size + facts.len())
        })
    }

    /// The files and folders in a folder; `None` when the bound is reached.
    fn entries(&mut self, folder: &Path) -> Option<Vec<(PathBuf, Kind)>> {
        let mut entries = Vec::new();
        let listing = match std::fs::read_dir(folder) {
            Ok(listing) => listing,
            Err(error) => {
                self.warn(Error::io(folder, &error).to_string());
                return Some(entries);
            }
        };
        for entry in listing {
            if self.left == 0 {
                self.found.truncated = true;
                return if entries.is_empty() { None } else { Some(entries) };
            }
            self.left -= 1;
            // An entry may vanish between the listing and the look at it: then it is not there.
            let Ok(entry) = entry else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_file() {
                entries.push((entry.path(), Kind::File));
            } else if kind.is_dir() && !SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
                entries.push((entry.path(), Kind::Folder));
            }
        }
        Some(entries)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    File,
    Folder,
}

#[cfg(test)]
mod tests;
