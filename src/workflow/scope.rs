//! What expressions may read, place by place: declared parameters, steps that
//! are certainly finished, names of the loops around, secrets where they may
//! stand.
//!
//! Reads references through `expr`; evaluates nothing. Also brings every
//! expression of a plan into the one language.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::expr::{self, ExprError, Expression, Fault, Known, Reference, Target, Template};

use super::draft::{Site, SiteScope, SiteText};
use super::graph::{Graph, StepSet};
use super::lower::Lowered;
use super::node::{Node, NodeValue, Spot};
use super::plan::{LoopOver, Plan, Source, StepKind};
use super::problem::{Code, shorten};
use super::problems::Problems;
use super::transforms;

/// Judges every expression of a template.
pub(crate) fn check(lowered: &Lowered<'_>, sites: &[Site<'_>], problems: &mut Problems) {
    let plan = &lowered.plan;
    // With names that lead nowhere, "is not an ancestor" would tell the same again.
    let finished = if problems.has_errors() { None } else { Graph::of(plan).finished_before() };
    let places = plan.steps.iter().enumerate().map(|(i, step)| (step.id.as_str(), i)).collect();
    let mut judge = Judge { plan, finished, context: context_names(plan), places, problems };
    let names = Names::of(plan);
    for site in sites {
        judge.site(site, None, &names.outer);
    }
    for (step, sites) in lowered.sites.iter().enumerate() {
        for site in sites {
            judge.site(site, Some(step), names.at(plan, step));
        }
    }
    judge.agent(lowered, &names);
}

/// The names in scope, made once for each loop.
struct Names {
    outer: Known,
    loops: HashMap<usize, Known>,
}

impl Names {
    fn of(plan: &Plan) -> Self {
        let mut loops = HashMap::new();
        for step in 0..plan.steps.len() {
            if let Some(&innermost) = plan.loops_around(step).first() {
                loops.entry(innermost).or_insert_with(|| plan.known_at(Some(step)));
            }
        }
        Self { outer: plan.known_at(None), loops }
    }

    fn at(&self, plan: &Plan, step: usize) -> &Known {
        plan.loops_around(step).first().and_then(|innermost| self.loops.get(innermost)).unwrap_or(&self.outer)
    }
}

/// Keys that the context begins with, and those that steps export.
fn context_names(plan: &Plan) -> BTreeSet<String> {
    plan.context.keys().cloned().chain(plan.steps.iter().flat_map(|step| step.exports.keys().cloned())).collect()
}

impl Plan {
    /// The names that expressions of a step may use (or, without one, those of
    /// outputs and start values). The same names for every step outside loops.
    #[must_use]
    pub fn known_at(&self, step: Option<usize>) -> Known {
        let mut known = Known::new()
            .with_steps(self.steps.iter().map(|step| step.id.as_str()))
            .with_params(self.parameters.iter().map(|parameter| parameter.name.as_str()))
            .with_context(context_names(self));
        for around in step.map(|step| self.loops_around(step)).unwrap_or_default() {
            if let StepKind::Loop { over: LoopOver::ForEach { name: Some(name), .. }, .. } = &self.steps[around].kind {
                known = known.with_item(name.as_str());
            }
        }
        known
    }
}

struct Judge<'a> {
    plan: &'a Plan,
    finished: Option<Vec<StepSet>>,
    context: BTreeSet<String>,
    places: HashMap<&'a str, usize>,
    problems: &'a mut Problems,
}

/// Where a reference stands.
#[derive(Clone, Copy)]
struct Place {
    step: Option<usize>,
    scope: SiteScope,
}

