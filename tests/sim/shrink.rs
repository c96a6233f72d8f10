//! The smallest case that still breaks the same rule.

use sequitur::workflow::plan::StepKind;

use crate::case::Case;

/// Takes away steps, people, crashes and settings as long as `fails` still says so.
pub(crate) fn shrink(case: &Case, fails: impl Fn(&Case) -> bool) -> Case {
    let mut least = case.clone();
    loop {
        let smaller = candidates(&least).into_iter().find(&fails);
        match smaller {
            Some(smaller) => least = smaller,
            None => return least,
        }
    }
}

fn candidates(case: &Case) -> Vec<Case> {
    let mut all: Vec<Case> = (0..case.plan.steps.len()).rev().map(|index| without_step(case, index)).collect();
    let mut with = |change: &dyn Fn(&mut Case) -> bool| {
        let mut smaller = case.clone();
        if change(&mut smaller) {
            all.push(smaller);
        }
    };
    for index in 0..case.person.len() {
        with(&|case| {
            case.person.remove(index);
            true
        });
    }
    for index in 0..case.signals.len() {
        with(&|case| {
            case.signals.remove(index);
            true
        });
    }
    for index in 0..case.crashes.len() {
        with(&|case| {
            case.crashes.remove(index);
            true
        });
        with(&|case| {
            let crash = &mut case.crashes[index];
            crash.commit = crash.commit.saturating_sub(1);
            crash.commit > 0
        });
    }
    with(&|case| std::mem::replace(&mut case.place, 0) > 0);
    with(&|case| case.permits.pop().is_some() && !case.permits.is_empty());
    for index in 0..case.permits.len() {
        with(&|case| std::mem::take(&mut case.permits[index]).1 > 0);
    }
    with(&|case| case.plan.max_parallel_steps.take().is_some());
    for index in 0..case.plan.steps.len() {
        for edge in 0..case.plan.steps[index].depends_on.len() {
            with(&|case| {
                case.plan.steps[index].depends_on.remove(edge);
                true
            });
        }
        with(&|case| case.plan.steps[index].retry.take().is_some());
        with(&|case| case.tools[index].timeout_ms.take().is_some());
        with(&|case| case.tools[index].attempts.len() > 1 && case.tools[index].attempts.pop().is_some());
        with(&|case| case.tools[index].facts.len() > 1 && case.tools[index].facts.pop().is_some());
        for attempt in 0..case.tools[index].attempts.len() {
            with(&|case| case.tools[index].attempts[attempt].again.take().is_some());
        }
    }
    all
}

/// The case without a step and without what it holds.
fn without_step(case: &Case, gone: usize) -> Case {
    let mut smaller = case.clone();
    let inside = |node: usize| std::iter::successors(Some(node), |&at| case.plan.steps[at].parent).any(|at| at == gone);
    let kept: Vec<usize> = (0..case.plan.steps.len()).filter(|&node| !inside(node)).collect();
    let moved = |steps: &mut Vec<usize>| {
        *steps = steps.iter().filter_map(|step| kept.iter().position(|old| old == step)).collect();
    };
    smaller.plan.steps = kept.iter().map(|&node| case.plan.steps[node].clone()).collect();
    smaller.tools = kept.iter().map(|&node| case.tools[node].clone()).collect();
    for step in &mut smaller.plan.steps {
        moved(&mut step.depends_on);
        step.parent = step.parent.and_then(|parent| kept.iter().position(|&old| old == parent));
        match &mut step.kind {
            StepKind::Condition { branches, otherwise } => {
                for branch in branches {
                    moved(&mut branch.steps);
                }
                moved(otherwise);
            }
            StepKind::Parallel { steps, .. } | StepKind::Loop { steps, .. } => moved(steps),
            _ => {}
        }
    }
    smaller
}
