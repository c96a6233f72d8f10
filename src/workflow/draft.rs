//! A template read into types, before names are resolved: the step between the
//! tree and the plan. Names are still text and children still stand in their
//! parents; every expression is listed with its place.
//!
//! `read_template.rs` and `read_step.rs` make drafts, `lower.rs` turns one
//! into a plan, `scope.rs` judges its expressions.

use serde_json::Value;

use super::node::{Node, Spot};
use super::plan::{OnError, Plan, PlanStep};

/// A template.
#[derive(Debug)]
pub(crate) struct Draft<'n> {
    /// Everything but the steps.
    pub(crate) plan: Plan,
    pub(crate) steps: Vec<StepDraft<'n>>,
    /// Expressions that belong to no step.
    pub(crate) sites: Vec<Site<'n>>,
    pub(crate) parallel_groups: Vec<Vec<Named>>,
    pub(crate) tests: Vec<Value>,
    /// Steps that tests name.
    pub(crate) test_steps: Vec<Named>,
}

/// A step.
#[derive(Debug)]
pub(crate) struct StepDraft<'n> {
    /// Everything but indices.
    pub(crate) step: PlanStep,
    /// Of the id.
    pub(crate) spot: Spot,
    pub(crate) depends_on: Vec<Named>,
    pub(crate) next_steps: Vec<Named>,
    /// For a condition one group for each branch and one for `else`; else one.
    pub(crate) groups: Vec<Vec<Child<'n>>>,
    pub(crate) on_error: OnErrorDraft,
    /// `critical: true`.
    pub(crate) critical: bool,
    /// It has `rollback_actions`.
    pub(crate) rolls_back: bool,
    pub(crate) sites: Vec<Site<'n>>,
    pub(crate) calls: CallPlaces,
}

/// Where the calls of a step were written.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallPlaces {
    pub(crate) tool: Spot,
    pub(crate) parameters: Spot,
    /// Of each argument by name.
    pub(crate) arguments: Vec<(String, Spot)>,
    /// Of each alternative.
    pub(crate) alternatives: Vec<Spot>,
    /// Of each compensating call.
    pub(crate) compensate: Vec<Spot>,
    pub(crate) cache: Spot,
}

/// A child: in its place, or named from elsewhere.
#[derive(Debug)]
pub(crate) enum Child<'n> {
    Inline(Box<StepDraft<'n>>),
    Named(Named),
}

/// A step's name where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) spot: Spot,
}

impl Named {
    pub(crate) fn of(nodes: &[&Node]) -> Vec<Self> {
        let named = |node: &&Node| Some(Self { id: node.text()?.to_owned(), spot: node.spot.clone() });
        nodes.iter().filter_map(named).collect()
    }
}

/// `on_error` before names are resolved.
#[derive(Debug)]
pub(crate) enum OnErrorDraft {
    /// Not said.
    Default,
    Plain(OnError),
    Fallback(Named),
    Handlers(Vec<Named>),
}

/// A place where expressions stand.
#[derive(Debug)]
pub(crate) struct Site<'n> {
    pub(crate) what: SiteText<'n>,
    pub(crate) scope: SiteScope,
}

/// What stands there.
#[derive(Debug)]
pub(crate) enum SiteText<'n> {
    /// A value whose texts may hold `{{ }}`.
    Value(&'n Node),
    /// A text that may hold `{{ }}`.
    Text(String, Spot),
    /// A bare expression.
    Bare(String, Spot),
}

/// What is in scope beside parameters, context, finished steps, the loops
/// around the step and the run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SiteScope {
    /// `result`, the step's own.
    pub(crate) result: bool,
    /// `item`, of a transform.
    pub(crate) item: bool,
    /// `index`, of the loop or transform that the site belongs to.
    pub(crate) index: bool,
    /// `error`.
    pub(crate) error: bool,
    /// The step's own id.
    pub(crate) own: bool,
    /// `secrets`.
    pub(crate) secrets: bool,
    /// No step has begun yet.
    pub(crate) before_steps: bool,
    /// Names are the engine's own: only the syntax is checked.
    pub(crate) syntax_only: bool,
}

impl SiteScope {
    pub(crate) const PLAIN: Self = Self {
        result: false,
        item: false,
        index: false,
        error: false,
        own: false,
        secrets: false,
        before_steps: false,
        syntax_only: false,
    };
    pub(crate) const SECRET: Self = Self { secrets: true, ..Self::PLAIN };
    pub(crate) const RESULT: Self = Self { result: true, ..Self::PLAIN };
    pub(crate) const ITEM: Self = Self { item: true, index: true, ..Self::RESULT };
    pub(crate) const COMPENSATE: Self = Self { own: true, secrets: true, ..Self::RESULT };
    pub(crate) const ADJUST: Self = Self { error: true, ..Self::PLAIN };
    pub(crate) const WHILE: Self = Self { index: true, ..Self::PLAIN };
    pub(crate) const START: Self = Self { before_steps: true, ..Self::PLAIN };
    pub(crate) const SYNTAX: Self = Self { syntax_only: true, ..Self::PLAIN };
}

impl<'n> Site<'n> {
    pub(crate) fn value(node: &'n Node, scope: SiteScope) -> Self {
        Self { what: SiteText::Value(node), scope }
    }

    pub(crate) fn text(text: impl Into<String>, spot: &Spot, scope: SiteScope) -> Self {
        Self { what: SiteText::Text(text.into(), spot.clone()), scope }
    }

    pub(crate) fn bare(text: impl Into<String>, spot: &Spot, scope: SiteScope) -> Self {
        Self { what: SiteText::Bare(text.into(), spot.clone()), scope }
    }
}
