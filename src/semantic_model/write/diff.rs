//! A change of files as a unified diff.

use similar::TextDiff;

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// The change of one file; empty when there is none. A file that is not there is `None`.
pub(super) fn unified(name: &str, before: Option<&str>, after: Option<&str>) -> String {
    if before == after {
        return String::new();
    }
    let shown = |prefix: &str, text: Option<&str>| match text {
        Some(_) => format!("{prefix}/{name}"),
        None => "/dev/null".to_owned(),
    };
    TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default())
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&shown("a", before), &shown("b", after))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn only_what_changed_is_shown_with_three_lines_around_it() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let shown = unified("t.tmdl", Some(before), Some(&before.replace("5\n", "five\n")));
        assert_eq!(shown, "--- a/t.tmdl\n+++ b/t.tmdl\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
        assert_eq!(unified("t.tmdl", Some(before), Some(before)), "");
        assert!(unified("n.tmdl", None, Some("a\n")).starts_with("--- /dev/null\n+++ b/n.tmdl\n"));
    }
}
