//! What a rule finds, as it finds it.
//!
//! Must not know how findings are shown.

use super::element::Element;
use crate::semantic_model::dax::Position;

/// One finding of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Hit<'m> {
    /// What it is about.
    pub(crate) element: Element<'m>,
    /// Told instead of the rule's own sentence.
    pub(crate) message: Option<String>,
    /// Told instead of the rule's own advice.
    pub(crate) fix: Option<String>,
    /// Where in the object's expression.
    pub(crate) position: Option<Position>,
}

/// The findings of one rule.
#[derive(Debug, Default)]
pub(crate) struct Hits<'m> {
    found: Vec<Hit<'m>>,
}

impl<'m> Hits<'m> {
    /// An object of which the rule's own sentence says everything.
    pub(crate) fn add(&mut self, element: Element<'m>) {
        self.found.push(Hit { element, message: None, fix: None, position: None });
    }

    /// With a sentence of its own.
    pub(crate) fn say(&mut self, element: Element<'m>, message: impl Into<String>) {
        self.found.push(Hit { element, message: Some(message.into()), fix: None, position: None });
    }

    /// At a place of its expression.
    pub(crate) fn at(
        &mut self,
        element: Element<'m>,
        position: Position,
        message: Option<String>,
        fix: Option<String>,
    ) {
        self.found.push(Hit { element, message, fix, position: Some(position) });
    }

    pub(crate) fn into_found(self) -> Vec<Hit<'m>> {
        self.found
    }
}
