//! Whether two pieces of DAX say the same: white space, comments, case of names
//! and where they stand are not looked at.
//!
//! Must not know what names mean.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::semantic_model::dax::outline::Outline;
use crate::semantic_model::dax::syntax::{Kind, Node};

/// A number for what stands at and below each site, equal for what is the same.
#[must_use]
pub fn hashes(outline: &Outline<'_>) -> Vec<u64> {
    let mut found = vec![0; outline.len()];
    // What is below a site comes after it.
    for (at, site) in outline.sites().rev() {
        let mut hasher = DefaultHasher::new();
        label(site.node).hash(&mut hasher);
        for child in outline.children(at) {
            found.get(child).hash(&mut hasher);
        }
        if let Some(place) = found.get_mut(at) {
            *place = hasher.finish();
        }
    }
    found
}

/// Whether two nodes say the same.
#[must_use]
pub fn same_shape(left: &Node, right: &Node) -> bool {
    let mut open = vec![(left, right)];
    while let Some((left, right)) = open.pop() {
        if label(left) != label(right) {
            return false;
        }
        let mut below = (Vec::new(), Vec::new());
        left.each_child(&mut |child| below.0.push(child));
        right.each_child(&mut |child| below.1.push(child));
        if below.0.len() != below.1.len() {
            return false;
        }
        open.extend(below.0.into_iter().zip(below.1));
    }
    true
}

/// What a node says without what is below it.
fn label(node: &Node) -> (u8, String) {
    match &node.kind {
        Kind::Number(text) => (0, text.to_lowercase()),
        Kind::Text(text) => (1, text.clone()),
        Kind::Date(text) => (2, text.clone()),
        Kind::Boolean(value) => (3, value.to_string()),
        Kind::Name(name) => (4, name.to_lowercase()),
        Kind::Table(name) => (5, name.to_lowercase()),
        Kind::Field(field) => {
            let table = field.table.as_ref().map(|table| table.name.to_lowercase());
            (
                6,
                format!(
                    "{table:?}[{:?}{:?}",
                    field.name.to_lowercase(),
                    field.level.as_ref().map(|one| one.to_lowercase())
                ),
            )
        }
        Kind::Parameter(name) => (7, name.to_lowercase()),
        Kind::Call(call) => (8, call.function.to_uppercase()),
        Kind::Chain { rest, .. } => (9, rest.iter().map(|link| link.operator.as_str()).collect::<Vec<_>>().join(" ")),
        Kind::Unary { operator, .. } => (10, operator.as_str().to_owned()),
        Kind::Brackets(_) => (11, String::new()),
        Kind::Tuple(_) => (12, String::new()),
        Kind::Set(_) => (13, String::new()),
        Kind::Block(block) => {
            let names: Vec<String> = block.variables.iter().map(|variable| variable.name.to_lowercase()).collect();
            (14, names.join(" "))
        }
        Kind::Omitted => (15, String::new()),
        Kind::Missing => (16, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::{hashes, same_shape};
    use crate::semantic_model::dax::home::Home;
    use crate::semantic_model::dax::outline::{Outline, Root};
    use crate::semantic_model::dax::parser::parse_expression;

    fn same(left: &str, right: &str) -> bool {
        let (left, right) = (parse_expression(left).tree, parse_expression(right).tree);
        let hash = |node| hashes(&Outline::of(&[Root { node, home: Home::Query }]))[0];
        let same = same_shape(&left, &right);
        assert_eq!(same, hash(&left) == hash(&right));
        same
    }

    #[test]
    fn white_space_comments_and_case_of_names_do_not_count_and_all_else_does() {
        assert!(same("sum ( T[a] ) + [M] -- x", "SUM(t[A])+[m]"));
        assert!(same("VAR x = 1 RETURN X", "var X = 1\nreturn x"));
        for (left, right) in [
            ("\"a\"", "\"A\""),
            ("a + b", "a - b"),
            ("a + b + c", "a + b"),
            ("'T'[a]", "[a]"),
            ("f(1)", "f(1, )"),
            ("(1)", "1"),
            ("T[a].[b]", "T[a]"),
            ("{1}", "{(1, 2)}"),
        ] {
            assert!(!same(left, right), "{left} {right}");
        }
    }
}
