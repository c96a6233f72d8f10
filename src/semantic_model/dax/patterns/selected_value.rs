//! `IF ( HASONEVALUE ( x ), VALUES ( x ) )`.

use super::subject::{Finding, Subject};

/// `SELECTEDVALUE` is the same in one call.
pub(super) fn find(subject: Subject<'_, '_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, call) in subject.calls(&["IF"]) {
        let arguments = &call.arguments;
        let condition = arguments.first().and_then(|node| node.as_call_of("HASONEVALUE"));
        let value = arguments.get(1).and_then(|node| node.as_call());
        let value = value.filter(|value| value.is_any(&["VALUES", "DISTINCT", "MIN", "MAX", "SELECTEDVALUE"]));
        if let (Some(condition), Some(value)) = (condition, value)
            && let (Some(left), Some(right)) = (condition.arguments.first(), value.arguments.first())
            && subject.written(left.span).eq_ignore_ascii_case(&subject.written(right.span))
        {
            let column = subject.written(left.span);
            let otherwise = arguments.get(2).map(|node| format!(", {}", subject.written(node.span)));
            found.push(Finding::new(
                call.name,
                "`IF` with `HASONEVALUE` asks for the column twice",
                format!("SELECTEDVALUE ( {column}{} )", otherwise.unwrap_or_default()),
            ));
        }
    }
    found
}
