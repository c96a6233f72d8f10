//! A plan as a graph: cycles, levels, and what is certainly finished when a
//! step begins.
//!
//! Each step is two nodes, its begin and its end, so that containers need no
//! rule of their own: a child begins after its container has begun and ends
//! before it ends. Works on indices; knows nothing of expressions.

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use super::plan::{OnError, Plan, StepKind};

/// A plan's steps and their order.
#[derive(Debug)]
pub(crate) struct Graph<'p> {
    plan: &'p Plan,
    /// Edges lead from what comes first; begin of step `i` is node `2 i`, its end `2 i + 1`.
    order: DiGraph<(), ()>,
}

fn begin(step: usize) -> NodeIndex {
    NodeIndex::new(2 * step)
}

fn end(step: usize) -> NodeIndex {
    NodeIndex::new(2 * step + 1)
}

impl<'p> Graph<'p> {
    pub(crate) fn of(plan: &'p Plan) -> Self {
        let mut order = DiGraph::with_capacity(2 * plan.steps.len(), 4 * plan.steps.len());
        for _ in 0..2 * plan.steps.len() {
            order.add_node(());
        }
        for (i, step) in plan.steps.iter().enumerate() {
            order.add_edge(begin(i), end(i), ());
            if let Some(parent) = step.parent {
                order.add_edge(begin(parent), begin(i), ());
                order.add_edge(end(i), end(parent), ());
            }
            for &dependency in &step.depends_on {
                order.add_edge(end(dependency), begin(i), ());
            }
            for &handler in handlers(&step.on_error) {
                order.add_edge(begin(i), begin(handler), ());
                order.add_edge(end(handler), end(i), ());
            }
        }
        Self { plan, order }
    }

    /// Every cycle, as steps in order, the first named again at the end.
    pub(crate) fn cycles(&self) -> Vec<Vec<usize>> {
        let mut cycles: Vec<Vec<usize>> = tarjan_scc(&self.order)
            .into_iter()
            .filter(|component| component.len() > 1)
            .map(|component| self.shortest_cycle(&component))
            .collect();
        cycles.sort();
        cycles
    }

    /// A shortest cycle through the first step (in file order) of a component.
    fn shortest_cycle(&self, component: &[NodeIndex]) -> Vec<usize> {
        let mut inside = vec![false; self.order.node_count()];
        for node in component {
            inside[node.index()] = true;
        }
        let Some(first) = component.iter().copied().min() else { return Vec::new() };
        let mut came_from: Vec<Option<NodeIndex>> = vec![None; self.order.node_count()];
        let mut queue = std::collections::VecDeque::from([first]);
        while let Some(node) = queue.pop_front() {
            // Sorted, so that the cycle told does not depend on how edges are stored.
            let mut next: Vec<NodeIndex> = self.order.neighbors(node).filter(|next| inside[next.index()]).collect();
            next.sort();
            for next in next {
                if next == first {
                    let mut steps = vec![first.index() / 2];
                    let mut at = Some(node);
                    while let Some(node) = at {
                        steps.push(node.index() / 2);
                        at = came_from[node.index()];
                    }
                    steps.reverse();
                    steps.dedup();
                    // A step that waits for itself is two nodes of one step.
                    if steps.len() == 1 {
                        steps.push(first.index() / 2);
                    }
                    return steps;
                }
                if came_from[next.index()].is_none() {
                    came_from[next.index()] = Some(node);
                    queue.push_back(next);
                }
            }
        }
        Vec::new()
    }

    /// For each step the steps that are certainly finished when it begins, so
    /// that its expressions may read them. `None` when there is a cycle.
    pub(crate) fn finished_before(&self) -> Option<Vec<StepSet>> {
        let steps = &self.plan.steps;
        let order = toposort(&self.order, None).ok()?;
        let mut at_begin = vec![StepSet::new(steps.len()); steps.len()];
        let mut at_end = at_begin.clone();
        let mut handled: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
        for (i, step) in steps.iter().enumerate() {
            for &handler in handlers(&step.on_error) {
                handled[handler].push(i);
            }
        }
        for node in order {
            let i = node.index() / 2;
            let step = &steps[i];
            if node == begin(i) {
                let mut set = step.parent.map_or_else(|| StepSet::new(steps.len()), |parent| at_begin[parent].clone());
                for &dependency in &step.depends_on {
                    set.add_all(&at_end[dependency]);
                }
                // A handler knows what each of the steps it may run for knew.
                let mut common: Option<StepSet> = None;
                for &failed in &handled[i] {
                    let mut known = at_begin[failed].clone();
                    known.add(failed);
                    match &mut common {
                        None => common = Some(known),
                        Some(common) => common.keep(&known),
                    }
                }
                if let Some(common) = common {
                    set.add_all(&common);
                }
                at_begin[i] = set;
            } else {
                let mut set = at_begin[i].clone();
                set.add(i);
                match &step.kind {
                    StepKind::Parallel { steps: children, .. } => {
                        for &child in children {
                            set.add_all(&at_end[child]);
                        }
                    }
                    // A branch that was not taken waited for nothing: its
                    // children are finished (as skipped), what they waited for need not be.
                    StepKind::Condition { .. } => self.add_children(i, &mut set),
                    StepKind::Action(_)
                    | StepKind::AgentTask { .. }
                    | StepKind::Capability { .. }
                    | StepKind::Loop { .. }
                    | StepKind::Wait(_)
                    | StepKind::HumanTask { .. }
                    | StepKind::Webhook(_)
                    | StepKind::Workflow { .. }
                    | StepKind::Transform { .. } => {}
                }
                at_end[i] = set;
            }
        }
        Some(at_begin)
    }

