//! From files to a [`Loaded`] configuration: the user's file, the project's
//! file over it as far as it is trusted, variables expanded, paths absolute.
//!
//! Must not know what a key means: `gate` says which parts of a project's file
//! count, `layers` which keys hold paths, `model` what is a value.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize as _;

use super::environment::Environment;
use super::error::{ConfigError, ConfigWarning};
use super::jsonc::{self, MAX_BYTES, Node, NodeValue};
use super::model::Config;
use super::trust::{Standing, Trust};
use super::{gate, layers, roots};

/// The name of a project's file.
pub const PROJECT_FILE: &str = "sequitur.json";
/// The name of the user's file in the platform's folder.
const USER_FILE: &str = "config.json";

/// What to load.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `--config`.
    pub file: Option<&'a Path>,
    /// `--root`, in order; replaces the configuration's roots.
    pub roots: &'a [PathBuf],
    /// The process's surroundings.
    pub environment: &'a Environment,
    /// What a person has trusted.
    pub trust: &'a Trust,
}

/// A configuration that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The folders that file tools may use: absolute, links resolved, all there.
    pub roots: Vec<PathBuf>,
    /// What was left out of account.
    pub warnings: Vec<ConfigWarning>,
    /// The files that were read, the later over the earlier.
    pub sources: Vec<Source>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// Whose it is.
    pub kind: SourceKind,
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// The user's: all of it counts.
    User,
    /// The project's: how far it counts depends on its standing.
    Project(Standing),
}

/// Loads the configuration.
pub fn load(request: &Request<'_>) -> Result<Loaded, ConfigError> {
    let mut warnings = Vec::new();
    let mut sources = Vec::new();
    let mut whole: Option<Node> = None;

    let user = user_file(request)?;
    if let Some((path, bytes)) = &user {
        whole = Some(read(path, bytes, request.environment, None, &mut warnings)?);
        sources.push(Source { path: path.clone(), kind: SourceKind::User });
    }
    let project = request.environment.cwd.join(PROJECT_FILE);
    let same = user.as_ref().is_some_and(|(path, _)| path.canonicalize().ok() == project.canonicalize().ok());
    if !same && let Some(bytes) = read_bytes(&project)? {
        let standing = request.trust.standing(&project, &bytes);
        let over = read(&project, &bytes, request.environment, Some(standing), &mut warnings)?;
        whole = Some(match whole {
            Some(under) => layers::merge(under, over),
            None => over,
        });
        sources.push(Source { path: project, kind: SourceKind::Project(standing) });
    }

    let mut config = Config::default();
    if let Some(mut tree) = whole {
        let problems = layers::expand(&mut tree, request.environment, &mut warnings)?;
        config = Config::deserialize(&tree).map_err(|refusal| ConfigError::of_refusal(refusal, &tree.at))?;
        for (name, problem) in problems {
            if let Some(server) = config.mcp_servers.get_mut(&name) {
                server.problem = Some(problem);
            }
        }
        tell_ignored_keys(&config, &tree, &mut warnings);
    }
    let roots = usable_roots(request, config.security.roots.as_deref(), &mut warnings);
    Ok(Loaded { config, roots, warnings, sources })
}

/// What `serve` goes on with when the configuration cannot be used: the defaults, and no roots but
/// those given beside the configuration, which may have been stricter.
#[must_use]
pub fn fallback(request: &Request<'_>) -> Loaded {
    let mut warnings = Vec::new();
    let roots = usable_roots(request, Some(&[]), &mut warnings);
    Loaded { config: Config::default(), roots, warnings, sources: Vec::new() }
}

/// The user's file and its content: one that was named must be there, the platform's need not.
fn user_file(request: &Request<'_>) -> Result<Option<(PathBuf, Vec<u8>)>, ConfigError> {
    let environment = request.environment;
    let named = match (request.file, environment.filled("SEQUITUR_CONFIG")) {
        (Some(file), _) => Some((file.to_path_buf(), "`--config`")),
        (None, Some(file)) => Some((PathBuf::from(file), "`SEQUITUR_CONFIG`")),
        (None, None) => None,
    };
    if let Some((file, by)) = named {
        let path = roots::absolute(&file, &environment.cwd, environment.home.as_deref());
        return match read_bytes(&path)? {
            Some(bytes) => Ok(Some((path, bytes))),
            None => Err(ConfigError::of_file(path, "there is no such file", format!("{by} names it"))),
        };
    }
    let Some(folder) = &environment.config_folder else { return Ok(None) };
    let path = folder.join(USER_FILE);
    Ok(read_bytes(&path)?.map(|bytes| (path, bytes)))
}

fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, ConfigError> {
    let unreadable = |error: &std::io::Error| {
        ConfigError::of_file(path, format!("the file cannot be read: {error}"), "make it a file that you can read")
    };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ConfigError::of_file(path, "the file is larger than 1 MiB", "a configuration is smaller"));
    }
    Ok(Some(bytes))
}

/// One file's tree: what does not count is taken out, paths are absolute.
fn read(
    path: &Path,
    bytes: &[u8],
    environment: &Environment,
    standing: Option<Standing>,
    warnings: &mut Vec<ConfigWarning>,
) -> Result<Node, ConfigError> {
    let mut tree = jsonc::parse(&Arc::from(path), bytes)?;
    if !matches!(tree.value, NodeValue::Object(_)) {
        return Err(ConfigError::at(&tree.at, "a configuration is an object", Some("begin with `{`".to_owned())));
    }
    if let Some(standing) = standing.filter(|standing| *standing != Standing::Trusted) {
        gate::take_out_gated(&mut tree, standing, warnings);
    }
    layers::one_server_block(&mut tree)?;
    if tree.remove("inputs").is_some() {
        warnings.push(ConfigWarning::at(
            &tree.at,
            "`inputs` is ignored: there is no editor that could ask for them",
            "put the values in environment variables and write `${NAME}`",
        ));
    }
    layers::make_paths_absolute(&mut tree, environment, warnings);
    Ok(tree)
}

/// Keys that other clients know and that do nothing here.
fn tell_ignored_keys(config: &Config, tree: &Node, warnings: &mut Vec<ConfigWarning>) {
    let Some(block) = tree.get("mcpServers") else { return };
    for (name, server) in config.mcp_servers.iter().filter(|(_, server)| !server.ignored.is_empty()) {
        let Some(member) = block.node.get(name) else { continue };
        let keys = server.ignored.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        warnings.push(ConfigWarning::at(
            &member.key_at,
            format!("{keys} of server `{name}` means nothing here and is ignored"),
            "`timeout_seconds`, `allow` and `trust` are the keys that are close to it",
        ));
    }
}

/// The roots: `--root`, else `SEQUITUR_ROOTS`, else the configuration's, else where we were started.
fn usable_roots(
    request: &Request<'_>,
    configured: Option<&[PathBuf]>,
    warnings: &mut Vec<ConfigWarning>,
) -> Vec<PathBuf> {
    let environment = request.environment;
    let from_here = |written: &[PathBuf], warnings: &mut Vec<ConfigWarning>| -> Vec<PathBuf> {
        let counts = |root: &&PathBuf| {
            let refused = if roots::is_here(root) { roots::not_a_project(&environment.cwd, environment) } else { None };
            if let Some(why) = refused {
                warnings.push(ConfigWarning::general(
                    format!("the root `.` does not count: `{}` is no project, {why}", environment.cwd.display()),
                    "name the folder with `--root DIR`",
                ));
            }
            refused.is_none()
        };
        let counted: Vec<&PathBuf> = written.iter().filter(counts).collect();
        counted.into_iter().map(|root| roots::absolute(root, &environment.cwd, environment.home.as_deref())).collect()
    };
    let listed = match (request.roots, environment.filled("SEQUITUR_ROOTS"), configured) {
        ([], None, Some(configured)) => configured.to_vec(),
        ([], None, None) => from_here(&[PathBuf::from(".")], warnings),
        ([], Some(listed), _) => from_here(&std::env::split_paths(listed).collect::<Vec<_>>(), warnings),
        (given, _, _) => from_here(given, warnings),
    };
    let mut usable: Vec<PathBuf> = Vec::new();
    for root in listed {
        let found = root
            .canonicalize()
            .map_err(|error| error.to_string())
            .and_then(|folder| if folder.is_dir() { Ok(folder) } else { Err("it is not a folder".to_owned()) });
        match found {
            Ok(folder) if usable.contains(&folder) => {}
            Ok(folder) => usable.push(folder),
            Err(why) => warnings.push(ConfigWarning::general(
                format!("the root `{}` does not count: {why}", root.display()),
                "make the folder, or name another with `--root DIR`",
            )),
        }
    }
    usable
}

#[cfg(test)]
mod tests;
