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

#[cfg(test)]
mod tests {
    use super::*;

    fn bim(folder: &std::path::Path, measure: &str) -> Binding {
        let file = folder.join("model.bim");
        let table = format!(
            r#"{{"name": "Sales", "columns": [{{"name": "Amount", "dataType": "double", "sourceColumn": "Amount"}}],
                "measures": [{{"name": "{measure}", "expression": "SUM(Sales[Amount])"}}]}}"#
        );
        std::fs::write(&file, format!(r#"{{"model": {{"tables": [{table}]}}}}"#)).unwrap();
        let model_path = file.to_str().unwrap().to_owned();
        Binding { model_path, model_name: "model".to_owned(), fingerprint: String::new() }
    }

    #[test]
    fn names_are_read_again_only_when_the_model_changed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let names = ConnectedNames::new(vec![root.clone()], Limits::default());
        let binding = bim(&root, "Revenue");
        let first = names.of(&binding).unwrap();
        assert_eq!((first.find("revenue").len(), first.find("amount").len(), first.find("SALES").len()), (1, 1, 1));
        assert!(Arc::ptr_eq(&first, &names.of(&binding).unwrap()));
        bim(&root, "Turnover");
        assert_eq!(names.of(&binding).unwrap().find("turnover").len(), 1);
    }

    #[test]
    fn a_model_that_cannot_be_read_has_no_names() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let binding = bim(&root, "Revenue");
        let elsewhere = ConnectedNames::new(vec![root.join("other")], Limits::default());
        assert!(elsewhere.of(&binding).is_none(), "outside the roots");
        std::fs::write(&binding.model_path, "{").unwrap();
        assert!(ConnectedNames::new(vec![root], Limits::default()).of(&binding).is_none());
    }
}
