//! The files of one model: read once, hashed, and parsed.
//!
//! Must not know how a model was found. A new format is a [`Format`] and an arm
//! in [`Source::model`].

use std::borrow::Cow;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::json::sha256_hex;
use crate::semantic_model::check::check;
use crate::semantic_model::error::Error;
use crate::semantic_model::limits::{Limits, TMDL_FOLDER_DEPTH};
use crate::semantic_model::model::Model;
use crate::semantic_model::place::{Format, Place, has_extension};
use crate::semantic_model::{archive, bim, text, tmdl};

/// The member of a `.pbit` that holds the model.
const TEMPLATE_SCHEMA: &str = "DataModelSchema";

/// A model's files in memory.
#[derive(Debug)]
pub struct Source {
    format: Format,
    /// Bytes on disk: of a zipped file fewer than in memory.
    size: u64,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    /// Relative to the model, with `/`.
    name: Arc<str>,
    bytes: Vec<u8>,
}

impl Source {
    /// Reads the files at `place`, in the order of their names.
    pub fn read(place: &Place, limits: &Limits) -> Result<Self, Error> {
        let paths = match place.format {
            Format::Tmdl => tmdl_files(&place.content, limits)?,
            Format::Bim => vec![place.content.clone()],
            Format::Pbit => return Self::template(place, limits),
        };
        let base = Self::base(place);
        let mut files = Vec::with_capacity(paths.len());
        let mut total: u64 = 0;
        for path in paths {
            let bytes = read_file(&path, limits.file_bytes)?;
            total = total.saturating_add(bytes.len() as u64);
            if total > limits.model_bytes {
                return Err(too_large(&place.path, limits.model_bytes));
            }
            files.push(File { name: relative_name(base, &path).into(), bytes });
        }
        Ok(Self { format: place.format, size: total, files })
    }

    /// The part of a template that says what `model.bim` does.
    fn template(place: &Place, limits: &Limits) -> Result<Self, Error> {
        let (bytes, size) = archive::member(&place.content, TEMPLATE_SCHEMA, limits)?;
        Ok(Self { format: place.format, size, files: vec![File { name: TEMPLATE_SCHEMA.into(), bytes }] })
    }

    /// The folder that names of files are relative to.
    pub(crate) fn base(place: &Place) -> &Path {
        match place.format {
            Format::Tmdl => place.content.as_path(),
            Format::Bim | Format::Pbit => place.content.parent().unwrap_or(Path::new("")),
        }
    }

    /// The files, as `(name, bytes)`.
    pub(crate) fn into_files(self) -> impl Iterator<Item = (Arc<str>, Vec<u8>)> {
        self.files.into_iter().map(|file| (file.name, file.bytes))
    }

    /// The same from files that are in memory already, as `(name, bytes)`.
    #[must_use]
    pub fn of(format: Format, files: Vec<(String, Vec<u8>)>) -> Self {
        let files: Vec<File> = files.into_iter().map(|(name, bytes)| File { name: name.into(), bytes }).collect();
        Self { format, size: files.iter().map(|file| file.bytes.len() as u64).sum(), files }
    }

    /// A hash over the names and bytes of all files.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let lines: Vec<String> =
            self.files.iter().map(|file| format!("{} {}", sha256_hex(&file.bytes), file.name)).collect();
        sha256_hex(lines.join("\n").as_bytes())
    }

    /// Bytes of all files, as on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.size
    }

    /// The model that the files describe.
    pub fn model(&self) -> Result<Model, Error> {
        let mut decoded: Vec<(Arc<str>, Cow<'_, str>)> = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let text = match self.format {
                Format::Tmdl | Format::Bim => text::decode(&file.bytes, &file.name)?.into(),
                Format::Pbit => text::decode_any(&file.bytes, &file.name)?,
            };
            decoded.push((file.name.clone(), text));
        }
        let decoded: Vec<(Arc<str>, &str)> = decoded.iter().map(|(name, text)| (Arc::clone(name), &**text)).collect();
        let mut model = match (self.format, decoded.as_slice()) {
            (Format::Bim | Format::Pbit, [(name, text)]) => bim::read(text, name)?,
            (Format::Tmdl | Format::Bim | Format::Pbit, files) => tmdl::build(files)?,
        };
        let mut found = check(&model);
        model.warnings.append(&mut found);
        Ok(model)
    }
}

/// A hash over the names and bytes of the files of the model at `path`.
pub fn fingerprint(path: &Path, limits: &Limits) -> Result<String, Error> {
    Ok(Source::read(&Place::at(path)?, limits)?.fingerprint())
}

/// The bytes of one regular file of at most `limit` bytes.
pub(crate) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |error: std::io::Error| Error::io(path, &error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    if facts.len() > limit {
        return Err(too_large(path, limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(facts.len()).unwrap_or_default());
    // The file may grow between the look at its size and the reading.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(path, limit));
    }
    Ok(bytes)
}

pub(crate) fn too_large(path: &Path, limit: u64) -> Error {
    Error::TooLarge { what: format!("`{}`", path.display()), limit: format!("{limit} bytes") }
}

/// A path below `base` with `/` between its parts.
fn relative_name(base: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(base).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// The TMDL files in a folder and the folders in it, in the order of their names.
pub(crate) fn tmdl_files(folder: &Path, limits: &Limits) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut open = vec![(folder.to_path_buf(), 0)];
    let mut seen = 0;
    while let Some((inside, depth)) = open.pop() {
        let failed = |error: std::io::Error| Error::io(&inside, &error);
        for entry in std::fs::read_dir(&inside).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            seen += 1;
            if seen > limits.files {
                let what = format!("the number of files in `{}`", folder.display());
                return Err(Error::TooLarge { what, limit: limits.files.to_string() });
            }
            let path = entry.path();
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_symlink() {
                refuse_way_out(folder, &path)?;
            } else if kind.is_dir() && depth < TMDL_FOLDER_DEPTH {
                open.push((path, depth + 1));
            } else if kind.is_file() && has_extension(&path, "tmdl") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A link to a file of the same model says nothing new. One that leads out
/// could show what the roots do not open, and passing it over in silence would
/// give wrong counts.
fn refuse_way_out(folder: &Path, link: &Path) -> Result<(), Error> {
    if !has_extension(link, "tmdl") {
        return Ok(());
    }
    let inside = match (folder.canonicalize(), link.canonicalize()) {
        (Ok(folder), Ok(target)) => target.starts_with(folder),
        (Err(_), _) | (_, Err(_)) => false,
    };
    if inside { Ok(()) } else { Err(Error::LeavesModel { path: link.display().to_string() }) }
}

#[cfg(test)]
mod tests;
