//! The transforms of one step, compiled once and applied to many values.

use serde_json::Value;

use super::error::{Stop, TransformError};
use super::transform::{Transform, Translate};
use super::work::Work;
use crate::expr::{ExprError, Expression, Known, Reference, Scope, Target, Template};

/// Compiled transforms, in order.
#[derive(Debug, Default)]
pub struct Transforms {
    pub(super) list: Vec<Transform<Expression, Template>>,
    references: Vec<Reference>,
}

/// Into compiled expressions, noting what they read.
struct Compiling<'k> {
    known: &'k Known,
    references: Vec<Reference>,
}

impl Translate<String, Value> for Compiling<'_> {
    type Expression = Expression;
    type Value = Template;
    type Error = ExprError;

    fn expression(&mut self, expression: &String) -> Result<Expression, ExprError> {
        let expression = Expression::parse(expression, self.known)?;
        self.references.extend_from_slice(expression.references());
        Ok(expression)
    }

    fn value(&mut self, value: &Value) -> Result<Template, ExprError> {
        // The first of several errors: they were all told when the template was loaded.
        let template = Template::parse(value, self.known).map_err(|mut errors| errors.swap_remove(0))?;
        self.references.extend_from_slice(template.references());
        Ok(template)
    }
}

impl Transforms {
    /// Compiles what a plan's step has; `known` is [`Plan::known_at`](crate::workflow::plan::Plan::known_at) of the step.
    pub fn compile(transforms: &[Transform], known: &Known) -> Result<Self, ExprError> {
        let mut compiling = Compiling { known, references: Vec::new() };
        let list = transforms.iter().map(|transform| transform.translate(&mut compiling)).collect::<Result<_, _>>()?;
        Ok(Self { list, references: compiling.references })
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What their expressions read.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// What becomes of `input`. `scope` is the step's; `result` in it is the
    /// input before the first transform, `item` and `index` are those of the
    /// list that a transform is given.
    pub fn apply(&self, input: Value, scope: &Scope<'_>) -> Result<Value, TransformError> {
        let reads_result = self.references.iter().any(|reference| reference.target == Target::Result);
        let before = if reads_result { Some(input.clone()) } else { None };
        let scope = match &before {
            Some(result) => scope.clone().with_result(result),
            None => scope.clone(),
        };
        let mut work = Work::new(scope);
        let mut value = input;
        for (number, transform) in self.list.iter().enumerate() {
            value =
                apply_one(transform, value, &mut work).map_err(|stop| stop.in_transform(number, transform.name()))?;
        }
        Ok(value)
    }
}

pub(super) fn apply_one(
    transform: &Transform<Expression, Template>,
    value: Value,
    work: &mut Work<'_>,
) -> Result<Value, Stop> {
    match transform {
        Transform::Filter(filter) => filter.apply(value, work),
        Transform::Map(map) => map.apply(value, work),
        Transform::Select(select) => select.apply(value, work),
        Transform::Sort(sort) => sort.apply(value, work),
        Transform::Limit(limit) => limit.apply(value, work),
        Transform::Flatten(flatten) => flatten.apply(value, work),
        Transform::Merge(merge) => merge.apply(value, work),
        Transform::Aggregate(aggregate) => aggregate.apply(value, work),
    }
}
