//! The one expression language: `MiniJinja`'s grammar inside `{{ }}`, JSON's
//! kinds, and comparisons that fail where kinds do not fit.
//!
//! Two entrances: [`Expression`], bare, for conditions; [`Template`], a JSON
//! value with expressions in its strings. The way of a source: `lexer` and
//! `dialect` bring every way of writing to one (`lower`), `compile` resolves
//! names, `eval` walks. Must not know templates of workflows, runs or the
//! store: what an expression reads comes through [`Scope`]. [`order`], [`equal`]
//! and [`contains`] are the language's comparisons for who works on values
//! without an expression, [`Budget`] its limits. A new filter, test, function
//! or method is a line in its table; a new dialect is a rewrite in `dialect`.
//! `docs/expressions.md` is the user's page, and a test runs its examples.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an operation names the kinds it takes and refuses the rest, so that a new kind fails closed"
)]

mod budget;
mod compile;
mod datum;
mod dialect;
mod error;
mod eval;
mod expression;
mod filters;
mod functions;
mod inputs;
mod known;
mod lexer;
mod locate;
mod lower;
mod meter;
mod methods;
mod node;
mod operators;
mod predicates;
mod reference;
mod scope;
mod secret;
mod template;
#[cfg(test)]
mod tests;
mod value;
mod walk;

pub use budget::Budget;
pub use error::{ExprError, Fault};
pub use expression::{Expression, lower};
pub use known::Known;
pub use reference::{Reference, Target};
pub use scope::{NoResults, ResultSource, RunView, Scope, StepView};
pub use secret::{UnknownSecret, has_secret, readable, reveal};
pub use template::{Template, lower_text, lower_value};
pub use value::{ValueError, contains, equal, identity, order};
