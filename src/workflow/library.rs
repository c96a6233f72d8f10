//! The templates there are: built-ins from the binary, files of the user's
//! folders beside them.
//!
//! A folder is looked at whenever templates are asked for, and a file is read
//! again only when its size or time changed. A file that is broken is listed
//! with what is wrong with it and hides nothing. Knows no tools and no runs.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::base::ErrorKind;

use super::load::{Loaded, Rejected, load_file, load_text};
use super::node::Spot;
use super::plan::Source;
use super::problem::{Code, Problem, did_you_mean};
use super::problems::Problems;

/// The built-in templates: file name and text.
const BUILTINS: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/builtin_templates.rs"));

/// Folders inside a template folder that are looked into.
const MAX_DEPTH: usize = 3;
/// Files of one folder; beyond, somebody named the wrong folder.
const MAX_FILES: usize = 2_000;

/// A folder with templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where it is. It need not exist.
    pub path: PathBuf,
    /// Who writes there.
    pub source: Source,
}

/// One template, or one file that should be one.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id; for a broken file only where it could be read.
    pub template_id: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// The file; for built-ins `builtin:name.yaml`.
    pub file: String,
    /// The template, or what is wrong.
    pub template: Result<Arc<Loaded>, Arc<Rejected>>,
    /// What is doubtful about it, and about its place among the others.
    pub warnings: Vec<Problem>,
}

/// All templates at one moment.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// By id; broken files last.
    pub entries: Vec<Entry>,
    /// What is wrong with folders.
    pub warnings: Vec<String>,
}

/// A template that cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LibraryError {
    /// There is none of this id.
    #[error("there is no template `{template_id}`")]
    NotFound {
        /// What was asked for.
        template_id: String,
        /// "did you mean", when one is near.
        hint: Option<String>,
        /// The ids there are.
        available: Vec<String>,
    },
    /// Its file is broken.
    #[error("the template `{template_id}` cannot be used: {rejected}")]
    Broken {
        /// What was asked for.
        template_id: String,
        /// What is wrong with it.
        rejected: Arc<Rejected>,
    },
}

impl LibraryError {
    /// The kind to answer with.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Broken { .. } => ErrorKind::InvalidInput,
        }
    }
}

/// A file as it was when it was read.
#[derive(Debug)]
struct Read {
    modified: Option<SystemTime>,
    size: u64,
    template: Result<Arc<Loaded>, Arc<Rejected>>,
}

#[derive(Debug, Default)]
struct Cache {
    builtins: Option<Vec<Entry>>,
    files: HashMap<PathBuf, Read>,
}

/// The templates there are.
#[derive(Debug, Default)]
pub struct Library {
    folders: Vec<Folder>,
    cache: Mutex<Cache>,
}

impl Library {
    /// The built-ins, and the files of `folders`. Nothing is read yet.
    #[must_use]
    pub fn new(folders: Vec<Folder>) -> Self {
        Self { folders, cache: Mutex::default() }
    }

    /// All templates now.
    #[must_use]
    pub fn list(&self) -> Listing {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let builtins = cache.builtins.get_or_insert_with(builtins).clone();
        let mut warnings = Vec::new();
        let mut seen: HashMap<PathBuf, Read> = HashMap::new();
        let mut files: Vec<Entry> = Vec::new();
        for folder in &self.folders {
            for path in template_files(&folder.path, &mut warnings) {
                if seen.contains_key(&path) {
                    continue;
                }
                let read = cache.files.remove(&path);
                let read = fresh(&path, folder.source, read);
                files.push(entry(&path.display().to_string(), folder.source, read.template.clone()));
                seen.insert(path, read);
            }
        }
        // Files that are gone leave the cache with this.
        cache.files = seen;
        drop(cache);
        Listing { entries: settle(builtins, files), warnings }
    }

    /// The template of an id.
    pub fn find(&self, template_id: &str) -> Result<Arc<Loaded>, LibraryError> {
        let entries = self.list().entries;
        let mut broken = None;
        for entry in entries.iter().filter(|entry| entry.template_id.as_deref() == Some(template_id)) {
            match &entry.template {
                Ok(loaded) => return Ok(Arc::clone(loaded)),
                Err(rejected) => broken = broken.or_else(|| Some(Arc::clone(rejected))),
            }
        }
        let template_id = template_id.to_owned();
        if let Some(rejected) = broken {
            return Err(LibraryError::Broken { template_id, rejected });
        }
        let available: Vec<String> = entries
            .iter()
            .filter(|entry| entry.template.is_ok())
            .filter_map(|entry| entry.template_id.clone())
            .collect();
        let hint = did_you_mean(&template_id, available.iter().map(String::as_str));
        Err(LibraryError::NotFound { template_id, hint, available })
    }
}

