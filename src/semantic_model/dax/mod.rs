//! DAX, the language of measures.
//!
//! `lexer` makes tokens, `parser` a tree (`syntax`) with its places (`span`).
//! `outline` lays a tree out as a list, `resolve` says what its names mean for a
//! [`Home`] and the [`Names`] of a model; an [`Analysis`] holds both.
//! `references`, `transitions` and `complexity` are made from one,
//! `dependencies` from all `expressions` of a model. Must not know files. A new
//! function of Microsoft's is a word in `functions`.

mod analysis;
mod complexity;
mod dependencies;
mod expressions;
mod format;
pub mod functions;
mod home;
mod lexer;
mod locals;
pub mod names;
pub mod outline;
mod parser;
pub mod patterns;

mod problem;
mod references;
mod resolve;
#[cfg(test)]
mod sample;
mod shape;
mod span;
pub mod syntax;
mod transitions;
mod validation;

pub use analysis::{Analysis, Formula};
pub use complexity::Complexity;
pub use dependencies::{Branch, Dependencies, Way};
pub use expressions::{Expression, Object, Part, expressions};
pub use format::format;
pub use home::Home;
pub use lexer::{Token, TokenKind, tokens};
pub use names::Names;
pub use parser::{MAX_DEPTH, MAX_PROBLEMS, Parsed, Script, is_query, parse_expression, parse_function, parse_query};
pub use problem::Problem;
pub use references::References;
pub use resolve::Target;
pub use shape::{hashes, same_shape};
pub use span::{Position, Span};
pub use transitions::{Transition, transitions};
pub use validation::{DaxError, Level, Validation};

#[cfg(test)]
mod tests;
