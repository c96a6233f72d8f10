//! `sequitur check`: the rules over models as a gate for changes.
//!
//! Reads the files that are named and nothing else: no configuration, no data
//! folder, no servers, so that it runs the same for everybody and in CI. Which
//! findings are new is for `semantic_model::rules` to say; `revision` asks `git`
//! for the files of before, `report` shows.

mod report;
mod revision;

use std::path::{Path, PathBuf};

use crate::base::ErrorKind;
use crate::cli::args::{Check, CheckFormat, FailOn};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::config::Environment;
use crate::semantic_model::Error;
use crate::semantic_model::discovery::detect;
use crate::semantic_model::limits::Limits;
use crate::semantic_model::model::Model;
use crate::semantic_model::models::Models;
use crate::semantic_model::place::{Format, Place};
use crate::semantic_model::rules::{Baseline, Depth, Issue, Request, Review, Severity, UserRules, review};
use crate::semantic_model::source::Source;

/// A model with what was found in it.
struct Reviewed {
    place: Place,
    /// Its path in the checkout, with `/`.
    path: String,
    own: UserRules,
    found: Review,
    /// Which findings are new.
    new: Vec<bool>,
}

impl Reviewed {
    fn issues(&self) -> impl Iterator<Item = (&Issue, bool)> {
        self.found.issues.iter().zip(self.new.iter().copied())
    }
}

pub(in crate::cli) fn check(
    terminal: &Terminal,
    environment: &Environment,
    arguments: &Check,
) -> Result<Exit, Failure> {
    let asked = environment.cwd.join(&arguments.path);
    let path = asked.canonicalize().map_err(|error| refused(&Error::io(&asked, &error)))?;
    let base = checkout(&path).unwrap_or_else(|| environment.cwd.canonicalize().unwrap_or_default());
    let mut all = Vec::new();
    for place in places(&path)? {
        all.push(reviewed(place, &base, depth(arguments))?);
    }
    if let Some(file) = &arguments.write_baseline {
        return write_baseline(terminal, &environment.cwd.join(file), &all);
    }
    if let Some(file) = &arguments.baseline {
        let known = read_baseline(&environment.cwd.join(file))?;
        for model in &mut all {
            model.new = known.new_ones(&model.path, &model.found.issues);
        }
    }
    if let Some(revision) = &arguments.since {
        since(terminal, revision, &base, &mut all, depth(arguments))?;
    }
    let least = match arguments.fail_on {
        FailOn::Info => Some(Severity::Info),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Error => Some(Severity::Error),
        FailOn::Never => None,
    };
    let failing = all
        .iter()
        .flat_map(Reviewed::issues)
        .filter(|(issue, new)| *new && least.is_some_and(|least| issue.severity >= least))
        .count();
    match arguments.format {
        CheckFormat::Text => report::text(terminal, &all, least, failing)?,
        CheckFormat::Json => terminal.json(&report::json(&all, failing))?,
        CheckFormat::Sarif => terminal.json(&report::sarif(&all))?,
    }
    Ok(if failing > 0 { Exit::Failed } else { Exit::Completed })
}

fn depth(arguments: &Check) -> Depth {
    use crate::cli::args::CheckDepth;
    match arguments.depth {
        CheckDepth::Fast => Depth::Fast,
        CheckDepth::Balanced => Depth::Balanced,
        CheckDepth::Deep => Depth::Deep,
    }
}

/// What a person gave cannot be checked: bad input, whatever the kind, since 1 means new findings.
fn refused(error: &Error) -> Failure {
    Failure::refused(ErrorKind::InvalidInput, error.to_string(), Some(error.hint()))
}

/// The models at a path: itself, or all below it.
fn places(path: &Path) -> Result<Vec<Place>, Failure> {
    match Place::at(path) {
        Ok(place) => return Ok(vec![place]),
        Err(Error::NoModel { .. }) if path.is_dir() => {}
        Err(error) => return Err(refused(&error)),
    }
    let found = detect(&[path.to_path_buf()], &Limits::default()).map_err(|error| refused(&error))?;
    if found.places.is_empty() {
        return Err(refused(&Error::NothingFound { searched: format!("`{}`", path.display()) }));
    }
    Ok(found.places)
}

