//! From a draft to a plan: names become indices, children find their parents,
//! defaults are filled in.
//!
//! Knows names and containers; expressions are judged afterwards by `scope.rs`.

use std::collections::HashMap;

use crate::expr::Known;

use super::draft::{CallPlaces, Child, Draft, Named, OnErrorDraft, Site, StepDraft};
use super::graph::Graph;
use super::node::Spot;
use super::plan::{LoopOver, OnError, Plan, StepKind};
use super::problem::{Code, shorten};
use super::problems::Problems;
use super::read_step::{MAX_NESTING, too_deep};
use super::shape::is_word;

/// A plan, and what of the draft is still needed to judge it. The lists run
/// parallel to the plan's steps.
#[derive(Debug)]
pub(crate) struct Lowered<'n> {
    pub(crate) plan: Plan,
    pub(crate) spots: Vec<Spot>,
    pub(crate) sites: Vec<Vec<Site<'n>>>,
    pub(crate) calls: Vec<CallPlaces>,
}

/// A step taken out of its parent.
struct Flat<'n> {
    draft: StepDraft<'n>,
    /// The container it stands in.
    inside: Option<usize>,
    parent: Option<usize>,
    /// Children of each group, as written and then resolved.
    members: Vec<Vec<Member>>,
    groups: Vec<Vec<usize>>,
}

/// A child in its place, or the name of one.
enum Member {
    Here(usize),
    Named(Named),
}

/// Lowers the steps of a draft into its plan.
pub(crate) fn lower<'n>(draft: &mut Draft<'n>, continue_on_error: bool, problems: &mut Problems) -> Lowered<'n> {
    let mut flat: Vec<Flat<'n>> = Vec::new();
    for step in std::mem::take(&mut draft.steps) {
        flatten(step, None, &mut flat);
    }
    let ids = ids(&flat, problems);
    adopt(&mut flat, &ids, problems);

    for (i, step) in flat.iter().enumerate() {
        let containers = std::iter::successors(step.parent, |&at| flat[at].parent).count();
        // Told once for each step that is one too deep, not again for what is in it.
        if containers == MAX_NESTING + 1 {
            problems.add(Code::TooDeep, &flat[i].draft.spot, too_deep(), None);
        }
    }

    // Containers first, then their children, so that nested steps follow their parent.
    let order = preorder(&flat);
    let mut place = vec![0; flat.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = new;
    }
    let undo_on_failure = flat.iter().any(|step| step.draft.rolls_back);
    let resolved: Vec<(Vec<usize>, OnError)> = (0..flat.len())
        .map(|i| {
            let depends_on = dependencies(i, &flat, &ids, problems);
            (depends_on, on_error(i, &flat, &ids, (continue_on_error, undo_on_failure), problems))
        })
        .collect();
    check_groups(&draft.parallel_groups, &flat, &ids, &resolved, problems);
    for named in &draft.test_steps {
        find(named, &ids, problems);
    }

    let mut only_when_named = vec![false; flat.len()];
    for (_, on_error) in &resolved {
        for &handler in super::graph::handlers(on_error) {
            only_when_named[handler] = true;
        }
    }
    let mut spots = Vec::new();
    let mut sites = Vec::new();
    let mut calls = Vec::new();
    let mut slots: Vec<_> = flat.into_iter().zip(resolved).map(Some).collect();
    for old in order {
        let Some((flat, (depends_on, on_error))) = slots[old].take() else { continue };
        let mut step = flat.draft.step;
        let moved = |steps: &[usize]| -> Vec<usize> { steps.iter().map(|&step| place[step]).collect() };
        step.parent = flat.parent.map(|parent| place[parent]);
        step.depends_on = moved(&depends_on);
        step.depends_on.sort_unstable();
        step.depends_on.dedup();
        step.on_error = match on_error {
            OnError::Fallback(handler) => OnError::Fallback(place[handler]),
            OnError::Handlers(handlers) => OnError::Handlers(moved(&handlers)),
            other @ (OnError::Abort | OnError::Continue | OnError::Skip | OnError::Compensate) => other,
        };
        step.only_when_named = only_when_named[old];
        fill_children(&mut step.kind, flat.groups.iter().map(|group| moved(group)).collect());
        draft.plan.steps.push(step);
        spots.push(flat.draft.spot);
        sites.push(flat.draft.sites);
        calls.push(flat.draft.calls);
    }
    let plan = std::mem::replace(&mut draft.plan, empty_plan());
    tell_cycles(&plan, &spots, problems);
    Lowered { plan, spots, sites, calls }
}

