//! The same expression twice with the same value.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::subject::{Finding, Subject};
use crate::semantic_model::dax::shape::{hashes, same_shape};
use crate::semantic_model::dax::syntax::Kind;

/// A variable is evaluated once and has a name.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let outline = &subject.analysis.outline;
    let shapes = hashes(outline);
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, site) in subject.sites() {
        let Some(shape) = shapes.get(at).filter(|_| is_worth_a_variable(subject, at)) else { continue };
        let mut hasher = DefaultHasher::new();
        (shape, site.scope).hash(&mut hasher);
        places.entry(hasher.finish()).or_default().push(at);
    }
    let mut groups: Vec<Vec<usize>> = places.into_values().filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    let mut covered = vec![false; outline.len()];
    let mut found = Vec::new();
    for group in groups {
        let Some((first, again)) = group.split_first() else { continue };
        // What stands inside something repeated is repeated with it.
        if again.iter().any(|at| covered.get(*at).copied().unwrap_or_default()) {
            continue;
        }
        let nodes = (outline.site(*first), again.first().and_then(|at| outline.site(*at)));
        let (Some(one), Some(other)) = nodes else { continue };
        let means = |at: Option<&usize>| at.and_then(|at| subject.analysis.targets.get(outline.below(*at)));
        if !same_shape(one.node, other.node) || means(Some(first)) != means(again.first()) {
            continue;
        }
        for at in &group {
            if let Some(below) = covered.get_mut(outline.below(*at)) {
                below.fill(true);
            }
        }
        found.push(Finding::new(
            other.node.span,
            format!("`{}` is written {} times with the same value", subject.written(one.node.span), group.len()),
            format!("VAR Value = {}", subject.written(one.node.span)),
        ));
    }
    found
}

/// Calls with something in them that takes time; filters and names alone are no values.
fn is_worth_a_variable(subject: Subject<'_, '_, '_>, at: usize) -> bool {
    let outline = &subject.analysis.outline;
    let Some(site) = outline.site(at) else { return false };
    let is_value = matches!(&site.node.kind, Kind::Call(call)
        if !call.is_any(&["BLANK", "TRUE", "FALSE", "SELECTEDMEASURE", "KEEPFILTERS", "REMOVEFILTERS", "ALL",
            "ALLEXCEPT", "USERELATIONSHIP", "CROSSFILTER", "ORDERBY", "PARTITIONBY", "VALUES", "DISTINCT",
            "ISINSCOPE", "CURRENTGROUP", "TODAY", "NOW", "UTCNOW", "UTCTODAY"]));
    // A call of nothing but constants, or of one name, is as short as a variable.
    is_value && outline.below(at).count() > 1
}
