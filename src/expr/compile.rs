//! From the one language's text to checked nodes: `MiniJinja`'s parser reads
//! it, names, filters, tests and functions are resolved here, and what the
//! expression reads is noted. Must not know values of a run.

use std::sync::Arc;

use minijinja::machinery::ast::{self, BinOpKind, CallArg, CompareOp, CompareOpKind, Expr, IfExpr, Slice, UnaryOpKind};
use minijinja::machinery::parse_expr;
use minijinja::value::ValueKind;

use super::datum::Datum;
use super::error::{Fault, Problem, nearest};
use super::known::Known;
use super::lexer::{self, Failure};
use super::meter;
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

/// The syntax tree of a text in the one language.
pub(super) fn parse(text: &str) -> Result<Expr<'_>, Failure> {
    if text.len() > meter::SOURCE {
        return Err(lexer::too_long().at(0));
    }
    parse_expr(text).map_err(|error| {
        let message = error.detail().unwrap_or("the expression does not parse").to_owned();
        let problem = if message.contains("recursion") { Problem::limit(message) } else { Problem::syntax(message) };
        problem.at(error.range().map_or(0, |range| range.start))
    })
}

pub(super) fn compile(text: &str, known: &Known) -> Result<(Node, Vec<Read>), Failure> {
    let tree = parse(text)?;
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
    // One function per shape, so that the frames of all do not add up at every
    // level of a nested expression.
    fn node(&mut self, expr: &Expr<'_>, how: Use) -> Result<Node, Failure> {
        let at = start(expr);
        let shape = match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => return self.path(expr, how),
            Expr::Const(node) => constant(&node.value).map(Shape::Const).map_err(|problem| problem.at(at)),
            Expr::List(node) => self.nodes(&node.items).map(Shape::List),
            Expr::Tuple(node) => self.nodes(&node.items).map(Shape::List),
            Expr::Map(node) => self.map(&node.keys, &node.values),
            Expr::UnaryOp(node) => self.unary(&node.op, &node.expr),
            Expr::BinOp(node) => self.binary(node.op, &node.left, &node.right, Use { optional: false, ..how }),
            Expr::Compare(node) => self.compare(&node.expr, &node.ops),
            Expr::IfExpr(node) => self.choose(node, how),
            Expr::Slice(node) => self.slice(node),
            Expr::Filter(node) => self.filter(node, at),
            Expr::Test(node) => self.test(node, at),
            Expr::Call(node) => self.call(&node.expr, &node.args, at),
        };
        shape.map(|shape| Node { at, shape })
    }

    fn map(&mut self, keys: &[Expr<'_>], values: &[Expr<'_>]) -> Result<Shape, Failure> {
        let mut pairs = Vec::with_capacity(keys.len());
        for (key, value) in keys.iter().zip(values) {
            pairs.push((self.node(key, Use::TRANSFORMED)?, self.node(value, Use::TRANSFORMED)?));
        }
        Ok(Shape::Map(pairs))
    }

    fn unary(&mut self, op: &UnaryOpKind, operand: &Expr<'_>) -> Result<Shape, Failure> {
        let operand = self.inner(operand)?;
        Ok(match op {
            UnaryOpKind::Not => Shape::Not(operand),
            UnaryOpKind::Neg => Shape::Negate(operand),
        })
    }

    fn compare(&mut self, first: &Expr<'_>, ops: &[CompareOp<'_>]) -> Result<Shape, Failure> {
        let first = self.inner(first)?;
        let mut rest = Vec::with_capacity(ops.len());
        for op in ops {
            rest.push((comparison(op.op), self.node(&op.expr, Use::TRANSFORMED)?));
        }
        Ok(Shape::Compare(first, rest))
    }

    fn choose(&mut self, node: &IfExpr<'_>, how: Use) -> Result<Shape, Failure> {
        Ok(Shape::Choose {
            test: self.inner(&node.test_expr)?,
            yes: Box::new(self.node(&node.true_expr, how)?),
            no: node.false_expr.as_ref().map(|no| self.node(no, how).map(Box::new)).transpose()?,
        })
    }

    fn slice(&mut self, node: &Slice<'_>) -> Result<Shape, Failure> {
        let value = self.inner(&node.expr)?;
        let mut bounds = [None, None, None];
        for (bound, expr) in bounds.iter_mut().zip([&node.start, &node.stop, &node.step]) {
            *bound = expr.as_ref().map(|expr| self.inner(expr)).transpose()?;
        }
        Ok(Shape::Slice(value, bounds))
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

    fn filter(&mut self, node: &ast::Filter<'_>, at: usize) -> Result<Shape, Failure> {
        let Some(input) = &node.expr else {
            return Err(Problem::syntax("a filter needs a value before it").at(at));
        };
        if node.name == "default" || node.name == "d" {
            return self.default(input, &node.args, at);
        }
        let filter = filters::find(node.name).ok_or_else(|| filters::unknown(node.name).at(at))?;
        Ok(Shape::Filter(filter, self.inner(input)?, self.arguments(&node.args, at)?))
    }

    fn default(&mut self, input: &Expr<'_>, args: &[CallArg<'_>], at: usize) -> Result<Shape, Failure> {
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
        Ok(Shape::Default { input, other, on_false })
    }

    fn test(&mut self, node: &ast::Test<'_>, at: usize) -> Result<Shape, Failure> {
        if node.name == "defined" || node.name == "undefined" {
            let defined = Shape::Defined(Box::new(self.node(&node.expr, Use::OPTIONAL)?));
            let is = node.name == "defined";
            return Ok(if is { defined } else { Shape::Not(Box::new(Node { at, shape: defined })) });
        }
        let predicate = predicates::find(node.name).ok_or_else(|| predicates::unknown(node.name).at(at))?;
        Ok(Shape::Test(predicate, self.inner(&node.expr)?, self.arguments(&node.args, at)?))
    }

    fn call(&mut self, callee: &Expr<'_>, args: &[CallArg<'_>], at: usize) -> Result<Shape, Failure> {
        match callee {
            Expr::Var(name) => {
                let function = functions::find(name.id).ok_or_else(|| functions::unknown(name.id).at(at))?;
                Ok(Shape::Call(function, self.arguments(args, at)?))
            }
            Expr::GetAttr(method) if method.name == "get" => self.get(&method.expr, args, at),
            Expr::GetAttr(method) => {
                let found = methods::find(method.name).ok_or_else(|| methods::unknown(method.name).at(at))?;
                Ok(Shape::Method(found, self.inner(&method.expr)?, self.arguments(args, at)?))
            }
            other => Err(Problem::syntax(format!("a {} cannot be called", other.description())).at(at)),
        }
    }

    fn get(&mut self, input: &Expr<'_>, args: &[CallArg<'_>], at: usize) -> Result<Shape, Failure> {
        let arguments = self.arguments(args, at)?;
        let key_name = match arguments.positional.first() {
            Some(Node { shape: Shape::Const(Datum::Text(key)), .. }) => Some(key.to_string()),
            _ => None,
        };
        let before = self.reads.len();
        let input = self.inner(input)?;
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
