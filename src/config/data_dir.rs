//! The data folder: where it is, that it is ours alone, that it can be written.
//!
//! Must not know what lies in it but the names of our files. Nothing falls back
//! to another folder or to memory.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::ConfigWarning;
use super::{mounts, roots};
use crate::base::ErrorKind;

/// A data folder that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    path: PathBuf,
    warnings: Vec<ConfigWarning>,
}

/// Why a data folder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataDirError {
    /// No folder was named and the platform has none for us.
    #[error(
        "there is no data folder: the platform names none and neither `--data-dir` nor `SEQUITUR_DATA_DIR` is given"
    )]
    Unknown,
    /// It lies on a network file system.
    #[error("the data folder `{}` lies on a network file system (`{file_system}`), where a database loses its locks", path.display())]
    Network {
        /// The folder.
        path: PathBuf,
        /// What it lies on.
        file_system: String,
    },
    /// Something else has its name.
    #[error("the data folder `{}` is not a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// It cannot be made, read or written.
    #[error("the data folder `{}` cannot be {action}: {cause}", path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// `made`, `opened` or `written`.
        action: &'static str,
        /// What the system says.
        cause: String,
    },
}

impl DataDirError {
    /// The kind that tools answer while this stands.
    #[must_use]
    #[expect(clippy::unused_self, reason = "every error answers `kind()`")]
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::StoreUnavailable
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Network { .. } => "choose a folder on a local disk with `--data-dir` or `SEQUITUR_DATA_DIR`",
            Self::Unknown | Self::NotAFolder { .. } | Self::Unusable { .. } => {
                "make the folder writable for you, or choose another with `--data-dir` or `SEQUITUR_DATA_DIR`"
            }
        }
    }
}

#[cfg(unix)]
/// Files of ours, by which a folder is known to be a data folder.
const OURS: [&str; 3] = ["sequitur.db", "learning.db", "trust.json"];

impl DataDir {
    /// Where the data folder is, whether it is there or not: the `--data-dir` given, else
    /// `SEQUITUR_DATA_DIR`, else the platform's.
    pub fn locate(given: Option<&Path>, environment: &Environment) -> Result<PathBuf, DataDirError> {
        let named = given.map(Path::to_path_buf).or_else(|| environment.filled("SEQUITUR_DATA_DIR").map(PathBuf::from));
        match named {
            Some(path) => Ok(roots::absolute(&path, &environment.cwd, environment.home.as_deref())),
            None => environment.data_folder.clone().ok_or(DataDirError::Unknown),
        }
    }

    /// Makes the folder if it is not there (0700), and proves that it can be written.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |action, error: &std::io::Error| DataDirError::Unusable {
            path: path.to_path_buf(),
            action,
            cause: error.to_string(),
        };
        let existing = path.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
        if let Some(existing) = existing
            && let Some(file_system) = mounts::network_file_system(&existing)
        {
            return Err(DataDirError::Network { path: path.to_path_buf(), file_system });
        }
        match std::fs::metadata(path) {
            Ok(facts) if !facts.is_dir() => return Err(DataDirError::NotAFolder { path: path.to_path_buf() }),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                make_private_folder(path).map_err(|error| unusable("made", &error))?;
            }
            Err(error) => return Err(unusable("opened", &error)),
        }
        let path = path.canonicalize().map_err(|error| unusable("opened", &error))?;
        probe(&path).map_err(|error| unusable("written", &error))?;
        let mut warnings = Vec::new();
        if let Some(program) = mounts::synced_by(&path) {
            warnings.push(ConfigWarning::general(
                format!(
                    "the data folder `{}` is copied elsewhere by {program}, which can damage a database",
                    path.display()
                ),
                "choose a folder that is not synced with `--data-dir` or `SEQUITUR_DATA_DIR`",
            ));
        }
        if !keep_private(&path) {
            warnings.push(ConfigWarning::general(
                format!("others on this machine can read the data folder `{}`", path.display()),
                format!("run `chmod 700 {}`", path.display()),
            ));
        }
        Ok(Self { path, warnings })
    }

    /// The folder, absolute, links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder in it (0700), made if it is not there.
    pub fn folder(&self, name: &str) -> std::io::Result<Self> {
        let path = self.path.join(name);
        if !path.is_dir() {
            make_private_folder(&path)?;
        }
        Ok(Self { path, warnings: Vec::new() })
    }

    /// What is odd about it.
    #[must_use]
    pub fn warnings(&self) -> &[ConfigWarning] {
        &self.warnings
    }

    /// Writes a whole file (0600): readers see the old one or the new one.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let draft = self.path.join(format!(".{name}.{}", std::process::id()));
        let written = create_private_file(&draft).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&draft, self.path.join(name))
        });
        if written.is_err() {
            // The first error is the one to tell; a draft left behind harms nobody.
            std::fs::remove_file(&draft).ok();
        }
        written
    }
}

