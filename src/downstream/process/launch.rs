//! What is needed to start a server's program: where it is, what it finds in its
//! environment, and why it cannot be started.
//!
//! Must not start anything. A variable that every server gets is one more name
//! in [`USUAL`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::guard::PARENT_VARIABLE;
#[cfg(not(unix))]
use super::windows;
use crate::base::ErrorKind;
use crate::config::{Environment, Redaction};
use crate::contract::CallFailure;

/// What every server gets of our own environment: enough to find programs and the user's home,
/// and nothing that may hold a secret.
const USUAL: &[&str] = if cfg!(windows) {
    &[
        "PATH",
        "PATHEXT",
        "SYSTEMROOT",
        "SYSTEMDRIVE",
        "WINDIR",
        "COMSPEC",
        "TEMP",
        "TMP",
        "USERNAME",
        "USERPROFILE",
        "HOMEDRIVE",
        "HOMEPATH",
        "APPDATA",
        "LOCALAPPDATA",
        "PROGRAMDATA",
        "PROGRAMFILES",
        "PROGRAMFILES(X86)",
        "PROCESSOR_ARCHITECTURE",
        "LANG",
        "TZ",
    ]
} else {
    &["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TZ", "TMPDIR"]
};

/// A server's program, as it is to be started.
#[derive(Clone)]
pub struct Launch {
    /// The server's name, for the log and for messages.
    pub name: String,
    /// The program: a name for PATH, or a path.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables that the configuration names.
    pub env: IndexMap<String, String>,
    /// Where it is started, if not where we were.
    pub cwd: Option<PathBuf>,
    /// Our own surroundings, from which the usual variables are taken.
    pub inherited: Arc<Environment>,
    /// What must not stand in the log.
    pub redaction: Redaction,
}

impl std::fmt::Debug for Launch {
    // Arguments and variables may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launch").field("name", &self.name).field("command", &self.command).finish_non_exhaustive()
    }
}