fn reviewed(place: Place, base: &Path, depth: Depth) -> Result<Reviewed, Failure> {
    // The caller names the model: what lies beside it is open too.
    let open = place.path.parent().unwrap_or(&place.path).to_path_buf();
    let models = Models { roots: vec![open], ..Models::default() };
    let opened = models.read(place.clone()).map_err(|error| refused(&in_model(&place, error)))?;
    let own = UserRules::beside(&place, |_| true).map_err(|error| refused(&error))?;
    let found = findings(&opened.model, &own, depth)?;
    let new = vec![true; found.issues.len()];
    Ok(Reviewed { path: relative(&place.path, base), place, own, found, new })
}

/// The place of a fault, as it is seen from outside the model.
fn in_model(place: &Place, error: Error) -> Error {
    let Error::Syntax(mut fault) = error else { return error };
    if place.format == Format::Tmdl {
        fault.location.file = place.content.join(&*fault.location.file).display().to_string().into();
    }
    Error::Syntax(fault)
}

fn findings(model: &Model, own: &UserRules, depth: Depth) -> Result<Review, Failure> {
    review(model, &Request { scope: None, depth, own, annotations: true }).map_err(|error| refused(&error))
}

/// The folder of the checkout that holds a path.
fn checkout(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf)
}

/// A path as it is seen from `base`, with `/`; whole where it lies elsewhere.
fn relative(path: &Path, base: &Path) -> String {
    let Ok(inside) = path.strip_prefix(base) else { return path.display().to_string().replace('\\', "/") };
    let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

fn write_baseline(terminal: &Terminal, file: &Path, all: &[Reviewed]) -> Result<Exit, Failure> {
    let mut baseline = Baseline::new();
    for model in all {
        baseline.add(&model.path, &model.found.issues);
    }
    let text = serde_json::to_string_pretty(&baseline).map_err(std::io::Error::from)?;
    std::fs::write(file, text + "\n").map_err(|error| {
        let message = format!("`{}` cannot be written: {error}", file.display());
        Failure::input(message, "name a file in a folder that is there")
    })?;
    let count: usize = all.iter().map(|model| model.found.issues.len()).sum();
    terminal.note(&format!("{count} findings are known from now on: {}", file.display()))?;
    Ok(Exit::Completed)
}

fn read_baseline(file: &Path) -> Result<Baseline, Failure> {
    let hint = "write one with `sequitur check PATH --write-baseline FILE`";
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::input(format!("`{}` cannot be read: {error}", file.display()), hint))?;
    let baseline: Baseline = serde_json::from_str(&text)
        .map_err(|error| Failure::input(format!("`{}` is no baseline: {error}", file.display()), hint))?;
    if baseline.version != Baseline::VERSION {
        let message = format!("`{}` is a baseline of form {}", file.display(), baseline.version);
        return Err(Failure::input(message, hint));
    }
    Ok(baseline)
}

/// Findings that the same rules had in the files of a revision are not new.
fn since(terminal: &Terminal, revision: &str, base: &Path, all: &mut [Reviewed], depth: Depth) -> Result<(), Failure> {
    let commit = revision::commit(base, revision)?;
    for model in all {
        let files = revision::files(base, &commit, &model.place)?;
        // A template holds its model zipped, which only a file on disk is read from.
        if files.is_empty() || model.place.format == Format::Pbit {
            continue;
        }
        match Source::of(model.place.format, files).model() {
            Ok(before) => {
                let mut known = Baseline::new();
                known.add(&model.path, &findings(&before, &model.own, depth)?.issues);
                model.new = known.new_ones(&model.path, &model.found.issues);
            }
            Err(error) => terminal.note(&format!(
                "warning: `{}` cannot be read as it was at `{revision}`, so that all findings count as new: {error}",
                model.path
            ))?,
        }
    }
    Ok(())
}
