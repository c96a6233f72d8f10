//! What a rule is.
//!
//! Must not know any rule: `table` lists them. A new category or analysis is a
//! variant here.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::element::ElementKind;
use super::hits::Hits;
use super::subject::Subject;
use super::user::Condition;
pub use crate::semantic_model::dax::patterns::Severity;

/// What a rule is about, in the words of the public set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub enum Category {
    /// Speed and size.
    Performance,
    /// How DAX is written.
    #[serde(rename = "DAX Expressions")]
    Dax,
    /// What fails, now or at a refresh.
    #[serde(rename = "Error Prevention")]
    ErrorPrevention,
    /// What makes the model hard to keep.
    Maintenance,
    /// Names.
    #[serde(rename = "Naming Conventions")]
    Naming,
    /// How values and fields are shown.
    Formatting,
    /// How tables hang together.
    Relationships,
    /// What leads nowhere.
    Integrity,
    /// M.
    #[serde(rename = "Power Query")]
    PowerQuery,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Performance,
        Self::Dax,
        Self::ErrorPrevention,
        Self::Maintenance,
        Self::Naming,
        Self::Formatting,
        Self::Relationships,
        Self::Integrity,
        Self::PowerQuery,
    ];

    /// As people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Performance => "Performance",
            Self::Dax => "DAX Expressions",
            Self::ErrorPrevention => "Error Prevention",
            Self::Maintenance => "Maintenance",
            Self::Naming => "Naming Conventions",
            Self::Formatting => "Formatting",
            Self::Relationships => "Relationships",
            Self::Integrity => "Integrity",
            Self::PowerQuery => "Power Query",
        }
    }

    /// Reads it, whatever the case and with `_` or `-` for spaces; a first word is enough.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |text: &str| text.to_lowercase().replace(['_', '-'], " ").trim().to_owned();
        let wanted = plain(text);
        let is = |category: &Self| {
            let name = plain(category.as_str());
            name == wanted || name.split(' ').next() == Some(wanted.as_str())
        };
        Self::ALL.into_iter().find(is)
    }
}

/// The part of a review that a rule belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Analysis {
    /// Best practices: Microsoft's public set and the user's own rules.
    Bpa,
    /// Patterns in DAX and in the design that cost time.
    Performance,
    /// How tables hang together.
    Relationships,
    /// What leads nowhere.
    Integrity,
    /// M.
    MPractices,
}

impl Analysis {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Bpa, Self::Performance, Self::Relationships, Self::Integrity, Self::MPractices];
}

/// How closely a model is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Properties only: no expression is read.
    Fast,
    /// Expressions too.
    #[default]
    Balanced,
    /// Also what is only worth a look: everything that nothing uses, style.
    #[serde(alias = "detailed")]
    Deep,
}

/// A property that a safe fix sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AutoFix {
    /// The property, as TMDL calls it.
    pub property: &'static str,
    /// Its value, as TMDL writes it.
    pub value: &'static str,
}

/// Looks at a model and tells what it finds.
pub(crate) type Look = for<'f, 'm> fn(&Subject<'f, 'm>, &mut Hits<'m>);

/// How a rule looks.
#[derive(Debug, Clone)]
pub(crate) enum Check {
    /// At properties.
    Properties(Look),
    /// At expressions too.
    Expressions(Look),
    /// At what only a closer look is worth.
    Closer(Look),
    /// At numbers that another tool has left as annotations of this name; and whether a `.vpax` has them too.
    Statistics(&'static str, bool, Look),
    /// A DAX pattern.
    Pattern(&'static str),
    /// The user's own condition.
    User(Arc<Condition>),
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id; of the public set where it has one.
    pub id: Cow<'static, str>,
    /// Its name.
    pub name: Cow<'static, str>,
    /// The part of a review that it belongs to.
    pub analysis: Analysis,
    /// What it is about.
    pub category: Category,
    /// How much it matters.
    pub severity: Severity,
    /// The kinds of objects that it looks at.
    pub scope: Cow<'static, [ElementKind]>,
    /// What is wrong, a sentence without an end.
    pub message: Cow<'static, str>,
    /// What to do about it.
    pub fix: Cow<'static, str>,
    /// What a program may set to mend it.
    pub auto_fix: Option<AutoFix>,
    /// A rule of the public set that tells the same, and tells it first.
    pub twin: Option<&'static str>,
    pub(crate) check: Check,
}

impl Rule {
    /// A rule of the public set.
    pub(crate) const fn bpa(
        id: &'static str,
        name: &'static str,
        category: Category,
        severity: Severity,
        scope: &'static [ElementKind],
        texts: [&'static str; 2],
        check: Check,
    ) -> Self {
        Self::of(Analysis::Bpa, id, name, category, severity, scope, texts, check)
    }

    #[expect(clippy::too_many_arguments, reason = "a line of a table; each member stands once")]
    pub(crate) const fn of(
        analysis: Analysis,
        id: &'static str,
        name: &'static str,
        category: Category,
        severity: Severity,
        scope: &'static [ElementKind],
        texts: [&'static str; 2],
        check: Check,
    ) -> Self {
        Self {
            id: Cow::Borrowed(id),
            name: Cow::Borrowed(name),
            analysis,
            category,
            severity,
            scope: Cow::Borrowed(scope),
            message: Cow::Borrowed(texts[0]),
            fix: Cow::Borrowed(texts[1]),
            auto_fix: None,
            twin: None,
            check,
        }
    }

    /// The same with what a program may set.
    #[must_use]
    pub(crate) const fn set(mut self, property: &'static str, value: &'static str) -> Self {
        self.auto_fix = Some(AutoFix { property, value });
        self
    }

    /// The same with the rule of the public set that tells it first.
    #[must_use]
    pub(crate) const fn twin(mut self, id: &'static str) -> Self {
        self.twin = Some(id);
        self
    }

    /// The depth from which on it is looked for.
    #[must_use]
    pub fn depth(&self) -> Depth {
        match &self.check {
            Check::Properties(_) | Check::Statistics(..) | Check::User(_) => Depth::Fast,
            Check::Expressions(_) => Depth::Balanced,
            // Style is told on request, and what may be slow or wrong always.
            Check::Pattern(_) if self.severity > Severity::Info => Depth::Balanced,
            Check::Closer(_) | Check::Pattern(_) => Depth::Deep,
        }
    }
}
