//! From the one language's text to checked nodes: `MiniJinja`'s parser reads
//! it, names, filters, tests and functions are resolved here, and what the
//! expression reads is noted. Must not know values of a run.

use std::sync::Arc;

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, UnaryOpKind};
use minijinja::machinery::parse_expr;
use minijinja::value::ValueKind;

use super::datum::Datum;
use super::error::{Fault, Problem, nearest};
use super::known::Known;
use super::lexer::Failure;
use super::node::{Arguments, Comparison, Key, Node, Operator, Root, Shape};
use super::reference::Target;
use super::{filters, functions, methods, predicates, secret};

/// A reference with its place in the lowered text.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) target: Target,
    pub(super) path: Vec<String>,
    pub(super) optional: bool,
    pub(super) transformed: bool,
    pub(super) at: usize,
}

/// Fields of `steps.<id>`.
const STEP_FIELDS: [&str; 5] = ["status", "success", "result", "error", "duration_seconds"];
/// Fields of `run`.
const RUN_FIELDS: [&str; 3] = ["id", "name", "started_at"];

pub(super) fn compile(text: &str, known: &Known) -> Result<(Node, Vec<Read>), Failure> {
    let tree = parse_expr(text).map_err(|error| {
        let message = error.detail().unwrap_or("the expression does not parse").to_owned();
        let problem = if message.contains("recursion") { Problem::limit(message) } else { Problem::syntax(message) };
        problem.at(error.range().map_or(0, |range| range.start))
    })?;
    let mut compiler = Compiler { known, reads: Vec::new() };
    let node = compiler.node(&tree, Use::default())?;
    Ok((node, compiler.reads))
}

/// How the surrounding expression uses a value.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    /// It may be missing.
    optional: bool,
    /// More is done with it than passing it on.
    transformed: bool,
}

impl Use {
    const TRANSFORMED: Self = Self { optional: false, transformed: true };
    const OPTIONAL: Self = Self { optional: true, transformed: true };
}

struct Compiler<'k> {
    known: &'k Known,
    reads: Vec<Read>,
}

