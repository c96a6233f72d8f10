//! What an expression reads, found at load, so that a template's reader can
//! tell undeclared parameters, steps that are no ancestors, and secrets where
//! none may stand.

/// One thing an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What is read.
    pub target: Target,
    /// The fixed keys after it, up to the first computed one; list places in
    /// decimal. For [`Target::Step`] it begins with the step's field
    /// (`result`, `status`, ...); for [`Target::Param`] and
    /// [`Target::Context`] the first key is the parameter or context key.
    pub path: Vec<String>,
    /// It may be missing: it stands under `is defined`, `|default` or `.get`.
    pub optional: bool,
    /// More than the value itself is used: a filter, comparison, call or
    /// condition is applied to it, or a key is looked up in it. Secrets may not be.
    pub transformed: bool,
    /// Byte offset in what the author wrote.
    pub offset: usize,
    /// Line there, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// JSON pointer of the string inside a template value; empty for an expression.
    pub pointer: String,
}

/// What a reference reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// `params`.
    Param,
    /// `context`.
    Context,
    /// `<id>`, `steps.<id>`, `results.<id>`.
    Step(String),
    /// `steps` or `results` as a whole or by a computed id.
    AllSteps,
    /// `secrets.<NAME>`.
    Secret(String),
    /// `result`.
    Result,
    /// `item`, or a loop's `as` name.
    Item(Option<String>),
    /// `index`.
    Index,
    /// `run`.
    Run,
    /// `error`.
    Error,
}

impl Reference {
    /// The name of the parameter or context key, when it is fixed.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.path.first().map(String::as_str)
    }
}
