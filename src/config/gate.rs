//! Which parts of a project's file count only when a person trusts the file.
//!
//! Must not know how trust is kept. A key that starts programs, reaches out,
//! reads elsewhere or throws away what is kept gets a line in [`GATED`].

use std::path::Path;
use std::sync::Arc;

use super::error::{ConfigError, ConfigWarning};
use super::jsonc::{self, Member, Node, NodeValue, Position};
use super::trust::Standing;

/// Keys of a project's file that count only when the file is trusted: they start programs, reach
/// out, read elsewhere, or throw away what is kept.
const GATED: [&[&str]; 8] = [
    &["mcpServers"],
    &["servers"],
    &["agents"],
    &["secrets"],
    &["security"],
    &["retention"],
    &["workflows", "directories"],
    &["intelligence", "learning_database_path"],
];

/// The parts of a project's file that would count once it is trusted, for people to read:
/// `mcpServers.git`, `security`, and so on.
pub fn gated_parts(file: &Path, content: &[u8]) -> Result<Vec<String>, ConfigError> {
    let tree = jsonc::parse(&Arc::from(file), content)?;
    let mut parts = Vec::new();
    for path in GATED {
        let Some(member) = find(&tree, path) else { continue };
        match (&member.node.value, path) {
            (NodeValue::Object(members), ["mcpServers" | "servers" | "secrets"]) => {
                parts.extend(members.iter().map(|inner| format!("{}.{}{}", path[0], inner.key, starts(&inner.node))));
            }
            _ => parts.push(path.join(".")),
        }
    }
    Ok(parts)
}

fn starts(server: &Node) -> String {
    let text = |node: &Node| match &node.value {
        NodeValue::String(text) => text.clone(),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Array(_) | NodeValue::Object(_) => {
            "?".to_owned()
        }
    };
    let value = |key: &str| server.get(key).map(|member| &member.node);
    if let Some(command) = value("command") {
        let args = match value("args").map(|node| &node.value) {
            Some(NodeValue::Array(items)) => items.iter().fold(String::new(), |line, item| line + " " + &text(item)),
            Some(_) | None => String::new(),
        };
        return format!(" (starts `{}{args}`)", text(command));
    }
    value("url").map(|url| format!(" (connects to `{}`)", text(url))).unwrap_or_default()
}

fn find<'a>(tree: &'a Node, path: &[&str]) -> Option<&'a Member> {
    let (last, outer) = path.split_last()?;
    outer.iter().try_fold(tree, |node, key| node.get(key).map(|member| &member.node))?.get(last)
}

/// Takes out what does not count, and says so.
pub(super) fn take_out_gated(tree: &mut Node, standing: Standing, warnings: &mut Vec<ConfigWarning>) {
    let mut taken: Vec<String> = Vec::new();
    let mut first: Option<Position> = None;
    for path in GATED {
        let holder = match path {
            [outer, _] => tree.get_mut(outer),
            _ => Some(&mut *tree),
        };
        let Some(member) = holder.zip(path.last()).and_then(|(holder, key)| holder.remove(key)) else { continue };
        taken.push(format!("`{}`", path.join(".")));
        first.get_or_insert(member.key_at);
    }
    let Some(at) = first else { return };
    let why = match standing {
        Standing::Changed => "has changed since it was trusted",
        Standing::Unknown | Standing::Trusted => "is not trusted",
    };
    warnings.push(ConfigWarning::at(
        &at,
        format!("{} of this project's `sequitur.json` are ignored: the file {why}", taken.join(", ")),
        "read the file, then run `sequitur trust .` in its folder",
    ));
}
