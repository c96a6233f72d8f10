//! `sequitur templates`: what can be run.

use indexmap::IndexMap;
use serde_json::Value;

use crate::base::json::Object;
use crate::cli::answer::{TemplatesAnswer, line, view};
use crate::cli::args::Templates;
use crate::cli::backend::Client;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::table::{Style, Table};
use crate::cli::terminal::Terminal;

pub(in crate::cli) async fn templates(
    client: &Client,
    terminal: &Terminal,
    arguments: Templates,
) -> Result<Exit, Failure> {
    let mut request = Object::new();
    if let Some(query) = arguments.query {
        request.insert("query".to_owned(), Value::from(query));
    }
    if let Some(category) = arguments.category {
        request.insert("category".to_owned(), Value::from(category));
    }
    let answer = client.call("list_workflow_templates", request).await?;
    if arguments.output.json {
        terminal.json(&answer)?;
        return Ok(Exit::Completed);
    }
    let listed: TemplatesAnswer = view(&answer);
    let mut table = Table::new(&["template", "category", "steps", "source", "ready", "what it does"]);
    for template in &listed.templates {
        let missing: Vec<String> = template.missing_tools.iter().map(line).collect();
        let (ready, style) = match (template.ready, missing.is_empty()) {
            (Some(false), false) => (needs(&missing), Style::Wait),
            (Some(false), true) => ("no".to_owned(), Style::Bad),
            (Some(true) | None, _) => ("yes".to_owned(), Style::Good),
        };
        let about = template.description.as_deref().or(template.template_name.as_deref()).unwrap_or_default();
        table.row([
            (&template.template_id, Style::Strong),
            (template.category.as_deref().unwrap_or_default(), Style::Plain),
            (&template.step_count.map(|count| count.to_string()).unwrap_or_default(), Style::Plain),
            (template.source.as_deref().unwrap_or_default(), Style::Plain),
            (&ready, style),
            (about, Style::Plain),
        ]);
    }
    if table.is_empty() {
        terminal.note("no templates")?;
    } else {
        terminal.say(&table.render(terminal.width, terminal.colour))?;
    }
    for warning in &listed.warnings {
        terminal.note(&format!("warning: {}", line(warning)))?;
    }
    Ok(Exit::Completed)
}

/// What is missing; several tools of one server as `git__* (3)`.
fn needs(missing: &[String]) -> String {
    let mut servers: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for tool in missing {
        let server = tool.split_once("__").map_or(tool.as_str(), |(server, _)| server);
        servers.entry(server).or_default().push(tool);
    }
    let named = servers.iter().map(|(server, tools)| match tools.as_slice() {
        [tool] => (*tool).to_owned(),
        several => format!("{server}__* ({})", several.len()),
    });
    format!("needs {}", named.collect::<Vec<_>>().join(", "))
}
