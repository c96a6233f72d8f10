//! The walk over a checked expression. What may be missing is told apart here:
//! `|default`, `is defined` and `.get` look, everything else fails.

use std::sync::Arc;

use serde_json::Value as Json;

use super::budget::Budget;
use super::datum::{Datum, Members, no_secret};
use super::error::{Fault, Problem};
use super::filters::Filter;
use super::functions::Function;
use super::inputs::Inputs;
use super::lexer::Failure;
use super::meter::Meter;
use super::methods::Method;
use super::node::{Arguments, Comparison, Key, Node, Operator, Root, Shape};
use super::operators;
use super::predicates::Predicate;
use super::scope::Scope;
use super::walk::{Place, Step, walk_datum};

/// One evaluation, or several that share limits.
pub(super) struct Evaluation<'s> {
    pub(super) scope: &'s Scope<'s>,
    pub(super) meter: Meter,
}

/// A value, or why there is none.
pub(super) enum Found<T> {
    Value(T),
    Missing(Failure),
}

pub(super) type Looked<T> = Result<Found<T>, Failure>;

impl<T> Found<T> {
    fn needed(self) -> Result<T, Failure> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Missing(failure) => Err(failure),
        }
    }
}

/// Undefined is missing, all else is a failure.
pub(super) fn found<T>(result: Result<T, Problem>, at: usize) -> Looked<T> {
    match result {
        Ok(value) => Ok(Found::Value(value)),
        Err(problem) if problem.fault == Fault::Undefined => Ok(Found::Missing(problem.at(at))),
        Err(problem) => Err(problem.at(at)),
    }
}

impl<'s> Evaluation<'s> {
    pub(super) fn new(scope: &'s Scope<'s>) -> Self {
        Self { scope, meter: Meter::new() }
    }

    /// One evaluation of many that share a budget.
    pub(super) fn within<T>(scope: &'s Scope<'s>, budget: &mut Budget, evaluate: impl FnOnce(&mut Self) -> T) -> T {
        let mut evaluation = Self { scope, meter: budget.meter };
        let value = evaluate(&mut evaluation);
        budget.meter = evaluation.meter;
        value
    }

    /// The value as JSON.
    pub(super) fn json(&mut self, node: &Node) -> Result<Json, Failure> {
        let (value, before) = self.output(node)?;
        self.meter.output(before - self.meter.left()).map_err(|problem| problem.at(node.at))?;
        Ok(value)
    }

    /// The value and what could be made before it was written out. A plain path is copied without a detour.
    fn output(&mut self, node: &Node) -> Result<(Json, u64), Failure> {
        if let Shape::Path(root, keys) = &node.shape
            && *root != Root::Secrets
        {
            let steps = self.steps(keys)?;
            let before = self.meter.left();
            return Ok((self.locate(root, &steps, node.at, as_json)?.needed()?, before));
        }
        let value = self.eval(node)?;
        let before = self.meter.left();
        Ok((value.to_json(&mut self.meter).map_err(|problem| problem.at(node.at))?, before))
    }

    /// Appends the value to a text.
    pub(super) fn write(&mut self, node: &Node, out: &mut String) -> Result<(), Failure> {
        let value = self.eval(node)?;
        let before = out.len();
        value
            .write_to(out, &mut self.meter)
            .and_then(|()| self.meter.output(u64::try_from(out.len() - before).unwrap_or(u64::MAX)))
            .map_err(|problem| problem.at(node.at))
    }

    pub(super) fn eval(&mut self, node: &Node) -> Result<Datum, Failure> {
        self.look(node)?.needed()
    }

