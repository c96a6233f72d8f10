//! A plan as the state needs it: which nodes one list's instances are made of,
//! what stands around a node, how much a node counts for progress.

use crate::workflow::plan::{Plan, StepKind};

/// Made once for a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    nodes: Vec<Node>,
    outermost: Vec<usize>,
}

#[derive(Debug, PartialEq, Eq)]
struct Node {
    loops: usize,
    children: Vec<usize>,
    body: Vec<usize>,
    size: u64,
}

impl Layout {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut nodes: Vec<Node> = plan
            .steps
            .iter()
            .map(|step| Node { loops: 0, children: step.kind.children(), body: Vec::new(), size: 1 })
            .collect();
        let mut outermost = Vec::new();
        for index in 0..plan.steps.len() {
            let around = plan.loops_around(index);
            nodes[index].loops = around.len();
            match around.first() {
                Some(&innermost) => nodes[innermost].body.push(index),
                None => outermost.push(index),
            }
            // Each loop counts for the steps of one iteration too.
            for container in around {
                nodes[container].size += 1;
            }
        }
        Self { nodes, outermost }
    }

    /// The nodes that have one instance in a run.
    pub(super) fn outermost(&self) -> &[usize] {
        &self.outermost
    }

    /// The nodes that have one instance in each iteration of a loop, but for
    /// those of loops within it.
    pub(super) fn body(&self, node: usize) -> &[usize] {
        self.nodes.get(node).map_or(&[], |node| &node.body)
    }

    /// Its children, in order.
    pub(super) fn children(&self, node: usize) -> &[usize] {
        self.nodes.get(node).map_or(&[], |node| &node.children)
    }

    /// How many loops stand around it.
    pub(super) fn loops(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, |node| node.loops)
    }

    /// The nodes it counts for: itself, and of a loop all that is in it.
    pub(super) fn size(&self, node: usize) -> u64 {
        self.nodes.get(node).map_or(1, |node| node.size)
    }
}

/// Whether it repeats its children.
pub(super) fn is_loop(kind: &StepKind) -> bool {
    matches!(kind, StepKind::Loop { .. })
}
