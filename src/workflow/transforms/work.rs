//! What the transforms of one step share while they work: the scope they read,
//! with `item` and `index` of the list in hand, and one budget.

use serde_json::Value;

use super::error::Stop;
use crate::expr::{Budget, Expression, Scope, Template};

/// The scope and the budget.
pub(super) struct Work<'s> {
    scope: Scope<'s>,
    pub(super) budget: Budget,
}

impl<'s> Work<'s> {
    pub(super) fn new(scope: Scope<'s>) -> Self {
        Self { scope, budget: Budget::new() }
    }

    /// An expression's value for one item.
    pub(super) fn eval(&mut self, expression: &Expression, item: &Value, index: usize) -> Result<Value, Stop> {
        let scope = self.at(item, index);
        expression.eval_within(&scope, &mut self.budget).map_err(|error| Stop::from(error).at(index))
    }

    /// Whether an expression holds for one item.
    pub(super) fn holds(&mut self, expression: &Expression, item: &Value, index: usize) -> Result<bool, Stop> {
        let scope = self.at(item, index);
        expression.is_true_within(&scope, &mut self.budget).map_err(|error| Stop::from(error).at(index))
    }

    /// A value that does not depend on items.
    pub(super) fn render(&mut self, template: &Template) -> Result<Value, Stop> {
        Ok(template.render_within(&self.scope, &mut self.budget)?)
    }

    fn at<'i>(&self, item: &'i Value, index: usize) -> Scope<'i>
    where
        's: 'i,
    {
        let scope: Scope<'i> = self.scope.clone();
        scope.with_item(None, item, u64::try_from(index).unwrap_or(u64::MAX))
    }
}
