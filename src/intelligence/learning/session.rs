//! What one session has done lately, and what that teaches.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;

use crate::base::Timestamp;
use crate::base::json::Object;
use crate::intelligence::recommend::{Past, Recommendation, RecommendationSource};
use crate::intelligence::target::Target;

/// Calls after an answer within which its recommendations can be taken.
const WINDOW: usize = 3;
/// A call later than this after the one before does not follow it.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// Calls for which a request, read by `analyze_intent`, is what the user wants.
const INTENT_CALLS: usize = 5;
/// Calls kept to find the one before: more than ever overlap.
const RECENT: usize = 64;
/// Calls kept as history.
const HISTORY: usize = 200;

/// A call of a client or a person that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Its interaction id.
    pub id: &'a str,
    /// The tool's listed name.
    pub tool: &'a str,
    /// The arguments, secrets taken out.
    pub arguments: &'a Object,
    /// When it began.
    pub started: Timestamp,
    /// When it was answered.
    pub ended: Timestamp,
    /// Whether it succeeded.
    pub success: bool,
}

/// What to record because of a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lessons {
    /// It came after another: one occurrence more of that sequence.
    pub followed: Option<Followed>,
    /// Recommendations that it took.
    pub accepted: Vec<Accepted>,
    /// What the user asked for.
    pub user_intent: Option<String>,
}

/// One call that came after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    /// The interaction id of the earlier call: its `followed_by` is `to`'s tool.
    pub id: String,
    /// What was called before.
    pub from: Target,
    /// What was called now.
    pub to: Target,
    /// From the end of the one to the start of the other.
    pub seconds: f64,
    /// Whether the call now succeeded.
    pub success: bool,
}

/// A recommendation that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The interaction id of the answer that showed it.
    pub shown_in: String,
    /// Its place in that answer, from 0.
    pub rank: usize,
    /// What was recommended.
    pub target: Target,
    /// Where the recommendation came from.
    pub source: RecommendationSource,
}

/// A session's memory. Calls of steps are not its matter.
#[derive(Debug, Default)]
pub struct SessionMemory {
    recent: VecDeque<Done>,
    offers: VecDeque<Offer>,
    history: Vec<Past>,
    intent: Option<(String, usize)>,
}

#[derive(Debug)]
struct Done {
    id: String,
    target: Target,
    ended: Timestamp,
}

/// The recommendations of one answer.
#[derive(Debug)]
struct Offer {
    id: String,
    shown: Timestamp,
    calls_left: usize,
    open: Vec<(usize, Recommendation)>,
}

impl SessionMemory {
    /// Takes in a call, in the order in which calls end.
    ///
    /// Calls may overlap: one follows the last that had ended when it began, so
    /// several sent at once all follow the same.
    pub fn observe(&mut self, call: &Call<'_>) -> Lessons {
        let target = Target::of(call.tool, call.arguments);
        let lessons = Lessons {
            followed: self.followed(call, &target),
            accepted: self.accepted(call, &target),
            user_intent: self.wanted(call),
        };
        self.recent.push_back(Done { id: call.id.to_owned(), target: target.clone(), ended: call.ended });
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        self.history.push(Past { target, success: call.success });
        if self.history.len() > 2 * HISTORY {
            self.history.drain(..HISTORY);
        }
        lessons
    }

    /// Notes what the answer of the call `id` recommended.
    pub fn shown(&mut self, id: &str, at: Timestamp, recommendations: &[Recommendation]) {
        if recommendations.is_empty() {
            return;
        }
        let open = recommendations.iter().cloned().enumerate().collect();
        self.offers.push_back(Offer { id: id.to_owned(), shown: at, calls_left: WINDOW, open });
        if self.offers.len() > RECENT {
            self.offers.pop_front();
        }
    }

    /// The session's calls so far, oldest first.
    #[must_use]
    pub fn history(&self) -> &[Past] {
        &self.history
    }

    /// The session's last call.
    #[must_use]
    pub fn last(&self) -> Option<&Target> {
        self.recent.back().map(|done| &done.target)
    }

    fn followed(&self, call: &Call<'_>, target: &Target) -> Option<Followed> {
        let ended_before = self.recent.iter().filter(|done| done.ended <= call.started);
        // Of equals the one that was told last.
        let before = ended_before.max_by_key(|done| done.ended)?;
        let pause = call.started.since(before.ended);
        (pause <= LONGEST_PAUSE).then(|| Followed {
            id: before.id.clone(),
            from: before.target.clone(),
            to: target.clone(),
            seconds: pause.as_secs_f64(),
            success: call.success,
        })
    }

    fn accepted(&mut self, call: &Call<'_>, target: &Target) -> Vec<Accepted> {
        let mut accepted = Vec::new();
        for offer in self.offers.iter_mut().filter(|offer| offer.shown <= call.started) {
            offer.calls_left -= 1;
            // Of several for one tool, the one with the arguments of the call.
            let same = |(_, one): &&(usize, Recommendation)| one.target == *target;
            let exact = offer.open.iter().filter(same).find(|(_, one)| holds(call, one));
            let Some(rank) = exact.or_else(|| offer.open.iter().find(same)).map(|(rank, _)| *rank) else { continue };
            let Some(at) = offer.open.iter().position(|(own, _)| *own == rank) else { continue };
            let (rank, taken) = offer.open.remove(at);
            accepted.push(Accepted { shown_in: offer.id.clone(), rank, target: taken.target, source: taken.source });
        }
        self.offers.retain(|offer| offer.calls_left > 0 && !offer.open.is_empty());
        accepted
    }

    fn wanted(&mut self, call: &Call<'_>) -> Option<String> {
        if call.tool == "analyze_intent" {
            let request = call.arguments.get("request").and_then(Value::as_str);
            self.intent = request.map(|request| (request.to_owned(), INTENT_CALLS));
        } else if let Some((_, calls_left)) = &mut self.intent {
            *calls_left = calls_left.saturating_sub(1);
        }
        let (request, calls_left) = self.intent.as_ref()?;
        let request = request.clone();
        if *calls_left == 0 {
            self.intent = None;
        }
        Some(request)
    }
}

/// Whether the call has the arguments that were recommended: its own, or those of the workflow.
fn holds(call: &Call<'_>, recommendation: &Recommendation) -> bool {
    let own = match &recommendation.target {
        Target::Tool(_) => Some(call.arguments),
        Target::Workflow(_) => call.arguments.get("parameters").and_then(Value::as_object),
    };
    recommendation.auto_params.iter().all(|(name, value)| own.and_then(|own| own.get(name)) == Some(value))
}
