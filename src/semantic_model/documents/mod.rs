//! Documents about a model for people: a Word file and a page to explore it in a browser.
//!
//! `content` says what is told, `word` and `explorer` write it, `diagram` draws
//! relationships for both. All the same input gives the same bytes, so that a
//! repeated export is no new file. Must not know tools, roots or the data
//! folder; `target` takes the folders it may write to. A new fact goes into
//! `content`, then into both writers.

mod content;
mod diagram;
mod explorer;
mod letters;
mod markup;
mod metafile;
mod svg;
mod target;
mod word;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::error::Error;
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};

use content::Content;
pub use target::Exports;

/// What is asked of both documents.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The file to write, inside the open folders; one named after the model among the exports when not given.
    #[serde(default)]
    pub output_path: Option<String>,
    /// Also tell what report authors do not see.
    #[serde(default)]
    pub include_hidden: bool,
    /// How far what measures are made from is told, 1 to 10; 2 when not given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10))]
    pub dependency_depth: Option<u32>,
    /// Replace a file that is there.
    #[serde(default)]
    pub overwrite: bool,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was described.
    pub model: ModelIdentity,
    /// The file that was written, absolute.
    pub doc_path: String,
    /// Its bytes.
    pub bytes: u64,
    /// `created`, `replaced`, or `unchanged` where the same file was there.
    pub action: Action,
    /// What it tells.
    pub counts: Told,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new.
    Created,
    /// It took the place of another one.
    Replaced,
    /// The same was there.
    Unchanged,
}

/// Numbers of what a document tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Told {
    /// Tables.
    pub tables: usize,
    /// Columns.
    pub columns: usize,
    /// Measures.
    pub measures: usize,
    /// Relationships.
    pub relationships: usize,
    /// Pictures of relationships.
    pub diagrams: usize,
}

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `08_generate_model_documentation_word`.
    Word,
    /// `08_export_model_explorer_html`.
    Explorer,
}

impl Kind {
    fn extension(self) -> &'static str {
        match self {
            Self::Word => "docx",
            Self::Explorer => "html",
        }
    }
}

/// Depth of dependencies when none is given.
const DEPTH: u32 = 2;

/// Writes a document.
pub fn run(models: &Models, args: &Args, kind: Kind, exports: &Exports) -> Result<Answer, Error> {
    let depth = args.dependency_depth.unwrap_or(DEPTH);
    if !(1..=10).contains(&depth) {
        return Err(Error::InvalidArgument {
            message: format!("`dependency_depth` is {depth}"),
            hint: "give a number from 1 to 10".into(),
        });
    }
    let opened = models.open(args.model.as_ref())?;
    let target = exports.target(args.output_path.as_deref(), &models.roots, &opened.identity.name, kind.extension())?;
    let content = Content::of(&opened.model, &opened.identity.name, args.include_hidden, depth);
    let bytes = match kind {
        Kind::Word => word::write(&content)?,
        Kind::Explorer => explorer::write(&content).into_bytes(),
    };
    let (path, action) = target.write(&bytes, args.overwrite)?;
    Ok(Answer {
        counts: content.told(),
        bytes: bytes.len() as u64,
        doc_path: crate::semantic_model::roots::shown(&path),
        action,
        model: opened.identity,
    })
}
