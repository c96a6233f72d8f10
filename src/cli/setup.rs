//! What every command starts from: the configuration, the data folder, the log.
//!
//! Reads and checks; builds nothing. Errors are kept, since `serve` and
//! `doctor` go on with them and the other commands do not.

use std::path::PathBuf;

use super::failure::Failure;
use crate::config::{self, ConfigError, ConfigWarning, DataDir, DataDirError, Environment, Loaded, Request, Trust};
use crate::telemetry::Log;

/// Options that every command takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Global {
    /// Your configuration file; or the variable `SEQUITUR_CONFIG` [default: the platform's configuration folder]
    #[arg(long = "config", value_name = "FILE", global = true, help_heading = "Global options")]
    pub config_file: Option<PathBuf>,
    /// Folder for runs and what is learned from them; or the variable `SEQUITUR_DATA_DIR` [default: the platform's data folder]
    #[arg(long, value_name = "DIR", global = true, help_heading = "Global options")]
    pub data_dir: Option<PathBuf>,
    /// Folder that file tools may use; repeatable, replaces the configuration's roots; or the variable `SEQUITUR_ROOTS`
    #[arg(long = "root", value_name = "DIR", global = true, help_heading = "Global options")]
    pub roots: Vec<PathBuf>,
    /// Log to stderr: off, error, warn, info, debug, trace, or by part, `sequitur=debug`; or the variable `SEQUITUR_LOG`
    #[arg(long, value_name = "LEVEL", global = true, help_heading = "Global options")]
    pub log: Option<String>,
}

/// What a command starts from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The process's surroundings.
    pub environment: Environment,
    /// The configuration; the defaults when [`Self::config_error`] is there.
    pub loaded: Loaded,
    /// Why the configuration cannot be used.
    pub config_error: Option<ConfigError>,
    /// The data folder.
    pub data_dir: Result<DataDir, DataDirError>,
    /// What a person has trusted.
    pub trust: Trust,
}

impl Setup {
    /// Reads everything. Makes the data folder when it is not there.
    #[must_use]
    pub fn read(global: &Global, environment: Environment, log: &Log) -> Self {
        let data_dir =
            DataDir::locate(global.data_dir.as_deref(), &environment).and_then(|folder| DataDir::open(&folder));
        let mut warnings: Vec<ConfigWarning> =
            data_dir.iter().flat_map(|data_dir| data_dir.warnings().to_vec()).collect();
        let trust = match data_dir.as_ref().map(|data_dir| Trust::read(data_dir.path())) {
            Ok(Ok(trust)) => trust,
            Ok(Err(error)) => {
                warnings.push(ConfigWarning::general(error.to_string(), error.hint()));
                Trust::default()
            }
            Err(_) => Trust::default(),
        };
        let request = Request {
            file: global.config_file.as_deref(),
            roots: &global.roots,
            environment: &environment,
            trust: &trust,
        };
        let (mut loaded, config_error) = match config::load(&request) {
            Ok(loaded) => (loaded, None),
            Err(error) => (config::fallback(&request), Some(error)),
        };
        loaded.warnings.splice(0..0, warnings);
        log.redact(loaded.config.redaction());
        for warning in &loaded.warnings {
            tracing::warn!(hint = warning.hint.as_deref(), "{warning}");
        }
        Self { environment, loaded, config_error, data_dir, trust }
    }

    /// Tells the log what `serve` goes on without.
    pub(super) fn log_errors(&self) {
        if let Some(error) = &self.config_error {
            tracing::error!(hint = error.hint.as_deref(), "{error}; the defaults hold");
        }
        if let Err(error) = &self.data_dir {
            tracing::error!(hint = error.hint(), "{error}");
        }
    }

    /// For commands that do not go on with a broken configuration or without a data folder.
    pub(super) fn sound(self) -> Result<Self, Failure> {
        if let Some(error) = self.config_error {
            return Err(error.into());
        }
        if let Err(error) = self.data_dir {
            return Err(error.into());
        }
        Ok(self)
    }
}
