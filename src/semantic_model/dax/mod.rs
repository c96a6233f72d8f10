//! DAX, the language of measures: its tokens, what an expression refers to, how
//! involved it is.
//!
//! Must not know files. A parser belongs beside `lexer` and reads its tokens.

mod complexity;
mod lexer;
mod references;

pub use complexity::{Complexity, Dependencies};
pub use lexer::{Token, TokenKind, tokens};
pub use references::{Names, References};
