//! From a step's tree to its draft: what all steps have, and the containers.
//! The other types are in `read_kinds.rs`. Types of values were checked by `shape.rs` before.

use serde_json::{Value, json};

use crate::base::json::Object;

use super::draft::{CallPlaces, Child, Named, OnErrorDraft, Site, SiteScope, StepDraft};
use super::keys::{CALL, STEP, STEP_TYPES};
use super::node::{Entry, Node, Spot};
use super::plan::{Adjust, Branch, Call, Condition, LoopOver, OnError, OnUnknown, PlanStep, Retry, StepKind};
use super::problem::Code;
use super::problems::Problems;
use super::shape::{Fields, Kinds};
use super::sources::{mapped_output, retry_block, retry_keys};
use super::{json_schema, read_kinds, transforms};

/// Steps a template may have.
pub(crate) const MAX_STEPS: usize = 2_000;
/// Containers inside containers.
pub(crate) const MAX_NESTING: usize = 16;

/// What the template gives its steps.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) retry: Option<Retry>,
    pub(crate) on_unknown: Option<OnUnknown>,
}

/// Reads steps, counting them.
#[derive(Debug)]
pub(crate) struct StepReader<'d> {
    defaults: &'d Defaults,
    count: usize,
    nesting: usize,
}

impl<'d> StepReader<'d> {
    pub(crate) fn new(defaults: &'d Defaults) -> Self {
        Self { defaults, count: 0, nesting: 0 }
    }

