//! Text to syntax tree: a Pratt parser that goes on after a mistake.
//!
//! `cursor` holds the tokens and the mistakes, `expression` reads expressions,
//! `query` reads `DEFINE` and `EVALUATE`, `entry` is where others come in. What
//! it gives is a whole tree always, with [`Kind::Missing`] where a part was not
//! found; it is worth something only when there are no problems. Must not know
//! functions or models: `check` does.
//!
//! [`Kind::Missing`]: crate::semantic_model::dax::syntax::Kind::Missing

mod cursor;
mod entry;
mod expression;
mod query;

pub use cursor::{MAX_DEPTH, MAX_PROBLEMS};
pub use entry::{Parsed, Script, is_query, parse_expression, parse_function, parse_query};

#[cfg(test)]
mod tests;
