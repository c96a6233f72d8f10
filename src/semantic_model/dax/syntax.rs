//! The syntax tree of DAX.
//!
//! Nodes say where they stand and hold names as they are meant, without quotes
//! and brackets. Operators of one rank that follow each other are one
//! [`Kind::Chain`], so that a sum of a thousand parts is no deeper than a sum
//! of two; how deep a tree can be is bounded by the parser. Must not know
//! functions or models.

use crate::semantic_model::dax::span::Span;

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `1.5`, as it is written.
    Number(String),
    /// `"..."`.
    Text(String),
    /// `dt"..."`.
    Date(String),
    /// `TRUE` or `FALSE` without brackets.
    Boolean(bool),
    /// A word alone: a variable, a table, or a word of a function as `DESC`.
    Name(String),
    /// `'...'` alone: a table.
    Table(String),
    /// `[x]`, `T[x]`, `'T'[x]`, `'T'[x].[y]`: a column or a measure.
    Field(Field),
    /// `@x`: a parameter of a query.
    Parameter(String),
    /// `F(...)`.
    Call(Call),
    /// Operators of one rank with what stands between them, from left to right.
    Chain {
        /// What stands before the first operator.
        first: Box<Node>,
        /// Each operator with what follows it; never empty.
        rest: Vec<Link>,
    },
    /// An operator before its operand.
    Unary {
        /// The operator.
        operator: Prefix,
        /// What it is applied to.
        operand: Box<Node>,
    },
    /// `(...)`.
    Brackets(Box<Node>),
    /// `(a, b)`: a row of several values.
    Tuple(Vec<Node>),
    /// `{...}`: a table made of rows.
    Set(Vec<Node>),
    /// `VAR ... RETURN ...`.
    Block(Block),
    /// An argument that is left out, as the third of `RANKX(t, x, , ASC)`.
    Omitted,
    /// What should stand here and does not: an error tells about it.
    Missing,
}

/// A column or measure as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The table before the bracket.
    pub table: Option<Qualifier>,
    /// What stands in the brackets.
    pub name: String,
    /// The second brackets of `'T'[x].[y]`, which name a level of dates.
    pub level: Option<String>,
    /// The brackets.
    pub brackets: Span,
}

/// The table before a bracket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qualifier {
    /// The name.
    pub name: String,
    /// Where it stands, with its quotes.
    pub span: Span,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The function as it is written.
    pub function: String,
    /// Where its name stands.
    pub name: Span,
    /// The arguments; [`Kind::Omitted`] where one is left out.
    pub arguments: Vec<Node>,
}

impl Call {
    /// Whether it calls this function, in any case.
    #[must_use]
    pub fn is(&self, function: &str) -> bool {
        self.function.eq_ignore_ascii_case(function)
    }

    /// Whether it calls one of these functions.
    #[must_use]
    pub fn is_any(&self, functions: &[&str]) -> bool {
        functions.iter().any(|function| self.is(function))
    }
}

/// An operator with what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The operator.
    pub operator: Operator,
    /// Where it stands.
    pub span: Span,
    /// What follows it.
    pub operand: Node,
}

/// Variables and what is made of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Each `VAR`; never empty.
    pub variables: Vec<Variable>,
    /// What stands after `RETURN`.
    pub result: Box<Node>,
}

/// `VAR name = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The value.
    pub value: Node,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `=`
    Equal,
    /// `==`
    StrictlyEqual,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `&`
    Concatenate,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
    /// `IN`
    In,
}

impl Operator {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "=",
            Self::StrictlyEqual => "==",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Concatenate => "&",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
            Self::In => "IN",
        }
    }

    /// How tightly it binds; see [`rank`].
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Or => rank::OR,
            Self::And => rank::AND,
            Self::Equal
            | Self::StrictlyEqual
            | Self::NotEqual
            | Self::Less
            | Self::AtMost
            | Self::Greater
            | Self::AtLeast => rank::COMPARISON,
            Self::Concatenate => rank::CONCATENATION,
            Self::Add | Self::Subtract => rank::SUM,
            Self::Multiply | Self::Divide => rank::PRODUCT,
            Self::Power => rank::POWER,
            Self::In => rank::MEMBERSHIP,
        }
    }
}

