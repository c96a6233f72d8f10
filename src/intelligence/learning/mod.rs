//! What is learned from the log of calls: what follows what, which
//! recommendations were taken, which tools fail.
//!
//! Pure: [`SessionMemory`] is told of each call of a client and says what to
//! record; [`analytics`] turns the log's sums into figures. Must not know how
//! anything is stored: the rows of [`Interaction`], [`FollowUp`] and
//! [`Figures`] are what it needs from whoever stores them.

mod analytics;
mod follow_up;
mod interaction;
mod session;

#[cfg(test)]
mod tests;

pub use analytics::{
    Analytics, Figures, Pattern, RecommendationFigures, Sequence, TokenSavings, ToolFigures, ToolSuccess, ToolUse,
    WorkflowFigures, WorkflowUse, analytics,
};
pub use follow_up::{FollowUp, LEARNED_FROM};
pub use interaction::{CallOrigin, Interaction, kept_parameters};
pub use session::{Accepted, Call, Followed, Lessons, SessionMemory};