    /// Truth; nothing is copied only to be looked at.
    pub(super) fn is_true(&mut self, node: &Node) -> Result<bool, Failure> {
        match &node.shape {
            Shape::Path(root, keys) if *root != Root::Secrets => {
                let steps = self.steps(keys)?;
                self.locate(root, &steps, node.at, |place: Place<'_>, _: &mut Meter| Ok(place.is_true()))?.needed()
            }
            Shape::And(left, right) => Ok(self.is_true(left)? && self.is_true(right)?),
            Shape::Or(left, right) => Ok(self.is_true(left)? || self.is_true(right)?),
            _ => self.eval(node)?.is_true().map_err(|problem| problem.at(node.at)),
        }
    }

    // One function per shape below: their frames must not add up at every
    // level of a nested expression.
    fn look(&mut self, node: &Node) -> Looked<Datum> {
        let at = node.at;
        self.meter.spend(1).map_err(|problem| problem.at(at))?;
        match &node.shape {
            Shape::Nothing(name) => Ok(Found::Missing(out_of_scope(name).at(at))),
            Shape::Path(root, keys) => self.path(root, keys, at),
            Shape::Keys(base, keys) => self.keys(base, keys, at),
            Shape::Choose { test, yes, no } => self.choose(test, yes, no.as_deref(), at),
            Shape::Default { input, other, on_false } => self.default(input, other.as_deref(), on_false.as_deref(), at),
            Shape::Get { input, key, other } => self.get(input, key, other.as_deref(), at),
            Shape::Filter(filter, input, arguments) => self.filter(*filter, input, arguments, at),
            _ => self.compute(node).map(Found::Value),
        }
    }

    /// What is never missing: it has a value or fails.
    fn compute(&mut self, node: &Node) -> Result<Datum, Failure> {
        let at = node.at;
        match &node.shape {
            Shape::Const(value) => Ok(value.clone()),
            Shape::Defined(input) => self.is_there(input).map(Datum::Bool),
            Shape::Not(operand) => Ok(Datum::Bool(!self.is_true(operand)?)),
            Shape::Negate(operand) => operators::negate(&self.eval(operand)?).map_err(|problem| problem.at(at)),
            Shape::Operate(operator, left, right) => self.operate(*operator, left, right, at),
            Shape::Compare(first, rest) => self.compare(first, rest, at),
            Shape::And(left, right) => self.either(left, right, false),
            Shape::Or(left, right) => self.either(left, right, true),
            Shape::Slice(value, bounds) => self.slice(value, bounds, at),
            Shape::Test(predicate, input, arguments) => self.test(*predicate, input, arguments, at),
            Shape::Call(function, arguments) => self.call(*function, arguments, at),
            Shape::Method(method, input, arguments) => self.method(*method, input, arguments, at),
            Shape::List(items) => self.list(items),
            Shape::Map(pairs) => self.map(pairs, at),
            Shape::Nothing(_)
            | Shape::Path(..)
            | Shape::Keys(..)
            | Shape::Choose { .. }
            | Shape::Default { .. }
            | Shape::Get { .. }
            | Shape::Filter(..) => self.eval(node),
        }
    }

    /// `is defined`: a path is not copied for it.
    fn is_there(&mut self, input: &Node) -> Result<bool, Failure> {
        if let Shape::Path(root, keys) = &input.shape
            && *root != Root::Secrets
        {
            let steps = self.steps(keys)?;
            let there = self.locate(root, &steps, input.at, |_: Place<'_>, _: &mut Meter| Ok(()))?;
            return Ok(matches!(there, Found::Value(())));
        }
        Ok(matches!(self.look(input)?, Found::Value(_)))
    }

    fn path(&mut self, root: &Root, keys: &[Key], at: usize) -> Looked<Datum> {
        let steps = self.steps(keys)?;
        if *root != Root::Secrets {
            return self.locate(root, &steps, at, as_datum);
        }
        match steps.as_slice() {
            [Step::Name(name)] => Ok(Found::Value(Datum::secret(name))),
            _ => Err(no_secret("a key").at(at)),
        }
    }

    fn keys(&mut self, base: &Node, keys: &[Key], at: usize) -> Looked<Datum> {
        let steps = self.steps(keys)?;
        match self.look(base)? {
            Found::Value(value) => found(walk_datum(&value, "(...)", &steps), at),
            missing @ Found::Missing(_) => Ok(missing),
        }
    }

    fn choose(&mut self, test: &Node, yes: &Node, no: Option<&Node>, at: usize) -> Looked<Datum> {
        match (self.is_true(test)?, no) {
            (true, _) => self.look(yes),
            (false, Some(no)) => self.look(no),
            (false, None) => Ok(Found::Missing(
                Problem::new(Fault::Undefined, "the condition is false and there is no `else`").at(at),
            )),
        }
    }

    fn default(&mut self, input: &Node, other: Option<&Node>, on_false: Option<&Node>, at: usize) -> Looked<Datum> {
        let on_false = match on_false {
            Some(on_false) => self.is_true(on_false)?,
            None => false,
        };
        if let Found::Value(value) = self.look(input)? {
            value.refuse_secret("a filter").map_err(|problem| problem.at(at))?;
            if !on_false || value.is_true().map_err(|problem| problem.at(at))? {
                return Ok(Found::Value(value));
            }
        }
        match other {
            Some(other) => self.look(other),
            None => Ok(Found::Value(Datum::text(""))),
        }
    }

    fn get(&mut self, input: &Node, key: &Node, other: Option<&Node>, at: usize) -> Looked<Datum> {
        let key = match self.eval(key)? {
            Datum::Text(key) => Step::Name(key),
            wrong => return Err(Problem::kind(format!("a key is a string, not {}", wrong.kind())).at(at)),
        };
        let got = match &input.shape {
            Shape::Path(root, keys) if *root != Root::Secrets => {
                let steps = self.steps(keys)?;
                self.get_from(root, steps, key, at)?
            }
            _ => {
                let value = self.eval(input)?;
                if !matches!(value, Datum::Map(_)) {
                    return Err(no_get(value.kind()).at(at));
                }
                walk_datum(&value, "(...)", &[key]).ok()
            }
        };
        match (got, other) {
            (Some(value), _) => Ok(Found::Value(value)),
            (None, Some(other)) => self.look(other),
            (None, None) => Ok(Found::Value(Datum::Null)),
        }
    }

    fn filter(&mut self, filter: Filter, input: &Node, arguments: &Arguments, at: usize) -> Looked<Datum> {
        let input = self.eval(input)?;
        let inputs = self.inputs(arguments)?;
        let result = filter.apply(&input, inputs, &mut self.meter);
        // An empty list has no first item: that is what `|default` is for.
        if matches!(filter.name, "first" | "last" | "min" | "max" | "attr") {
            return found(result, at);
        }
        result.map(Found::Value).map_err(|problem| problem.at(at))
    }

    fn operate(&mut self, operator: Operator, left: &Node, right: &Node, at: usize) -> Result<Datum, Failure> {
        let (left, right) = (self.eval(left)?, self.eval(right)?);
        operators::operate(operator, &left, &right, &mut self.meter).map_err(|problem| problem.at(at))
    }

    fn compare(&mut self, first: &Node, rest: &[(Comparison, Node)], at: usize) -> Result<Datum, Failure> {
        let mut left = self.eval(first)?;
        for (comparison, right) in rest {
            let right = self.eval(right)?;
            let holds = operators::compare(*comparison, &left, &right, &mut self.meter);
            if !holds.map_err(|problem| problem.at(at))? {
                return Ok(Datum::Bool(false));
            }
            left = right;
        }
        Ok(Datum::Bool(true))
    }

    fn slice(&mut self, value: &Node, bounds: &[Option<Box<Node>>; 3], at: usize) -> Result<Datum, Failure> {
        let value = self.eval(value)?;
        let mut numbers = [None, None, None];
        for (number, bound) in numbers.iter_mut().zip(bounds) {
            *number = bound.as_ref().map(|bound| self.eval(bound)).transpose()?;
        }
        let [start, stop, step] = &numbers;
        operators::slice(&value, [start.as_ref(), stop.as_ref(), step.as_ref()], &mut self.meter)
            .map_err(|problem| problem.at(at))
    }

    fn test(&mut self, test: Predicate, input: &Node, arguments: &Arguments, at: usize) -> Result<Datum, Failure> {
        let input = self.eval(input)?;
        let mut inputs = self.inputs(arguments)?;
        test.check(&input, &mut inputs, &mut self.meter).map(Datum::Bool).map_err(|problem| problem.at(at))
    }

    fn call(&mut self, function: Function, arguments: &Arguments, at: usize) -> Result<Datum, Failure> {
        let mut inputs = self.inputs(arguments)?;
        (function.run)(&mut inputs, &mut self.meter)
            .and_then(|value| inputs.finish().map(|()| value))
            .map_err(|problem| problem.at(at))
    }

    fn method(&mut self, method: Method, input: &Node, arguments: &Arguments, at: usize) -> Result<Datum, Failure> {
        let input = self.eval(input)?;
        let mut inputs = self.inputs(arguments)?;
        input
            .refuse_secret("a method")
            .and_then(|()| (method.run)(&input, &mut inputs, &mut self.meter))
            .and_then(|value| inputs.finish().map(|()| value))
            .map_err(|problem| problem.at(at))
    }

    fn list(&mut self, items: &[Node]) -> Result<Datum, Failure> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(self.part(item)?);
        }
        Ok(Datum::list(values))
    }

