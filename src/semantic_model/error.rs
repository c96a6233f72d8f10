//! What can go wrong with a semantic model: one enum with its kind and its hint.
//!
//! Must not know who shows it. Add a case here when a caller can act on it in a
//! way that no other case tells.

use crate::base::ErrorKind;
use crate::semantic_model::dax::{DaxError, Validation};
use crate::semantic_model::discovery::Instance;
use crate::semantic_model::model::Location;

/// A failure to find, read or question a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A file of the model breaks the rules of its format.
    #[error("{}:{}:{}: {}", .0.location.file, .0.location.line, .0.location.column, .0.cause)]
    Syntax(Box<Fault>),
    /// The system refused to read.
    #[error("`{path}` cannot be read: {cause}")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// The system's words.
        cause: String,
    },
    /// Nothing is at the path.
    #[error("there is no file or folder `{path}`")]
    NoSuchPath {
        /// The path as it was given.
        path: String,
    },
    /// There is something at the path, but no model.
    #[error("`{path}` holds no semantic model")]
    NoModel {
        /// The path.
        path: String,
    },
    /// The roots hold no model at all.
    #[error("no semantic model was found in {searched}")]
    NothingFound {
        /// The roots, for a person.
        searched: String,
    },
    /// Nothing in the model, or among the models, has the name.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// `table`, `measure`, `model`.
        what: &'static str,
        /// The name as it was given.
        name: String,
        /// Names that are close to it, nearest first.
        near: Vec<String>,
    },
    /// Several models were found and none was chosen.
    #[error("{} semantic models were found and none was chosen", models.len())]
    Ambiguous {
        /// What was found.
        models: Vec<Instance>,
    },
    /// No folder was given in which models may be looked for.
    #[error("no folder is open to the model tools")]
    NoRoots,
    /// The path leads out of the roots.
    #[error("`{path}` lies outside the folders that are open to the model tools")]
    OutsideRoots {
        /// The path as it was given.
        path: String,
    },
    /// A file of the model is a link to somewhere else.
    #[error("`{path}` is a link that leads out of its model's folder")]
    LeavesModel {
        /// The link.
        path: String,
    },
    /// A format that is not read.
    #[error("`{path}` is a {format} file, which is not read")]
    Unsupported {
        /// The file.
        path: String,
        /// `.pbix`.
        format: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// A zipped file that cannot be unpacked, or lacks the part that is read.
    #[error("`{path}` cannot be unpacked: {cause}")]
    Archive {
        /// The file.
        path: String,
        /// What is wrong.
        cause: String,
    },
    /// Larger than what is read.
    #[error("{what} is over the limit of {limit}")]
    TooLarge {
        /// What is too large, with its path.
        what: String,
        /// The limit with its unit.
        limit: String,
    },
    /// An argument that makes no sense.
    #[error("{message}")]
    InvalidArgument {
        /// A sentence.
        message: String,
        /// What to give instead.
        hint: String,
    },
    /// An object that is not in the files.
    #[error("there is no {object} in the model's files")]
    NoObject {
        /// The object with its kind.
        object: String,
    },
    /// A format that is read and not written.
    #[error("`{path}` is a {format} file, which is read only")]
    NoWriting {
        /// The file.
        path: String,
        /// `.pbit`.
        format: &'static str,
    },
    /// The file's permissions forbid it.
    #[error("`{path}` is read-only")]
    ReadOnly {
        /// The file.
        path: String,
    },
    /// The system refused to write.
    #[error("`{path}` cannot be written: {cause}")]
    CannotWrite {
        /// The file.
        path: String,
        /// The system's words.
        cause: String,
    },
    /// A file is another one than when it was read.
    #[error("`{path}` was changed by someone else since it was read: nothing was written")]
    FileChanged {
        /// The file.
        path: String,
    },
    /// A name that something else has.
    #[error("there is already a {what} `{name}` in {owner}")]
    Taken {
        /// `measure`, `column`, `table`.
        what: &'static str,
        /// The name.
        name: String,
        /// Where it is.
        owner: String,
    },
    /// DAX that is not right.
    #[error("the DAX of `{name}` is not valid: {} (line {}, column {})", first.message, first.line, first.column)]
    InvalidDax {
        /// Whose DAX.
        name: String,
        /// What is wrong first.
        first: Box<DaxError>,
        /// Everything that is wrong, as answers tell it.
        validation: Box<Validation>,
    },
    /// The model is another one than when the first page was read.
    #[error("the model changed since the page that gave this `next_token`")]
    Changed,
    /// A section that cannot be exported.
    #[error("section `{section}` cannot be exported by this version")]
    SectionUnavailable {
        /// The section.
        section: &'static str,
    },
    /// A file is there that would be overwritten.
    #[error("`{path}` is there already")]
    Exists {
        /// The file.
        path: String,
    },
    /// The answer could not be put into JSON.
    #[error("the answer cannot be written: {cause}")]
    Internal {
        /// What the writer said.
        cause: String,
    },
}

