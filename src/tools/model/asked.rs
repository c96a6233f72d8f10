//! A question about a model, asked on a thread of its own.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::blocking;
use crate::base::ErrorKind;
use crate::contract::{Annotations, ToolCall};
use crate::semantic_model::Error;
use crate::semantic_model::facts::run_dax;
use crate::semantic_model::models::Models;

/// The hints of a tool that only reads files.
pub(super) const READS: Annotations = Annotations {
    read_only_hint: Some(true),
    destructive_hint: Some(false),
    idempotent_hint: Some(true),
    open_world_hint: Some(false),
};

/// The hints of a tool that changes files: what was there may be gone.
pub(super) const CHANGES: Annotations = Annotations {
    read_only_hint: Some(false),
    destructive_hint: Some(true),
    idempotent_hint: Some(true),
    open_world_hint: Some(false),
};

/// The hints of a tool that adds to files and refuses what is there already.
pub(super) const ADDS: Annotations = Annotations {
    read_only_hint: Some(false),
    destructive_hint: Some(false),
    idempotent_hint: Some(false),
    open_world_hint: Some(false),
};

/// Models that an ambiguous call is shown.
const SHOWN: usize = 20;

/// Asks, with the roots and the model that the call is bound to.
pub(super) async fn ask<T: Send + 'static>(
    services: &Services,
    call: &ToolCall,
    question: impl FnOnce(&Models) -> Result<T, Error> + Send + 'static,
) -> Result<T, ToolFailure> {
    let models = Models {
        roots: services.roots.clone(),
        connected: call.binding.as_ref().map(|binding| PathBuf::from(&binding.model_path)),
        ..Models::default()
    };
    blocking(move || question(&models).map_err(|error| failure(&error))).await
}

/// The failure of a query that was looked at and cannot be run.
pub(super) fn no_data_engine(answer: &run_dax::Answer) -> ToolFailure {
    let looked_at = if answer.validation.valid {
        "its grammar and names are right".to_owned()
    } else {
        match answer.validation.errors.first() {
            Some(first) => format!("and it is wrong: {} (line {}, column {})", first.message, first.line, first.column),
            None => "and it is wrong".to_owned(),
        }
    };
    ToolFailure::new(
        ErrorKind::NoDataEngine,
        format!("model files have no engine that could run the query; {looked_at}"),
    )
    .with_hint("run it in Power BI Desktop, DAX Studio, or through a server that is connected to one")
}

fn failure(error: &Error) -> ToolFailure {
    let failed = ToolFailure::new(error.kind(), error.to_string()).with_hint(error.hint());
    if let Error::InvalidDax { validation, .. } = error {
        return failed.with("validation", serde_json::to_value(validation).unwrap_or_default());
    }
    let Some(models) = error.models() else { return failed };
    let shown: Vec<Value> = models
        .iter()
        .take(SHOWN)
        .map(|found| json!({"index": found.index, "name": found.name, "path": found.path, "format": found.format}))
        .collect();
    failed.with("models", shown).with("model_count", models.len())
}

#[cfg(test)]
mod tests {
    use super::failure;
    use crate::semantic_model::models::Models;

    #[test]
    fn a_call_that_could_mean_several_models_is_shown_them() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..30 {
            std::fs::write(folder.path().join(format!("m{n:02}.bim")), "{}").unwrap();
        }
        let models = Models { roots: vec![folder.path().to_path_buf()], ..Models::default() };
        let output = failure(&models.choose(None).unwrap_err()).into_output();
        let answer = output.structured.unwrap();
        assert!(output.is_error);
        assert_eq!(answer["error_type"], "ambiguous_model");
        assert_eq!((answer["models"].as_array().unwrap().len(), &answer["model_count"]), (20, &30.into()));
        assert_eq!(answer["models"][1]["name"], "m01");
        assert!(answer["hint"].as_str().unwrap().contains("01_connect_to_instance"));
    }
}
