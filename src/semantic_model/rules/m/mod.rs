//! M, the language of Power Query, as far as rules need it: `script` reads the
//! words, `practices` judges.
//!
//! There is no parser: names, texts, comments and calls are told apart, which is
//! what these rules ask. Must not guess what a step yields.

mod practices;
mod script;

pub(super) use practices::RULES;
pub(super) use script::Script;
