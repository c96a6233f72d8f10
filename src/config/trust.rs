//! Which project files a person has read and trusts: a hash of each, kept in
//! the data folder's `trust.json`. A file that changed is asked about again.
//!
//! Must not know what a project file may do with the trust: `load` does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::data_dir::DataDir;
use crate::base::ErrorKind;
use crate::base::json::sha256_hex;

const FILE: &str = "trust.json";

/// What a person has trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Hashes of project files by their paths, links resolved.
    #[serde(default)]
    projects: BTreeMap<PathBuf, String>,
}

/// What is known of a project file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// This very content is trusted.
    Trusted,
    /// Another content of this file was trusted.
    Changed,
    /// Nobody has trusted it.
    Unknown,
}

/// Why the list of trusted files cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be {action}: {cause}", file.display())]
pub struct TrustError {
    /// The file.
    pub file: PathBuf,
    /// `read` or `written`.
    pub action: &'static str,
    /// Why.
    pub cause: String,
}

impl TrustError {
    /// The kind, for exit codes.
    #[must_use]
    #[expect(clippy::unused_self, reason = "every error answers `kind()`")]
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::StoreUnavailable
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        format!("until `{}` can be used no project file is trusted; delete it to start anew", self.file.display())
    }
}

impl Trust {
    /// Reads the list from a data folder; without one it is empty.
    pub fn read(data_folder: &Path) -> Result<Self, TrustError> {
        let file = data_folder.join(FILE);
        let failed = |cause: String| TrustError { file: file.clone(), action: "read", cause };
        match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// What is known of `file` with this content.
    #[must_use]
    pub fn standing(&self, file: &Path, content: &[u8]) -> Standing {
        match self.projects.get(&key(file)) {
            None => Standing::Unknown,
            Some(hash) if *hash == sha256_hex(content) => Standing::Trusted,
            Some(_) => Standing::Changed,
        }
    }

    /// Trusts `file` with this content and writes the list.
    pub fn accept(&mut self, file: &Path, content: &[u8], data: &DataDir) -> Result<(), TrustError> {
        self.projects.insert(key(file), sha256_hex(content));
        let failed = |cause: String| TrustError { file: data.file(FILE), action: "written", cause };
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.to_string()))?;
        data.replace(FILE, text.as_bytes()).map_err(|error| failed(error.to_string()))
    }
}

fn key(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::{Standing, Trust};
    use crate::config::DataDir;

    #[test]
    fn trust_is_kept_and_ends_with_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(&folder.path().join("data")).unwrap();
        let file = folder.path().join("sequitur.json");
        std::fs::write(&file, "{}").unwrap();
        let mut trust = Trust::read(data.path()).unwrap();
        assert_eq!(trust.standing(&file, b"{}"), Standing::Unknown);
        trust.accept(&file, b"{}", &data).unwrap();
        let trust = Trust::read(data.path()).unwrap();
        assert_eq!(trust.standing(&file, b"{}"), Standing::Trusted);
        assert_eq!(trust.standing(&file, b"{} "), Standing::Changed);
    }

    #[test]
    fn a_broken_list_is_an_error_and_not_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("trust.json"), "{").unwrap();
        assert_eq!(Trust::read(folder.path()).unwrap_err().action, "read");
    }
}
