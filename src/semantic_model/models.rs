//! Which model is meant: by argument, by connection, or because there is only one.
//!
//! The only way from what a caller says to files: everything goes through the
//! roots here. Must not know what is asked about the model; `facts` does.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::semantic_model::discovery::{Detection, detect};
use crate::semantic_model::error::Error;
use crate::semantic_model::limits::Limits;
use crate::semantic_model::model::{Model, Warning, same};
use crate::semantic_model::place::{Format, Place};
use crate::semantic_model::roots::{resolve_in_roots, shown};
use crate::semantic_model::source::Source;
use crate::semantic_model::statistics::{Statistics, beside};

/// The models that one caller can reach.
#[derive(Debug, Clone, Default)]
pub struct Models {
    /// The folders that are open.
    pub roots: Vec<PathBuf>,
    /// The path of the model that the caller's session or run is bound to.
    pub connected: Option<PathBuf>,
    /// Bounds on searching and reading.
    pub limits: Limits,
}

/// A model as a caller names it: a path, a name, or the index of a search.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ModelName {
    /// The index that `01_detect_pbi_instances` gave.
    Index(usize),
    /// A path or a name.
    Text(String),
}

/// By hand: the derived form, a choice of two schemas, is five times as long, and every tool of the
/// pack carries it in the list that goes to each client.
impl JsonSchema for ModelName {
    fn schema_name() -> Cow<'static, str> {
        "ModelName".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "minimum": 0})
    }
}

/// The model that an answer is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ModelIdentity {
    /// What it is called.
    pub name: String,
    /// Its folder or file, absolute.
    pub path: String,
}

/// A model that was read.
#[derive(Debug)]
pub struct Opened {
    /// Name and path.
    pub identity: ModelIdentity,
    /// Where it lies.
    pub place: Place,
    /// Bytes of its files.
    pub size: u64,
    /// A hash over its files.
    pub fingerprint: String,
    /// What the files say.
    pub model: Model,
}

impl Models {
    /// Looks for models in all roots.
    pub fn detect(&self) -> Result<Detection, Error> {
        detect(&self.roots, &self.limits)
    }

    /// Reads the model that is meant.
    pub fn open(&self, named: Option<&ModelName>) -> Result<Opened, Error> {
        self.read(self.choose(named)?)
    }

    /// Reads the model at a place.
    pub fn read(&self, place: Place) -> Result<Opened, Error> {
        let source = Source::read(&place, &self.limits)?;
        let mut model = source.model()?;
        self.add_statistics(&mut model, &place);
        Ok(Opened {
            identity: ModelIdentity { name: place.name.clone(), path: shown(&place.path) },
            size: source.bytes(),
            fingerprint: source.fingerprint(),
            model,
            place,
        })
    }

    /// Statistics are a help: a file of them that is of no use is told, and the model is read without.
    fn add_statistics(&self, model: &mut Model, place: &Place) {
        let Some(path) = beside(place) else { return };
        // What lies beside the model may lie outside the roots.
        if resolve_in_roots(&path.display().to_string(), &self.roots).is_err() {
            return;
        }
        let message = match Statistics::read(&path, &self.limits) {
            Ok(statistics) if statistics.fits(model) => {
                model.statistics = Some(statistics);
                return;
            }
            Ok(_) => format!("the statistics in `{}` belong to another model", path.display()),
            Err(error) => error.to_string(),
        };
        model.warnings.push(Warning { message, location: None });
    }

    /// The place of the model that is meant: the named one, else the connected
    /// one, else the only one.
    pub fn choose(&self, named: Option<&ModelName>) -> Result<Place, Error> {
        match (named, &self.connected) {
            (Some(ModelName::Index(index)), _) => self.by_index(*index),
            (Some(ModelName::Text(text)), _) => self.by_text(text),
            (None, Some(path)) => self.by_path(&path.display().to_string()),
            (None, None) => only(self.detect()?, &self.searched()),
        }
    }

    /// The model with that index.
    pub fn by_index(&self, index: usize) -> Result<Place, Error> {
        let found = self.detect()?;
        if found.places.is_empty() {
            return Err(Error::NothingFound { searched: self.searched() });
        }
        let names = found.instances.iter().map(|instance| instance.name.as_str());
        let unknown = Error::not_found("model", &index.to_string(), names);
        found.places.into_iter().nth(index).ok_or(unknown)
    }

