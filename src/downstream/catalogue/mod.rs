//! What servers offer: tools as definitions with names, pinned when they are
//! first seen and held back when they change.
//!
//! `read.rs` takes a definition from outside in, cleaned and bounded; `book.rs`
//! pins one server's; `shelf.rs` keeps the books on disk; `listing.rs` makes of
//! a book and the configuration what callers see, under the names of
//! `names.rs`; `holdings.rs` is all of that for one server. Nothing here knows
//! how a server is reached. What else a caller relies on goes into `read.rs`,
//! `diff.rs` and the pin.

mod book;
mod diff;
mod holdings;
mod listing;
mod names;
mod read;
mod shelf;

pub(super) use holdings::Holdings;
pub(super) use listing::Rules;
pub use listing::{RefusedTool, ServerTool};
pub(super) use names::{may_be_of, normalise};
pub(super) use shelf::{Shelf, ShelfError};