impl Launch {
    /// The whole environment of the program; `marker` says whose child it is and cannot be overridden.
    pub(super) fn environment(&self, marker: &str) -> BTreeMap<String, String> {
        let usual = |name: &&String| {
            let known = |usual: &&str| if cfg!(windows) { name.eq_ignore_ascii_case(usual) } else { name == usual };
            name.starts_with("LC_") || USUAL.iter().any(known)
        };
        let mut all: BTreeMap<String, String> = self
            .inherited
            .vars
            .iter()
            .filter(|(name, _)| usual(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        for (name, value) in &self.env {
            if cfg!(windows) {
                all.retain(|known, _| !known.eq_ignore_ascii_case(name));
            }
            all.insert(name.clone(), value.clone());
        }
        all.insert(PARENT_VARIABLE.to_owned(), marker.to_owned());
        all
    }

    /// Where it is started.
    pub(super) fn folder(&self) -> Result<PathBuf, LaunchError> {
        let Some(cwd) = &self.cwd else { return Ok(self.inherited.cwd.clone()) };
        let cwd = self.inherited.cwd.join(cwd);
        if cwd.is_dir() { Ok(cwd) } else { Err(LaunchError::NoFolder { server: self.name.clone(), folder: cwd }) }
    }

    /// The program's file, looked up as the child itself would, in its own PATH.
    #[cfg(unix)]
    pub(super) fn program(
        &self,
        environment: &BTreeMap<String, String>,
        folder: &Path,
    ) -> Result<PathBuf, LaunchError> {
        let server = || self.name.clone();
        if self.command.contains('/') {
            let file = folder.join(&self.command);
            return match Found::at(&file) {
                Found::Program => Ok(file),
                Found::Other => Err(LaunchError::NotExecutable { server: server(), file }),
                Found::Nothing => Err(LaunchError::NoFile { server: server(), file }),
            };
        }
        // What `execvp` takes when there is none.
        let path = environment.get("PATH").map_or("/usr/bin:/bin", String::as_str);
        let mut other = None;
        for entry in path.split(':') {
            let file = folder.join(entry).join(&self.command);
            match Found::at(&file) {
                Found::Program => return Ok(file),
                // The search goes on behind it, as a shell's does.
                Found::Other => other = other.or(Some(file)),
                Found::Nothing => {}
            }
        }
        Err(match other {
            Some(file) => LaunchError::NotExecutable { server: server(), file },
            None => LaunchError::NotInPath { server: server(), command: self.command.clone(), path: path.to_owned() },
        })
    }

    /// The program's file, looked up by its endings too.
    #[cfg(not(unix))]
    pub(super) fn program(
        &self,
        environment: &BTreeMap<String, String>,
        folder: &Path,
    ) -> Result<PathBuf, LaunchError> {
        let (server, path) = (self.name.clone(), windows::variable(environment, "PATH").unwrap_or_default());
        windows::find(&self.command, environment, folder, &Path::is_file).ok_or_else(|| {
            if self.command.contains(['/', '\\']) {
                LaunchError::NoFile { server, file: folder.join(&self.command) }
            } else {
                LaunchError::NotInPath { server, command: self.command.clone(), path: path.to_owned() }
            }
        })
    }
}

#[cfg(unix)]
enum Found {
    Program,
    Other,
    Nothing,
}

#[cfg(unix)]
impl Found {
    fn at(file: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        match file.metadata() {
            Ok(about) if about.is_file() && about.permissions().mode() & 0o111 != 0 => Self::Program,
            Ok(_) => Self::Other,
            Err(_) => Self::Nothing,
        }
    }
}

/// Why a server's program was not started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// No folder of PATH has it.
    #[error("the command `{command}` of server `{server}` is in no folder of its PATH")]
    NotInPath {
        /// The server.
        server: String,
        /// As it is configured.
        command: String,
        /// Where it was looked for.
        path: String,
    },
    /// It was given as a path, and nothing is there.
    #[error("the command `{}` of server `{server}` does not exist", file.display())]
    NoFile {
        /// The server.
        server: String,
        /// Where it should be.
        file: PathBuf,
    },
    /// It is there and is no program.
    #[error("`{}`, the command of server `{server}`, is not executable", file.display())]
    NotExecutable {
        /// The server.
        server: String,
        /// What was found.
        file: PathBuf,
    },
    /// It is to be started in a folder that is not there.
    #[error("the folder `{}` that server `{server}` is to be started in does not exist", folder.display())]
    NoFolder {
        /// The server.
        server: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The system refused.
    #[error("`{}`, the command of server `{server}`, cannot be started: {source}", file.display())]
    Refused {
        /// The server.
        server: String,
        /// The program.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl LaunchError {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotInPath { .. }
            | Self::NoFile { .. }
            | Self::NotExecutable { .. }
            | Self::NoFolder { .. }
            | Self::Refused { .. } => ErrorKind::Unavailable,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotInPath { path, .. } => {
                format!("install it, or give its whole path as `command`; its PATH is `{path}`")
            }
            Self::NoFile { .. } => "install it, or correct `command` in the server's block".to_owned(),
            Self::NotExecutable { file, .. } => {
                format!("`chmod +x {}`, or give the program that runs it as `command`", file.display())
            }
            Self::NoFolder { .. } => "make the folder, or correct `cwd` in the server's block".to_owned(),
            Self::Refused { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                "it is there, so the program that its first line (`#!`) names is missing: install that one".to_owned()
            }
            Self::Refused { .. } => {
                "start it by hand; a script needs a first line as `#!/bin/sh`, a program must be built for this machine"
                    .to_owned()
            }
        }
    }
}

impl From<LaunchError> for CallFailure {
    fn from(error: LaunchError) -> Self {
        Self::new(error.kind(), error.to_string()).with_hint(error.hint())
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::sync::Arc;

    use super::{Launch, LaunchError};
    use crate::config::{Environment, Redaction};

    fn launch(command: &str, cwd: &Path, vars: &[(&str, &str)]) -> Launch {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Launch {
            name: "files".to_owned(),
            command: command.to_owned(),
            args: Vec::new(),
            env: [("TOKEN".to_owned(), "t".to_owned())].into_iter().collect(),
            cwd: None,
            inherited: Arc::new(Environment { vars, cwd: cwd.to_owned(), ..Environment::default() }),
            redaction: Redaction::default(),
        }
    }

    #[test]
    fn a_child_gets_the_usual_variables_the_configured_ones_and_the_marker() {
        let ours = [
            ("PATH", "/bin"),
            ("LC_TIME", "C"),
            ("HOME", "/home/me"),
            ("AWS_SECRET", "x"),
            ("LD_PRELOAD", "y"),
            ("SEQUITUR_PARENT", "outer"),
        ];
        let mut launch = launch("x", Path::new("/"), &ours);
        launch.env.insert("HOME".to_owned(), "/elsewhere".to_owned());
        launch.env.insert("SEQUITUR_PARENT".to_owned(), "forged".to_owned());
        let expected =
            [("HOME", "/elsewhere"), ("LC_TIME", "C"), ("PATH", "/bin"), ("SEQUITUR_PARENT", "id/1"), ("TOKEN", "t")];
        let expected: BTreeMap<String, String> =
            expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(launch.environment("id/1"), expected);
    }

    #[test]
    fn a_program_is_looked_up_in_the_childs_own_path() {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("plain/tool", 0o644), ("good/tool", 0o755)] {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let find = |command: &str, path: &str| {
            let mut launch = launch(command, folder.path(), &[("PATH", "/nowhere")]);
            launch.env.insert("PATH".to_owned(), path.to_owned());
            launch.program(&launch.environment("m"), folder.path())
        };
        let good = folder.path().join("good/tool");
        let plain = folder.path().join("plain");
        assert_eq!(find("tool", &format!("{}:good", plain.display())).unwrap(), good);
        assert_eq!(find("good/tool", "").unwrap(), good);
        assert_eq!(find(&good.display().to_string(), "").unwrap(), good);
        let told = |error: LaunchError| (error.to_string(), error.hint());
        assert_eq!(
            told(find("missing", "/nowhere:/bin").unwrap_err()),
            (
                "the command `missing` of server `files` is in no folder of its PATH".to_owned(),
                "install it, or give its whole path as `command`; its PATH is `/nowhere:/bin`".to_owned()
            )
        );
        let (message, hint) = told(find("tool", "plain").unwrap_err());
        let file = plain.join("tool");
        assert_eq!(message, format!("`{}`, the command of server `files`, is not executable", file.display()));
        assert_eq!(hint, format!("`chmod +x {}`, or give the program that runs it as `command`", file.display()));
        assert!(matches!(find("./missing", ""), Err(LaunchError::NoFile { .. })));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let mut launch = launch("sh", Path::new("/nowhere"), &[]);
        launch.cwd = Some("sub".into());
        let error = launch.folder().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the folder `/nowhere/sub` that server `files` is to be started in does not exist"
        );
    }
}
