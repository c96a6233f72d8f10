//! DAX, the language of measures.
//!
//! `lexer` makes tokens, `parser` a tree (`syntax`) with its places (`span`);
//! `references` says what an expression refers to, `complexity` how involved it
//! is. Must not know files.

mod complexity;
mod lexer;
mod parser;
mod problem;
mod references;
mod span;
pub mod syntax;

pub use complexity::{Complexity, Dependencies};
pub use lexer::{Token, TokenKind, tokens};
pub use parser::{MAX_DEPTH, MAX_PROBLEMS, Parsed, Script, is_query, parse_expression, parse_function, parse_query};
pub use problem::Problem;
pub use references::{Names, References};
pub use span::{Position, Span};