    /// The steps of one list that stand in it.
    pub(crate) fn list<'n>(&mut self, nodes: &'n [Node], problems: &mut Problems) -> Vec<StepDraft<'n>> {
        nodes.iter().filter_map(|node| self.step(node, problems)).collect()
    }

    /// A list of children: steps in their place, and names.
    fn children<'n>(&mut self, node: Option<&'n Node>, problems: &mut Problems) -> Vec<Child<'n>> {
        let Some(node) = node else { return Vec::new() };
        if self.nesting >= MAX_NESTING {
            problems.add(Code::TooDeep, &node.spot, too_deep(), None);
            return Vec::new();
        }
        self.nesting += 1;
        let mut children = Vec::new();
        for item in node.items().unwrap_or_default() {
            match item.text() {
                Some(id) => children.push(Child::Named(Named { id: id.to_owned(), spot: item.spot.clone() })),
                None => children.extend(self.step(item, problems).map(|step| Child::Inline(Box::new(step)))),
            }
        }
        self.nesting -= 1;
        children
    }

    fn step<'n>(&mut self, node: &'n Node, problems: &mut Problems) -> Option<StepDraft<'n>> {
        node.entries()?;
        self.count += 1;
        if self.count > MAX_STEPS {
            if self.count == MAX_STEPS + 1 {
                let message = format!("a template may have {MAX_STEPS} steps, this is one more");
                problems.add(Code::TooManySteps, &node.spot, message, None);
            }
            return None;
        }
        let fields = Fields::new(node, &STEP);
        let Some(id) = fields.text("step_id") else {
            if fields.get("step_id").is_none() {
                let hint = Some("give it a `step_id`: letters, digits and `_`".to_owned());
                problems.add(Code::MissingKey, &node.spot, "the step has no `step_id`".to_owned(), hint);
            }
            return None;
        };
        let spot = fields.get("step_id").map_or_else(|| node.spot.clone(), |node| node.spot.clone());
        // A step of an unknown type is kept, so that others may name it without a second problem.
        let kind = step_kind(&fields);
        if let Some(kind) = kind {
            misplaced(&fields, kind, problems);
        }

        let mut draft = StepDraft {
            step: blank(id),
            spot,
            depends_on: Named::of(&fields.texts("depends_on")),
            next_steps: Named::of(&fields.texts("next_steps")),
            groups: Vec::new(),
            on_error: OnErrorDraft::Default,
            critical: fields.boolean("critical") == Some(true),
            rolls_back: false,
            sites: Vec::new(),
            calls: CallPlaces::default(),
        };
        common(&fields, &mut draft, problems);
        draft.step.kind = match kind.map_or("", |(name, _)| name) {
            "condition" => self.condition(&fields, &mut draft, problems),
            "parallel" => self.parallel(&fields, &mut draft, problems),
            "loop" => self.repeat(&fields, &mut draft, problems),
            "wait" => read_kinds::wait(&fields, &mut draft, problems),
            "human_task" => read_kinds::human_task(&fields, &mut draft, problems),
            "webhook" => read_kinds::webhook(&fields, &mut draft, problems),
            "workflow" => read_kinds::workflow(&fields, &mut draft, problems),
            "transform" => read_kinds::transform(&fields, &mut draft, problems),
            "action" => read_kinds::action(&fields, &mut draft, problems),
            _ => StepKind::Transform { input: Value::Null },
        };
        let calls = matches!(draft.step.kind, StepKind::Action(_) | StepKind::Capability { .. } | StepKind::Webhook(_));
        if calls {
            if draft.step.retry.is_none() && fields.boolean("retry_on_failure") != Some(false) {
                draft.step.retry.clone_from(&self.defaults.retry);
            }
            draft.step.on_unknown = draft.step.on_unknown.or(self.defaults.on_unknown);
        }
        // No retries is no retry block: the machine asks only whether there is one.
        draft.step.retry = draft.step.retry.filter(|retry| retry.max_retries > 0);
        Some(draft)
    }

    fn condition<'n>(&mut self, fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) -> StepKind {
        let mut branches = Vec::new();
        let mut last_else = None;
        let nodes = fields.get("branches").and_then(Node::items).unwrap_or_default();
        if nodes.is_empty() {
            missing(fields, "branches", "a condition needs `branches`", problems);
        }
        for (i, node) in nodes.iter().enumerate() {
            let branch = branch_fields(node);
            if let Some(when) = branch.get("if")
                && let Some(text) = when.written()
            {
                draft.sites.push(Site::bare(text.clone(), &when.spot, SiteScope::PLAIN));
                branches.push(Branch { when: text, steps: Vec::new() });
                draft.groups.push(self.children(branch.get("steps"), problems));
            }
            if let Some(entry) = branch.entry("else_steps") {
                if i + 1 == nodes.len() && fields.get("else").is_none() {
                    last_else = Some(&entry.value);
                } else {
                    let message = "`else_steps` counts only in the last branch, and without `else`".to_owned();
                    problems.add(Code::ConflictingKeys, &entry.key_spot, message, Some("write `else`".to_owned()));
                }
            }
        }
        draft.groups.push(self.children(fields.get("else").or(last_else), problems));
        StepKind::Condition { branches, otherwise: Vec::new() }
    }

    fn parallel<'n>(&mut self, fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) -> StepKind {
        self.body(fields, draft, problems);
        let from_retry =
            fields.get("retry").and_then(|node| node.get("parallel_failure_threshold")).and_then(Node::number);
        let threshold = fields.number("failure_threshold").or(from_retry).unwrap_or(1.0);
        if threshold > 1.0 {
            let spot = fields.get("failure_threshold").map_or(&fields.node.spot, |node| &node.spot);
            problems.add(Code::WrongValue, spot, "`failure_threshold` is a share from 0 to 1".to_owned(), None);
        }
        StepKind::Parallel {
            steps: Vec::new(),
            max_concurrency: figure(fields, "max_concurrency", SiteScope::PLAIN, &mut draft.sites),
            failure_threshold: threshold,
        }
    }

    fn body<'n>(&mut self, fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) {
        let children = self.children(fields.get("steps"), problems);
        if fields.get("steps").is_none_or(|node| node.items().is_some_and(<[Node]>::is_empty)) {
            let noun = if fields.text("type") == Some("loop") { "a loop" } else { "a parallel step" };
            missing(fields, "steps", &format!("{noun} needs `steps`"), problems);
        }
        draft.groups.push(children);
    }

    fn repeat<'n>(&mut self, fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) -> StepKind {
        self.body(fields, draft, problems);
        let over = match (fields.get("for_each"), fields.get("while")) {
            (Some(_), Some(_)) => {
                conflict(fields, "while", "a loop has either `for_each` or `while`", problems);
                None
            }
            (None, None) => {
                missing(fields, "for_each", "a loop needs `for_each` or `while`", problems);
                None
            }
            (Some(items), None) => {
                for name in ["max_iterations"] {
                    if let Some(entry) = fields.entry(name) {
                        let message = format!("`{name}` counts only with `while`");
                        problems.add(Code::MisplacedKey, &entry.key_spot, message, None);
                    }
                }
                match items.written() {
                    Some(text) => draft.sites.push(Site::bare(text, &items.spot, SiteScope::PLAIN)),
                    None => draft.sites.push(Site::value(items, SiteScope::PLAIN)),
                }
                Some(LoopOver::ForEach { items: items.to_value(), name: fields.text("as").map(str::to_owned) })
            }
            (None, Some(condition)) => {
                let text = condition.written().unwrap_or_default();
                draft.sites.push(Site::bare(text.clone(), &condition.spot, SiteScope::WHILE));
                if let Some(entry) = fields.entry("as") {
                    let message = "`as` counts only with `for_each`".to_owned();
                    problems.add(Code::MisplacedKey, &entry.key_spot, message, None);
                }
                let most = figure(fields, "max_iterations", SiteScope::PLAIN, &mut draft.sites);
                Some(LoopOver::While { condition: text, max_iterations: most.unwrap_or_else(|| json!(100)) })
            }
        };
        StepKind::Loop {
            steps: Vec::new(),
            over: over.unwrap_or(LoopOver::ForEach { items: json!([]), name: None }),
            max_concurrency: figure(fields, "max_concurrency", SiteScope::PLAIN, &mut draft.sites),
        }
    }
}