/// Where the leftmost part of an expression begins.
fn start(expr: &Expr<'_>) -> usize {
    match expr {
        Expr::BinOp(node) => start(&node.left),
        Expr::Compare(node) => start(&node.expr),
        Expr::IfExpr(node) => start(&node.true_expr),
        Expr::GetAttr(node) => start(&node.expr),
        Expr::GetItem(node) => start(&node.expr),
        Expr::Slice(node) => start(&node.expr),
        Expr::Call(node) => start(&node.expr),
        Expr::Test(node) => start(&node.expr),
        Expr::Filter(node) => node.expr.as_ref().map_or(node.span().start_offset as usize, start),
        Expr::Var(_) | Expr::Const(_) | Expr::UnaryOp(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => {
            expr.span().start_offset as usize
        }
    }
}

impl Compiler<'_> {
    fn node(&mut self, expr: &Expr<'_>, how: Use) -> Result<Node, Failure> {
        let at = start(expr);
        let passed = Use { optional: false, ..how };
        let shape = match expr {
            Expr::Const(node) => Shape::Const(constant(&node.value).map_err(|problem| problem.at(at))?),
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => return self.path(expr, how),
            Expr::List(node) => Shape::List(self.nodes(&node.items)?),
            Expr::Tuple(node) => Shape::List(self.nodes(&node.items)?),
            Expr::Map(node) => {
                let mut pairs = Vec::with_capacity(node.keys.len());
                for (key, value) in node.keys.iter().zip(&node.values) {
                    pairs.push((self.node(key, Use::TRANSFORMED)?, self.node(value, Use::TRANSFORMED)?));
                }
                Shape::Map(pairs)
            }
            Expr::UnaryOp(node) => {
                let operand = self.inner(&node.expr)?;
                match node.op {
                    UnaryOpKind::Not => Shape::Not(operand),
                    UnaryOpKind::Neg => Shape::Negate(operand),
                }
            }
            Expr::BinOp(node) => self.binary(node.op, &node.left, &node.right, passed)?,
            Expr::Compare(node) => {
                let first = self.inner(&node.expr)?;
                let mut rest = Vec::with_capacity(node.ops.len());
                for op in &node.ops {
                    rest.push((comparison(op.op), self.node(&op.expr, Use::TRANSFORMED)?));
                }
                Shape::Compare(first, rest)
            }
            Expr::IfExpr(node) => Shape::Choose {
                test: self.inner(&node.test_expr)?,
                yes: Box::new(self.node(&node.true_expr, how)?),
                no: node.false_expr.as_ref().map(|no| self.node(no, how).map(Box::new)).transpose()?,
            },
            Expr::Slice(node) => {
                let value = self.inner(&node.expr)?;
                let mut bounds = [None, None, None];
                for (bound, expr) in bounds.iter_mut().zip([&node.start, &node.stop, &node.step]) {
                    *bound = expr.as_ref().map(|expr| self.inner(expr)).transpose()?;
                }
                Shape::Slice(value, bounds)
            }
            Expr::Filter(node) => {
                let Some(input) = &node.expr else {
                    return Err(Problem::syntax("a filter needs a value before it").at(at));
                };
                self.filter(node.name, input, &node.args, at)?
            }
            Expr::Test(node) => self.test(node.name, &node.expr, &node.args, at)?,
            Expr::Call(node) => self.call(&node.expr, &node.args, at)?,
        };
        Ok(Node { at, shape })
    }

    fn inner(&mut self, expr: &Expr<'_>) -> Result<Box<Node>, Failure> {
        self.node(expr, Use::TRANSFORMED).map(Box::new)
    }

    fn nodes(&mut self, exprs: &[Expr<'_>]) -> Result<Vec<Node>, Failure> {
        exprs.iter().map(|expr| self.node(expr, Use::TRANSFORMED)).collect()
    }

    fn binary(&mut self, op: BinOpKind, left: &Expr<'_>, right: &Expr<'_>, how: Use) -> Result<Shape, Failure> {
        let operator = match op {
            BinOpKind::ScAnd => return Ok(Shape::And(self.inner(left)?, self.inner(right)?)),
            BinOpKind::ScOr => return Ok(Shape::Or(self.inner(left)?, self.inner(right)?)),
            BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte
            | BinOpKind::In => {
                let rest = vec![(binary_comparison(op), self.node(right, Use::TRANSFORMED)?)];
                return Ok(Shape::Compare(self.inner(left)?, rest));
            }
            BinOpKind::Add => Operator::Add,
            BinOpKind::Sub => Operator::Subtract,
            BinOpKind::Mul => Operator::Multiply,
            BinOpKind::Div => Operator::Divide,
            BinOpKind::FloorDiv => Operator::DivideWhole,
            BinOpKind::Rem => Operator::Remainder,
            BinOpKind::Pow => Operator::Power,
            BinOpKind::Concat => Operator::Join,
        };
        // Joining passes a secret on; every other operator uses it.
        let how = if matches!(operator, Operator::Add | Operator::Join) { how } else { Use::TRANSFORMED };
        Ok(Shape::Operate(operator, Box::new(self.node(left, how)?), Box::new(self.node(right, how)?)))
    }

    fn arguments(&mut self, args: &[CallArg<'_>], at: usize) -> Result<Arguments, Failure> {
        let mut arguments = Arguments::default();
        for arg in args {
            match arg {
                CallArg::Pos(expr) => arguments.positional.push(self.node(expr, Use::TRANSFORMED)?),
                CallArg::Kwarg(name, expr) => {
                    arguments.named.push((Arc::from(*name), self.node(expr, Use::TRANSFORMED)?));
                }
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    return Err(Problem::syntax("`*` and `**` before an argument are not part of the language").at(at));
                }
            }
        }
        Ok(arguments)
    }

    fn filter(&mut self, name: &str, input: &Expr<'_>, args: &[CallArg<'_>], at: usize) -> Result<Shape, Failure> {
        if name == "default" || name == "d" {
            let input = Box::new(self.node(input, Use::OPTIONAL)?);
            let mut arguments = self.arguments(args, at)?;
            let mut named = |name: &str| {
                let at = arguments.named.iter().position(|(own, _)| &**own == name)?;
                Some(Box::new(arguments.named.remove(at).1))
            };
            let (value, boolean) = (named("default_value"), named("boolean"));
            let mut positional = arguments.positional.into_iter().map(Box::new);
            let (other, on_false) = (value.or_else(|| positional.next()), boolean.or_else(|| positional.next()));
            if positional.next().is_some() || !arguments.named.is_empty() {
                return Err(Problem::kind("`default` takes a value, and `true` to replace false values too").at(at));
            }
            return Ok(Shape::Default { input, other, on_false });
        }
        let filter = filters::find(name).ok_or_else(|| filters::unknown(name).at(at))?;
        Ok(Shape::Filter(filter, self.inner(input)?, self.arguments(args, at)?))
    }

    fn test(&mut self, name: &str, input: &Expr<'_>, args: &[CallArg<'_>], at: usize) -> Result<Shape, Failure> {
        if name == "defined" || name == "undefined" {
            let defined = Shape::Defined(Box::new(self.node(input, Use::OPTIONAL)?));
            return Ok(if name == "defined" { defined } else { Shape::Not(Box::new(Node { at, shape: defined })) });
        }
        let predicate = predicates::find(name).ok_or_else(|| predicates::unknown(name).at(at))?;
        Ok(Shape::Test(predicate, self.inner(input)?, self.arguments(args, at)?))
    }

    fn call(&mut self, callee: &Expr<'_>, args: &[CallArg<'_>], at: usize) -> Result<Shape, Failure> {
        match callee {
            Expr::Var(name) => {
                let function = functions::find(name.id).ok_or_else(|| functions::unknown(name.id).at(at))?;
                Ok(Shape::Call(function, self.arguments(args, at)?))
            }
            Expr::GetAttr(method) if method.name == "get" => {
                let arguments = self.arguments(args, at)?;
                let key_name = match arguments.positional.first() {
                    Some(Node { shape: Shape::Const(Datum::Text(key)), .. }) => Some(key.to_string()),
                    _ => None,
                };
                let before = self.reads.len();
                let input = self.inner(&method.expr)?;
                // `.get('k')` reads `k`, and may find nothing.
                if let [read] = &mut self.reads[before..] {
                    read.path.extend(key_name);
                    read.optional = true;
                }
                let mut positional = arguments.positional.into_iter().map(Box::new);
                match (positional.next(), positional.next(), positional.next(), arguments.named.is_empty()) {
                    (Some(key), other, None, true) => Ok(Shape::Get { input, key, other }),
                    _ => Err(Problem::kind("`.get()` takes a key and, if wanted, a default").at(at)),
                }
            }
            Expr::GetAttr(method) => {
                let found = methods::find(method.name).ok_or_else(|| methods::unknown(method.name).at(at))?;
                Ok(Shape::Method(found, self.inner(&method.expr)?, self.arguments(args, at)?))
            }
            other => Err(Problem::syntax(format!("a {} cannot be called", other.description())).at(at)),
        }
    }

    /// A name with everything looked up after it, as one node.
    fn path(&mut self, expr: &Expr<'_>, how: Use) -> Result<Node, Failure> {
        let at = start(expr);
        let mut keys = Vec::new();
        let mut base = expr;
        loop {
            match base {
                Expr::GetAttr(node) => {
                    keys.push(Key::Name(Arc::from(node.name)));
                    base = &node.expr;
                }
                Expr::GetItem(node) => {
                    keys.push(match self.node(&node.subscript_expr, Use::TRANSFORMED)? {
                        Node { shape: Shape::Const(Datum::Text(key)), .. } => Key::Name(key),
                        Node { shape: Shape::Const(Datum::Int(place)), at } => Key::Place(
                            i64::try_from(place).map_err(|_| Problem::value("the place is too large").at(at))?,
                        ),
                        computed => Key::Computed(Box::new(computed)),
                    });
                    base = &node.expr;
                }
                _ => break,
            }
        }
        keys.reverse();
        let Expr::Var(name) = base else {
            let base = Box::new(self.node(base, Use { transformed: true, ..how })?);
            return Ok(Node { at, shape: Shape::Keys(base, keys) });
        };
        let Some(root) = self.root(name.id) else {
            if how.optional && functions::find(name.id).is_none() {
                return Ok(Node { at, shape: Shape::Nothing(Arc::from(name.id)) });
            }
            return Err(self.unknown(name.id).at(at));
        };
        self.note(&root, &keys, how, at).map_err(|problem| problem.at(at))?;
        Ok(Node { at, shape: Shape::Path(root, keys) })
    }

    fn root(&self, name: &str) -> Option<Root> {
        Some(match name {
            "params" => Root::Params,
            "context" => Root::Context,
            "steps" => Root::Steps,
            "results" => Root::Results,
            "result" => Root::Result,
            "item" => Root::Item,
            "index" => Root::Index,
            "run" => Root::Run,
            "error" => Root::Error,
            "secrets" => Root::Secrets,
            name if self.known.is_item(name) => Root::NamedItem(Arc::from(name)),
            name if self.known.steps.contains(name) => Root::StepResult(Arc::from(name)),
            _ => return None,
        })
    }

    fn unknown(&self, name: &str) -> Problem {
        if functions::find(name).is_some() {
            return Problem::syntax(format!("`{name}` is a function")).hint(format!("call it: `{name}(...)`"));
        }
        Problem::new(Fault::Unknown, format!("`{name}` is not in scope")).hint(
            nearest(name, self.known.names()).unwrap_or_else(|| {
                "names are `params`, `context`, `steps` and the ids of steps; text is written in quotes".to_owned()
            }),
        )
    }

    /// Notes what a path reads, and refuses what can never be there.
    fn note(&mut self, root: &Root, keys: &[Key], how: Use, at: usize) -> Result<(), Problem> {
        let mut path: Vec<String> = keys
            .iter()
            .map_while(|key| match key {
                Key::Name(name) => Some(name.to_string()),
                Key::Place(place) => Some(place.to_string()),
                Key::Computed(_) => None,
            })
            .collect();
        let mut transformed = how.transformed;
        let target = match root {
            Root::Params => Target::Param,
            Root::Context => Target::Context,
            Root::Result => Target::Result,
            Root::Item => Target::Item(None),
            Root::NamedItem(name) => Target::Item(Some(name.to_string())),
            Root::Index => Target::Index,
            Root::Error => Target::Error,
            Root::Run => {
                if let Some(field) = path.first().filter(|field| !RUN_FIELDS.contains(&field.as_str())) {
                    return Err(Problem::new(Fault::Unknown, format!("`run` has no `{field}`"))
                        .hint_if(nearest(field, RUN_FIELDS)));
                }
                Target::Run
            }
            Root::StepResult(id) => {
                path.insert(0, "result".to_owned());
                Target::Step(id.to_string())
            }
            Root::Steps | Root::Results if path.is_empty() => Target::AllSteps,
            Root::Steps | Root::Results => {
                let id = path.remove(0);
                if !self.known.steps.contains(&id) {
                    return Err(Problem::new(Fault::Unknown, format!("there is no step `{id}`"))
                        .hint_if(nearest(&id, self.known.steps.iter().map(String::as_str))));
                }
                if *root == Root::Results {
                    path.insert(0, "result".to_owned());
                } else if let Some(field) = path.first().filter(|field| !STEP_FIELDS.contains(&field.as_str())) {
                    let meant = format!("what the step returned is `steps.{id}.result.{field}`, or `{id}.{field}`");
                    return Err(Problem::new(Fault::Unknown, format!("`steps.{id}` has no `{field}`")).hint(meant));
                }
                Target::Step(id)
            }
            Root::Secrets => {
                let ([Key::Name(name)], Some(_)) = (keys, path.first()) else {
                    return Err(Problem::new(Fault::Secret, "a secret is named as `secrets.NAME`"));
                };
                path.clear();
                transformed |= how.optional;
                Target::Secret(name.to_string())
            }
        };
        self.reads.push(Read { target, path, optional: how.optional, transformed, at });
        Ok(())
    }
}