/// The built-ins as they are in the binary. One that does not load is a fault
/// of ours that a test tells; here it is listed as broken like any other.
fn builtins() -> Vec<Entry> {
    BUILTINS
        .iter()
        .map(|(name, text)| {
            let file = format!("builtin:{name}");
            let template = load_text(text, Source::Builtin, &file).map(Arc::new).map_err(Arc::new);
            entry(&file, Source::Builtin, template)
        })
        .collect()
}

fn entry(file: &str, source: Source, template: Result<Arc<Loaded>, Arc<Rejected>>) -> Entry {
    let template_id = match &template {
        Ok(loaded) => Some(loaded.plan.template_id.clone()),
        Err(rejected) => rejected.template_id.clone(),
    };
    let warnings = template.as_ref().map(|loaded| loaded.warnings.clone()).unwrap_or_default();
    Entry { template_id, source, file: file.to_owned(), template, warnings }
}

/// The file as it is now, read only when it changed.
fn fresh(path: &Path, source: Source, known: Option<Read>) -> Read {
    let facts = std::fs::metadata(path).ok();
    let size = facts.as_ref().map_or(0, std::fs::Metadata::len);
    let modified = facts.and_then(|facts| facts.modified().ok());
    match known {
        Some(known) if known.modified.is_some() && known.modified == modified && known.size == size => known,
        _ => Read { modified, size, template: load_file(path, source).map(Arc::new).map_err(Arc::new) },
    }
}

/// The template files of a folder in order. A folder that is not there holds none.
fn template_files(folder: &Path, warnings: &mut Vec<String>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                warnings.push(format!("the folder `{}` cannot be read: {error}", folder.display()));
                continue;
            }
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with('.') || name == "node_modules" {
                continue;
            }
            if path.is_dir() {
                if depth < MAX_DEPTH {
                    open.push((path, depth + 1));
                }
            } else if is_template_file(name) {
                if files.len() >= MAX_FILES {
                    warnings.push(format!(
                        "`{}` holds more than {MAX_FILES} files; the rest is left off",
                        folder.display()
                    ));
                    return files;
                }
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn is_template_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [".yaml", ".yml", ".json"].iter().any(|end| lower.ends_with(end)) && !lower.ends_with(".schema.json")
}

/// Who wins where ids are equal: a file over a built-in, the first file over later ones.
fn settle(builtins: Vec<Entry>, files: Vec<Entry>) -> Vec<Entry> {
    let mut by_id: BTreeMap<String, Entry> = BTreeMap::new();
    let mut rest: Vec<Entry> = Vec::new();
    for entry in files {
        let (Some(id), Ok(_)) = (&entry.template_id, &entry.template) else {
            rest.push(entry);
            continue;
        };
        match by_id.get(id) {
            None => {
                by_id.insert(id.clone(), entry);
            }
            Some(first) => rest.push(duplicate(entry, &first.file)),
        }
    }
    for builtin in builtins {
        let (Some(id), Ok(_)) = (&builtin.template_id, &builtin.template) else {
            rest.push(builtin);
            continue;
        };
        match by_id.get_mut(id) {
            None => {
                by_id.insert(id.clone(), builtin);
            }
            Some(file) => {
                let mut problems = Problems::new(file.file.as_str());
                let message = format!("this file replaces the built-in template `{id}`");
                let hint = "give it another `template_id` to keep both".to_owned();
                problems.add(Code::ReplacesBuiltin, &Spot::default(), message, Some(hint));
                file.warnings.extend(problems.finish());
            }
        }
    }
    by_id.into_values().chain(rest).collect()
}

