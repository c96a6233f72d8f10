//! Findings for people, for programs and for code hosts.
//!
//! Must not decide what is new.

use serde_json::{Value, json};

use super::Reviewed;
use crate::cli::failure::Failure;
use crate::cli::table::Style;
use crate::cli::terminal::Terminal;
use crate::semantic_model::place::Format;
use crate::semantic_model::rules::{Issue, SarifPlace, Severity, sarif as document};
use crate::telemetry::visible;

/// Findings of one rule that are shown to people.
const SHOWN: usize = 3;

fn severity(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Error => ("error", Style::Bad),
        Severity::Warning => ("warning", Style::Wait),
        Severity::Info => ("info", Style::Dim),
    }
}

/// The file of a finding in the checkout and its line.
fn place(model: &Reviewed, issue: &Issue) -> SarifPlace {
    let outer = |file: &str| {
        // The folder with the TMDL files may lie one deeper than the model.
        let inner = model.place.content.strip_prefix(&model.place.path).unwrap_or(std::path::Path::new(""));
        let folder = super::relative(inner, std::path::Path::new(""));
        let parts = [model.path.as_str(), folder.as_str(), file];
        parts.into_iter().filter(|part| *part != ".").collect::<Vec<_>>().join("/")
    };
    match (&issue.location, model.place.format) {
        (Some(location), Format::Tmdl) => SarifPlace { file: outer(&location.file), line: Some(location.line) },
        (None, Format::Tmdl) => {
            let main = model.place.content.join("model.tmdl");
            let file = if main.is_file() { "model.tmdl" } else { "database.tmdl" };
            SarifPlace { file: outer(file), line: None }
        }
        (location, Format::Bim | Format::Pbit) => {
            SarifPlace { file: model.path.clone(), line: location.as_ref().map(|location| location.line) }
        }
    }
}

fn shown(place: &SarifPlace) -> String {
    match place.line {
        Some(line) => format!("{}:{line}", place.file),
        None => place.file.clone(),
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// For people: new findings by rule, three of each, and what counts.
pub(super) fn text(
    terminal: &Terminal,
    all: &[Reviewed],
    least: Option<Severity>,
    failing: usize,
) -> Result<(), Failure> {
    for model in all {
        let head = format!("{} ({}): score {}", model.place.name, model.path, model.found.score);
        terminal.say(&Style::Strong.paint(&visible(&head, false), terminal.colour))?;
        let new: Vec<&Issue> = model.issues().filter(|(_, new)| *new).map(|(issue, _)| issue).collect();
        let mut rest = new.as_slice();
        while let Some(first) = rest.first() {
            let count = rest.iter().take_while(|issue| issue.rule_id == first.rule_id).count();
            let (of_rule, after) = rest.split_at(count);
            rest = after;
            rule(terminal, model, of_rule)?;
        }
        for missing in &model.found.unavailable {
            terminal.say(&format!("  not checked: {}: {}", missing.rule_id, missing.reason))?;
        }
    }
    let issues = || all.iter().flat_map(Reviewed::issues);
    let count = |wanted: Severity| issues().filter(|(issue, _)| issue.severity == wanted).count();
    let new = issues().filter(|(_, new)| *new).count();
    let bound = least.map_or_else(
        || "none of them fails the check".to_owned(),
        |least| format!("{failing} at or above `{}`", severity(least).0),
    );
    terminal.say(&format!(
        "{}: {} ({}, {}, {} info), of which {new} new, {bound}",
        plural(all.len(), "model"),
        plural(issues().count(), "finding"),
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Warning), "warning"),
        count(Severity::Info),
    ))
}

fn rule(terminal: &Terminal, model: &Reviewed, issues: &[&Issue]) -> Result<(), Failure> {
    let Some(first) = issues.first() else { return Ok(()) };
    let (word, style) = severity(first.severity);
    let head = format!("{}  {} ({})", first.rule_id, first.rule_name, issues.len());
    terminal.say(&format!("  {} {}", style.paint(&format!("{word:7}"), terminal.colour), visible(&head, false)))?;
    for issue in issues.iter().take(SHOWN) {
        let line = format!("{}: {}: {}", shown(&place(model, issue)), issue.full_name, issue.message);
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        terminal.say(&format!("            {}", visible(&line, false)))?;
    }
    if issues.len() > SHOWN {
        terminal.say(&format!("            and {} more", issues.len() - SHOWN))?;
    }
    if first.fix.is_empty() {
        return Ok(());
    }
    terminal.say(&format!("            fix: {}", visible(&first.fix, false)))
}

/// For programs: everything.
pub(super) fn json(all: &[Reviewed], failing: usize) -> Value {
    let models: Vec<Value> = all
        .iter()
        .map(|model| {
            let issues: Vec<Value> = model.issues().map(|(issue, new)| one(model, issue, new)).collect();
            json!({
                "name": model.place.name,
                "path": model.path,
                "issues": issues,
                "summary": {
                    "by_severity": model.found.by_severity(),
                    "by_category": model.found.by_category(),
                    "score": model.found.score,
                },
                "unavailable": model.found.unavailable,
            })
        })
        .collect();
    let new = all.iter().flat_map(Reviewed::issues).filter(|(_, new)| *new).count();
    json!({"success": failing == 0, "models": models, "new": new, "failing": failing})
}

fn one(model: &Reviewed, issue: &Issue, new: bool) -> Value {
    let place = place(model, issue);
    json!({
        "rule_id": issue.rule_id,
        "rule_name": issue.rule_name,
        "category": issue.category,
        "severity": issue.severity,
        "object": issue.object,
        "object_type": issue.object_type,
        "table": issue.table,
        "message": issue.message,
        "fix": issue.fix,
        "auto_fix": issue.auto_fix,
        "position": issue.position,
        "file": place.file,
        "line": place.line,
        "new": new,
    })
}

/// For code hosts: everything, known findings as unchanged.
pub(super) fn sarif(all: &[Reviewed]) -> Value {
    let found: Vec<(&Issue, SarifPlace, bool)> =
        all.iter().flat_map(|model| model.issues().map(|(issue, new)| (issue, place(model, issue), new))).collect();
    let own: Vec<_> = all.iter().flat_map(|model| model.own.rules.clone()).collect();
    document(&found, &own)
}