fn constant(value: &minijinja::Value) -> Result<Datum, Problem> {
    Ok(match value.kind() {
        ValueKind::None => Datum::Null,
        ValueKind::Bool => Datum::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => Datum::int(
            i128::try_from(value.clone()).map_err(|_| Problem::value("the number is too large for an integer"))?,
        )?,
        ValueKind::Number => {
            Datum::float(f64::try_from(value.clone()).map_err(|_| Problem::value("the number cannot be read"))?)?
        }
        _ => {
            let text = value.as_str().ok_or_else(|| Problem::syntax("this literal is not part of the language"))?;
            secret::refuse_reserved(text)?;
            Datum::text(text)
        }
    })
}

fn binary_comparison(op: BinOpKind) -> Comparison {
    match op {
        BinOpKind::Ne => Comparison::NotEqual,
        BinOpKind::Lt => Comparison::Less,
        BinOpKind::Lte => Comparison::LessOrEqual,
        BinOpKind::Gt => Comparison::Greater,
        BinOpKind::Gte => Comparison::GreaterOrEqual,
        BinOpKind::In => Comparison::In,
        BinOpKind::Eq
        | BinOpKind::ScAnd
        | BinOpKind::ScOr
        | BinOpKind::Add
        | BinOpKind::Sub
        | BinOpKind::Mul
        | BinOpKind::Div
        | BinOpKind::FloorDiv
        | BinOpKind::Rem
        | BinOpKind::Pow
        | BinOpKind::Concat => Comparison::Equal,
    }
}

fn comparison(op: CompareOpKind) -> Comparison {
    match op {
        CompareOpKind::Eq => Comparison::Equal,
        CompareOpKind::Ne => Comparison::NotEqual,
        CompareOpKind::Lt => Comparison::Less,
        CompareOpKind::Lte => Comparison::LessOrEqual,
        CompareOpKind::Gt => Comparison::Greater,
        CompareOpKind::Gte => Comparison::GreaterOrEqual,
        CompareOpKind::In => Comparison::In,
        CompareOpKind::NotIn => Comparison::NotIn,
    }
}
