//! The seeded simulation of the machine: random plans, tools, people and
//! crashes in virtual time, and the rules that every run must keep.
//!
//! `cargo test --test sim` takes 300 seeds with a crash each. The full count is
//! `cargo test --test sim -- --ignored`. A failure prints its seed;
//! a line with that number in `tests/sim/seeds.txt` runs it alone with
//! `cargo test --test sim seeds_that_failed_once`, and keeps it for good.
//!
//! `case` is what a seed stands for (`generate`), `world` takes it to its end
//! with `pool` and `store`, `rules` reads the log, `reference` knows the outcome
//! of plain cases, `shrink` makes a failing case small. A new step kind needs a
//! line in `generate`, one in `reference`, and its rules.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the whole binary is a test: it stops at what cannot be"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::cast_precision_loss,
    reason = "plans of the generator are small and hold few kinds: what is not named is an action"
)]

mod case;
mod dice;
mod fault;
mod generate;
mod pool;
mod reach;
mod reference;
mod rules;
mod shrink;
mod store;
mod waits;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use case::{Case, Crash, When};
use dice::Dice;
use fault::{Fault, hold};
use world::Outcome;

/// Takes a case to its end and reads what it left.
fn examine(case: &Case, trace: Option<&mut Vec<String>>) -> Result<Outcome, Fault> {
    let run = AssertUnwindSafe(|| {
        let outcome = world::run(case, trace)?;
        let replayed = outcome.store.replay()?;
        hold(replayed == outcome.state, "replay", || "the whole log replayed is another state".to_owned())?;
        rules::check(case, &outcome.store.log(), &outcome.ledger)?;
        rules::check_kept(case, &outcome.store.log(), &outcome.state)?;
        if case.plain && (case.steady || case.crashes.is_empty()) {
            reference::check(case, &outcome.state, &outcome.store.log())?;
        }
        Ok(outcome)
    });
    catch_unwind(run).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        Err(Fault::new("no panic", said.unwrap_or_default()))
    })
}

/// The same, and a report of what went wrong: the seed, the smallest case, its schedule.
fn pass(case: &Case) -> Outcome {
    let fault = match examine(case, None) {
        Ok(outcome) => return outcome,
        Err(fault) => fault,
    };
    let breaks = |case: &Case| examine(case, None).err().is_some_and(|other| other.rule == fault.rule);
    let least = shrink::shrink(case, breaks);
    let mut trace = Vec::new();
    let fault = examine(&least, Some(&mut trace)).err().unwrap_or(fault);
    panic!(
        "seed {seed}: {fault}\n\nthe smallest case:\n{case}\nits schedule, in ms:\n{schedule}\n\n\
         to run this seed alone: add the line `{seed}` to tests/sim/seeds.txt, then\n  \
         cargo test --test sim seeds_that_failed_once\n",
        seed = case.seed,
        case = least.told(),
        schedule = trace.join("\n"),
    );
}

/// A seed without a crash, then with one at a random commit (sometimes two), twice.
fn one_crash(seed: u64) -> Outcome {
    let mut case = generate::case(seed);
    let commits = pass(&case).store.commits.len();
    let dice = Dice::new(seed, "crash");
    let crashes = if dice.percent(25) { 2 } else { 1 };
    for _ in 0..crashes {
        let commit = 1 + dice.index(commits);
        case.crashes.push(Crash { commit, when: dice.pick(&When::ALL), downtime: downtime(&dice) });
    }
    let (one, two) = (pass(&case), pass(&case));
    let same = one.store.commits == two.store.commits;
    hold(same, "the same seed gives the same log", || seed.to_string()).unwrap_or_else(|fault| panic!("{fault}"));
    one
}

/// A seed with a crash at each of its commits: before, after, and during the calls.
fn every_crash(seed: u64) -> usize {
    let mut case = generate::case(seed);
    let commits = pass(&case).store.commits.len();
    let dice = Dice::new(seed, "every crash");
    let mut runs = 0;
    for commit in 1..commits {
        for when in When::ALL {
            case.crashes = vec![Crash { commit, when, downtime: downtime(&dice) }];
            pass(&case);
            runs += 1;
        }
    }
    runs
}

fn downtime(dice: &Dice) -> u64 {
    dice.pick(&[0, 0, 100, 1_000, 60_000])
}

#[test]
fn three_hundred_seeds_each_with_a_crash_keep_the_rules_and_reach_every_event() {
    let logs = (0..300).map(|seed| one_crash(seed).store.log());
    let reached: BTreeSet<String> = logs.flat_map(|log| reach::reached(&log)).collect();
    let missed: Vec<String> = reach::expected().difference(&reached).cloned().collect();
    assert!(missed.is_empty(), "no seed reaches {missed:?}");
}

#[test]
fn ten_seeds_with_a_crash_at_every_commit() {
    for seed in 0..10 {
        every_crash(seed);
    }
}

#[test]
fn seeds_that_failed_once() {
    for line in include_str!("seeds.txt").lines().filter(|line| !line.starts_with('#')) {
        let number = line.split_whitespace().next().unwrap_or_default();
        let seed =
            number.parse().unwrap_or_else(|_| panic!("`{line}` in tests/sim/seeds.txt does not begin with a seed"));
        one_crash(seed);
        every_crash(seed);
    }
}

#[test]
#[ignore = "takes half a minute: `cargo test --test sim -- --ignored`"]
fn two_thousand_seeds_each_with_a_crash() {
    let commits: usize = (0..2_000).map(|seed| one_crash(seed).store.commits.len()).sum();
    println!("2,000 seeds, three runs each; {commits} commits in the runs with a crash");
}

#[test]
#[ignore = "takes half a minute: `cargo test --test sim -- --ignored`"]
fn two_hundred_seeds_with_a_crash_at_every_commit() {
    let runs: usize = (0..200).map(every_crash).sum();
    println!("200 seeds, {runs} runs with a crash");
}
