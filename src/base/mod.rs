//! What every room may use: the clock, ids, the kinds of errors, JSON helpers, shared places, lines, globs.
//!
//! Must not know anything of MCP, workflows, the store or the models. Add here
//! only what has no domain of its own.

pub mod clock;
mod error_kind;
pub mod glob;
pub mod id_scan;
pub mod ids;
pub mod json;
pub mod lines;
pub mod slots;
pub mod text;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use error_kind::ErrorKind;
pub use ids::{Entropy, ManualEntropy, SystemEntropy};