fn probe(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(format!(".probe-{}", std::process::id()));
    let written = create_private_file(&file).and_then(|mut file| file.write_all(b"sequitur"));
    let removed = std::fs::remove_file(&file);
    written.and(removed)
}

#[cfg(unix)]
fn make_private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private_folder(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

fn create_private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Takes others' rights away from a folder that is ours; whether it is private then. A folder
/// with files of other programs keeps its rights: it may be shared on purpose.
#[cfg(unix)]
fn keep_private(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(facts) = std::fs::metadata(folder) else { return false };
    if facts.permissions().mode().trailing_zeros() >= 6 {
        return true;
    }
    let Ok(mut entries) = std::fs::read_dir(folder) else { return false };
    let ours = OURS.iter().any(|name| folder.join(name).exists()) || entries.next().is_none();
    ours && std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).is_ok()
}

/// Access lists of the profile folder keep others out.
#[cfg(not(unix))]
fn keep_private(_: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{DataDir, DataDirError};
    use crate::config::Environment;

    #[test]
    fn the_argument_goes_before_the_variable_before_the_platform() {
        let mut environment = Environment {
            cwd: "/srv".into(),
            home: Some("/home/anna".into()),
            data_folder: Some("/home/anna/.local/share/sequitur".into()),
            ..Environment::default()
        };
        let locate = |given: Option<&str>, environment: &Environment| {
            DataDir::locate(given.map(Path::new), environment).unwrap()
        };
        assert_eq!(locate(None, &environment), PathBuf::from("/home/anna/.local/share/sequitur"));
        environment.vars.insert("SEQUITUR_DATA_DIR".to_owned(), "~/data".to_owned());
        assert_eq!(locate(None, &environment), PathBuf::from("/home/anna/data"));
        assert_eq!(locate(Some("here"), &environment), PathBuf::from("/srv/here"));
        assert_eq!(DataDir::locate(None, &Environment::default()), Err(DataDirError::Unknown));
    }

    #[test]
    fn a_file_in_its_place_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        std::fs::write(&path, "").unwrap();
        assert_eq!(DataDir::open(&path), Err(DataDirError::NotAFolder { path }));
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_private_and_so_are_its_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(&folder.path().join("a/b")).unwrap();
        assert_eq!(mode(data.path()), 0o700);
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "the probe is gone");
        data.replace("trust.json", b"{}").unwrap();
        assert_eq!(mode(&data.file("trust.json")), 0o600);
        let inner = data.folder("servers").unwrap();
        inner.replace("a.json", b"{}").unwrap();
        assert_eq!((mode(inner.path()), mode(&data.file("servers/a.json"))), (0o700, 0o600));
        std::fs::set_permissions(data.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let again = DataDir::open(data.path()).unwrap();
        assert_eq!((mode(again.path()), again.warnings().len()), (0o700, 0));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_shared_with_others_keeps_its_rights_and_is_warned_about() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("other"), "").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        assert!(data.warnings()[0].message.starts_with("others on this machine can read"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = DataDir::open(&file.join("data")).unwrap_err();
        assert!(matches!(error, DataDirError::Unusable { .. } | DataDirError::NotAFolder { .. }), "{error}");
    }
}
