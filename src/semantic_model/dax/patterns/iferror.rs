//! `IFERROR` and `ISERROR`.

use super::subject::{Finding, Subject};

/// They hide every mistake, and the engine must evaluate row by row to catch errors.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let calls = subject.calls(&["IFERROR", "ISERROR"]);
    calls
        .map(|(_, call)| {
            let guarded = call.arguments.first().map(|node| subject.written(node.span)).unwrap_or_default();
            let suggestion = if guarded.contains('/') || guarded.to_ascii_uppercase().contains("DIVIDE") {
                "divide with `DIVIDE`, whose third argument is the value for a division by 0".to_owned()
            } else {
                "test the one condition that can fail, as with `ISBLANK`, `IF` or the default of `DIVIDE` and `SEARCH`"
                    .to_owned()
            };
            let name = call.function.to_uppercase();
            Finding::new(call.name, format!("`{name}` hides every error of `{guarded}` and is slow"), suggestion)
        })
        .collect()
}
