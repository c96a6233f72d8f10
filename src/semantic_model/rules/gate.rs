//! Which findings are new: against a file of those that are known, or against
//! the findings of another revision.
//!
//! Findings are known by rule and object, not by line or wording, so that a
//! file that moves or a sentence that changes makes none new. Must not read files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::review::Issue;

/// What a finding is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The rule.
    pub rule_id: String,
    /// The kind of object.
    pub object_type: String,
    /// The object, with what it takes to tell it from others.
    pub object: String,
}

impl Identity {
    /// Of a finding.
    #[must_use]
    pub fn of(issue: &Issue) -> Self {
        Self {
            rule_id: issue.rule_id.to_string(),
            object_type: issue.object_type.as_str().to_owned(),
            object: issue.full_name.clone(),
        }
    }
}

/// Findings that are known, by model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Of this form.
    pub version: u32,
    /// The findings of each model, and how often each is there.
    pub models: BTreeMap<String, Vec<Known>>,
}

/// A known finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Known {
    /// What it is known by.
    #[serde(flatten)]
    pub identity: Identity,
    /// How often it is there.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub count: usize,
}

fn once() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_once(count: &usize) -> bool {
    *count == 1
}

impl Baseline {
    /// The form that is written.
    pub const VERSION: u32 = 1;

    /// With nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self { version: Self::VERSION, models: BTreeMap::new() }
    }

    /// Adds the findings of a model.
    pub fn add(&mut self, model: &str, issues: &[Issue]) {
        let mut counts: BTreeMap<Identity, usize> = BTreeMap::new();
        for issue in issues {
            *counts.entry(Identity::of(issue)).or_default() += 1;
        }
        let known = counts.into_iter().map(|(identity, count)| Known { identity, count });
        self.models.entry(model.to_owned()).or_default().extend(known);
    }

    /// Which findings of a model are new: true where they are.
    #[must_use]
    pub fn new_ones(&self, model: &str, issues: &[Issue]) -> Vec<bool> {
        let mut left: BTreeMap<&Identity, usize> = BTreeMap::new();
        for known in self.models.get(model).into_iter().flatten() {
            *left.entry(&known.identity).or_default() += known.count;
        }
        issues
            .iter()
            .map(|issue| match left.get_mut(&Identity::of(issue)) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                Some(_) | None => true,
            })
            .collect()
    }
}
