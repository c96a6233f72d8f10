//! What the source documents' own keys become: retry settings, mappings,
//! names of Python exceptions. Each function is one key's documented meaning;
//! plain aliases are in `keys.rs`.

use crate::base::ErrorKind;

use super::keys::RETRY;
use super::node::Node;
use super::plan::Retry;
use super::problem::{Code, shorten};
use super::problems::Problems;
use super::shape::Fields;

const DEFAULT_MAX_RETRIES: u32 = 3;

/// `retry`, and what of it concerns other keys.
#[derive(Debug, Default)]
pub(crate) struct RetryBlock {
    pub(crate) retry: Option<Retry>,
    pub(crate) continue_on_failure: bool,
}

/// Reads a `retry` mapping.
pub(crate) fn retry_block(node: &Node, problems: &mut Problems) -> RetryBlock {
    let fields = Fields::new(node, &RETRY);
    let only_other_keys =
        fields.given().all(|(name, _)| matches!(name, "continue_on_failure" | "parallel_failure_threshold"))
            && fields.given().next().is_some();
    let kinds = |name: &str, problems: &mut Problems| -> Vec<ErrorKind> {
        fields.texts(name).into_iter().filter_map(|node| error_kind(node, problems)).collect()
    };
    let retryable = fields.get("retryable_errors").map(|_| kinds("retryable_errors", problems));
    let non_retryable = kinds("non_retryable_errors", problems);
    let retry = Retry {
        max_retries: fields.count("max_retries").unwrap_or(DEFAULT_MAX_RETRIES),
        delay_seconds: fields.number("delay_seconds").unwrap_or(1.0),
        backoff_multiplier: fields.number("backoff_multiplier").unwrap_or(2.0),
        max_delay_seconds: fields.number("max_delay_seconds").unwrap_or(30.0),
        retryable_errors: retryable,
        non_retryable_errors: non_retryable,
    };
    let retry = Retry { max_delay_seconds: retry.max_delay_seconds.max(retry.delay_seconds), ..retry };
    RetryBlock {
        retry: (!only_other_keys).then_some(retry),
        continue_on_failure: fields.boolean("continue_on_failure").unwrap_or(false),
    }
}

/// `retry_on_failure` with `max_retries` and `retry_delay_seconds` (a constant
/// delay), or `retry_count` with `retry_delay` (doubling). `None`: neither asks for retries.
pub(crate) fn retry_keys(fields: &Fields<'_>, problems: &mut Problems) -> Option<Retry> {
    let constant = |count: u32, delay: f64, multiplier: f64| Retry {
        max_retries: count,
        delay_seconds: delay,
        backoff_multiplier: multiplier,
        max_delay_seconds: delay.max(30.0),
        retryable_errors: None,
        non_retryable_errors: Vec::new(),
    };
    if fields.boolean("retry_on_failure") == Some(true) {
        let count = fields.count("max_retries").unwrap_or(DEFAULT_MAX_RETRIES);
        let delay = fields.number("retry_delay_seconds").unwrap_or(5.0);
        return Some(constant(count, delay, 1.0));
    }
    if let Some(count) = fields.count("retry_count") {
        let delay = fields.number("retry_delay").unwrap_or(1.0);
        return Some(constant(count, delay, 2.0));
    }
    for (name, needs) in [
        ("max_retries", "retry_on_failure: true"),
        ("retry_delay_seconds", "retry_on_failure: true"),
        ("retry_delay", "retry_count"),
    ] {
        if let Some(entry) = fields.entry(name) {
            problems.add(
                Code::NoEffect,
                &entry.key_spot,
                format!("`{name}` does nothing without `{needs}`"),
                Some("write `retry: {max_retries: 3, delay_seconds: 1}`".to_owned()),
            );
        }
    }
    None
}

/// A kind of error, by our name or by the exception that the documents name.
fn error_kind(node: &Node, problems: &mut Problems) -> Option<ErrorKind> {
    let text = node.text()?;
    let kind = ErrorKind::parse(text).or(match text {
        "ValueError" | "TypeError" | "ValidationError" => Some(ErrorKind::InvalidInput),
        "AuthenticationError" | "PermissionError" | "AuthorizationError" => Some(ErrorKind::Auth),
        "TimeoutError" => Some(ErrorKind::Timeout),
        "ConnectionError" | "NetworkError" | "ServiceUnavailable" => Some(ErrorKind::Unavailable),
        "RateLimitError" => Some(ErrorKind::RateLimited),
        "NotFoundError" | "KeyError" | "FileNotFoundError" => Some(ErrorKind::NotFound),
        "RuntimeError" | "Exception" => Some(ErrorKind::ToolError),
        _ => None,
    });
    if kind.is_none() {
        let names = ErrorKind::ALL.iter().map(|kind| kind.as_str());
        problems.add(
            Code::WrongValue,
            &node.spot,
            format!("`{}` is no kind of error", shorten(text)),
            problems
                .did_you_mean(text, names)
                .or_else(|| Some("kinds are `timeout`, `unavailable`, `rate_limited`, ...".to_owned())),
        );
    }
    kind
}

/// A value of `parameter_mapping` or `input_mapping` as text with an expression:
/// a path or `{{ }}` as it stands, a bare name or expression in braces.
pub(crate) fn mapped_input(text: &str) -> String {
    let trimmed = text.trim();
    if trimmed.contains("{{") || trimmed.starts_with("${") || trimmed.starts_with("$.") {
        text.to_owned()
    } else {
        format!("{{{{ {trimmed} }}}}")
    }
}

/// A value of `output_mapping`: a field of the step's result.
pub(crate) fn mapped_output(text: &str) -> String {
    let trimmed = text.trim();
    if trimmed.contains("{{") || trimmed.starts_with("${") || trimmed.starts_with("$.") {
        text.to_owned()
    } else if trimmed == "result" || trimmed.starts_with("result.") || trimmed.starts_with("result[") {
        format!("{{{{ {trimmed} }}}}")
    } else {
        format!("{{{{ result.{trimmed} }}}}")
    }
}

/// An id made of a name for people, for documents that give only the latter.
pub(crate) fn id_of_name(name: &str) -> String {
    let mut id = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            id.extend(character.to_lowercase());
        } else if !id.is_empty() && !id.ends_with('_') {
            id.push('_');
        }
    }
    let id = id.trim_end_matches('_');
    if id.is_empty() || id.starts_with(|first: char| first.is_ascii_digit()) { format!("_{id}") } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{id_of_name, mapped_input, mapped_output};

    #[test]
    fn mappings_become_expressions() {
        assert_eq!(mapped_input("$.fetch.result.id"), "$.fetch.result.id");
        assert_eq!(mapped_input("document_text"), "{{ document_text }}");
        assert_eq!(mapped_input("{{ a.b }}!"), "{{ a.b }}!");
        assert_eq!(mapped_output("pages[0].text"), "{{ result.pages[0].text }}");
        assert_eq!(mapped_output("result"), "{{ result }}");
    }

    #[test]
    fn a_name_becomes_an_id() {
        assert_eq!(id_of_name("Account Analysis – Workflow!"), "account_analysis_workflow");
        assert_eq!(id_of_name("3 steps"), "_3_steps");
    }
}
