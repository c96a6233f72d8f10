//! No model is connected: connect, or see what there is.

use crate::base::ErrorKind;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    if occasion.error != Some(ErrorKind::NotConnected) {
        return Vec::new();
    }
    vec![
        Recommendation::tool("01_connect_to_instance", "No model is connected: connect to one, then call again", 0.95)
            .high(),
        Recommendation::tool("01_detect_pbi_instances", "See which models are in the roots", 0.8),
    ]
}
