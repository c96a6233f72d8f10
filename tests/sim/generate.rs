//! A case from a seed. All times are on a coarse grid, so that replies, timers
//! and people often meet in one turn.

use sequitur::base::ErrorKind;
use sequitur::workflow::plan::{Call, Condition, Mode, OnError, OnUnknown, Plan, PlanStep, Retry, Source, StepKind};
use serde_json::json;

use crate::case::{Act, Attempt, Case, Choice, Facts, Reply, Tool};
use crate::dice::Dice;

const KINDS: [ErrorKind; 14] = [
    ErrorKind::Timeout,
    ErrorKind::Unavailable,
    ErrorKind::RateLimited,
    ErrorKind::InvalidInput,
    ErrorKind::Auth,
    ErrorKind::NotFound,
    ErrorKind::Conflict,
    ErrorKind::Declined,
    ErrorKind::Quarantined,
    ErrorKind::ResultTooLarge,
    ErrorKind::LimitExceeded,
    ErrorKind::Interrupted,
    ErrorKind::ToolError,
    ErrorKind::Internal,
];

/// What a case has much or little of: seeds that differ in this meet where an
/// even mixture of everything never would (Groce et al., "Swarm Testing", 2012).
/// All in percent.
struct Weather {
    /// The naive interpreter is to know the outcome.
    plain: bool,
    /// No attempt differs from another, all are safe to repeat.
    steady: bool,
    failed: u64,
    unknown: u64,
    silent: u64,
    safe: u64,
    missing: u64,
    abort: u64,
    retry: u64,
    conditions: u64,
    /// Steps that wait for others.
    links: u64,
}

impl Weather {
    /// Failures and lost replies side by side.
    const STORM: Self = Self {
        plain: false,
        steady: false,
        failed: 40,
        unknown: 40,
        silent: 0,
        safe: 20,
        missing: 0,
        abort: 40,
        retry: 80,
        conditions: 10,
        links: 30,
    };

    fn of(dice: &Dice, mode: Mode) -> Self {
        let plain = dice.percent(45);
        let steady = plain && dice.percent(50);
        if !plain && dice.percent(35) {
            return Self::STORM;
        }
        // What an abort stops depends on time, unless steps come one by one.
        let abort = if plain && mode != Mode::Sequential { 0 } else { dice.pick(&[0, 20, 50, 90]) };
        Self {
            plain,
            steady,
            failed: dice.pick(&[5, 20, 40, 60]),
            unknown: dice.pick(&[0, 10, 20, 35]),
            silent: dice.pick(&[0, 0, 5]),
            safe: if steady { 100 } else { dice.pick(&[0, 50, 80, 100]) },
            missing: if steady { 0 } else { dice.pick(&[0, 0, 5, 20]) },
            abort,
            retry: dice.pick(&[0, 50, 80, 100]),
            conditions: dice.pick(&[10, 50, 80]),
            links: dice.pick(&[30, 70, 100]),
        }
    }
}

/// The case that a seed stands for.
pub(crate) fn case(seed: u64) -> Case {
    let dice = Dice::new(seed, "case");
    let mode = match dice.below(10) {
        0..=3 => Mode::Sequential,
        4 => Mode::Adaptive,
        5 => Mode::Pipeline,
        _ => Mode::Parallel,
    };
    let weather = Weather::of(&dice, mode);
    let plain = weather.plain;
    let size = if dice.percent(40) { 1 + dice.index(6) } else { 4 + dice.index(22) };
    let rank = ranks(&dice, size);
    let steps = (0..size).map(|index| step(&dice, index, &rank, &weather)).collect();
    let tools = (0..size).map(|_| tool(&dice, &weather)).collect();
    Case {
        seed,
        plan: Plan {
            template_id: "simulated".into(),
            name: format!("seed {seed}"),
            description: String::new(),
            version: "1.0.0".into(),
            source: Source::User,
            mode,
            priority: sequitur::workflow::plan::Priority::Medium,
            max_parallel_steps: dice.percent(50).then(|| dice.pick(&[1, 2, 3, 5])),
            timeout_seconds: None,
            compensate_on_timeout: false,
            estimated_duration_seconds: None,
            requires_connection: false,
            parameters: Vec::new(),
            context: serde_json::Map::new(),
            steps,
            outputs: indexmap::IndexMap::new(),
            extra: serde_json::Map::new(),
        },
        on_unknown: dice.pick(&[OnUnknown::Ask, OnUnknown::Ask, OnUnknown::Ask, OnUnknown::Fail, OnUnknown::Retry]),
        timeout_ms: if !plain && dice.percent(20) { 500 + dice.below(40) * 100 } else { 3_600_000 },
        tools,
        person: if plain { Vec::new() } else { person(&dice) },
        permits: (0..=dice.below(5)).map(|_| busy(&dice)).collect(),
        place: dice.pick(&[0, 0, 0, 300]),
        plain,
        steady: weather.steady,
        crashes: Vec::new(),
    }
}

/// When other runs hold a permit.
fn busy(dice: &Dice) -> (u64, u64) {
    let from = dice.pick(&[0, 0, 200, 600, 1_100]);
    (from, from + dice.pick(&[0, 0, 300, 800, 2_000]))
}

/// Which step may depend on which: on those of a lower rank. Mostly the order of the file.
fn ranks(dice: &Dice, size: usize) -> Vec<usize> {
    let mut ranks: Vec<usize> = (0..size).collect();
    if dice.percent(30) {
        for index in (1..size).rev() {
            ranks.swap(index, dice.index(index + 1));
        }
    }
    ranks
}

