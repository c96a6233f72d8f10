//! Where a model lies: which of a path, a folder or a project file is meant.
//!
//! Reads names of files and the two small project files, never a model. Must
//! not know the roots: whoever takes a path from a caller asks `roots` first.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::semantic_model::error::Error;

/// The format of a model's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A folder of TMDL files.
    Tmdl,
    /// A `model.bim`.
    Bim,
    /// A template of Power BI Desktop: read, never written.
    Pbit,
}

/// A model's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it is called: after its folder or file.
    pub name: String,
    /// Its `.SemanticModel` folder, its folder of TMDL files, or its file.
    pub path: PathBuf,
    /// The format.
    pub format: Format,
    /// The folder that holds the TMDL files, or the file.
    pub(crate) content: PathBuf,
}

impl Place {
    /// The model at exactly this path: a project, a folder or a file.
    pub fn at(path: &Path) -> Result<Self, Error> {
        let facts = std::fs::metadata(path).map_err(|error| Error::io(path, &error))?;
        if facts.is_dir() {
            return Self::in_folder(path)?.ok_or_else(|| Error::NoModel { path: path.display().to_string() });
        }
        if has_extension(path, "pbip") {
            let folder = model_of_project(path)?;
            return Self::in_folder(&folder)?.ok_or_else(|| Error::NoModel { path: folder.display().to_string() });
        }
        if has_extension(path, "pbix") {
            return Err(unsupported_pbix(path));
        }
        match format_of_file(path) {
            Some(format) => Ok(Self::file(path, format)),
            None => Err(Error::NoModel { path: path.display().to_string() }),
        }
    }

    /// The model that a folder itself is, or holds in the way projects do.
    fn in_folder(folder: &Path) -> Result<Option<Self>, Error> {
        let definition = folder.join("definition");
        for candidate in [folder, definition.as_path()] {
            if candidate.is_dir() && is_tmdl_folder(candidate)? {
                return Ok(Some(Self::tmdl(candidate)));
            }
        }
        let bims: Vec<PathBuf> = list(folder)?.into_iter().filter(|path| has_extension(path, "bim")).collect();
        Ok(match bims.as_slice() {
            [one] => Some(Self::file(one, Format::Bim)),
            _ => None,
        })
    }

    /// A folder of TMDL files. A project's `definition` belongs to the folder above.
    pub(crate) fn tmdl(content: &Path) -> Self {
        let path = match content.parent() {
            Some(parent) if is_named(content, "definition") => parent,
            Some(_) | None => content,
        };
        Self { name: folder_name(path), path: path.to_path_buf(), format: Format::Tmdl, content: content.to_path_buf() }
    }

    /// The same place, with a path that lies in `folder` when the content does: the
    /// `definition` folder of a project may itself be all that is open.
    #[must_use]
    pub(crate) fn shown_within(mut self, folder: &Path) -> Self {
        if !self.path.starts_with(folder) && self.content.starts_with(folder) {
            self.path.clone_from(&self.content);
        }
        self
    }

    /// A model in one file.
    pub(crate) fn file(path: &Path, format: Format) -> Self {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = match path.parent() {
            // `model.bim` is what every project calls it.
            Some(parent) if stem.eq_ignore_ascii_case("model") => folder_name(parent),
            Some(_) | None => stem,
        };
        Self { name, path: path.to_path_buf(), format, content: path.to_path_buf() }
    }
}

/// What a file is by its extension, if it is a model.
pub(crate) fn format_of_file(path: &Path) -> Option<Format> {
    if has_extension(path, "bim") {
        Some(Format::Bim)
    } else if has_extension(path, "pbit") {
        Some(Format::Pbit)
    } else {
        None
    }
}

/// The answer to a `.pbix`.
pub(crate) fn unsupported_pbix(path: &Path) -> Error {
    Error::Unsupported {
        path: path.display().to_string(),
        format: ".pbix",
        hint: "its model is compressed: in Power BI Desktop choose File, Save as, and save it as a Power BI project \
               (PBIP) or a template (.pbit)",
    }
}

/// Whether the path ends with `.extension`, in any case.
pub(crate) fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn is_named(path: &Path, name: &str) -> bool {
    path.file_name().is_some_and(|found| found.eq_ignore_ascii_case(name))
}

/// Whether a file's name tells that its folder is a model's.
pub(crate) fn marks_tmdl_folder(file: &Path) -> bool {
    is_named(file, "model.tmdl") || is_named(file, "database.tmdl")
}

/// A folder with `model.tmdl` or `database.tmdl`, or with tables alone.
fn is_tmdl_folder(folder: &Path) -> Result<bool, Error> {
    if list(folder)?.iter().any(|path| marks_tmdl_folder(path)) {
        return Ok(true);
    }
    let tables = folder.join("tables");
    Ok(tables.is_dir() && list(&tables)?.iter().any(|path| has_extension(path, "tmdl")))
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| Error::io(folder, &error))).collect()
}

/// A folder's name without what projects append to it.
fn folder_name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for suffix in [".SemanticModel", ".Dataset"] {
        let Some(cut) = name.len().checked_sub(suffix.len()).filter(|cut| *cut > 0) else { continue };
        if name.get(cut..).is_some_and(|end| end.eq_ignore_ascii_case(suffix)) {
            return name.get(..cut).unwrap_or_default().to_owned();
        }
    }
    name
}

/// The members of a `.pbip` that lead to the report.
#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    report: Option<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    path: String,
}

/// The members of a report's `definition.pbir` that lead to the model.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    dataset_reference: Option<DatasetReference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DatasetReference {
    by_path: Option<Reference>,
}

/// The folder of the model that a `.pbip` opens: through its report's
/// `definition.pbir`, else the folder of the same name beside it.
fn model_of_project(project: &Path) -> Result<PathBuf, Error> {
    let beside = project.parent().unwrap_or(Path::new(""));
    let parsed: Project = read_json(project)?;
    for report in parsed.artifacts.into_iter().filter_map(|artifact| artifact.report) {
        let folder = beside.join(report.path);
        let definition = folder.join("definition.pbir");
        if !definition.is_file() {
            continue;
        }
        let report: Report = read_json(&definition)?;
        if let Some(path) = report.dataset_reference.and_then(|reference| reference.by_path) {
            return Ok(folder.join(path.path));
        }
    }
    let stem = project.file_stem().unwrap_or_default().to_string_lossy();
    ["SemanticModel", "Dataset"]
        .into_iter()
        .map(|suffix| beside.join(format!("{stem}.{suffix}")))
        .find(|folder| folder.is_dir())
        .ok_or_else(|| Error::NoModel { path: project.display().to_string() })
}

/// Project files hold a few lines; a larger one is not a project file.
const PROJECT_BYTES: u64 = 1 << 20;

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = crate::semantic_model::source::read_file(path, PROJECT_BYTES)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    crate::semantic_model::bim::parse_json(&bytes, &name.as_ref().into(), "the file is no Power BI project file")
}

#[cfg(test)]
mod tests;