pub(crate) fn too_deep() -> String {
    format!("steps are nested deeper than {MAX_NESTING} levels")
}

/// What all steps have.
fn common<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) {
    let step = &mut draft.step;
    if let Some(name) = fields.text("step_name") {
        name.clone_into(&mut step.name);
    }
    if let Some(description) = fields.text("description") {
        description.clone_into(&mut step.description);
    }
    if let Some(node) = fields.get("condition")
        && let Some(text) = node.written()
    {
        step.condition = condition_of(&text);
        if matches!(step.condition, Condition::When(_)) {
            draft.sites.push(Site::bare(text, &node.spot, SiteScope::PLAIN));
        }
    }
    step.timeout_seconds = figure(fields, "timeout_seconds", SiteScope::PLAIN, &mut draft.sites);

    let block = fields.get("retry").map(|node| retry_block(node, problems)).unwrap_or_default();
    let from_keys = retry_keys(fields, problems);
    if let (Some(_), Some(entry)) = (&from_keys, fields.entry("retry")) {
        let message = "`retry` and the retry keys of the source documents say the same".to_owned();
        problems.add(Code::ConflictingKeys, &entry.key_spot, message, Some("keep `retry`".to_owned()));
    }
    step.retry = block.retry.or(from_keys);

    for node in fields.texts("alternatives") {
        step.alternatives.extend(node.text().map(str::to_owned));
        draft.calls.alternatives.push(node.spot.clone());
    }
    for rule in fields.get("adjust").and_then(Node::items).unwrap_or_default() {
        let (Some(on), Some(set)) = (rule.get("on").and_then(Node::text), rule.get("set")) else { continue };
        for entry in set.entries().unwrap_or_default() {
            draft.sites.push(Site::value(&entry.value, SiteScope::ADJUST));
        }
        let set = set.to_value().as_object().cloned().unwrap_or_default().into_iter().collect();
        step.adjust.push(Adjust { on: on.to_owned(), set });
    }
    draft.on_error = on_error(fields, block.continue_on_failure, problems);
    step.on_unknown = fields.text("on_unknown").and_then(|text| match text {
        "ask" => Some(OnUnknown::Ask),
        "fail" => Some(OnUnknown::Fail),
        "retry" => Some(OnUnknown::Retry),
        _ => None,
    });
    step.idempotent = fields.boolean("idempotent");
    step.record_none = fields.text("record") == Some("none");
    compensation(fields, draft);
    if let Some(entry) = fields.entry("cache") {
        draft.step.cache = Some(entry.value.to_value());
        draft.calls.cache = entry.key_spot.clone();
        if let Some(key) = entry.value.get("key") {
            draft.sites.push(Site::value(key, SiteScope::PLAIN));
        }
        figure_site(entry.value.get("ttl_seconds"), SiteScope::PLAIN, &mut draft.sites);
    }
    if let Some(node) = fields.get("transforms") {
        transforms::read(node, draft, problems);
    }
    if let Some(node) = fields.get("input_schema") {
        draft.step.input_schema = Some(json_schema::checked(node, problems));
    }
    exports(fields, draft);
    for name in ["estimated_duration_seconds", "metrics_enabled", "custom_metrics", "execution_mode", "agent_type"] {
        if let Some(node) = fields.get(name) {
            draft.step.extra.insert(name.to_owned(), node.to_value());
            if name == "custom_metrics" {
                metrics_sites(node, SiteScope { own: true, ..SiteScope::RESULT }, &mut draft.sites);
            }
        }
    }
}

