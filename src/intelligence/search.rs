//! Finds things by the words of their names and descriptions.
//!
//! No stemming and no meaning: a word is found where it stands, or where it
//! begins another. Must not know what is searched.

use std::collections::BTreeSet;

/// Words of a query beyond these are not looked for.
const MAX_WORDS: usize = 32;
/// Shorter words are not looked for as the beginning of others.
const MIN_BEGINNING: usize = 3;

/// What can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
}

/// Places in `items` with how well they fit, from 0 to 1, best first and equals
/// by name; what has none of the words is left out. A query without words finds
/// everything, with 0.
///
/// A word counts by where it is found (in the name more than in the
/// description, whole more than as a beginning) and by how few of the items
/// have it, as in inverse document frequency (Sparck Jones 1972). Words that
/// nothing has count against all alike. Only the name itself reaches 1 without
/// every word in the name.
#[must_use]
pub fn search(query: &str, items: &[Searched]) -> Vec<(usize, f64)> {
    let wanted: Vec<String> = words(query).into_iter().take(MAX_WORDS).collect();
    let parsed: Vec<Parsed> = items.iter().map(Parsed::of).collect();
    let strengths: Vec<Vec<f64>> =
        wanted.iter().map(|word| parsed.iter().map(|item| item.has(word)).collect()).collect();
    let weights: Vec<f64> = strengths.iter().map(|of_word| rarity(of_word)).collect();
    let all: f64 = weights.iter().sum();
    let named = query.trim().to_lowercase();
    let mut found: Vec<(usize, f64)> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let got: f64 = strengths.iter().zip(&weights).map(|(of_word, weight)| of_word[at] * weight).sum();
        let score = if item.name.to_lowercase() == named {
            1.0
        } else if wanted.is_empty() {
            0.0
        } else {
            (got / all * 1000.0).round() / 1000.0
        };
        if score > 0.0 || wanted.is_empty() {
            found.push((at, score));
        }
    }
    found.sort_by(|(one, better), (two, score)| {
        score.total_cmp(better).then_with(|| items[*one].name.cmp(&items[*two].name))
    });
    found
}

struct Parsed {
    name: BTreeSet<String>,
    description: BTreeSet<String>,
}

impl Parsed {
    fn of(item: &Searched) -> Self {
        Self { name: words(&item.name), description: words(&item.description) }
    }

    fn has(&self, word: &str) -> f64 {
        let begins = |words: &BTreeSet<String>| {
            let starts = |one: &str, other: &str| one.len() >= MIN_BEGINNING && other.starts_with(one);
            words.iter().any(|known| starts(word, known) || starts(known, word))
        };
        match () {
            () if self.name.contains(word) => 1.0,
            () if begins(&self.name) => 0.7,
            () if self.description.contains(word) => 0.5,
            () if begins(&self.description) => 0.3,
            () => 0.0,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tools")]
fn rarity(of_word: &[f64]) -> f64 {
    let have = of_word.iter().filter(|strength| **strength > 0.0).count().max(1);
    1.0 + (of_word.len().max(1) as f64 / have as f64).ln()
}

/// Lower-case words; `listOpenIssues` and `list_open_issues` have the same.
fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    let mut after_lower = false;
    for char in text.chars() {
        if !char.is_alphanumeric() || (char.is_uppercase() && after_lower) {
            words.insert(std::mem::take(&mut word));
        }
        if char.is_alphanumeric() {
            word.extend(char.to_lowercase());
        }
        after_lower = char.is_lowercase() || char.is_numeric();
    }
    words.insert(word);
    words.remove("");
    words
}

#[cfg(test)]
mod tests {
    use super::{Searched, search};

    fn found(query: &str) -> Vec<(&'static str, f64)> {
        let items = [
            ("git__log", "Shows the commits of a repository."),
            ("git__commit", "Records changes to the repository."),
            ("crm__listOrders", "Lists the orders of a customer."),
            ("crm__get_customer", "Reads one customer."),
            ("files__read", "Reads a file."),
        ];
        let searched: Vec<Searched> = items
            .iter()
            .map(|(name, told)| Searched { name: (*name).to_owned(), description: (*told).to_owned() })
            .collect();
        search(query, &searched).into_iter().map(|(at, score)| (items[at].0, score)).collect()
    }

    fn names(query: &str) -> Vec<&'static str> {
        found(query).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_word_in_the_name_goes_before_its_beginning_and_the_description() {
        assert_eq!(names("commit"), ["git__commit", "git__log"]);
        assert_eq!(names("customer"), ["crm__get_customer", "crm__listOrders"]);
        assert_eq!(names("reads file"), ["files__read", "crm__get_customer"]);
    }

    #[test]
    fn names_of_any_spelling_have_words_and_the_whole_name_is_the_best() {
        assert_eq!(names("list orders"), ["crm__listOrders"]);
        let (name, score) = found("CRM__listorders")[0];
        assert!(name == "crm__listOrders" && score > 0.999);
        assert!(found("list orders")[0].1 > 0.999);
    }

    #[test]
    fn rare_words_count_more_and_words_that_nothing_has_count_against_all() {
        // `the` stands in three descriptions, `file` in one.
        assert_eq!(names("the file")[0], "files__read");
        let (sure, unsure) = (found("log")[0], found("log of unicorns")[0]);
        assert!(sure.0 == "git__log" && unsure.0 == "git__log" && sure.1 > unsure.1, "{sure:?} {unsure:?}");
        assert_eq!(names("unicorns"), [""; 0]);
    }

    #[test]
    fn equals_are_ordered_by_name_and_no_words_find_everything() {
        assert_eq!(names("git"), ["git__commit", "git__log"]);
        assert_eq!(found(" - ").len(), 5);
        assert!(found("").iter().all(|(_, score)| *score < 0.001));
    }
}
