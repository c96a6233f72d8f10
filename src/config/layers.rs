//! One file's tree made ready, and one tree laid over another.
//!
//! The one place that knows which keys hold paths. Must not know types.

use std::path::Path;

use super::environment::Environment;
use super::error::{ConfigError, ConfigWarning};
use super::expand::expand_tree;
use super::jsonc::{Member, Node, NodeValue};
use super::roots;

/// VS Code's `servers` is `mcpServers`.
pub(super) fn one_server_block(tree: &mut Node) -> Result<(), ConfigError> {
    let Some(mut foreign) = tree.remove("servers") else { return Ok(()) };
    if let Some(known) = tree.get_mut("mcpServers") {
        let (Some(known), Some(added)) = (known.members_mut(), foreign.node.members_mut()) else {
            return Err(ConfigError::at(&foreign.key_at, "`servers`: expected an object", None));
        };
        for member in added.drain(..) {
            if known.iter().any(|other| other.key == member.key) {
                let cause = format!("server `{}` stands in `servers` and in `mcpServers`", member.key);
                return Err(ConfigError::at(&member.key_at, cause, Some("keep one of them".to_owned())));
            }
            known.push(member);
        }
        return Ok(());
    }
    "mcpServers".clone_into(&mut foreign.key);
    if let Some(members) = tree.members_mut() {
        members.push(foreign);
    }
    Ok(())
}

/// `over` replaces `under` key by key, two levels deep: a section keeps the keys that `over` does
/// not name, a server or secret is replaced as a whole. Half of one server and half of another
/// would be a third that nobody wrote.
pub(super) fn merge(under: Node, over: Node) -> Node {
    merge_levels(under, over, 2)
}

fn merge_levels(under: Node, over: Node, levels: usize) -> Node {
    let at = over.at;
    let (mut members, added) = match (under.value, over.value) {
        (NodeValue::Object(under), NodeValue::Object(over)) if levels > 0 => (under, over),
        (_, value) => return Node { at, value },
    };
    for member in added {
        match members.iter().position(|known| known.key == member.key) {
            Some(index) => {
                let known = members.remove(index);
                let node = merge_levels(known.node, member.node, levels - 1);
                members.insert(index, Member { node, ..member });
            }
            None => members.push(member),
        }
    }
    Node { at, value: NodeValue::Object(members) }
}

/// Expands every text. A server with a text that cannot be expanded is left as it is and told
/// by name; such a secret is left out; anything else is an error.
pub(super) fn expand(
    tree: &mut Node,
    environment: &Environment,
    warnings: &mut Vec<ConfigWarning>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let mut problems = Vec::new();
    let Some(sections) = tree.members_mut() else { return Ok(problems) };
    for section in sections {
        match (section.key.as_str(), section.node.members_mut()) {
            ("mcpServers", Some(servers)) => {
                for server in servers {
                    let mut expanded = server.node.clone();
                    match expand_tree(&mut expanded, environment) {
                        Ok(()) => server.node = expanded,
                        Err((at, error)) => {
                            let message = format!("server `{}` cannot be used: {}", server.key, error.cause);
                            warnings.push(ConfigWarning::at(&at, message, error.hint));
                            problems.push((server.key.clone(), error.cause));
                        }
                    }
                }
            }
            ("secrets", Some(secrets)) => secrets.retain_mut(|secret| {
                let Err((at, error)) = expand_tree(&mut secret.node, environment) else { return true };
                let message = format!("secret `{}` is missing: {}", secret.key, error.cause);
                warnings.push(ConfigWarning::at(&at, message, error.hint));
                false
            }),
            _ => expand_tree(&mut section.node, environment)
                .map_err(|(at, error)| ConfigError::at(&at, error.cause, Some(error.hint)))?,
        }
    }
    Ok(problems)
}

/// Makes the paths of one file's tree absolute, relative ones below the file's folder. A root that
/// is only the folder the file happens to lie in is taken out when that is no project.
pub(super) fn make_paths_absolute(tree: &mut Node, environment: &Environment, warnings: &mut Vec<ConfigWarning>) {
    let folder = tree.at.file.parent().map(Path::to_path_buf).unwrap_or_default();
    let fix = |node: &mut Node| {
        if let NodeValue::String(text) = &mut node.value {
            let path = roots::absolute(Path::new(text.as_str()), &folder, environment.home.as_deref());
            *text = path.to_string_lossy().into_owned();
        }
    };
    if let Some(directories) = tree.get_mut("workflows").and_then(|node| node.get_mut("directories")) {
        directories.items_mut().iter_mut().for_each(fix);
    }
    if let Some(path) = tree.get_mut("intelligence").and_then(|node| node.get_mut("learning_database_path")) {
        fix(path);
    }
    for server in tree.get_mut("mcpServers").and_then(Node::members_mut).into_iter().flatten() {
        if let Some(cwd) = server.node.get_mut("cwd") {
            fix(cwd);
        }
        if let Some(command) = server.node.get_mut("command")
            && matches!(&command.value, NodeValue::String(text) if names_a_file(text))
        {
            fix(command);
        }
    }
    if let Some(NodeValue::Array(items)) =
        tree.get_mut("security").and_then(|node| node.get_mut("roots")).map(|node| &mut node.value)
    {
        items.retain_mut(|root| {
            let here = matches!(&root.value, NodeValue::String(text) if roots::is_here(Path::new(text)));
            fix(root);
            let refused = if here { roots::not_a_project(&folder, environment) } else { None };
            let Some(why) = refused else { return true };
            warnings.push(ConfigWarning::at(
                &root.at,
                format!("the root `.` does not count: `{}` is no project, {why}", folder.display()),
                "name the folder itself, here or with `--root DIR`",
            ));
            false
        });
    }
}

/// Whether a command is a path of its own and not a name to be looked up.
fn names_a_file(command: &str) -> bool {
    ["./", "../", "~/", ".\\", "..\\", "~\\"].iter().any(|start| command.starts_with(start))
}