/// A draft before anything is read: a step that does nothing.
fn blank(id: &str) -> PlanStep {
    PlanStep {
        id: id.to_owned(),
        name: id.to_owned(),
        description: String::new(),
        parent: None,
        kind: StepKind::Transform { input: Value::Null },
        depends_on: Vec::new(),
        condition: Condition::default(),
        timeout_seconds: None,
        retry: None,
        alternatives: Vec::new(),
        adjust: Vec::new(),
        on_error: OnError::default(),
        on_unknown: None,
        idempotent: None,
        exports: indexmap::IndexMap::default(),
        compensate: Vec::new(),
        input_schema: None,
        transforms: Vec::new(),
        cache: None,
        record_none: false,
        only_when_named: false,
        extra: Object::default(),
    }
}

/// The type and its bit; `None` when the word is wrong, which was told.
fn step_kind(fields: &Fields<'_>) -> Option<(&'static str, Kinds)> {
    let word = match fields.get("type") {
        None => "action",
        Some(node) => node.text()?,
    };
    STEP_TYPES.into_iter().find(|(name, _)| *name == word)
}

fn misplaced(fields: &Fields<'_>, (name, bit): (&str, Kinds), problems: &mut Problems) {
    for (key, entry) in fields.given() {
        let Some(key) = STEP.find(key) else { continue };
        if key.kinds.has(bit) {
            continue;
        }
        let owners: Vec<&str> =
            STEP_TYPES.iter().filter(|(_, owner)| key.kinds.has(*owner)).map(|(name, _)| *name).collect();
        let said = if fields.get("type").is_some() { "this step's type is" } else { "without `type` a step's type is" };
        problems.add(
            Code::MisplacedKey,
            &entry.key_spot,
            format!("`{}` is a key of the type `{}`; {said} `{name}`", entry.key, owners.join("` and `")),
            (fields.get("type").is_none() && owners.len() == 1).then(|| format!("add `type: {}`", owners.concat())),
        );
    }
}

fn branch_fields(node: &Node) -> Fields<'_> {
    Fields::new(node, &super::keys::BRANCH)
}

fn condition_of(text: &str) -> Condition {
    match text.trim() {
        "on_success" => Condition::OnSuccess,
        "on_failure" => Condition::OnFailure,
        "always" => Condition::Always,
        _ => Condition::When(text.to_owned()),
    }
}

/// A number, or an expression that yields one.
pub(crate) fn figure<'n>(
    fields: &Fields<'n>,
    name: &str,
    scope: SiteScope,
    sites: &mut Vec<Site<'n>>,
) -> Option<Value> {
    let node = fields.get(name)?;
    figure_site(Some(node), scope, sites);
    Some(node.to_value())
}

pub(crate) fn figure_site<'n>(node: Option<&'n Node>, scope: SiteScope, sites: &mut Vec<Site<'n>>) {
    if let Some(node) = node
        && node.text().is_some()
    {
        sites.push(Site::value(node, scope));
    }
}

/// Named figures: an expression each; a list of names says only that they matter.
pub(crate) fn metrics_sites<'n>(node: &'n Node, scope: SiteScope, sites: &mut Vec<Site<'n>>) {
    for entry in node.entries().unwrap_or_default() {
        if let Some(text) = entry.value.written() {
            sites.push(Site::bare(text, &entry.value.spot, scope));
        }
    }
}

fn missing(fields: &Fields<'_>, key: &str, message: &str, problems: &mut Problems) {
    // A key that is there with a wrong value was told already.
    let wrong = fields.get(key).is_some_and(|node| node.items().is_none());
    if !wrong {
        problems.add(Code::MissingKey, &fields.node.spot, message.to_owned(), None);
    }
}

