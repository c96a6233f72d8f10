//! What a pattern looks at, and what it finds.

use crate::semantic_model::dax::analysis::Analysis;
use crate::semantic_model::dax::outline::Site;
use crate::semantic_model::dax::resolve::Target;
use crate::semantic_model::dax::span::Span;
use crate::semantic_model::dax::syntax::{Call, Kind, Node};

/// An expression in which patterns are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s, 'f, 'm> {
    /// The text.
    pub text: &'s str,
    /// What is known of it.
    pub analysis: &'s Analysis<'f, 'm>,
}

/// A place where a pattern stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub span: Span,
    /// What is there, and why it is worth a change.
    pub message: String,
    /// What to write instead.
    pub suggestion: String,
}

impl Finding {
    pub(super) fn new(span: Span, message: impl Into<String>, suggestion: impl Into<String>) -> Self {
        Self { span, message: message.into(), suggestion: suggestion.into() }
    }
}

/// Functions whose arguments but the first are filters.
const FILTERED: [&str; 2] = ["CALCULATE", "CALCULATETABLE"];

impl<'s, 'f, 'm> Subject<'s, 'f, 'm> {
    /// All sites with their numbers.
    pub(super) fn sites(self) -> impl Iterator<Item = (usize, &'s Site<'f>)> {
        self.analysis.outline.sites()
    }

    /// The calls of these functions with the numbers of their sites.
    pub(super) fn calls(self, functions: &'static [&'static str]) -> impl Iterator<Item = (usize, &'f Call)> {
        self.analysis.outline.calls().filter(move |(_, call)| call.is_any(functions))
    }

    /// The filters of every `CALCULATE` and `CALCULATETABLE`: the sites of their arguments, without brackets and
    /// `KEEPFILTERS` around them.
    pub(super) fn filters(self) -> impl Iterator<Item = (usize, &'f Node)> {
        let arguments = self.calls(&FILTERED).flat_map(move |(at, _)| self.analysis.outline.children(at).skip(1));
        arguments.filter_map(move |at| self.within(at))
    }

    /// A site without brackets and `KEEPFILTERS` around it.
    fn within(self, at: usize) -> Option<(usize, &'f Node)> {
        let mut at = at;
        loop {
            let node = self.analysis.outline.site(at)?.node;
            let keeps = matches!(&node.kind, Kind::Call(call) if call.is("KEEPFILTERS"));
            if !keeps && !matches!(node.kind, Kind::Brackets(_)) {
                return (node.span.start < node.span.end).then_some((at, node));
            }
            at = self.analysis.outline.children(at).next()?;
        }
    }

    /// The site of an argument of a call, without brackets around it.
    pub(super) fn argument(self, call: usize, index: usize) -> Option<usize> {
        let mut at = self.analysis.outline.children(call).nth(index)?;
        while matches!(self.analysis.outline.site(at)?.node.kind, Kind::Brackets(_)) {
            at = self.analysis.outline.children(at).next()?;
        }
        Some(at)
    }

    /// What an argument of a call means, where it is a name alone.
    pub(super) fn meaning(self, call: usize, index: usize) -> Option<Target<'m>> {
        self.analysis.target(self.argument(call, index)?)
    }

    /// What a node means when it is written down, shortened for a sentence.
    pub(super) fn written(self, span: Span) -> String {
        let one_line = span.of(self.text).split_whitespace().collect::<Vec<_>>().join(" ");
        match one_line.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{}...", one_line.get(..at).unwrap_or_default()),
            None => one_line,
        }
    }

    /// The measures that are evaluated at or below a site.
    pub(super) fn measures_below(self, at: usize) -> impl Iterator<Item = (usize, &'m str)> {
        let analysis = self.analysis;
        analysis.outline.below(at).filter_map(move |at| Some((at, analysis.measure(at)?)))
    }
}

/// Characters of an expression that is quoted in a sentence.
const LONGEST: usize = 80;