impl Judge<'_> {
    fn site(&mut self, site: &Site<'_>, step: Option<usize>, known: &Known) {
        let place = Place { step, scope: site.scope };
        match &site.what {
            SiteText::Value(node) => self.value(node, place, known),
            SiteText::Text(text, spot) => self.text(text, spot, place, known),
            SiteText::Bare(text, spot) => match Expression::parse(text, known) {
                Ok(expression) => self.references(expression.references(), spot, place),
                Err(error) => self.error(&error, spot, place),
            },
        }
    }

    fn value(&mut self, node: &Node, place: Place, known: &Known) {
        match &node.value {
            NodeValue::Text(text) => self.text(text, &node.spot, place, known),
            NodeValue::List(items) => items.iter().for_each(|item| self.value(item, place, known)),
            NodeValue::Map(entries) => entries.iter().for_each(|entry| self.value(&entry.value, place, known)),
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(..) => {}
        }
    }

    fn text(&mut self, text: &str, spot: &Spot, place: Place, known: &Known) {
        match Template::parse(&Value::String(text.to_owned()), known) {
            Ok(template) => self.references(template.references(), spot, place),
            Err(errors) => errors.iter().for_each(|error| self.error(error, spot, place)),
        }
    }

    fn error(&mut self, error: &ExprError, spot: &Spot, place: Place) {
        let code = match error.fault {
            Fault::Unknown if place.scope.syntax_only => return,
            Fault::Unknown => Code::UnknownName,
            Fault::Secret => Code::SecretNotAllowed,
            Fault::Syntax | Fault::Undefined | Fault::Type | Fault::Value | Fault::Limit | Fault::Source => {
                Code::BadExpression
            }
        };
        let spot = spot.within(error.line, error.column);
        self.problems.add(code, &spot, error.message.clone(), error.hint.clone());
    }

    fn references(&mut self, references: &[Reference], spot: &Spot, place: Place) {
        if place.scope.syntax_only {
            return;
        }
        for reference in references {
            self.reference(reference, &spot.within(reference.line, reference.column), place);
        }
    }

    fn reference(&mut self, reference: &Reference, spot: &Spot, place: Place) {
        let scope = place.scope;
        match &reference.target {
            Target::Param => self.parameter(reference, spot),
            Target::Context => self.context(reference, spot),
            Target::Step(id) => self.step(id, spot, place),
            Target::AllSteps => {
                if scope.before_steps {
                    self.tell(Code::OutOfScope, spot, "no step has run yet".to_owned(), None);
                }
            }
            Target::Secret(name) => {
                if !scope.secrets {
                    let message = format!("the secret `{}` may not stand here", shorten(name));
                    let hint = "secrets stand in `parameters`, `headers`, `url` and `body` only";
                    self.tell(Code::SecretNotAllowed, spot, message, Some(hint.to_owned()));
                } else if reference.transformed {
                    let message = format!("the secret `{}` is changed or looked at here", shorten(name));
                    let hint = "a secret stands as it is, or joined to text";
                    self.tell(Code::SecretNotAllowed, spot, message, Some(hint.to_owned()));
                }
            }
            Target::Result => {
                if !scope.result {
                    let message = "`result` is a step's own, in its exports, transforms and compensation".to_owned();
                    let hint = "read the result of another step by its id";
                    self.tell(Code::OutOfScope, spot, message, Some(hint.to_owned()));
                }
            }
            Target::Item(name) => {
                if name.is_none() && !scope.item && !self.in_loop(place.step, true) {
                    self.tell(
                        Code::OutOfScope,
                        spot,
                        "there is no `item` here: no `for_each` is around".to_owned(),
                        None,
                    );
                }
            }
            Target::Index => {
                if !scope.index && !self.in_loop(place.step, false) {
                    self.tell(Code::OutOfScope, spot, "there is no `index` here: no loop is around".to_owned(), None);
                }
            }
            Target::Run => {}
            Target::Error => {
                if !scope.error && !self.handles(place.step) {
                    let message = "`error` is there in steps that handle a failure, and in `adjust`".to_owned();
                    let hint = "read `steps.<id>.error` elsewhere";
                    self.tell(Code::OutOfScope, spot, message, Some(hint.to_owned()));
                }
            }
        }
    }

    fn tell(&mut self, code: Code, spot: &Spot, message: String, hint: Option<String>) {
        self.problems.add(code, spot, message, hint);
    }

    fn parameter(&mut self, reference: &Reference, spot: &Spot) {
        let Some(name) = reference.key() else { return };
        let Some(parameter) = self.plan.parameters.iter().find(|parameter| parameter.name == name) else {
            let names = self.plan.parameters.iter().map(|parameter| parameter.name.as_str());
            let hint =
                self.problems.did_you_mean(name, names).unwrap_or_else(|| "declare it under `parameters`".to_owned());
            let message = format!("the parameter `{}` is not declared", shorten(name));
            self.tell(Code::UnknownParameter, spot, message, Some(hint));
            return;
        };
        if !parameter.required && parameter.default.is_none() && !reference.optional {
            let message = format!("the parameter `{name}` need not be given and has no default");
            let hint = format!("give it a `default`, or write `params.{name}|default(...)`");
            self.tell(Code::MayBeMissing, spot, message, Some(hint));
        }
    }

    fn context(&mut self, reference: &Reference, spot: &Spot) {
        let Some(name) = reference.key() else { return };
        if self.context.contains(name) || reference.optional {
            return;
        }
        // Tools may set context values of their own, so only a likely slip is told.
        if let Some(hint) = self.problems.did_you_mean(name, self.context.iter().map(String::as_str)) {
            let message = format!("nothing in the template sets `context.{}`", shorten(name));
            self.tell(Code::UnknownContext, spot, message, Some(hint));
        }
    }

    fn step(&mut self, id: &str, spot: &Spot, place: Place) {
        let Some(&target) = self.places.get(id) else {
            let hint = self.problems.did_you_mean(id, self.plan.steps.iter().map(|step| step.id.as_str()));
            self.tell(Code::UnknownStep, spot, format!("there is no step `{}`", shorten(id)), hint);
            return;
        };
        if place.scope.before_steps {
            self.tell(Code::OutOfScope, spot, format!("`{id}` has not run yet"), None);
            return;
        }
        // Every loop around the target must be around the reader too.
        let around: Vec<usize> = place.step.map(|step| self.plan.loops_around(step)).unwrap_or_default();
        if let Some(&outside) = self.plan.loops_around(target).iter().find(|container| !around.contains(container)) {
            let name = &self.plan.steps[outside].id;
            let message = format!("`{id}` is seen only inside the loop `{name}`");
            self.tell(Code::OutOfScope, spot, message, Some(format!("outside, read `{name}.results`")));
            return;
        }
        let Some(step) = place.step else { return };
        if target == step {
            if !place.scope.own {
                let message = format!("`{id}` reads its own result before it is recorded");
                self.tell(Code::NotAnAncestor, spot, message, Some("read `result`".to_owned()));
            }
            return;
        }
        let Some(finished) = &self.finished else { return };
        if finished[step].has(target) {
            return;
        }
        let reader = &self.plan.steps[step].id;
        let hint = (!finished[target].has(step)).then(|| format!("add `{id}` to the `depends_on` of `{reader}`"));
        let message = format!("`{id}` need not be finished when `{reader}` reads it");
        self.tell(Code::NotAnAncestor, spot, message, hint);
    }

    fn in_loop(&self, step: Option<usize>, over_items: bool) -> bool {
        let around = step.map(|step| self.plan.loops_around(step)).unwrap_or_default();
        around.into_iter().any(|container| {
            !over_items
                || matches!(&self.plan.steps[container].kind, StepKind::Loop { over: LoopOver::ForEach { .. }, .. })
        })
    }

    /// Whether the step, or a container around it, runs for a failure.
    fn handles(&self, step: Option<usize>) -> bool {
        let mut at = step;
        while let Some(step) = at {
            if self.plan.steps[step].only_when_named {
                return true;
            }
            at = self.plan.steps[step].parent;
        }
        false
    }

    /// What a template written by an agent may not do until a person trusts it.
    fn agent(&mut self, lowered: &Lowered<'_>, names: &Names) {
        if self.plan.source != Source::Agent {
            return;
        }
        let hint = || Some("a person saves it among the templates, or trusts it".to_owned());
        for (step, spot) in self.plan.steps.iter().zip(&lowered.spots) {
            if matches!(step.kind, StepKind::Webhook(_)) {
                let message = format!("`{}` is a webhook, which a template written by an agent may not have", step.id);
                self.problems.add(Code::AgentNotAllowed, spot, message, hint());
            }
        }
        for (step, sites) in lowered.sites.iter().enumerate() {
            for site in sites.iter().filter(|site| site.scope.secrets) {
                let (value, spot) = match &site.what {
                    SiteText::Value(node) => (node.to_value(), &node.spot),
                    SiteText::Text(text, spot) | SiteText::Bare(text, spot) => (Value::String(text.clone()), spot),
                };
                let Ok(template) = Template::parse(&value, names.at(self.plan, step)) else { continue };
                if template.references().iter().any(|reference| matches!(reference.target, Target::Secret(_))) {
                    let message = "a template written by an agent may not use secrets".to_owned();
                    self.problems.add(Code::AgentNotAllowed, spot, message, hint());
                }
            }
        }
    }
}

