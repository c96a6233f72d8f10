//! Makes proposals fit into a number of bytes.

use serde_json::json;

use super::recommendation::Recommendation;

/// Longest reason where room is short, in characters.
const SHORT_REASON: usize = 80;

/// As many of `recommendations`, from the first, as fit with their key
/// `_next_steps` into `bytes` of JSON. Reasons are shortened before a proposal
/// is dropped; arguments never are, as half a call is none.
#[must_use]
pub fn fit(recommendations: Vec<Recommendation>, bytes: usize) -> Vec<Recommendation> {
    if recommendations.is_empty() || size(&recommendations) <= bytes {
        return recommendations;
    }
    let mut kept: Vec<Recommendation> = Vec::new();
    for recommendation in recommendations {
        let reason = shortened(&recommendation.reason);
        kept.push(Recommendation { reason, ..recommendation });
        if size(&kept) > bytes {
            kept.pop();
        }
    }
    kept
}

fn size(recommendations: &[Recommendation]) -> usize {
    json!({ "_next_steps": recommendations }).to_string().len()
}

fn shortened(reason: &str) -> String {
    if reason.chars().count() <= SHORT_REASON {
        return reason.to_owned();
    }
    let start: String = reason.chars().take(SHORT_REASON - 3).collect();
    let whole_words = start.rsplit_once(' ').map_or(start.as_str(), |(words, _)| words);
    format!("{whole_words}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: usize) -> Recommendation {
        Recommendation::tool("a_tool", "word ".repeat(bytes / 5), 0.8)
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let all = vec![of(40), of(40)];
        assert_eq!(fit(all.clone(), 600), all);
        assert_eq!(fit(Vec::new(), 0), Vec::new());
    }

    #[test]
    fn reasons_are_shortened_before_anything_is_dropped() {
        let kept = fit(vec![of(200), of(200)], 600);
        assert_eq!(kept.len(), 2);
        assert!(kept.iter().all(|one| one.reason.chars().count() <= SHORT_REASON && one.reason.ends_with("...")));
        assert!(size(&kept) <= 600);
    }

    #[test]
    fn one_that_is_too_large_leaves_room_for_the_next() {
        let large = of(20).with("text", "x".repeat(600));
        assert_eq!(fit(vec![large, of(20)], 600), vec![Recommendation { reason: of(20).reason, ..of(20) }]);
    }

    #[test]
    fn the_limit_holds_for_any_number() {
        for count in 0..12 {
            for bytes in [0, 100, 300, 600] {
                let kept = fit((0..count).map(|at| of(at * 30)).collect(), bytes);
                assert!(kept.is_empty() || size(&kept) <= bytes, "{count} in {bytes}");
            }
        }
    }
}
