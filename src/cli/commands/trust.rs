//! `sequitur trust`: a project's file counts as a whole, as it is now.

use serde_json::json;

use crate::base::ErrorKind;
use crate::cli::args::Trust;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::setup::Setup;
use crate::cli::terminal::Terminal;
use crate::config::{PROJECT_FILE, Standing, gated_parts};

pub(in crate::cli) fn trust(terminal: &Terminal, setup: Setup, arguments: &Trust) -> Result<Exit, Failure> {
    // The file to be trusted may be what makes the configuration unusable; the folder must be there.
    let data = setup.data_dir?;
    let mut trust = setup.trust;
    let named = setup.environment.cwd.join(&arguments.path);
    let file = if named.is_dir() { named.join(PROJECT_FILE) } else { named };
    let content = std::fs::read(&file).map_err(|error| {
        let hint = format!("a project's settings are in its `{PROJECT_FILE}`");
        Failure::refused(ErrorKind::NotFound, format!("`{}` cannot be read: {error}", file.display()), Some(hint))
    })?;
    let parts = gated_parts(&file, &content)?;
    let before = trust.standing(&file, &content);
    trust.accept(&file, &content, &data)?;
    if arguments.output.json {
        let file = file.to_string_lossy();
        terminal
            .json(&json!({"success": true, "file": file, "changed": before != Standing::Trusted, "parts": parts}))?;
        return Ok(Exit::Completed);
    }
    let word = if before == Standing::Trusted { "was trusted already" } else { "is trusted now" };
    terminal.note(&format!("{} {word}, as long as it does not change", file.display()))?;
    for part in parts {
        terminal.note(&format!("  counts: {part}"))?;
    }
    Ok(Exit::Completed)
}
