//! `01_connect_to_instance`: chooses the model that later questions are about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::Counts;
use crate::semantic_model::facts::page::cut;
use crate::semantic_model::model::Warning;
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};
use crate::semantic_model::place::Format;

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The model's project, folder or file, relative to a root or absolute.
    #[serde(default)]
    pub path: Option<String>,
    /// The index that `01_detect_pbi_instances` gave; 0 when nothing is given.
    #[serde(default, alias = "index")]
    pub model_index: Option<usize>,
    /// The model by path, name or index.
    #[serde(default)]
    pub model: Option<ModelName>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that is connected now.
    pub model: ModelIdentity,
    /// The same as a search tells it.
    pub instance: Connected,
    /// What it is called.
    pub model_name: String,
    /// Numbers of its objects.
    pub counts: Counts,
    /// What can be done with it.
    pub capabilities: Capabilities,
    /// A hash over its files.
    pub fingerprint: String,
    /// What is odd in its files, the first ten.
    pub warnings: Vec<String>,
    /// How many oddities there are.
    pub warning_count: usize,
}

/// The connected model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Connected {
    /// Its index in a search; null for one that a search does not reach.
    pub index: Option<usize>,
    /// What it is called.
    pub name: String,
    /// Its folder or file, absolute.
    pub path: String,
    /// The format of its files.
    pub format: Format,
    /// Bytes of its files.
    pub size: u64,
}

/// What can be done with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Capabilities {
    /// Its files can be changed.
    pub write: bool,
    /// Queries can be run: never, a file has no data engine.
    pub query: bool,
}

/// Oddities that are told one by one.
const TOLD: usize = 10;

/// Bytes of one oddity at most.
const WARNING_BYTES: usize = 300;

/// Reads the model. The caller keeps `fingerprint` and `model` as the binding.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let given = [args.path.is_some(), args.model_index.is_some(), args.model.is_some()];
    if given.into_iter().filter(|given| *given).count() > 1 {
        return Err(Error::InvalidArgument {
            message: "the model is named more than once".into(),
            hint: "give one of `path`, `model_index` and `model`".into(),
        });
    }
    let place = match (&args.path, args.model_index, &args.model) {
        (Some(path), _, _) => models.by_path(path)?,
        (None, Some(index), _) => models.by_index(index)?,
        (None, None, Some(model)) => models.choose(Some(model))?,
        (None, None, None) => match (Models { connected: None, ..models.clone() }).choose(None) {
            Err(Error::Ambiguous { models: found }) => {
                // Index 0 is what callers mean who name nothing, unless it is a template beside models.
                let first = found.iter().find(|instance| instance.format != Format::Pbit);
                models.by_index(first.map_or(0, |instance| instance.index))?
            }
            other => other?,
        },
    };
    let opened = models.read(place)?;
    let index =
        models.detect()?.instances.iter().find(|found| found.path == opened.identity.path).map(|found| found.index);
    let told = |warning: &Warning| {
        let mut text = match &warning.location {
            Some(location) => format!("{location}: {}", warning.message),
            None => warning.message.clone(),
        };
        cut(&mut text, WARNING_BYTES);
        text
    };
    Ok(Answer {
        instance: Connected {
            index,
            name: opened.identity.name.clone(),
            path: opened.identity.path.clone(),
            format: opened.place.format,
            size: opened.size,
        },
        model_name: opened.identity.name.clone(),
        model: opened.identity,
        counts: Counts::of(&opened.model),
        capabilities: Capabilities { write: opened.place.format != Format::Pbit, query: false },
        fingerprint: opened.fingerprint,
        warnings: opened.model.warnings.iter().take(TOLD).map(told).collect(),
        warning_count: opened.model.warnings.len(),
    })
}
