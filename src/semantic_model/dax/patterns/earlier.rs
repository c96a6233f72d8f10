//! `EARLIER` and `EARLIEST`.

use super::subject::{Finding, Subject};

/// A variable says which row is meant.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let calls = subject.calls(&["EARLIER", "EARLIEST"]);
    calls
        .map(|(_, call)| {
            let what = call.arguments.first().map(|node| subject.written(node.span)).unwrap_or_default();
            Finding::new(
                call.name,
                format!(
                    "`{}` is hard to read: which row it means depends on what is around it",
                    call.function.to_uppercase()
                ),
                format!("VAR Current = {what}, before the inner iteration"),
            )
        })
        .collect()
}
