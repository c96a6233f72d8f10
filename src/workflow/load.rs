//! The way in: a text, file or value becomes a checked plan, or the list of
//! everything that is wrong with it.
//!
//! Puts the stages together: `yaml.rs` (tree), `shape.rs` (keys and types),
//! `read_template.rs` (draft), `lower.rs` (plan), `scope.rs` (expressions).

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::base::ErrorKind;
use crate::base::json::{canonical, sha256_hex};

use super::draft::CallPlaces;
use super::keys::TEMPLATE;
use super::node::{Node, Spot};
use super::plan::{Plan, Source};
use super::problem::{Code, Problem};
use super::problems::Problems;
use super::shape::Shape;
use super::{lower, read_template, scope, yaml};

/// A template that can be run.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What runs take.
    pub plan: Arc<Plan>,
    /// [`Plan::hash`].
    pub hash: String,
    /// What is doubtful.
    pub warnings: Vec<Problem>,
    /// `tests`, as written.
    pub tests: Vec<Value>,
    /// The file, or what stands for it.
    pub file: String,
    pub(crate) calls: Vec<CallPlaces>,
}

/// A template that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Rejected {
    /// Its id, where it could be read.
    pub template_id: Option<String>,
    /// Everything wrong, warnings too, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Rejected {
    /// The kind to answer with.
    #[must_use]
    #[expect(clippy::unused_self, reason = "every error of a module tells its kind this way")]
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidInput
    }
}

/// Loads YAML or JSON text. `file` is what problems name.
pub fn load_text(text: &str, source: Source, file: &str) -> Result<Loaded, Rejected> {
    let mut problems = Problems::new(file);
    match yaml::parse(text, &mut problems) {
        Some(root) => load_tree(&root, source, file, problems),
        None => Err(Rejected { template_id: None, problems: problems.finish() }),
    }
}

/// Loads the bytes of a file.
pub fn load_bytes(bytes: &[u8], source: Source, file: &str) -> Result<Loaded, Rejected> {
    let mut problems = Problems::new(file);
    match yaml::decode(bytes, &mut problems) {
        Some(text) => load_text(text, source, file),
        None => Err(Rejected { template_id: None, problems: problems.finish() }),
    }
}

/// Loads a file.
pub fn load_file(path: &Path, source: Source) -> Result<Loaded, Rejected> {
    let file = path.display().to_string();
    let unreadable = |message: String| {
        let mut problems = Problems::new(file.as_str());
        problems.add(Code::Unreadable, &Spot::default(), message, None);
        Rejected { template_id: None, problems: problems.finish() }
    };
    // The size is asked first: nobody's gigabyte is read to be refused.
    let size = std::fs::metadata(path).map_err(|error| unreadable(format!("the file cannot be read: {error}")))?.len();
    if size > yaml::MAX_BYTES as u64 {
        let mut problems = Problems::new(file.as_str());
        yaml::tell_too_large(size, &mut problems);
        return Err(Rejected { template_id: None, problems: problems.finish() });
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(format!("the file cannot be read: {error}")))?;
    load_bytes(&bytes, source, &file)
}

/// Loads what an agent wrote: an object, or YAML or JSON text. `name` is what
/// problems name in place of a file.
pub fn load_value(value: &Value, source: Source, name: &str) -> Result<Loaded, Rejected> {
    if let Value::String(text) = value {
        return load_text(text, source, name);
    }
    let mut problems = Problems::new(name);
    if let Err(size) = yaml::within_budget(value) {
        yaml::tell_too_large(size, &mut problems);
        return Err(Rejected { template_id: None, problems: problems.finish() });
    }
    load_tree(&Node::from_value(value), source, name, problems)
}

fn load_tree(root: &Node, source: Source, file: &str, mut problems: Problems) -> Result<Loaded, Rejected> {
    Shape::Table(&TEMPLATE).check(root, &mut problems);
    if root.entries().is_none() {
        return Err(Rejected { template_id: None, problems: problems.finish() });
    }
    let mut draft = read_template::read(root, source, &mut problems);
    let continues = read_template::continues_on_error(root);
    let template_id = Some(draft.plan.template_id.clone()).filter(|id| !id.is_empty());
    let mut lowered = lower::lower(&mut draft, continues, &mut problems);
    scope::check(&lowered, &draft.sites, &mut problems);
    if problems.has_errors() {
        return Err(Rejected { template_id, problems: problems.finish() });
    }
    scope::lower_expressions(&mut lowered.plan);
    Ok(Loaded {
        hash: lowered.plan.hash(),
        plan: Arc::new(lowered.plan),
        warnings: problems.finish(),
        tests: draft.tests,
        file: file.to_owned(),
        calls: lowered.calls,
    })
}

impl Plan {
    /// SHA-256 of the plan's canonical JSON: equal plans, and only they, have equal hashes.
    #[must_use]
    pub fn hash(&self) -> String {
        // A plan holds text, numbers and maps with text keys: it always serialises.
        let value = serde_json::to_value(self).unwrap_or_default();
        sha256_hex(canonical(&value).as_bytes())
    }

    /// `category`, when it has one.
    #[must_use]
    pub fn category(&self) -> Option<&str> {
        self.extra.get("category").and_then(Value::as_str)
    }

    /// `tags`.
    #[must_use]
    pub fn tags(&self) -> Vec<&str> {
        let tags = self.extra.get("tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}
