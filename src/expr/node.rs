//! The shape of a checked expression: names resolved, filters found, every
//! node with its place. Made by `compile`, walked by `eval`.

use std::sync::Arc;

use super::datum::Datum;
use super::filters::Filter;
use super::functions::Function;
use super::methods::Method;
use super::predicates::Predicate;

/// A node and its byte offset in the lowered source.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) shape: Shape,
}

#[derive(Debug)]
pub(super) enum Shape {
    Const(Datum),
    /// A name and the keys after it.
    Path(Root, Vec<Key>),
    /// Keys looked up in a computed value.
    Keys(Box<Node>, Vec<Key>),
    /// A name that is nothing, allowed only where something may be missing.
    Nothing(Arc<str>),
    Slice(Box<Node>, [Option<Box<Node>>; 3]),
    Not(Box<Node>),
    Negate(Box<Node>),
    Operate(Operator, Box<Node>, Box<Node>),
    /// `a < b <= c`.
    Compare(Box<Node>, Vec<(Comparison, Node)>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Choose {
        test: Box<Node>,
        yes: Box<Node>,
        no: Option<Box<Node>>,
    },
    /// `|default(value, on_false)`.
    Default {
        input: Box<Node>,
        other: Option<Box<Node>>,
        on_false: Option<Box<Node>>,
    },
    /// `is defined`.
    Defined(Box<Node>),
    /// `.get(key, other)`.
    Get {
        input: Box<Node>,
        key: Box<Node>,
        other: Option<Box<Node>>,
    },
    Filter(Filter, Box<Node>, Arguments),
    Test(Predicate, Box<Node>, Arguments),
    Call(Function, Arguments),
    Method(Method, Box<Node>, Arguments),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// Where a path begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    Params,
    Context,
    Steps,
    Results,
    /// A bare step id: that step's result.
    StepResult(Arc<str>),
    Result,
    Item,
    NamedItem(Arc<str>),
    Index,
    Run,
    Error,
    Secrets,
}

/// One key of a path.
#[derive(Debug)]
pub(super) enum Key {
    Name(Arc<str>),
    Place(i64),
    Computed(Box<Node>),
}

#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Node>,
    pub(super) named: Vec<(Arc<str>, Node)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    DivideWhole,
    Remainder,
    Power,
    Join,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

impl Operator {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::DivideWhole => "//",
            Self::Remainder => "%",
            Self::Power => "**",
            Self::Join => "~",
        }
    }
}
