//! Adds up what the phrases say.
//!
//! A subcategory's score is its category's verbs plus its own phrases. A verb
//! that leads the request counts half as much again; one in a request that is
//! about no model counts two fifths.

use super::pattern::Place;
use super::rules::{self, Says};
use super::types::{Category, Subcategory};
use super::words::Words;

/// What a leading verb counts.
const LEADING: f64 = 1.5;
/// What a verb counts in a request that names nothing of a model.
const NO_DOMAIN: f64 = 0.4;
/// Words up to which a request needs no domain: "show", "check for problems".
const TERSE: usize = 2;
/// A score below this says nothing.
const LEAST: f64 = 1.0;
/// Doubt that no evidence removes.
const DOUBT: f64 = 0.6;
/// Confidence that a request is out of scope when only silence says so.
const SILENCE: f64 = 0.3;
/// The most that a greeting is worth: it asks for nothing.
const GREETING: f64 = 0.5;

/// A reading of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) subcategory: Subcategory,
    pub(super) confidence: f64,
}

/// What was decided, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) best: Reading,
    /// The best of other categories and near ones of the same, best first.
    pub(super) others: Vec<Reading>,
    /// The request's own words that decided.
    pub(super) because: Vec<String>,
    /// The request's words, for names of tools.
    pub(super) words: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Scores {
    verb: [f64; Category::ALL.len()],
    whole: [f64; Subcategory::ALL.len()],
    detail: [f64; Subcategory::ALL.len()],
}

impl Scores {
    fn own(&self, subcategory: Subcategory) -> f64 {
        let at = subcategory as usize;
        if self.in_play(subcategory.category()) { self.whole[at] + self.detail[at] } else { 0.0 }
    }

    fn in_play(&self, category: Category) -> bool {
        let wholes =
            Subcategory::ALL.iter().filter(|sub| sub.category() == category).map(|&sub| self.whole[sub as usize]);
        self.verb[category as usize] > 0.0 || wholes.fold(0.0, f64::max) > 0.0
    }

    fn total(&self, subcategory: Subcategory) -> f64 {
        self.verb[subcategory.category() as usize] + self.own(subcategory)
    }
}

pub(super) fn classify(words: &Words) -> Verdict {
    let mut scores = Scores::default();
    let mut found: Vec<(Says, Place)> = Vec::new();
    let said = words.list.len().saturating_sub(words.lead);
    let hits: Vec<_> = rules::rules()
        .iter()
        .filter_map(|rule| {
            let place =
                rule.patterns.iter().filter_map(|pattern| pattern.find(words)).min_by_key(|place| place.first)?;
            Some((rule, place))
        })
        .collect();
    let has = |says: Says| hits.iter().any(|(rule, _)| rule.says == says);
    let in_domain = (has(Says::Domain) || said <= TERSE) && !has(Says::Foreign);
    let scale = if in_domain { 1.0 } else { NO_DOMAIN };
    for (rule, place) in hits {
        found.push((rule.says, place));
        match rule.says {
            Says::Verb(category) => {
                let leading = if place.first == words.lead { LEADING } else { 1.0 };
                scores.verb[category as usize] += rule.weight * leading * scale;
            }
            Says::Whole(subcategory) => {
                let scale = if subcategory == Subcategory::General { 1.0 } else { scale };
                scores.whole[subcategory as usize] += rule.weight * scale;
            }
            Says::Detail(subcategory) => scores.detail[subcategory as usize] += rule.weight * scale,
            Says::Foreign => scores.whole[Subcategory::General as usize] += rule.weight,
            Says::Domain => {}
        }
    }
    verdict(&scores, &found, words)
}

fn verdict(scores: &Scores, found: &[(Says, Place)], words: &Words) -> Verdict {
    let mut ranked: Vec<(Subcategory, f64)> =
        Subcategory::ALL.iter().map(|&sub| (sub, rank_score(scores, sub))).collect();
    // A stable sort: equal scores stay in the published order.
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
    let (first, score) = ranked[0];
    let text = words.list.iter().map(|word| word.text.clone()).filter(|word| !word.is_empty()).collect();
    if score < LEAST {
        let best = Reading { subcategory: Subcategory::General, confidence: SILENCE };
        return Verdict { best, others: Vec::new(), because: Vec::new(), words: text };
    }
    let mut readings = ranked.iter().filter(|(_, score)| *score >= LEAST).map(|&(subcategory, _)| {
        let confidence = confidence(scores, subcategory);
        let most = if subcategory == Subcategory::General { GREETING } else { 1.0 };
        Reading { subcategory, confidence: confidence.min(most) }
    });
    let best = readings.next().unwrap_or(Reading { subcategory: first, confidence: SILENCE });
    let others = readings.filter(|other| other.confidence >= 0.15).take(3).collect();
    let because = found
        .iter()
        .filter(|(says, _)| match says {
            Says::Verb(category) => *category == first.category(),
            Says::Whole(subcategory) | Says::Detail(subcategory) => *subcategory == first,
            Says::Foreign => first == Subcategory::General,
            Says::Domain => false,
        })
        .map(|(_, place)| phrase(words, *place))
        .fold(Vec::new(), |mut kept: Vec<String>, phrase| {
            if !phrase.is_empty() && !kept.contains(&phrase) {
                kept.push(phrase);
            }
            kept
        });
    Verdict { best, others, because, words: text }
}

/// A subcategory of which nothing was said ranks by its category, the fallback just ahead.
fn rank_score(scores: &Scores, subcategory: Subcategory) -> f64 {
    let total = scores.total(subcategory);
    let fallback = subcategory.category().fallback() == subcategory;
    match (total > 0.0, scores.own(subcategory) > 0.0, fallback) {
        (false, _, _) | (true, false, false) => 0.0,
        (true, true, _) | (true, false, true) => total,
    }
}

/// The mean of two shares, as the category and the subcategory are two decisions:
/// the score against that of the best other category, and the subcategory's own
/// phrases against the best own phrases in the category (three fifths where it
/// is the fallback and nothing more was said).
fn confidence(scores: &Scores, subcategory: Subcategory) -> f64 {
    let rival = |other: &&Subcategory| other.category() != subcategory.category();
    let best_rival = Subcategory::ALL.iter().filter(rival).map(|&other| rank_score(scores, other)).fold(0.0, f64::max);
    let total = scores.total(subcategory);
    let between_categories = total / (total + best_rival + DOUBT);
    let own = scores.own(subcategory);
    let sibling = |other: &&Subcategory| other.category() == subcategory.category() && **other != subcategory;
    let best_sibling = Subcategory::ALL.iter().filter(sibling).map(|&other| scores.own(other)).fold(0.0, f64::max);
    let within_category = if own > 0.0 { own / (own + best_sibling + DOUBT) } else { 0.6 };
    let single = matches!(subcategory, Subcategory::Exploration | Subcategory::General);
    let mean = if single { between_categories } else { f64::midpoint(between_categories, within_category) };
    (mean * 100.0).round() / 100.0
}

fn phrase(words: &Words, place: Place) -> String {
    let words = words.list.get(place.first..place.end).unwrap_or_default();
    words.iter().map(|word| word.text.as_str()).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}
