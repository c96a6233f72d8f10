//! `${VAR}`, `${VAR:-default}` and `${env:VAR}` in the texts of a configuration.
//! `$${` is a literal `${`.
//!
//! Must not know which key a text belongs to. What comes out of a variable is
//! not expanded again.

use super::environment::Environment;
use super::jsonc::{Node, NodeValue, Position};

/// A text that cannot be expanded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ExpandError {
    pub(super) cause: String,
    pub(super) hint: String,
}

/// Expands every text of a tree in place. The tree is unchanged up to the first
/// text that cannot be expanded, which is told with its place.
pub(super) fn expand_tree(node: &mut Node, environment: &Environment) -> Result<(), (Position, ExpandError)> {
    match &mut node.value {
        NodeValue::String(text) => {
            *text = expand(text, environment).map_err(|error| (node.at.clone(), error))?;
            Ok(())
        }
        NodeValue::Array(items) => items.iter_mut().try_for_each(|item| expand_tree(item, environment)),
        NodeValue::Object(members) => {
            members.iter_mut().try_for_each(|member| expand_tree(&mut member.node, environment))
        }
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => Ok(()),
    }
}

fn expand(text: &str, environment: &Environment) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if rest[..start].ends_with('$') {
            out.push_str(&rest[..start]);
            out.push('{');
            rest = &rest[start + 2..];
            continue;
        }
        out.push_str(&rest[..start]);
        let inside = &rest[start + 2..];
        let Some(end) = inside.find('}') else {
            return Err(ExpandError {
                cause: "`${` without a closing `}`".to_owned(),
                hint: "write `$${` for a literal `${`".to_owned(),
            });
        };
        out.push_str(&value_of(&inside[..end], environment)?);
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn value_of(reference: &str, environment: &Environment) -> Result<String, ExpandError> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if let Some(input) = name.strip_prefix("input:") {
        return Err(ExpandError {
            cause: format!("`${{input:{input}}}` asks the editor for a value, and there is none here"),
            hint: "put the value in an environment variable and write `${NAME}`".to_owned(),
        });
    }
    let name = name.strip_prefix("env:").unwrap_or(name);
    match (environment.var(name), default) {
        // As in a shell, `:-` also stands in for an empty value.
        (Some("") | None, Some(default)) => Ok(default.to_owned()),
        (Some(value), _) => Ok(value.to_owned()),
        (None, None) => Err(ExpandError {
            cause: format!("environment variable `{name}` is not set"),
            hint: format!("set `{name}`, or give a default: `${{{name}:-default}}`"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::environment::Environment;
    use super::expand;

    fn expanded(text: &str) -> Result<String, String> {
        let vars = [("TOKEN", "t0k"), ("EMPTY", ""), ("NESTED", "${TOKEN}")];
        let environment = Environment {
            vars: vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Environment::default()
        };
        expand(text, &environment).map_err(|error| error.cause)
    }

    #[test]
    fn every_notation_is_expanded_once() {
        for (text, value) in [
            ("plain $ {x}", "plain $ {x}"),
            ("Bearer ${TOKEN}!", "Bearer t0k!"),
            ("${env:TOKEN}${TOKEN}", "t0kt0k"),
            ("${NOPE:-a:-b}", "a:-b"),
            ("${NOPE:-}", ""),
            ("${EMPTY:-d}${EMPTY}", "d"),
            ("${env:NOPE:-d}", "d"),
            ("${NESTED}", "${TOKEN}"),
            ("$${TOKEN}", "${TOKEN}"),
        ] {
            assert_eq!(expanded(text), Ok(value.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_expanded_is_named() {
        assert_eq!(expanded("x ${NOPE}"), Err("environment variable `NOPE` is not set".to_owned()));
        assert_eq!(expanded("${TOKEN"), Err("`${` without a closing `}`".to_owned()));
        assert_eq!(
            expanded("${input:key}"),
            Err("`${input:key}` asks the editor for a value, and there is none here".to_owned())
        );
    }
}