/// How tightly operators bind, loosest first.
///
/// Source: "DAX operators" on dax.guide.
pub mod rank {
    /// `||`
    pub const OR: u8 = 1;
    /// `&&`
    pub const AND: u8 = 2;
    /// `NOT`
    pub const NOT: u8 = 3;
    /// `=`, `<` and their kin.
    pub const COMPARISON: u8 = 4;
    /// `&`
    pub const CONCATENATION: u8 = 5;
    /// `+`, `-`
    pub const SUM: u8 = 6;
    /// `*`, `/`
    pub const PRODUCT: u8 = 7;
    /// A sign.
    pub const SIGN: u8 = 8;
    /// `^`
    pub const POWER: u8 = 9;
    /// `IN`
    pub const MEMBERSHIP: u8 = 10;
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `NOT`
    Not,
}

impl Prefix {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minus => "-",
            Self::Plus => "+",
            Self::Not => "NOT",
        }
    }
}

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What stands after `DEFINE`.
    pub definitions: Vec<Definition>,
    /// Each `EVALUATE`.
    pub evaluations: Vec<Evaluation>,
}

/// What a query defines for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// What it is.
    pub kind: DefinitionKind,
    /// Where its name stands.
    pub span: Span,
    /// What it is made of.
    pub value: Node,
}

/// The kinds of definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefinitionKind {
    /// `MEASURE T[x] = ...`
    Measure(Field),
    /// `COLUMN T[x] = ...`
    Column(Field),
    /// `TABLE T = ...`
    Table(String),
    /// `VAR x = ...`
    Variable(String),
    /// `MPARAMETER x = ...`
    Parameter(String),
    /// `FUNCTION f = (...) => ...`
    Function(String, Vec<FunctionParameter>),
}

/// A parameter of a function that a person defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionParameter {
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The words after the colon, as `SCALAR INT64 VAL`.
    pub words: Vec<String>,
    /// What it is when the caller leaves it out.
    pub default: Option<Node>,
}

/// A function that a person defines: `(...) => ...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The parameters.
    pub parameters: Vec<FunctionParameter>,
    /// What it gives.
    pub body: Node,
}

/// `EVALUATE ... ORDER BY ... START AT ...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The table.
    pub table: Node,
    /// What the rows are ordered by, and whether downwards.
    pub order: Vec<(Node, bool)>,
    /// Where the rows begin.
    pub start: Vec<Node>,
}

impl Node {
    /// Calls `visit` for each node right below this one, in the order of the text.
    pub fn each_child<'t>(&'t self, visit: &mut dyn FnMut(&'t Node)) {
        match &self.kind {
            Kind::Number(_)
            | Kind::Text(_)
            | Kind::Date(_)
            | Kind::Boolean(_)
            | Kind::Name(_)
            | Kind::Table(_)
            | Kind::Field(_)
            | Kind::Parameter(_)
            | Kind::Omitted
            | Kind::Missing => {}
            Kind::Call(call) => call.arguments.iter().for_each(visit),
            Kind::Chain { first, rest } => {
                visit(first);
                for link in rest {
                    visit(&link.operand);
                }
            }
            Kind::Unary { operand: inner, .. } | Kind::Brackets(inner) => visit(inner),
            Kind::Tuple(parts) | Kind::Set(parts) => parts.iter().for_each(visit),
            Kind::Block(block) => {
                for variable in &block.variables {
                    visit(&variable.value);
                }
                visit(&block.result);
            }
        }
    }

    /// The node without brackets around it.
    #[must_use]
    pub fn bare(&self) -> &Self {
        let mut node = self;
        while let Kind::Brackets(inner) = &node.kind {
            node = inner;
        }
        node
    }

    /// The call that this node is, brackets around it not counted.
    #[must_use]
    pub fn as_call(&self) -> Option<&Call> {
        if let Kind::Call(call) = &self.bare().kind { Some(call) } else { None }
    }

    /// The call of this function that this node is.
    #[must_use]
    pub fn as_call_of(&self, function: &str) -> Option<&Call> {
        self.as_call().filter(|call| call.is(function))
    }

    /// The column or measure that this node is, brackets around it not counted.
    #[must_use]
    pub fn as_field(&self) -> Option<&Field> {
        if let Kind::Field(field) = &self.bare().kind { Some(field) } else { None }
    }
}
