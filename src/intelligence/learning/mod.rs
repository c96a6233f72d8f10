//! What is learned from the log of calls: what follows what, which
//! recommendations were taken, which tools fail.
//!
//! Pure: records come in, records to keep and figures go out. Must not know
//! how anything is stored.

mod follow_up;

pub use follow_up::{FollowUp, LEARNED_FROM};