    fn add_children(&self, step: usize, set: &mut StepSet) {
        for child in self.plan.steps[step].kind.children() {
            set.add(child);
            if !matches!(self.plan.steps[child].kind, StepKind::Loop { .. }) {
                self.add_children(child, set);
            }
        }
    }
}

/// The steps that `on_error` names.
pub(crate) fn handlers(on_error: &OnError) -> &[usize] {
    match on_error {
        OnError::Fallback(step) => std::slice::from_ref(step),
        OnError::Handlers(steps) => steps,
        OnError::Abort | OnError::Continue | OnError::Skip | OnError::Compensate => &[],
    }
}

impl StepKind {
    /// The children of a container, in order; none for other kinds.
    #[must_use]
    pub fn children(&self) -> Vec<usize> {
        match self {
            Self::Condition { branches, otherwise } => {
                let mut children: Vec<usize> = Vec::new();
                for &child in branches.iter().flat_map(|branch| &branch.steps).chain(otherwise) {
                    if !children.contains(&child) {
                        children.push(child);
                    }
                }
                children
            }
            Self::Parallel { steps, .. } | Self::Loop { steps, .. } => steps.clone(),
            Self::Action(_)
            | Self::AgentTask { .. }
            | Self::Capability { .. }
            | Self::Wait(_)
            | Self::HumanTask { .. }
            | Self::Webhook(_)
            | Self::Workflow { .. }
            | Self::Transform { .. } => Vec::new(),
        }
    }
}

impl Plan {
    /// The outermost steps by level: those of one level wait for none of it,
    /// each waits for one of the level before. Steps that run only when they
    /// are named are in none.
    #[must_use]
    pub fn levels(&self) -> Vec<Vec<usize>> {
        self.levels_within(None)
    }

    /// The children of a container (or the outermost steps) by level.
    #[must_use]
    pub fn levels_within(&self, parent: Option<usize>) -> Vec<Vec<usize>> {
        let is_member = |step: usize| self.steps[step].parent == parent && !self.steps[step].only_when_named;
        // What a child waits for, its container waits for.
        let mut before: Vec<usize> = vec![0; self.steps.len()];
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); self.steps.len()];
        for (i, step) in self.steps.iter().enumerate() {
            let Some(member) = self.sibling_above(i, parent).filter(|&member| is_member(member)) else { continue };
            for &dependency in &step.depends_on {
                let other = self.sibling_above(dependency, parent).filter(|&other| is_member(other));
                if let Some(other) = other
                    && other != member
                {
                    before[member] += 1;
                    after[other].push(member);
                }
            }
        }
        let mut levels: Vec<Vec<usize>> = Vec::new();
        let mut level: Vec<usize> =
            (0..self.steps.len()).filter(|&step| is_member(step) && before[step] == 0).collect();
        while !level.is_empty() {
            let mut next = Vec::new();
            for &step in &level {
                for &later in &after[step] {
                    before[later] -= 1;
                    if before[later] == 0 {
                        next.push(later);
                    }
                }
            }
            next.sort_unstable();
            levels.push(std::mem::replace(&mut level, next));
        }
        levels
    }

    /// The step itself or the container around it that is a child of `parent`.
    fn sibling_above(&self, step: usize, parent: Option<usize>) -> Option<usize> {
        let mut at = step;
        while self.steps[at].parent != parent {
            at = self.steps[at].parent?;
        }
        Some(at)
    }

    /// The loops around a step, innermost first.
    #[must_use]
    pub fn loops_around(&self, step: usize) -> Vec<usize> {
        let mut loops = Vec::new();
        let mut at = self.steps[step].parent;
        while let Some(container) = at {
            if matches!(self.steps[container].kind, StepKind::Loop { .. }) {
                loops.push(container);
            }
            at = self.steps[container].parent;
        }
        loops
    }
}

/// A set of steps.
#[derive(Debug, Clone)]
pub(crate) struct StepSet(Vec<u64>);

impl StepSet {
    fn new(steps: usize) -> Self {
        Self(vec![0; steps.div_ceil(64)])
    }

    fn add(&mut self, step: usize) {
        self.0[step / 64] |= 1 << (step % 64);
    }

    fn add_all(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    fn keep(&mut self, other: &Self) {
        for (word, kept) in self.0.iter_mut().zip(&other.0) {
            *word &= kept;
        }
    }

    pub(crate) fn has(&self, step: usize) -> bool {
        self.0[step / 64] & (1 << (step % 64)) != 0
    }
}
