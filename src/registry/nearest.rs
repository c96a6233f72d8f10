//! "Did you mean": the known names that look most like one that is not known.

/// Up to three of `known`, best first; empty when nothing is close.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    const CLOSE: f64 = 0.78;
    // A name of any length can come from outside; nobody means one this long.
    if name.len() > 200 {
        return Vec::new();
    }
    let asked = comparable(name);
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .filter_map(|candidate| {
            let known = comparable(candidate);
            let contained = asked.len() >= 4 && (known.contains(&asked) || asked.contains(&known));
            let score = if contained { 0.95 } else { strsim::jaro_winkler(&asked, &known) };
            (score >= CLOSE).then_some((score, candidate))
        })
        .collect();
    scored.sort_by(|(left, a), (right, b)| right.total_cmp(left).then_with(|| a.cmp(b)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Case, separators, a pack's number and a server's prefix are what people get wrong.
fn comparable(name: &str) -> String {
    let bare = name.rsplit_once("__").map_or(name, |(_, tool)| tool);
    let bare = bare.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['_', '-']);
    let bare = if bare.is_empty() { name } else { bare };
    bare.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn close_names_come_best_first_and_far_ones_do_not_come() {
        let known = ["execute_workflow", "cancel_workflow", "02_list_tables", "crm__list_orders"];
        assert_eq!(nearest("excute_workflow", known).first(), Some(&"execute_workflow"));
        assert_eq!(nearest("listTables", known).first(), Some(&"02_list_tables"));
        assert_eq!(nearest("list_orders", known).first(), Some(&"crm__list_orders"));
        assert!(nearest("zzz", known).is_empty());
    }
}