fn duplicate(entry: Entry, first: &str) -> Entry {
    let mut problems = Problems::new(entry.file.as_str());
    let id = entry.template_id.clone().unwrap_or_default();
    let message = format!("the template `{id}` is in `{first}` already");
    let hint = "give it another `template_id`".to_owned();
    problems.add(Code::DuplicateTemplate, &Spot::default(), message, Some(hint));
    let rejected = Rejected { template_id: entry.template_id.clone(), problems: problems.finish() };
    Entry { template: Err(Arc::new(rejected)), ..entry }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(id: &str, name: &str) -> String {
        format!("template_id: {id}\ntemplate_name: {name}\nsteps: [{{step_id: a, tool: b}}]\n")
    }

    fn library(folders: &[&Path]) -> Library {
        Library::new(folders.iter().map(|path| Folder { path: path.to_path_buf(), source: Source::User }).collect())
    }

    /// Id, file name and the codes of what is told.
    fn shown(library: &Library) -> Vec<(String, String, Vec<&'static str>)> {
        library
            .list()
            .entries
            .iter()
            .map(|entry| {
                let file = entry.file.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
                let problems = entry.template.as_ref().err().map(|rejected| rejected.problems.clone());
                let codes = problems.unwrap_or_default().into_iter().chain(entry.warnings.clone());
                let id = entry.template_id.clone().unwrap_or_else(|| "-".to_owned());
                (id, file, codes.map(|problem| problem.code.as_str()).collect())
            })
            .filter(|(_, file, _)| !file.starts_with("builtin:") || file.ends_with("model_inventory.yaml"))
            .collect()
    }

    #[test]
    fn the_built_ins_are_there_without_any_folder() {
        let library = Library::default();
        assert_eq!(library.find("model_inventory").expect("there").plan.source, Source::Builtin);
        assert!(library.list().entries.iter().all(|entry| entry.template.is_ok()));
    }

    #[test]
    fn a_broken_file_is_listed_as_broken_and_hides_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.yaml"), template("one", "One")).expect("written");
        std::fs::write(folder.path().join("b.yaml"), "template_id: two\nsteps: [{step_id: a, tol: b}]\n")
            .expect("written");
        std::fs::write(folder.path().join("c.yml"), "template_id: [\n").expect("written");
        std::fs::write(folder.path().join("model.yaml"), "template_id: model_inventory\n").expect("written");
        std::fs::write(folder.path().join("notes.txt"), "nothing").expect("written");
        let library = library(&[folder.path(), Path::new("/nowhere/at/all")]);
        let name = |name: &str| name.to_owned();
        assert_eq!(
            shown(&library),
            [
                (name("model_inventory"), name("builtin:model_inventory.yaml"), vec![]),
                (name("one"), name("a.yaml"), vec![]),
                (name("two"), name("b.yaml"), vec!["E013", "E012"]),
                (name("-"), name("c.yml"), vec!["E001"]),
                (name("model_inventory"), name("model.yaml"), vec!["E013"]),
            ]
        );
        assert!(library.list().warnings.is_empty());
        assert!(library.find("model_inventory").is_ok());
        assert_eq!(
            library
                .find("two")
                .expect_err("broken")
                .to_string()
                .lines()
                .next()
                .map(|line| line.starts_with("the template `two` cannot be used: ")),
            Some(true)
        );
    }

    #[test]
    fn a_file_goes_over_a_built_in_and_the_first_of_two_files_stays() {
        let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        std::fs::write(one.path().join("mine.yaml"), template("model_inventory", "Mine")).expect("written");
        std::fs::create_dir(two.path().join("deep")).expect("made");
        std::fs::write(two.path().join("deep").join("theirs.yaml"), template("model_inventory", "Theirs"))
            .expect("written");
        let library = library(&[one.path(), two.path()]);
        let name = |name: &str| name.to_owned();
        assert_eq!(
            shown(&library),
            [
                (name("model_inventory"), name("mine.yaml"), vec!["W107"]),
                (name("model_inventory"), name("theirs.yaml"), vec!["E050"]),
            ]
        );
        assert_eq!(library.find("model_inventory").expect("there").plan.name, "Mine");
    }

    #[test]
    fn a_file_is_read_again_when_it_changed_and_not_otherwise() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.yaml");
        std::fs::write(&path, template("one", "First")).expect("written");
        let library = library(&[folder.path()]);
        let first = library.find("one").expect("there");
        assert!(Arc::ptr_eq(&first, &library.find("one").expect("there")));
        std::fs::write(&path, template("one", "Second name")).expect("written");
        assert_eq!(library.find("one").expect("there").plan.name, "Second name");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(library.find("one").expect_err("gone").kind(), ErrorKind::NotFound);
    }

    #[test]
    fn an_unknown_id_tells_the_nearest_and_all_there_are() {
        let error = Library::default().find("model_inventry").expect_err("unknown");
        let LibraryError::NotFound { hint, available, .. } = &error else { panic!("{error}") };
        assert_eq!(hint.as_deref(), Some("did you mean `model_inventory`?"));
        assert!(available.iter().any(|id| id == "model_inventory"));
    }
}