    fn map(&mut self, pairs: &[(Node, Node)], at: usize) -> Result<Datum, Failure> {
        let mut members = Members::with_capacity(pairs.len());
        for (key, value) in pairs {
            let key = match self.eval(key)? {
                Datum::Text(key) => key,
                other => return Err(Problem::kind(format!("a key is a string, not {}", other.kind())).at(at)),
            };
            members.insert(key.to_string(), self.part(value)?);
        }
        Ok(Datum::map(members))
    }

    /// `and` and `or` give the operand that decides, as in Python.
    fn either(&mut self, left: &Node, right: &Node, on: bool) -> Result<Datum, Failure> {
        let value = self.eval(left)?;
        if value.is_true().map_err(|problem| problem.at(left.at))? == on { Ok(value) } else { self.part(right) }
    }

    /// A value that may not be a secret.
    fn part(&mut self, node: &Node) -> Result<Datum, Failure> {
        let value = self.eval(node)?;
        value.refuse_secret("a list, object or operator").map_err(|problem| problem.at(node.at))?;
        Ok(value)
    }

    fn inputs(&mut self, arguments: &Arguments) -> Result<Inputs, Failure> {
        let mut positional = Vec::with_capacity(arguments.positional.len());
        for node in &arguments.positional {
            positional.push(self.argument(node)?);
        }
        let mut named = Vec::with_capacity(arguments.named.len());
        for (name, node) in &arguments.named {
            named.push((Arc::clone(name), self.argument(node)?));
        }
        Ok(Inputs::new(positional, named))
    }

