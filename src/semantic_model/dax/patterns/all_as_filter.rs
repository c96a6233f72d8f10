//! `ALL` as a filter, where `REMOVEFILTERS` says what is meant.

use super::subject::{Finding, Subject};

/// As a filter `ALL` gives no table: it takes filters away.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let calls = subject.filters().filter_map(|(_, node)| node.as_call_of("ALL"));
    calls
        .map(|call| {
            let arguments: Vec<String> = call.arguments.iter().map(|node| subject.written(node.span)).collect();
            let what =
                if arguments.is_empty() { "of the whole model".into() } else { format!("of {}", arguments.join(", ")) };
            Finding::new(
                call.name,
                format!("`ALL` as a filter takes away the filters {what}"),
                if arguments.is_empty() {
                    "REMOVEFILTERS ()".to_owned()
                } else {
                    format!("REMOVEFILTERS ( {} )", arguments.join(", "))
                },
            )
        })
        .collect()
}
