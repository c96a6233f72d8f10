//! Names as TMDL writes them: plain, or in single quotes with `'` doubled.
//!
//! Must not know which object a name belongs to.

use std::borrow::Cow;

/// A name at the front of `text`, and what follows it.
///
/// `None` when a quote is not closed or there is no name at all. A plain name
/// ends at white space, `=` and `:`, and at `.` when `dots_end` is set.
pub(in crate::semantic_model) fn split(text: &str, dots_end: bool) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let end = text
            .find(|c: char| c.is_whitespace() || c == '=' || c == ':' || (dots_end && c == '.'))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (!name.is_empty()).then_some((Cow::Borrowed(name), rest));
    };
    let mut from = 0;
    loop {
        let at = from + quoted.get(from..)?.find('\'')?;
        let rest = quoted.get(at + 1..)?;
        if rest.starts_with('\'') {
            from = at + 2;
            continue;
        }
        let name = quoted.get(..at)?;
        let name = if name.contains("''") { Cow::Owned(name.replace("''", "'")) } else { Cow::Borrowed(name) };
        return Some((name, rest));
    }
}

/// A whole value that is one name, with its quotes taken off. What is not a
/// well-formed quoted name is taken as it stands.
pub(in crate::semantic_model) fn whole(value: &str) -> String {
    match split(value, false) {
        Some((name, "")) if value.starts_with('\'') => name.into_owned(),
        Some(_) | None => value.to_owned(),
    }
}

/// `Table.Column`, each part with or without quotes.
pub(in crate::semantic_model) fn pair(value: &str) -> Option<(String, String)> {
    let (table, rest) = split(value, true)?;
    let column = rest.strip_prefix('.')?;
    let column = if column.starts_with('\'') {
        let (column, "") = split(column, true)? else { return None };
        column.into_owned()
    } else {
        column.to_owned()
    };
    (!column.is_empty()).then(|| (table.into_owned(), column))
}

#[cfg(test)]
mod tests {
    use super::{pair, split, whole};

    #[test]
    fn names_end_where_they_should() {
        assert_eq!(split("Sales = 1", false), Some(("Sales".into(), " = 1")));
        assert_eq!(split("'It''s = a: b.c' = 1", false), Some(("It's = a: b.c".into(), " = 1")));
        assert_eq!(split("'never closed", false), None);
        assert_eq!(split("'", false), None);
        assert_eq!(split("", false), None);
        assert_eq!(whole("'Month No'"), "Month No");
        assert_eq!(whole("Month No"), "Month No");
    }

    #[test]
    fn a_column_is_named_by_table_and_column() {
        let pair_of = |text| pair(text).map(|(table, column)| format!("{table}|{column}"));
        assert_eq!(pair_of("Sales.'Order Date'").as_deref(), Some("Sales|Order Date"));
        assert_eq!(pair_of("'a.b'.c").as_deref(), Some("a.b|c"));
        assert_eq!(pair_of("t.'x.y''z'").as_deref(), Some("t|x.y'z"));
        assert_eq!(pair_of("Sales"), None);
        assert_eq!(pair_of("Sales."), None);
    }
}
