//! Patterns for names, as people write them in the configuration. Must not know
//! whose names they are.

/// `*` for any run of characters, `?` for one.
#[must_use]
pub fn matches(glob: &str, name: &str) -> bool {
    let (glob, name): (Vec<char>, Vec<char>) = (glob.chars().collect(), name.chars().collect());
    let (mut g, mut n) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while n < name.len() {
        if g < glob.len() && glob[g] == '*' {
            back = Some((g, n));
            g += 1;
        } else if g < glob.len() && (glob[g] == '?' || glob[g] == name[n]) {
            g += 1;
            n += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            g = star + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_glob_matches_as_a_shell_does() {
        for (glob, name, yes) in
            [("crm__*", "crm__list", true), ("*list*", "crm__list", true), ("a?c", "abc", true), ("a?c", "ac", false)]
        {
            assert_eq!(matches(glob, name), yes, "{glob} {name}");
        }
    }
}