pub(crate) fn conflict(fields: &Fields<'_>, key: &str, message: &str, problems: &mut Problems) {
    let spot = fields.entry(key).map_or(&fields.node.spot, |entry| &entry.key_spot);
    problems.add(Code::ConflictingKeys, spot, message.to_owned(), None);
}

fn on_error(fields: &Fields<'_>, continue_on_failure: bool, problems: &mut Problems) -> OnErrorDraft {
    let handlers = Named::of(&fields.texts("handlers"));
    let not_critical = fields.boolean("critical") == Some(false);
    let Some(node) = fields.get("on_error") else {
        return if !handlers.is_empty() {
            OnErrorDraft::Handlers(handlers)
        } else if not_critical || continue_on_failure {
            OnErrorDraft::Plain(OnError::Continue)
        } else {
            OnErrorDraft::Default
        };
    };
    if !handlers.is_empty() {
        conflict(fields, "handlers", "`on_error` and `handlers` both say what follows a failure", problems);
    }
    if not_critical && node.text() != Some("continue") {
        conflict(
            fields,
            "critical",
            "`critical: false` is `on_error: continue`, and `on_error` says otherwise",
            problems,
        );
    }
    match node.text() {
        Some("abort") => return OnErrorDraft::Plain(OnError::Abort),
        Some("continue") => return OnErrorDraft::Plain(OnError::Continue),
        Some("skip") => return OnErrorDraft::Plain(OnError::Skip),
        Some("compensate") => return OnErrorDraft::Plain(OnError::Compensate),
        _ => {}
    }
    let named = |key: &str| node.get(key).map(|node| Named::of(&[node])).unwrap_or_default();
    let (mut fallback, mut handlers) = (named("fallback"), named("handler"));
    if let Some(list) = node.get("handlers") {
        let items: Vec<&Node> = list.items().map_or_else(|| vec![list], |items| items.iter().collect());
        handlers.extend(Named::of(&items));
    }
    match (fallback.pop(), handlers.is_empty()) {
        (Some(step), true) => OnErrorDraft::Fallback(step),
        (None, false) => OnErrorDraft::Handlers(handlers),
        (Some(_), false) => {
            let message = "`on_error` names either a `fallback` or handlers".to_owned();
            problems.add(Code::ConflictingKeys, &node.spot, message, None);
            OnErrorDraft::Default
        }
        (None, true) => {
            if node.entries().is_some_and(<[Entry]>::is_empty) {
                let hint = Some("`on_error: {fallback: step}`".to_owned());
                problems.add(Code::MissingKey, &node.spot, "`on_error` names no step".to_owned(), hint);
            }
            OnErrorDraft::Default
        }
    }
}

fn compensation<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>) {
    let nodes: Vec<&'n Node> = match fields.get("compensate") {
        Some(node) => node.items().map_or_else(|| vec![node], |items| items.iter().collect()),
        None => Vec::new(),
    };
    for node in nodes {
        let call = Fields::new(node, &CALL);
        let Some(tool) = call.text("tool") else { continue };
        draft.calls.compensate.push(call.get("tool").map_or_else(Spot::default, |node| node.spot.clone()));
        let parameters = call.get("parameters");
        if let Some(parameters) = parameters {
            draft.sites.push(Site::value(parameters, SiteScope::COMPENSATE));
        }
        let parameters = parameters.map(Node::to_value).and_then(|value| value.as_object().cloned());
        draft.step.compensate.push(Call { tool: tool.to_owned(), parameters: parameters.unwrap_or_default() });
    }
    for node in fields.texts("rollback_actions") {
        draft.rolls_back = true;
        draft.calls.compensate.push(node.spot.clone());
        let tool = node.text().unwrap_or_default().to_owned();
        draft.step.compensate.push(Call { tool, parameters: Object::default() });
    }
}

fn exports<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>) {
    for entry in fields.get("exports").and_then(Node::entries).unwrap_or_default() {
        draft.sites.push(Site::value(&entry.value, SiteScope::RESULT));
        draft.step.exports.insert(entry.key.clone(), entry.value.to_value());
    }
    for entry in fields.get("output_mapping").and_then(Node::entries).unwrap_or_default() {
        let Some(text) = entry.value.text() else { continue };
        let text = mapped_output(text);
        draft.sites.push(Site::text(text.clone(), &entry.value.spot, SiteScope::RESULT));
        draft.step.exports.insert(entry.key.clone(), Value::String(text));
    }
}