    /// The model at a path in the roots: itself a model, or a folder with just one.
    pub fn by_path(&self, path: &str) -> Result<Place, Error> {
        let real = resolve_in_roots(path, &self.roots)?;
        let place = match Place::at(&real) {
            Err(Error::NoModel { .. }) if real.is_dir() => {
                let found = detect(std::slice::from_ref(&real), &self.limits)?;
                if found.places.is_empty() {
                    return Err(Error::NoModel { path: path.to_owned() });
                }
                only(found, &format!("`{path}`"))?
            }
            other => other?,
        };
        // A project file may point, and a folder may lead, to somewhere else.
        resolve_in_roots(&place.content.display().to_string(), &self.roots)?;
        let content = place.content.canonicalize().map_err(|error| Error::io(&place.content, &error))?;
        Ok(match place.format {
            Format::Tmdl => Place::tmdl(&content),
            Format::Bim | Format::Pbit => Place::file(&content, place.format),
        }
        .shown_within(&self.root_of(&content)))
    }

    /// What looks like a path is one; else a name, a path, or an index in digits.
    fn by_text(&self, text: &str) -> Result<Place, Error> {
        let endings = [".pbip", ".pbix", ".pbit", ".bim", ".semanticmodel", ".dataset"];
        let lower = text.to_lowercase();
        if text.contains(['/', '\\']) || text == "." || endings.iter().any(|ending| lower.ends_with(ending)) {
            return self.by_path(text);
        }
        let mut found = self.detect()?;
        let named: Vec<usize> = found
            .instances
            .iter()
            .filter(|instance| same(&instance.name, text))
            .map(|instance| instance.index)
            .collect();
        match named.as_slice() {
            [index] => return Ok(found.places.swap_remove(*index)),
            [] => {}
            several => {
                let models = several.iter().filter_map(|index| found.instances.get(*index).cloned()).collect();
                return Err(Error::Ambiguous { models });
            }
        }
        match (self.by_path(text), text.parse::<usize>()) {
            (Err(Error::NoSuchPath { .. }), Ok(index)) => self.by_index(index),
            (Err(Error::NoSuchPath { .. }), Err(_)) if found.instances.is_empty() => {
                Err(Error::NothingFound { searched: self.searched() })
            }
            (Err(Error::NoSuchPath { .. }), Err(_)) => {
                Err(Error::not_found("model", text, found.instances.iter().map(|instance| instance.name.as_str())))
            }
            (outcome, _) => outcome,
        }
    }

    fn root_of(&self, content: &Path) -> PathBuf {
        let real = self.roots.iter().filter_map(|root| root.canonicalize().ok());
        real.filter(|root| content.starts_with(root)).min_by_key(|root| root.as_os_str().len()).unwrap_or_default()
    }

    fn searched(&self) -> String {
        let roots: Vec<String> = self.roots.iter().map(|root| format!("`{}`", shown(root))).collect();
        roots.join(", ")
    }
}

/// The only model of a search. A template beside models that can be written is not counted: it is
/// an export of one of them more often than not.
fn only(found: Detection, searched: &str) -> Result<Place, Error> {
    let written: Vec<usize> = found
        .instances
        .iter()
        .filter(|instance| instance.format != Format::Pbit)
        .map(|instance| instance.index)
        .collect();
    let chosen = match (written.as_slice(), found.instances.len()) {
        ([index], _) => *index,
        ([], 0) => return Err(nothing_found(&found, searched)),
        ([], 1) => 0,
        _ => return Err(Error::Ambiguous { models: found.instances }),
    };
    found.places.into_iter().nth(chosen).ok_or_else(|| Error::NothingFound { searched: searched.to_owned() })
}

/// A `.pbix` beside is why nothing was found more often than not.
fn nothing_found(found: &Detection, searched: &str) -> Error {
    match found.unsupported.first() {
        Some(pbix) => crate::semantic_model::place::unsupported_pbix(Path::new(pbix)),
        None => Error::NothingFound { searched: searched.to_owned() },
    }
}

#[cfg(test)]
mod tests;
