//! A rule that a case broke.

/// Which rule and how.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) rule: &'static str,
    pub(crate) detail: String,
}

impl Fault {
    pub(crate) fn new(rule: &'static str, detail: impl std::fmt::Display) -> Self {
        Self { rule, detail: detail.to_string() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rule `{}`: {}", self.rule, self.detail)
    }
}

/// Breaks `rule` unless `holds`.
pub(crate) fn hold(holds: bool, rule: &'static str, detail: impl FnOnce() -> String) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::new(rule, detail())) }
}
