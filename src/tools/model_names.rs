//! The names in the connected model, read from its files when they changed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::advice::ModelNamesOf;
use crate::contract::Binding;
use crate::intelligence::ModelNames;
use crate::semantic_model::limits::Limits;
use crate::semantic_model::model::Model;
use crate::semantic_model::models::Models;
use crate::semantic_model::source::Source;

/// Reads names of models in the roots; remembers those of the last one.
#[derive(Debug)]
pub struct ConnectedNames {
    roots: Vec<PathBuf>,
    limits: Limits,
    last: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    path: String,
    fingerprint: String,
    names: Arc<ModelNames>,
}

impl ConnectedNames {
    /// Of models in these folders.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>, limits: Limits) -> Self {
        Self { roots, limits, last: Mutex::default() }
    }

    /// As [`super::Advice`] takes it.
    #[must_use]
    pub fn into_source(self) -> ModelNamesOf {
        Arc::new(move |binding| self.of(binding))
    }

    /// The names; none when the model is no longer there or cannot be read. Blocks.
    pub fn of(&self, binding: &Binding) -> Option<Arc<ModelNames>> {
        let models = Models {
            roots: self.roots.clone(),
            connected: Some(PathBuf::from(&binding.model_path)),
            limits: self.limits,
        };
        let read = models.choose(None).and_then(|place| Source::read(&place, &self.limits));
        let source = read.inspect_err(|error| tracing::debug!(%error, "no names of the connected model")).ok()?;
        let fingerprint = source.fingerprint();
        if let Some(known) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner)
            && known.path == binding.model_path
            && known.fingerprint == fingerprint
        {
            return Some(Arc::clone(&known.names));
        }
        let model = source.model().inspect_err(|error| tracing::debug!(%error, "no names of the connected model"));
        let names = Arc::new(names(&model.ok()?));
        let known = Known { path: binding.model_path.clone(), fingerprint, names: Arc::clone(&names) };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Some(names)
    }
}

fn names(model: &Model) -> ModelNames {
    ModelNames::new(
        model.tables.iter().map(|table| table.name.as_str()),
        model.measures().map(|(table, measure)| (table.name.as_str(), measure.name.as_str())),
        model.columns().map(|(table, column)| (table.name.as_str(), column.name.as_str())),
    )
}
