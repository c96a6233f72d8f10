//! What every writing tool answers: the change, and the call that undoes it.
//!
//! Must not know what was changed.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::page::{cut, size_of};
use crate::semantic_model::write::Draft;

/// A change of files.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// The change was only shown: no file was written.
    pub dry_run: bool,
    /// The file, relative to the model.
    pub file: String,
    /// Every file that changes.
    pub files: Vec<String>,
    /// The change as a unified diff; empty when there is none.
    pub diff: String,
    /// The diff is longer than shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub diff_cut: bool,
    /// The call that undoes the change.
    pub inverse: Option<Inverse>,
    /// What a person should know.
    pub notice: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Inverse {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
}

/// Bytes of a diff at most.
const DIFF_BYTES: usize = 4 * 1024;

/// Bytes of a call at most; a larger one is left out.
const INVERSE_BYTES: usize = 8 * 1024;

const OPEN_IN_DESKTOP: &str =
    "a project that is open in Power BI Desktop must be closed without saving and opened again to show this change";
const NOTHING_WRITTEN: &str = "nothing was written: call again without `dry_run` to write it";
const NO_INVERSE: &str = "the inverse is too long for an answer: source control is the way back";

impl Inverse {
    /// A call about the model of a draft.
    pub(crate) fn of(draft: &Draft, tool: &str, arguments: impl Serialize) -> Result<Self, Error> {
        let arguments =
            serde_json::to_value(arguments).map_err(|error| Error::Internal { cause: error.to_string() })?;
        let mut all = Map::new();
        all.insert("model".to_owned(), Value::from(draft.identity().path.clone()));
        if let Value::Object(arguments) = arguments {
            all.extend(arguments);
        }
        Ok(Self { tool: tool.to_owned(), arguments: all })
    }
}

impl Change {
    /// Writes a draft, unless it is to be shown only.
    pub(crate) fn of(draft: &Draft, file: String, inverse: Option<Inverse>, dry_run: bool) -> Result<Self, Error> {
        let files = draft.changed_files();
        let mut diff = draft.diff();
        if !dry_run && !files.is_empty() {
            draft.commit()?;
        }
        let diff_cut = cut(&mut diff, DIFF_BYTES);
        let mut notices = Vec::new();
        match (files.is_empty(), dry_run) {
            (true, _) => {}
            (false, true) => notices.push(NOTHING_WRITTEN),
            (false, false) => notices.push(OPEN_IN_DESKTOP),
        }
        let inverse = match inverse {
            Some(inverse) if size_of(&inverse)? > INVERSE_BYTES => {
                notices.push(NO_INVERSE);
                None
            }
            other => other,
        };
        let notice = (!notices.is_empty()).then(|| notices.join("; "));
        Ok(Self { dry_run, file, files, diff, diff_cut, inverse, notice })
    }
}