/// A place in a file that breaks the rules of its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub location: Location,
    /// What is wrong, lower-case, without the place.
    pub cause: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl Error {
    /// A broken file.
    pub(crate) fn syntax(location: Location, cause: impl Into<String>, hint: &'static str) -> Self {
        Self::Syntax(Box::new(Fault { location, cause: cause.into(), hint }))
    }

    /// What the system said about a path.
    pub(crate) fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        let path = path.display().to_string();
        if error.kind() == std::io::ErrorKind::NotFound {
            Self::NoSuchPath { path }
        } else {
            Self::Unreadable { path, cause: error.to_string() }
        }
    }

    /// A name that nothing has, with the nearest of `known`.
    pub(crate) fn not_found<'a>(what: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let wanted = name.to_lowercase();
        let mut near: Vec<(usize, &str)> = known
            .map(|known| (strsim::damerau_levenshtein(&wanted, &known.to_lowercase()), known))
            .filter(|(distance, _)| *distance <= 1.max(wanted.chars().count() / 3))
            .collect();
        near.sort_by_key(|(distance, _)| *distance);
        let near = near.into_iter().take(3).map(|(_, known)| known.to_owned()).collect();
        Self::NotFound { what, name: name.to_owned(), near }
    }

    /// The kind, for `error_type` and for retries.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Syntax(_) | Self::Archive { .. } | Self::InvalidArgument { .. } | Self::InvalidDax { .. } => {
                ErrorKind::InvalidInput
            }
            Self::Unreadable { .. } => ErrorKind::Unavailable,
            Self::NoSuchPath { .. }
            | Self::NoModel { .. }
            | Self::NothingFound { .. }
            | Self::NotFound { .. }
            | Self::NoObject { .. } => ErrorKind::NotFound,
            Self::Ambiguous { .. } => ErrorKind::AmbiguousModel,
            Self::NoRoots => ErrorKind::NoRoots,
            Self::OutsideRoots { .. } | Self::LeavesModel { .. } => ErrorKind::OutsideRoots,
            Self::Unsupported { .. } | Self::SectionUnavailable { .. } | Self::NoWriting { .. } => {
                ErrorKind::UnsupportedFormat
            }
            Self::TooLarge { .. } => ErrorKind::LimitExceeded,
            Self::Changed
            | Self::FileChanged { .. }
            | Self::ReadOnly { .. }
            | Self::CannotWrite { .. }
            | Self::Exists { .. }
            | Self::Taken { .. } => ErrorKind::Conflict,
            Self::Internal { .. } => ErrorKind::Internal,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Syntax(fault) => fault.hint.to_owned(),
            Self::Unreadable { .. } => "check the permissions of the file and that nothing holds it locked".into(),
            Self::NoSuchPath { .. } => {
                "give a path relative to a root, or call `01_detect_pbi_instances` to see what is there".into()
            }
            Self::NoModel { .. } => {
                "give a PBIP project, its `.SemanticModel` folder, a folder of TMDL files, a `model.bim` or a `.pbit`"
                    .into()
            }
            Self::NothingFound { .. } => {
                "save the report as a Power BI project (PBIP), or start with `--root DIR` of a folder that holds one"
                    .into()
            }
            Self::NotFound { near, what, .. } if near.is_empty() => match *what {
                "measure" => "call `02_list_measures` for the names".into(),
                "table" => "call `02_list_tables` for the names".into(),
                _ => "call `01_detect_pbi_instances` for the models".into(),
            },
            Self::NotFound { near, .. } => format!("did you mean `{}`?", near.join("`, `")),
            Self::Ambiguous { .. } => {
                "call `01_connect_to_instance` with one of `models`, or give `model` (its name, path or index)".into()
            }
            Self::NoRoots => "start with `--root DIR`, or set `security.roots` in the configuration".into(),
            Self::OutsideRoots { .. } => "start with `--root DIR` of a folder that holds the file".into(),
            Self::LeavesModel { .. } => "put the file itself in the model's folder".into(),
            Self::Unsupported { hint, .. } => (*hint).to_owned(),
            Self::Archive { .. } => "save the file again, or give the Power BI project (PBIP) it was made from".into(),
            Self::TooLarge { .. } => "give the model's own folder instead of one that holds more".into(),
            Self::InvalidArgument { hint, .. } => hint.clone(),
            Self::NoObject { .. } => "call `02_describe_table` for what a table holds".into(),
            Self::NoWriting { .. } => {
                "save the report as a Power BI project (PBIP): its model's files can be changed".into()
            }
            Self::ReadOnly { .. } => "make the file writable (check it out, if it is under source control)".into(),
            Self::CannotWrite { .. } => "check the permissions of its folder and the room on the disk".into(),
            Self::FileChanged { .. } => "look at the model again, then repeat the call".into(),
            Self::Taken { what: "measure", .. } => {
                "names of measures are unique in a model: choose another name, or name that table".into()
            }
            Self::Taken { .. } => "choose another name".into(),
            Self::InvalidDax { first, .. } => first
                .hint
                .clone()
                .unwrap_or_else(|| "`03_dax_intelligence` tells everything that is wrong with it".into()),
            Self::Exists { .. } => "give another `output_path`, or `overwrite: true`".into(),
            Self::Changed => "read the list again from its first page".into(),
            Self::SectionUnavailable { .. } => "export section `compact`".into(),
            Self::Internal { .. } => "report this with the call that caused it".into(),
        }
    }

    /// The models to choose from, when that is what is asked for.
    #[must_use]
    pub fn models(&self) -> Option<&[Instance]> {
        if let Self::Ambiguous { models } = self { Some(models) } else { None }
    }
}
