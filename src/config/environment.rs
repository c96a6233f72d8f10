//! What the process finds around it, read once: variables, folders.
//!
//! Only [`Environment::read`] asks the system; tests build their own. Must not
//! know what the variables are for.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The process's surroundings.
#[derive(Clone, Default)]
pub struct Environment {
    /// Variables whose names and values are text.
    pub vars: BTreeMap<String, String>,
    /// Where the process was started.
    pub cwd: PathBuf,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The platform's folder for our configuration.
    pub config_folder: Option<PathBuf>,
    /// The platform's folder for our data.
    pub data_folder: Option<PathBuf>,
}

impl std::fmt::Debug for Environment {
    // Variables hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("cwd", &self.cwd).field("home", &self.home).finish_non_exhaustive()
    }
}

impl Environment {
    /// Reads the surroundings of this process. Only `main` calls this.
    #[must_use]
    pub fn read() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let ours = directories::ProjectDirs::from("", "", "sequitur");
        Self {
            vars: std::env::vars_os().filter_map(text).collect(),
            // A folder that was deleted under us: nothing relative can be found, and `/` is no root.
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(std::path::MAIN_SEPARATOR_STR)),
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            config_folder: ours.as_ref().map(|dirs| dirs.config_dir().to_owned()),
            data_folder: ours.as_ref().map(|dirs| dirs.data_dir().to_owned()),
        }
    }

    /// A variable's value. Names are compared as the platform does.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        let exact = self.vars.get(name);
        let found = match exact {
            None if cfg!(windows) => {
                self.vars.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
            found => found,
        };
        found.map(String::as_str)
    }

    /// A variable's value unless it is empty.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.var(name).filter(|value| !value.is_empty())
    }
}