/// Brings every expression of a plan into the one language.
pub(crate) fn lower_expressions(plan: &mut Plan) {
    let names = Names::of(plan);
    for value in plan.context.values_mut().chain(plan.outputs.values_mut()) {
        *value = expr::lower_value(value, &names.outer);
    }
    for step in 0..plan.steps.len() {
        let known = names.at(plan, step);
        let step = &mut plan.steps[step];
        let value = |value: &mut Value| *value = expr::lower_value(value, known);
        let text = |text: &mut String| *text = expr::lower_text(text, known);
        let bare = |text: &mut String| *text = expr::lower(text, known);
        if let super::plan::Condition::When(condition) = &mut step.condition {
            bare(condition);
        }
        step.timeout_seconds.iter_mut().for_each(value);
        step.exports.values_mut().for_each(value);
        step.cache.iter_mut().for_each(value);
        step.adjust.iter_mut().flat_map(|rule| rule.set.values_mut()).for_each(value);
        step.compensate.iter_mut().flat_map(|call| call.parameters.values_mut()).for_each(value);
        step.transforms.iter_mut().for_each(|transform| transforms::lower(transform, known));
        match &mut step.kind {
            StepKind::Action(call) => call.parameters.values_mut().for_each(value),
            StepKind::AgentTask { prompt, .. } | StepKind::HumanTask { prompt, .. } => text(prompt),
            StepKind::Capability { parameters, .. } | StepKind::Workflow { parameters, .. } => value(parameters),
            StepKind::Condition { branches, .. } => branches.iter_mut().for_each(|branch| bare(&mut branch.when)),
            StepKind::Parallel { max_concurrency, .. } => max_concurrency.iter_mut().for_each(value),
            StepKind::Loop { over, max_concurrency, .. } => {
                max_concurrency.iter_mut().for_each(value);
                match over {
                    LoopOver::ForEach { items: Value::String(items), .. } => bare(items),
                    LoopOver::ForEach { items, .. } => value(items),
                    LoopOver::While { condition, max_iterations } => {
                        bare(condition);
                        value(max_iterations);
                    }
                }
            }
            StepKind::Wait(wait) => match wait {
                super::plan::WaitFor::Seconds(at) | super::plan::WaitFor::Until(at) => value(at),
                super::plan::WaitFor::Event(name) => text(name),
            },
            StepKind::Webhook(request) => request.values_mut().for_each(value),
            StepKind::Transform { input } => value(input),
        }
    }
}
