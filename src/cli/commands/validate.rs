//! `sequitur validate`: everything that is wrong with template files.

use std::path::Path;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::cli::args::Validate;
use crate::cli::backend::{Backend, Client, Purpose};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::setup::Setup;
use crate::cli::table::Style;
use crate::cli::terminal::Terminal;
use crate::contract::sought;
use crate::telemetry::visible;
use crate::workflow::plan::Source;
use crate::workflow::{Problem, Severity, load_file};

/// One file's outcome.
struct Checked {
    file: String,
    template_id: Option<String>,
    problems: Vec<Problem>,
}

impl Checked {
    fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity() == severity).count()
    }

    fn is_valid(&self) -> bool {
        self.count(Severity::Error) == 0
    }
}

pub(in crate::cli) async fn validate(
    terminal: &Terminal,
    backend: &dyn Backend,
    setup: Setup,
    arguments: &Validate,
) -> Result<Exit, Failure> {
    let folder = setup.environment.cwd.clone();
    // Files can be checked where nothing can be run; only their tools are not known then.
    let connected = match setup.sound() {
        Ok(setup) => backend.client(setup, Purpose::Look).await,
        Err(failure) => Err(failure),
    };
    let mut checked = Vec::new();
    for file in &arguments.files {
        checked.push(check(file, &folder, connected.as_ref().ok()).await);
    }
    let unchecked = match connected {
        Ok(client) => {
            (client.close)().await;
            None
        }
        Err(failure) => Some(failure.to_string()),
    };
    let valid = checked.iter().all(Checked::is_valid);
    if arguments.output.json {
        let files: Vec<_> = checked
            .iter()
            .map(|file| {
                let problems: Vec<_> = file.problems.iter().map(Problem::to_json).collect();
                json!({"file": file.file, "valid": file.is_valid(), "template_id": file.template_id, "problems": problems})
            })
            .collect();
        terminal.json(&json!({"success": valid, "files": files, "tools_not_checked": unchecked}))?;
    } else {
        for file in &checked {
            show(terminal, file)?;
        }
        if let Some(why) = unchecked {
            terminal.note(&format!("warning: tools were not checked: {why}"))?;
        }
    }
    Ok(if valid { Exit::Completed } else { Exit::BadInput })
}

async fn check(file: &Path, folder: &Path, client: Option<&Client>) -> Checked {
    let shown = file.display().to_string();
    let (template_id, mut problems) = match load_file(&folder.join(file), Source::User) {
        Ok(loaded) => {
            let mut problems = loaded.warnings.clone();
            if let Some(client) = client {
                let names: Vec<String> = loaded.plan.tools().into_iter().map(ToOwned::to_owned).collect();
                // A server that takes longer has its tools told as missing.
                sought(&*client.tools, &names, None, &CancellationToken::new()).await;
                let lookup = |name: &str| client.tools.known(name);
                problems.extend(loaded.validate_tools(&lookup, &client.tools.names()));
            }
            (Some(loaded.plan.template_id.clone()), problems)
        }
        Err(rejected) => (rejected.template_id, rejected.problems),
    };
    for problem in &mut problems {
        problem.file.clone_from(&shown);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Checked { file: shown, template_id, problems }
}

fn show(terminal: &Terminal, file: &Checked) -> Result<(), Failure> {
    for problem in &file.problems {
        terminal.say(&visible(&problem.to_string(), false))?;
    }
    let (errors, warnings) = (file.count(Severity::Error), file.count(Severity::Warning));
    let (word, style) = if errors > 0 { ("invalid", Style::Bad) } else { ("valid", Style::Good) };
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let counts = match (errors, warnings) {
        (0, 0) => String::new(),
        (0, warnings) => format!(" ({})", plural(warnings, "warning")),
        (errors, 0) => format!(" ({})", plural(errors, "error")),
        (errors, warnings) => format!(" ({}, {})", plural(errors, "error"), plural(warnings, "warning")),
    };
    terminal.say(&format!("{}: {}{counts}", visible(&file.file, false), style.paint(word, terminal.colour)))
}
