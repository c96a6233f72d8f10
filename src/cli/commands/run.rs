//! `sequitur run`: start a run of a template or of a file, and wait for its end.

use std::path::Path;

use serde_json::Value;

use super::summary;
use crate::base::json::Object;
use crate::base::{Entropy, ErrorKind};
use crate::cli::args::{Run, name_of};
use crate::cli::drive::{Driven, Driver};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::parameters::{self, declared, typed};
use crate::config::Environment;
use crate::workflow::plan::Source;
use crate::workflow::{Rejected, load_file};

pub(in crate::cli) async fn run(
    mut driver: Driver<'_>,
    environment: &Environment,
    entropy: &dyn Entropy,
    arguments: Run,
) -> Result<Exit, Failure> {
    let mut request = Object::new();
    let file = template_file(&arguments.template, environment);
    let types = if let Some(path) = &file {
        let loaded = load_file(path, Source::User).map_err(|rejected| unusable(path, &rejected))?;
        request.insert("definition".to_owned(), Value::from(read_file(path)?));
        loaded.plan.parameters.clone()
    } else {
        request.insert("template_id".to_owned(), Value::from(arguments.template.as_str()));
        if arguments.parameters.is_empty() { Vec::new() } else { declared(driver.client, &arguments.template).await? }
    };
    let mut parameters = match &arguments.params {
        None => Object::new(),
        Some(path) if path.as_os_str() == "-" => {
            parameters::object(&driver.terminal.read_all(parameters::MAX_BYTES)?, "standard input")?
        }
        Some(path) => {
            let text = read_file(&environment.cwd.join(path))?;
            parameters::object(&text, &path.display().to_string())?
        }
    };
    for (key, text) in &arguments.parameters {
        parameters.insert(key.clone(), typed(&types, key, text)?);
    }
    request.insert("parameters".to_owned(), Value::Object(parameters));
    if let Some(mode) = arguments.mode {
        request.insert("mode".to_owned(), Value::from(name_of(&mode)));
    }
    if let Some(priority) = arguments.priority {
        request.insert("priority".to_owned(), Value::from(name_of(&priority)));
    }
    if arguments.dry_run {
        request.insert("dry_run".to_owned(), Value::from(true));
    } else {
        // With a key the same call can be made again to wait on, and a run is never started twice.
        let key = arguments.idempotency_key.unwrap_or_else(|| format!("cli-{:032x}", entropy.bits()));
        request.insert("idempotency_key".to_owned(), Value::from(key));
    }
    let ended =
        driver.drive(Driven { tool: "execute_workflow", arguments: request, run: None, repeatable: true }).await?;
    summary::finish(&driver, &ended)
}

/// The file that the argument names, when it names one and not a template.
fn template_file(template: &str, environment: &Environment) -> Option<std::path::PathBuf> {
    let path = Path::new(template);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let named = matches!(extension.to_ascii_lowercase().as_str(), "yaml" | "yml" | "json")
        || template.contains(['/', std::path::MAIN_SEPARATOR]);
    named.then(|| environment.cwd.join(path))
}

fn read_file(path: &Path) -> Result<String, Failure> {
    let refused = |cause: String| {
        Failure::input(format!("`{}` cannot be read: {cause}", path.display()), "name a file that you can read")
    };
    let file = std::fs::File::open(path).map_err(|error| {
        let kind =
            if error.kind() == std::io::ErrorKind::NotFound { ErrorKind::NotFound } else { ErrorKind::InvalidInput };
        Failure::refused(kind, format!("`{}` cannot be read: {error}", path.display()), None)
    })?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::Read::take(file, parameters::MAX_BYTES + 1), &mut text)
        .map_err(|error| refused(error.to_string()))?;
    if text.len() as u64 > parameters::MAX_BYTES {
        return Err(refused(format!("it is larger than {} bytes", parameters::MAX_BYTES)));
    }
    Ok(text)
}

/// Everything that is wrong with the file, a line each.
fn unusable(path: &Path, rejected: &Rejected) -> Failure {
    let count = rejected.problems.len();
    let message = format!("`{}` cannot be run, for {count} reasons:\n{rejected}", path.display());
    Failure::input(
        if count == 1 { rejected.to_string() } else { message },
        "`sequitur validate` checks without running",
    )
}

#[cfg(test)]
mod tests {
    use super::template_file;
    use crate::config::Environment;

    #[test]
    fn a_path_or_a_files_ending_is_a_file_and_all_else_a_template() {
        let environment = Environment { cwd: "/work".into(), ..Environment::default() };
        for (argument, is_file) in [("report", false), ("report.yaml", true), ("a/report", true), ("v1.2", false)] {
            assert_eq!(template_file(argument, &environment).is_some(), is_file, "{argument}");
        }
    }
}