fn step(dice: &Dice, index: usize, rank: &[usize], weather: &Weather) -> PlanStep {
    let lower: Vec<usize> = (0..rank.len()).filter(|&other| rank[other] < rank[index]).collect();
    let mut depends_on: Vec<usize> = match dice.below(10) {
        _ if lower.is_empty() || !dice.percent(weather.links) => Vec::new(),
        0..=5 => vec![dice.pick(&lower)],
        _ => (0..=dice.below(3)).map(|_| dice.pick(&lower)).collect(),
    };
    depends_on.sort_unstable();
    depends_on.dedup();
    let condition = match dice.below(11) {
        _ if !dice.percent(weather.conditions) => Condition::OnSuccess,
        0..=2 => Condition::Always,
        3..=5 => Condition::OnFailure,
        _ => Condition::When(dice.pick(&["yes", "yes", "no", "all_completed", "any_failed", "boom"]).into()),
    };
    let handled = [OnError::Continue, OnError::Continue, OnError::Skip];
    let boom = dice.percent(4);
    PlanStep {
        id: format!("s{index}"),
        name: format!("s{index}"),
        description: String::new(),
        parent: None,
        kind: StepKind::Action(Call {
            tool: format!("tool_{index}"),
            parameters: if boom {
                [("boom".to_owned(), json!(true))].into_iter().collect()
            } else {
                serde_json::Map::new()
            },
        }),
        depends_on,
        condition,
        timeout_seconds: None,
        retry: dice.percent(weather.retry).then(|| retry(dice)),
        alternatives: Vec::new(),
        adjust: Vec::new(),
        on_error: if dice.percent(weather.abort) { OnError::Abort } else { dice.pick(&handled) },
        on_unknown: dice.pick(&[None, None, Some(OnUnknown::Ask), Some(OnUnknown::Fail), Some(OnUnknown::Retry)]),
        idempotent: dice.pick(&[None, None, None, Some(true), Some(false)]),
        exports: indexmap::IndexMap::new(),
        compensate: Vec::new(),
        input_schema: None,
        transforms: Vec::new(),
        cache: None,
        record_none: false,
        only_when_named: false,
        extra: serde_json::Map::new(),
    }
}

fn retry(dice: &Dice) -> Retry {
    let some = |dice: &Dice| (0..=dice.below(3)).map(|_| dice.pick(&KINDS)).collect::<Vec<_>>();
    let only = match dice.below(10) {
        0 => Some(some(dice)),
        1 => Some(vec![ErrorKind::Interrupted]),
        2 => Some([some(dice), vec![ErrorKind::Interrupted]].concat()),
        _ => None,
    };
    Retry {
        max_retries: dice.pick(&[0, 1, 2, 3, 5]),
        delay_seconds: dice.pick(&[0.0, 0.1, 0.4, 2.0]),
        backoff_multiplier: dice.pick(&[1.0, 2.0]),
        max_delay_seconds: dice.pick(&[0.4, 3.0]),
        retryable_errors: only,
        non_retryable_errors: if dice.percent(15) { some(dice) } else { Vec::new() },
    }
}

fn tool(dice: &Dice, weather: &Weather) -> Tool {
    // Off the grid: whether a reply or the timeout is first never depends on order.
    let timeout_ms = dice.percent(30).then(|| 250 + dice.below(10) * 100);
    let count = if weather.steady { 1 } else { 1 + dice.index(4) };
    let attempts = (0..count).map(|_| attempt(dice, weather, timeout_ms.is_some())).collect();
    let facts = (0..count)
        .map(|_| match dice.percent(weather.safe) {
            _ if dice.percent(weather.missing) => Facts::Missing(dice.pick(&KINDS)),
            true => Facts::Safe,
            false => Facts::Unsafe,
        })
        .collect();
    let answers = weather.plain || dice.percent(85);
    Tool {
        attempts,
        facts,
        timeout_ms,
        heeds_cancel: dice.percent(60).then(|| dice.below(8) * 1000),
        answer: answers
            .then(|| (dice.below(20) * 100, dice.pick(&[Choice::Retry, Choice::Retry, Choice::Done, Choice::Fail]))),
    }
}

fn attempt(dice: &Dice, weather: &Weather, timed: bool) -> Attempt {
    let reply = if dice.percent(weather.failed) {
        Reply::Failed(dice.pick(&KINDS), dice.percent(20).then(|| dice.below(20) * 100))
    } else if dice.percent(weather.unknown) {
        Reply::Unknown(dice.pick(&[ErrorKind::Timeout, ErrorKind::Unavailable]))
    } else if dice.percent(weather.silent) && (timed || !weather.plain) {
        // Without a timeout of its own, only the run's ends a silent call.
        Reply::Silent
    } else {
        Reply::Completed
    };
    let again = (!weather.steady && dice.percent(15)).then(|| {
        (100 + dice.below(15) * 100, dice.pick(&[Reply::Completed, Reply::Failed(ErrorKind::Internal, None)]))
    });
    Attempt { after: dice.below(8) * 100, reply, again }
}

fn person(dice: &Dice) -> Vec<(u64, Act)> {
    let mut acts = Vec::new();
    if dice.percent(45) {
        for _ in 0..=dice.below(4) {
            let at = dice.below(25) * 100;
            match dice.below(10) {
                0..=3 => {
                    acts.push((at, Act::Pause));
                    if dice.percent(85) {
                        acts.push((at + dice.below(30) * 100, Act::Resume));
                    }
                }
                4..=5 => acts.push((at, Act::Resume)),
                6..=8 => acts.push((at, Act::Cancel)),
                _ => acts.push((at, Act::Babble)),
            }
        }
    }
    acts.sort_by_key(|&(at, _)| at);
    acts
}
