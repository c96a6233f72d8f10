//! What a step waits for that is not a call: an instant, a signal, an answer.
//! The same for every kind of step that waits. Must not know how a person is
//! asked or where signals come from.

use serde::{Deserialize, Serialize};

use super::event::{BodyRef, Via};
use crate::base::Timestamp;

/// Signals that one run keeps for waits to come, at most.
pub const MAX_SIGNALS: usize = 10_000;

/// What a step waits for, for good: recorded when it begins to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Waits {
    /// An instant.
    Timer {
        /// It goes on at this instant, or as soon after it as somebody drives the run.
        until: Timestamp,
    },
    /// A signal.
    Event {
        /// The event's name.
        name: String,
        /// It fails with `timeout` then.
        #[serde(default)]
        until: Option<Timestamp>,
    },
    /// An answer.
    Task {
        /// The question's id.
        task: String,
        /// Who is asked.
        assignee: String,
        /// The question: JSON text.
        prompt: BodyRef,
        /// To be answered by then.
        #[serde(default)]
        deadline: Option<Timestamp>,
        /// A reminder is due then.
        #[serde(default)]
        remind_at: Option<Timestamp>,
    },
}

/// What a wait's expressions yield when its step is ready.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitInput {
    /// So long from now.
    After {
        /// Milliseconds.
        ms: u64,
    },
    /// To this instant.
    At(Timestamp),
    /// For a signal.
    Event {
        /// The event's name.
        name: String,
        /// Milliseconds from now.
        timeout_ms: Option<u64>,
    },
    /// For an answer.
    Task {
        /// The question: JSON text.
        prompt: BodyRef,
        /// Milliseconds from now to the deadline.
        timeout_ms: Option<u64>,
        /// Milliseconds from now to a reminder.
        reminder_ms: Option<u64>,
    },
}

/// Why a wait is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Woken {
    /// Its instant; of a task its deadline, at which the default is the answer.
    Time,
    /// A signal.
    Signal {
        /// Which of those that the run had kept; none for one to all open waits.
        #[serde(default)]
        number: Option<u64>,
        /// What came with it.
        payload: BodyRef,
    },
    /// An answer.
    Answer {
        /// The answer.
        answer: BodyRef,
        /// How it came.
        via: Via,
    },
}

/// A step that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// For what.
    pub on: Waits,
    /// Since then.
    pub since: Timestamp,
    /// It waits no more: why, and since when. Its result is to be made.
    pub woken: Option<(Woken, Timestamp)>,
    /// The reminder was given.
    pub reminded: bool,
    /// Another was asked because nobody answered.
    pub escalated: bool,
}

impl Waiting {
    pub(super) fn new(on: Waits, since: Timestamp) -> Self {
        Self { on, since, woken: None, reminded: false, escalated: false }
    }

    /// The event it can take a signal of.
    #[must_use]
    pub fn event(&self) -> Option<&str> {
        match &self.on {
            Waits::Event { name, .. } if self.woken.is_none() => Some(name),
            Waits::Event { .. } | Waits::Timer { .. } | Waits::Task { .. } => None,
        }
    }

    /// The instant it goes on, fails, or asks again; none once it is woken.
    #[must_use]
    pub fn next_instant(&self) -> Option<Timestamp> {
        if self.woken.is_some() {
            return None;
        }
        match &self.on {
            Waits::Timer { until } => Some(*until),
            Waits::Event { until, .. } => *until,
            Waits::Task { deadline, remind_at, .. } => {
                let reminder = remind_at.filter(|_| !self.reminded);
                reminder.into_iter().chain(*deadline).min()
            }
        }
    }

    /// For how long it has waited, at its end.
    #[must_use]
    pub fn waited(&self) -> std::time::Duration {
        self.woken.as_ref().map_or(std::time::Duration::ZERO, |(_, at)| at.since(self.since))
    }
}
