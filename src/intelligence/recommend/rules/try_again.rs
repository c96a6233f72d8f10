//! A failure that may pass, of a call that does no harm twice: the same again.

use crate::base::ErrorKind;
use crate::intelligence::recommend::occasion::Occasion;
use crate::intelligence::recommend::recommendation::Recommendation;

pub(super) fn propose(occasion: &Occasion<'_>) -> Vec<Recommendation> {
    let passing = [ErrorKind::Timeout, ErrorKind::Unavailable, ErrorKind::RateLimited];
    let Some(entry) = occasion.tool.and_then(|tool| occasion.catalogue.tool(tool)) else { return Vec::new() };
    let fits = occasion.error.is_some_and(|kind| passing.contains(&kind)) && entry.repeat_safe;
    // Nearly every call succeeds: its arguments are not written out for nothing.
    let Some(arguments) = fits.then(|| occasion.arguments_again()).flatten() else { return Vec::new() };
    let reason = match occasion.error {
        Some(ErrorKind::RateLimited) => "The server asks for fewer calls: wait, then call again",
        _ => "It may pass, and a second call does no harm",
    };
    vec![Recommendation::tool(&entry.name, reason, 0.7).with_all(arguments)]
}