fn empty_plan() -> Plan {
    Plan {
        template_id: String::new(),
        name: String::new(),
        description: String::new(),
        version: String::new(),
        source: super::plan::Source::User,
        mode: super::plan::Mode::default(),
        priority: super::plan::Priority::default(),
        max_parallel_steps: None,
        timeout_seconds: None,
        compensate_on_timeout: false,
        estimated_duration_seconds: None,
        requires_connection: false,
        parameters: Vec::new(),
        context: crate::base::json::Object::default(),
        steps: Vec::new(),
        outputs: indexmap::IndexMap::default(),
        extra: crate::base::json::Object::default(),
    }
}

fn flatten<'n>(mut draft: StepDraft<'n>, inside: Option<usize>, flat: &mut Vec<Flat<'n>>) -> usize {
    let groups = std::mem::take(&mut draft.groups);
    let index = flat.len();
    flat.push(Flat { draft, inside, parent: inside, members: Vec::new(), groups: Vec::new() });
    for group in groups {
        let members = group
            .into_iter()
            .map(|child| match child {
                Child::Inline(step) => Member::Here(flatten(*step, Some(index), flat)),
                Child::Named(named) => Member::Named(named),
            })
            .collect();
        flat[index].members.push(members);
    }
    index
}

fn ids(flat: &[Flat<'_>], problems: &mut Problems) -> HashMap<String, usize> {
    let mut ids: HashMap<String, usize> = HashMap::new();
    for (i, step) in flat.iter().enumerate() {
        let id = &step.draft.step.id;
        check_name(id, &step.draft.spot, "a step", problems);
        if let StepKind::Loop { over: LoopOver::ForEach { name: Some(name), .. }, .. } = &step.draft.step.kind {
            check_name(name, &step.draft.spot, "an item", problems);
        }
        if let Some(&first) = ids.get(id.as_str()) {
            let at = flat[first].draft.spot.position;
            let message = at.map_or_else(
                || format!("a second step is named `{}`", shorten(id)),
                |(line, _)| format!("a second step is named `{}`; the first is in line {line}", shorten(id)),
            );
            problems.add(Code::DuplicateId, &step.draft.spot, message, Some("give it another `step_id`".to_owned()));
            continue;
        }
        ids.insert(id.clone(), i);
    }
    for step in flat {
        if let StepKind::Loop { over: LoopOver::ForEach { name: Some(name), .. }, .. } = &step.draft.step.kind
            && ids.contains_key(name)
        {
            let message = format!("the item's name `{}` is also a step's", shorten(name));
            problems.add(Code::DuplicateId, &step.draft.spot, message, None);
        }
    }
    ids
}

fn check_name(name: &str, spot: &Spot, whose: &str, problems: &mut Problems) {
    if !is_word(name) {
        let hint = Some("begin with a letter or `_`, go on with letters, digits and `_`".to_owned());
        problems.add(Code::BadId, spot, format!("`{}` cannot be {whose}'s name", shorten(name)), hint);
    } else if Known::is_reserved(name) {
        let message = format!("`{name}` means something else in expressions and cannot be {whose}'s name");
        problems.add(Code::ReservedId, spot, message, None);
    }
}

/// The step of a name; an unknown one is told.
fn find(named: &Named, ids: &HashMap<String, usize>, problems: &mut Problems) -> Option<usize> {
    let found = ids.get(&named.id).copied();
    if found.is_none() {
        let hint = problems.did_you_mean(&named.id, ids.keys().map(String::as_str));
        problems.add(Code::UnknownStep, &named.spot, format!("there is no step `{}`", shorten(&named.id)), hint);
    }
    found
}

/// Steps that containers name become their children.
fn adopt(flat: &mut [Flat<'_>], ids: &HashMap<String, usize>, problems: &mut Problems) {
    for container in 0..flat.len() {
        for group in std::mem::take(&mut flat[container].members) {
            let mut children: Vec<usize> = Vec::new();
            for member in group {
                let child = match member {
                    Member::Here(step) => Some(step),
                    Member::Named(named) => adopted(container, &named, flat, ids, problems),
                };
                if let Some(child) = child
                    && !children.contains(&child)
                {
                    flat[child].parent = Some(container);
                    children.push(child);
                }
            }
            flat[container].groups.push(children);
        }
    }
    // What one container named from the list of another left that list.
    for container in 0..flat.len() {
        let mut groups = std::mem::take(&mut flat[container].groups);
        for group in &mut groups {
            group.retain(|&child| flat[child].parent == Some(container));
        }
        flat[container].groups = groups;
    }
}

/// The step that a container names, when it may have it.
fn adopted(
    container: usize,
    named: &Named,
    flat: &[Flat<'_>],
    ids: &HashMap<String, usize>,
    problems: &mut Problems,
) -> Option<usize> {
    let step = find(named, ids, problems)?;
    let (message, hint) = if descends(container, step, flat) {
        (format!("`{}` would be inside itself", named.id), None)
    } else if flat[step].inside != flat[container].inside {
        let message = format!("`{}` does not stand beside `{}`", named.id, flat[container].draft.step.id);
        (message, Some("name steps of the same list, or write the step here".to_owned()))
    } else if let Some(owner) =
        flat[step].parent.filter(|&owner| owner != container && flat[step].inside != Some(owner))
    {
        let message = format!("`{}` belongs to `{}` already", named.id, flat[owner].draft.step.id);
        (message, Some("a step has one container".to_owned()))
    } else {
        return Some(step);
    };
    problems.add(Code::MisplacedStep, &named.spot, message, hint);
    None
}

/// Whether `step` stands in `ancestor`.
fn descends(step: usize, ancestor: usize, flat: &[Flat<'_>]) -> bool {
    let mut at = Some(step);
    while let Some(step) = at {
        if step == ancestor {
            return true;
        }
        at = flat[step].parent;
    }
    false
}

fn preorder(flat: &[Flat<'_>]) -> Vec<usize> {
    fn visit(step: usize, children: &[Vec<usize>], order: &mut Vec<usize>) {
        order.push(step);
        for &child in &children[step] {
            visit(child, children, order);
        }
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); flat.len()];
    for (i, step) in flat.iter().enumerate() {
        if let Some(parent) = step.parent {
            children[parent].push(i);
        }
    }
    let mut order = Vec::with_capacity(flat.len());
    for (i, step) in flat.iter().enumerate() {
        if step.parent.is_none() {
            visit(i, &children, &mut order);
        }
    }
    order
}

/// The innermost loop around a step.
fn loop_around(step: usize, flat: &[Flat<'_>]) -> Option<usize> {
    let mut at = flat[step].parent;
    while let Some(container) = at {
        if matches!(flat[container].draft.step.kind, StepKind::Loop { .. }) {
            return Some(container);
        }
        at = flat[container].parent;
    }
    None
}

/// `depends_on`, and the `next_steps` of others that name this step.
fn dependencies(step: usize, flat: &[Flat<'_>], ids: &HashMap<String, usize>, problems: &mut Problems) -> Vec<usize> {
    let mut found = Vec::new();
    for named in &flat[step].draft.depends_on {
        let Some(dependency) = find(named, ids, problems) else { continue };
        found.extend(dependency_of(step, dependency, named, flat, problems));
    }
    for (other, source) in flat.iter().enumerate() {
        for named in source.draft.next_steps.iter().filter(|named| ids.get(&named.id) == Some(&step)) {
            found.extend(dependency_of(step, other, named, flat, problems));
        }
    }
    for named in flat[step].draft.next_steps.iter().filter(|named| !ids.contains_key(&named.id)) {
        find(named, ids, problems);
    }
    found
}

fn dependency_of(
    step: usize,
    dependency: usize,
    named: &Named,
    flat: &[Flat<'_>],
    problems: &mut Problems,
) -> Option<usize> {
    // A child waits for its container's begin anyway.
    if dependency != step && descends(step, dependency, flat) {
        return None;
    }
    // The handler of a step waits for its failure.
    let handled = match &flat[dependency].draft.on_error {
        OnErrorDraft::Fallback(handler) => handler.id == flat[step].draft.step.id,
        OnErrorDraft::Handlers(handlers) => handlers.iter().any(|handler| handler.id == flat[step].draft.step.id),
        OnErrorDraft::Default | OnErrorDraft::Plain(_) => false,
    };
    if handled {
        return None;
    }
    if let Some(container) = loop_around(dependency, flat)
        && !descends(step, container, flat)
    {
        let (inner, outer) = (&flat[dependency].draft.step.id, &flat[container].draft.step.id);
        problems.add(
            Code::MisplacedStep,
            &named.spot,
            format!("`{inner}` runs once for each item of the loop `{outer}` and cannot be waited for from outside"),
            Some(format!("depend on `{outer}`")),
        );
        return None;
    }
    Some(dependency)
}

fn on_error(
    step: usize,
    flat: &[Flat<'_>],
    ids: &HashMap<String, usize>,
    (continue_on_error, undo_on_failure): (bool, bool),
    problems: &mut Problems,
) -> OnError {
    let handler = |named: &Named, problems: &mut Problems| -> Option<usize> {
        let handler = find(named, ids, problems)?;
        let message = if handler == step {
            format!("`{}` cannot handle its own failure", named.id)
        } else if descends(step, handler, flat) || descends(handler, step, flat) {
            format!("`{}` and the step it would handle stand one in the other", named.id)
        } else if loop_around(handler, flat) != loop_around(step, flat) {
            format!("`{}` does not stand in the same loop as the step it would handle", named.id)
        } else if flat[handler].parent.is_some_and(|parent| {
            flat[handler].inside != Some(parent) && !matches!(flat[parent].draft.step.kind, StepKind::Loop { .. })
        }) {
            format!("`{}` is a step of a branch and cannot be a handler too", named.id)
        } else {
            return Some(handler);
        };
        problems.add(Code::MisplacedStep, &named.spot, message, None);
        None
    };
    match &flat[step].draft.on_error {
        OnErrorDraft::Plain(plain) => plain.clone(),
        OnErrorDraft::Fallback(named) => handler(named, problems).map_or(OnError::Abort, OnError::Fallback),
        OnErrorDraft::Handlers(named) => {
            OnError::Handlers(named.iter().filter_map(|named| handler(named, problems)).collect())
        }
        OnErrorDraft::Default if continue_on_error && !flat[step].draft.critical => OnError::Continue,
        OnErrorDraft::Default if undo_on_failure => OnError::Compensate,
        OnErrorDraft::Default => OnError::Abort,
    }
}

/// Steps of one `parallel_groups` entry must not need each other.
fn check_groups(
    groups: &[Vec<Named>],
    flat: &[Flat<'_>],
    ids: &HashMap<String, usize>,
    resolved: &[(Vec<usize>, OnError)],
    problems: &mut Problems,
) {
    for group in groups {
        let members: Vec<(usize, &Named)> =
            group.iter().filter_map(|named| Some((find(named, ids, problems)?, named))).collect();
        for &(step, named) in &members {
            let other = members.iter().find(|(other, _)| *other != step && needs(step, *other, resolved));
            if let Some((other, _)) = other {
                let message = format!("`{}` cannot run beside `{}`: it needs it", named.id, flat[*other].draft.step.id);
                problems.add(Code::Cycle, &named.spot, message, Some("take one of them out of the group".to_owned()));
            }
        }
    }
}

fn needs(step: usize, other: usize, resolved: &[(Vec<usize>, OnError)]) -> bool {
    let mut seen = vec![false; resolved.len()];
    let mut open = vec![step];
    while let Some(at) = open.pop() {
        for &dependency in &resolved[at].0 {
            if dependency == other {
                return true;
            }
            if !std::mem::replace(&mut seen[dependency], true) {
                open.push(dependency);
            }
        }
    }
    false
}

fn fill_children(kind: &mut StepKind, mut groups: Vec<Vec<usize>>) {
    match kind {
        StepKind::Condition { branches, otherwise } => {
            *otherwise = groups.pop().unwrap_or_default();
            for (branch, steps) in branches.iter_mut().zip(groups) {
                branch.steps = steps;
            }
        }
        StepKind::Parallel { steps, .. } | StepKind::Loop { steps, .. } => *steps = groups.pop().unwrap_or_default(),
        StepKind::Action(_)
        | StepKind::AgentTask { .. }
        | StepKind::Capability { .. }
        | StepKind::Wait(_)
        | StepKind::HumanTask { .. }
        | StepKind::Webhook(_)
        | StepKind::Workflow { .. }
        | StepKind::Transform { .. } => {}
    }
}

fn tell_cycles(plan: &Plan, spots: &[Spot], problems: &mut Problems) {
    for cycle in Graph::of(plan).cycles() {
        let names: Vec<String> = cycle.iter().map(|&step| format!("`{}`", plan.steps[step].id)).collect();
        let Some(&first) = cycle.first() else { continue };
        problems.add(
            Code::Cycle,
            &spots[first],
            format!("these steps wait for each other: {}", names.join(" -> ")),
            Some("each arrow reads \"comes before\"; remove one".to_owned()),
        );
    }
}
