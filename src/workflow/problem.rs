//! What is wrong with a template: a code, a place, a sentence, a hint.
//!
//! The one list of codes is [`Code`]; `docs/workflows.md` explains each and a
//! test compares the two. A new check adds a code here and a line there.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The template works; something in it is doubtful.
    Warning,
    /// The template cannot be used.
    Error,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident $code:literal $name:literal;)+) => {
        /// Every kind of problem, with a code that never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// `E012`: `E` for errors, `W` for warnings.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// `unknown_key`
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

codes! {
    /// The text is not YAML or JSON.
    Syntax "E001" "syntax";
    /// The text is larger than a template may be.
    TooLarge "E002" "too_large";
    /// The bytes are not UTF-8.
    NotUtf8 "E003" "not_utf8";
    /// A key stands twice in one mapping.
    DuplicateKey "E004" "duplicate_key";
    /// Aliases or nesting go beyond the budget.
    OverBudget "E005" "over_budget";
    /// YAML that has no meaning here.
    UnsupportedYaml "E006" "unsupported_yaml";
    /// The file cannot be read.
    Unreadable "E007" "unreadable";
    /// A value of another kind than the key takes.
    WrongType "E011" "wrong_type";
    /// A key that no template has.
    UnknownKey "E012" "unknown_key";
    /// A key that must be there is not.
    MissingKey "E013" "missing_key";
    /// A value that the key does not take.
    WrongValue "E014" "wrong_value";
    /// A key of another type of step.
    MisplacedKey "E015" "misplaced_key";
    /// Two keys that exclude each other.
    ConflictingKeys "E016" "conflicting_keys";
    /// More steps than a template may have.
    TooManySteps "E017" "too_many_steps";
    /// Steps nested deeper than allowed.
    TooDeep "E018" "too_deep";
    /// A name that breaks the rule for names.
    BadId "E020" "bad_id";
    /// A name that means something else in expressions.
    ReservedId "E021" "reserved_id";
    /// Two steps, or two parameters, of one name.
    DuplicateId "E022" "duplicate_id";
    /// A step that is not in the template.
    UnknownStep "E023" "unknown_step";
    /// Steps that wait for each other.
    Cycle "E024" "cycle";
    /// A step named from a place that cannot reach it.
    MisplacedStep "E025" "misplaced_step";
    /// An expression that does not parse.
    BadExpression "E030" "bad_expression";
    /// A name that nothing in scope has.
    UnknownName "E031" "unknown_name";
    /// A parameter that is not declared.
    UnknownParameter "E032" "unknown_parameter";
    /// A step that need not be finished when its result is read.
    NotAnAncestor "E033" "not_an_ancestor";
    /// A name that does not exist at this place.
    OutOfScope "E034" "out_of_scope";
    /// A secret where none may stand.
    SecretNotAllowed "E035" "secret_not_allowed";
    /// Something that a template written by an agent may not do.
    AgentNotAllowed "E036" "agent_not_allowed";
    /// A JSON Schema that is none.
    BadSchema "E040" "bad_schema";
    /// A value that its own schema refuses.
    BadDefault "E041" "bad_default";
    /// Two templates of one id.
    DuplicateTemplate "E050" "duplicate_template";
    /// Arguments that the tool's schema refuses.
    BadArguments "E051" "bad_arguments";
    /// A tool that is not there.
    UnknownTool "W101" "unknown_tool";
    /// A key that changes nothing here.
    NoEffect "W102" "no_effect";
    /// A category that is not one of the six.
    UnknownCategory "W103" "unknown_category";
    /// A context value that nothing sets.
    UnknownContext "W104" "unknown_context";
    /// A question that no form can show.
    NoForm "W105" "no_form";
    /// A cache on a call that is not known to be repeatable.
    UnsafeCache "W106" "unsafe_cache";
    /// A built-in template replaced by a file.
    ReplacesBuiltin "W107" "replaces_builtin";
    /// A parameter that is read although it need not be there.
    MayBeMissing "W108" "may_be_missing";
}

impl Code {
    /// Errors make a template unusable, warnings do not.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.as_str().starts_with('W') { Severity::Warning } else { Severity::Error }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing.
    pub code: Code,
    /// The file, or what stands for it.
    pub file: String,
    /// From 1; `None` when the template was a value and not a text.
    pub line: Option<u32>,
    /// From 1, in characters.
    pub column: Option<u32>,
    /// Where in the template, as `steps[2].tool`; empty for the whole.
    pub path: String,
    /// A sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// The problem's severity.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// As JSON, for `validate --json` and for answers to agents.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "severity": self.severity(),
            "code": self.code.as_str(),
            "name": self.code.name(),
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "message": self.message,
            "hint": self.hint,
        })
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {} {}: ", self.code.as_str(), self.code.name())?;
        // With a line and a column the path says nothing new; without, it is the place.
        if self.line.is_none() && !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

/// The nearest of `names` to what was written, when it is near enough to be meant.
#[must_use]
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Beyond this nobody mistyped a name, and the comparison would cost.
    if written.len() > 64 {
        return None;
    }
    let lower = written.to_lowercase();
    names
        .into_iter()
        .map(|name| (likeness(&lower, &name.to_lowercase()), name))
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|one, two| one.0.total_cmp(&two.0).then_with(|| two.1.cmp(one.1)))
        .map(|(_, name)| name)
}

/// From 0 to 1. Letters swapped in a short word count as one slip, which the first measure misses.
fn likeness(one: &str, other: &str) -> f64 {
    let slips = strsim::damerau_levenshtein(one, other);
    let longest = one.chars().count().max(other.chars().count());
    let near = if slips * 3 <= longest { 0.8 } else { 0.0 };
    strsim::jaro_winkler(one, other).max(near)
}

/// "did you mean `x`?", when something is near.
#[must_use]
pub fn did_you_mean<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, names).map(|name| format!("did you mean `{name}`?"))
}

/// Cuts text that goes into a message, so that no message is longer than what it is about.
#[must_use]
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 80;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{Code, nearest};

    #[test]
    fn codes_and_names_are_unique() {
        let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        codes.sort_unstable();
        codes.dedup();
        names.sort_unstable();
        names.dedup();
        assert_eq!((codes.len(), names.len()), (Code::ALL.len(), Code::ALL.len()));
    }

    #[test]
    fn the_nearest_name_is_told_only_when_it_is_near() {
        let names = ["timeout_seconds", "step_name", "depends_on"];
        assert_eq!(nearest("timeout_secs", names), Some("timeout_seconds"));
        assert_eq!(nearest("dependson", names), Some("depends_on"));
        assert_eq!(nearest("zebra", names), None);
    }
}
