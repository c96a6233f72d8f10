//! Something of the installation stands in the way: its warnings tell what.

use crate::base::ErrorKind;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let kinds = [
        ErrorKind::ConfigInvalid,
        ErrorKind::StoreUnavailable,
        ErrorKind::NoRoots,
        ErrorKind::OutsideRoots,
        ErrorKind::Disabled,
    ];
    if !occasion.error.is_some_and(|kind| kinds.contains(&kind)) || occasion.tool == Some("list_workflow_templates") {
        return Vec::new();
    }
    let reason = "Its `warnings` say what is amiss with the configuration; the user has to put it right";
    vec![Recommendation::tool("list_workflow_templates", reason, 0.7)]
}
