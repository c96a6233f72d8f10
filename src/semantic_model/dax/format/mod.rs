//! DAX laid out for reading.
//!
//! `layout` says how each kind of node is laid out, `words` keeps comments with
//! the words they stand beside, `page` breaks lines. Formatting what was
//! formatted changes nothing, the tree stays the same, and so do comments, in
//! their order. Must not know models.

mod layout;
mod page;
mod words;

pub use layout::format;

#[cfg(test)]
mod tests;
