//! A case from a seed. All times are on a coarse grid, so that replies, timers
//! and people often meet in one turn.

use sequitur::base::ErrorKind;
use sequitur::workflow::plan::{
    Branch, Call, Condition, LoopOver, Mode, OnError, OnUnknown, Plan, PlanStep, Retry, Source, StepKind,
};
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
    /// Steps that hold steps.
    nested: u64,
    /// Steps that wait.
    waits: u64,
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
        nested: 40,
        waits: 10,
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
            nested: dice.pick(&[0, 20, 40, 60]),
            waits: dice.pick(&[0, 10, 40]),
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
    let mut tree = Vec::new();
    grow(&dice, &weather, &mut tree, None, size, 0);
    let rank = ranks(&dice, &tree);
    let mut steps: Vec<PlanStep> = (0..tree.len()).map(|index| step(&dice, index, &tree, &rank, &weather)).collect();
    for (index, node) in tree.iter().enumerate() {
        if let Some(holds) = &node.holds {
            steps[index].kind = container(&dice, *holds, &children(&tree, Some(index)), node.depth);
        }
    }
    let tools = (0..tree.len()).map(|_| tool(&dice, &weather)).collect();
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
            timeout_seconds: dice.percent(30).then_some(1.0),
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
        signals: if plain { Vec::new() } else { crate::waits::signals(&dice) },
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

/// A node of the plan to be.
struct Node {
    parent: Option<usize>,
    depth: usize,
    /// It is a container.
    holds: Option<Holds>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Condition,
    Parallel,
    ForEach,
    While,
}

/// A list of steps, some of which hold lists.
fn grow(dice: &Dice, weather: &Weather, tree: &mut Vec<Node>, parent: Option<usize>, count: usize, depth: usize) {
    for _ in 0..count {
        let index = tree.len();
        let nests = depth < 3 && tree.len() < 40 && dice.percent(weather.nested);
        let holds = nests
            .then(|| dice.pick(&[Holds::Condition, Holds::Parallel, Holds::ForEach, Holds::ForEach, Holds::While]));
        tree.push(Node { parent, depth, holds });
        if holds.is_some() {
            let inside = dice.pick(&[0, 1, 1, 2, 2, 3, 4]);
            grow(dice, weather, tree, Some(index), inside, depth + 1);
        }
    }
}

fn children(tree: &[Node], of: Option<usize>) -> Vec<usize> {
    (0..tree.len()).filter(|&node| tree[node].parent == of).collect()
}

fn container(dice: &Dice, holds: Holds, children: &[usize], depth: usize) -> StepKind {
    let bound = |dice: &Dice| dice.percent(50).then(|| json!(dice.pick(&[1, 1, 2, 3])));
    let most = if depth == 0 { 7 } else { 3 };
    match holds {
        Holds::Condition => {
            let mut groups: Vec<Vec<usize>> = vec![Vec::new(); 1 + dice.index(3)];
            for &child in children {
                let group = dice.index(groups.len());
                groups[group].push(child);
            }
            let otherwise = groups.pop().unwrap_or_default();
            let when = || dice.pick(&["yes", "no", "no", "all_completed", "any_failed", "boom"]).to_owned();
            let branches = groups.into_iter().map(|steps| Branch { when: when(), steps }).collect();
            StepKind::Condition { branches, otherwise }
        }
        Holds::Parallel => StepKind::Parallel {
            steps: children.to_vec(),
            max_concurrency: bound(dice),
            failure_threshold: dice.pick(&[1.0, 1.0, 0.7, 0.5, 0.3, 0.0]),
        },
        Holds::ForEach => StepKind::Loop {
            steps: children.to_vec(),
            over: LoopOver::ForEach {
                items: if dice.percent(5) { json!("boom") } else { json!(dice.below(most)) },
                name: None,
            },
            max_concurrency: bound(dice),
        },
        Holds::While => StepKind::Loop {
            steps: children.to_vec(),
            over: LoopOver::While {
                condition: format!("{}{}", if dice.percent(10) { "boom " } else { "" }, dice.below(most)),
                max_iterations: json!(1 + dice.below(3)),
            },
            max_concurrency: None,
        },
    }
}

/// Which step may depend on which: on those of a lower rank that are not around
/// it. Mostly the order of the file; else lists are shuffled, each in itself.
fn ranks(dice: &Dice, tree: &[Node]) -> Vec<usize> {
    fn visit(dice: &Dice, tree: &[Node], of: Option<usize>, shuffled: bool, rank: &mut [usize], next: &mut usize) {
        let mut list = children(tree, of);
        if shuffled {
            for index in (1..list.len()).rev() {
                list.swap(index, dice.index(index + 1));
            }
        }
        for node in list {
            rank[node] = *next;
            *next += 1;
            visit(dice, tree, Some(node), shuffled, rank, next);
        }
    }
    let mut rank = vec![0; tree.len()];
    visit(dice, tree, None, dice.percent(30), &mut rank, &mut 0);
    rank
}

/// The containers around a node, and among them the loops.
fn around(tree: &[Node], node: usize) -> (Vec<usize>, Vec<usize>) {
    let containers: Vec<usize> = std::iter::successors(tree[node].parent, |&at| tree[at].parent).collect();
    let is_loop = |&node: &usize| matches!(tree[node].holds, Some(Holds::ForEach | Holds::While));
    let loops = containers.iter().copied().filter(is_loop).collect();
    (containers, loops)
}

fn step(dice: &Dice, index: usize, tree: &[Node], rank: &[usize], weather: &Weather) -> PlanStep {
    let (containers, loops) = around(tree, index);
    let seen = |&other: &usize| around(tree, other).1.iter().all(|of| loops.contains(of));
    let lower = (0..rank.len()).filter(|&other| rank[other] < rank[index] && !containers.contains(&other));
    let lower: Vec<usize> = lower.filter(seen).collect();
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
        parent: tree[index].parent,
        kind: if dice.percent(weather.waits) {
            crate::waits::kind(dice, weather.plain)
        } else if dice.percent(10) {
            StepKind::Transform { input: if boom { json!("boom") } else { json!(1) } }
        } else if !weather.steady && dice.percent(15) && !boom {
            let method = dice.pick(&["GET", "PUT", "POST", "PATCH"]);
            StepKind::Webhook([("method".to_owned(), json!(method))].into_iter().collect())
        } else {
            StepKind::Action(Call {
                tool: format!("tool_{index}"),
                parameters: if boom {
                    [("boom".to_owned(), json!(true))].into_iter().collect()
                } else {
                    serde_json::Map::new()
                },
            })
        },
        depends_on,
        condition,
        timeout_seconds: None,
        retry: dice.percent(weather.retry).then(|| retry(dice)),
        alternatives: Vec::new(),
        adjust: Vec::new(),
        on_error: if dice.percent(weather.abort) { OnError::Abort } else { dice.pick(&handled) },
        on_unknown: dice.pick(&[None, None, Some(OnUnknown::Ask), Some(OnUnknown::Fail), Some(OnUnknown::Retry)]),
        idempotent: dice.pick(&[None, None, None, Some(true), Some(false)]),
        exports: dice.percent(3).then(|| ("boom".to_owned(), json!(1))).into_iter().collect(),
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
