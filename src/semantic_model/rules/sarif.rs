//! Findings as SARIF 2.1.0, which code hosts show beside the lines of a change.
//!
//! Must not read files: whoever calls says where a model lies in the checkout.
//!
//! Source: "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", OASIS Standard.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::review::Issue;
use super::rule::{Rule, Severity};
use super::table;

/// Where a finding stands for SARIF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the checkout, with `/`.
    pub file: String,
    /// The line, where it is known.
    pub line: Option<u32>,
}

/// The document for findings, each with its place and whether it is new; `own` are the user's rules.
#[must_use]
pub fn sarif(found: &[(&Issue, Place, bool)], own: &[Rule]) -> Value {
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rules = Vec::new();
    for (issue, ..) in found {
        if !used.contains_key(issue.rule_id.as_ref()) {
            used.insert(issue.rule_id.as_ref(), rules.len());
            rules.push(rule(issue, own));
        }
    }
    let results: Vec<Value> = found
        .iter()
        .map(|(issue, place, new)| {
            let file = uri(&place.file);
            // What lies outside of the checkout has no place in it.
            let artifact = if file.starts_with('/') {
                json!({"uri": format!("file://{file}")})
            } else {
                json!({"uri": file, "uriBaseId": "%SRCROOT%"})
            };
            let mut physical = json!({"artifactLocation": artifact});
            if let (Some(line), Some(physical)) = (place.line, physical.as_object_mut()) {
                physical.insert("region".to_owned(), json!({"startLine": line}));
            }
            let mut text = format!("{}: {}", issue.full_name, issue.message);
            if !issue.fix.is_empty() {
                text.push_str(". Fix: ");
                text.push_str(&issue.fix);
            }
            json!({
                "ruleId": issue.rule_id,
                "ruleIndex": used.get(issue.rule_id.as_ref()),
                "level": level(issue.severity),
                "message": {"text": text},
                "baselineState": if *new { "new" } else { "unchanged" },
                "partialFingerprints": {
                    "object/v1": format!("{}|{}|{}", issue.rule_id, issue.object_type.as_str(), issue.full_name),
                },
                "locations": [{
                    "physicalLocation": physical,
                    "logicalLocations": [{"fullyQualifiedName": issue.full_name, "kind": issue.object_type.as_str()}],
                }],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "sequitur", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn rule(issue: &Issue, own: &[Rule]) -> Value {
    let known = table::all().iter().chain(own).find(|rule| rule.id == issue.rule_id);
    let message = known.map_or(issue.message.as_str(), |rule| rule.message.as_ref());
    let fix = known.map_or(issue.fix.as_ref(), |rule| rule.fix.as_ref());
    let help = if fix.is_empty() { message } else { fix };
    json!({
        "id": issue.rule_id,
        "shortDescription": {"text": issue.rule_name},
        "fullDescription": {"text": message},
        "help": {"text": help},
        "defaultConfiguration": {"level": level(known.map_or(issue.severity, |rule| rule.severity))},
        "properties": {"category": issue.category.as_str()},
    })
}

/// A path as a relative reference (RFC 3986): what a path may not hold is written as `%XX`.
fn uri(path: &str) -> String {
    let mut found = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            found.push(char::from(byte));
        } else {
            // Two hexadecimal digits.
            found.push('%');
            for half in [byte >> 4, byte & 15] {
                found.extend(char::from_digit(u32::from(half), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    found
}