    fn argument(&mut self, node: &Node) -> Result<Datum, Failure> {
        let value = self.eval(node)?;
        value.refuse_secret("a function or filter").map_err(|problem| problem.at(node.at))?;
        Ok(value)
    }

    fn steps(&mut self, keys: &[Key]) -> Result<Vec<Step>, Failure> {
        keys.iter()
            .map(|key| {
                Ok(match key {
                    Key::Name(name) => Step::Name(Arc::clone(name)),
                    Key::Place(place) => Step::Place(*place),
                    Key::Computed(node) => match self.eval(node)? {
                        Datum::Text(name) => Step::Name(name),
                        Datum::Int(place) => Step::Place(
                            i64::try_from(place).map_err(|_| Problem::value("the place is too large").at(node.at))?,
                        ),
                        other => {
                            let message = format!("a key is a string or a whole number, not {}", other.kind());
                            return Err(Problem::kind(message).at(node.at));
                        }
                    },
                })
            })
            .collect()
    }

    /// `.get(key)` on a path: the place itself must be there and be an object.
    fn get_from(&mut self, root: &Root, mut steps: Vec<Step>, key: Step, at: usize) -> Result<Option<Datum>, Failure> {
        let is_object = |place: Place<'_>, _: &mut Meter| match place {
            Place::Object(_) | Place::Json(Json::Object(_)) => Ok(()),
            Place::Json(other) => Err(no_get(Datum::from_json(other, &mut Meter::new())?.kind())),
        };
        self.locate(root, &steps, at, is_object)?.needed()?;
        steps.push(key);
        match self.locate(root, &steps, at, as_datum)? {
            Found::Value(value) => Ok(Some(value)),
            Found::Missing(_) => Ok(None),
        }
    }
}

fn as_json(place: Place<'_>, meter: &mut Meter) -> Result<Json, Problem> {
    place.json(meter)
}

fn as_datum(place: Place<'_>, meter: &mut Meter) -> Result<Datum, Problem> {
    place.datum(meter)
}

fn out_of_scope(name: &str) -> Problem {
    Problem::new(Fault::Undefined, format!("`{name}` is not in scope"))
}

fn no_get(kind: &str) -> Problem {
    Problem::kind(format!("`.get()` is asked of {kind}, not of an object"))
}
