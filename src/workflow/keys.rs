//! Every key of a template file, in tables: names, aliases, what they take and
//! what they mean. The loader, the published JSON Schema and the page
//! `docs/workflows.md` all follow these tables; a new key begins here.
//!
//! Aliases are the keys of the documents this format unites. Those that need
//! more than another name have an entry of their own, and `sources.rs` says
//! what they become.

use super::shape::{Key, Kinds, Shape, Table};

pub(crate) const ACTION: Kinds = Kinds(1);
pub(crate) const CONDITION: Kinds = Kinds(1 << 1);
pub(crate) const PARALLEL: Kinds = Kinds(1 << 2);
pub(crate) const LOOP: Kinds = Kinds(1 << 3);
pub(crate) const WAIT: Kinds = Kinds(1 << 4);
pub(crate) const HUMAN_TASK: Kinds = Kinds(1 << 5);
pub(crate) const WEBHOOK: Kinds = Kinds(1 << 6);
pub(crate) const WORKFLOW: Kinds = Kinds(1 << 7);
pub(crate) const TRANSFORM: Kinds = Kinds(1 << 8);

/// The types of steps, with their bit.
pub(crate) const STEP_TYPES: [(&str, Kinds); 9] = [
    ("action", ACTION),
    ("condition", CONDITION),
    ("parallel", PARALLEL),
    ("loop", LOOP),
    ("wait", WAIT),
    ("human_task", HUMAN_TASK),
    ("webhook", WEBHOOK),
    ("workflow", WORKFLOW),
    ("transform", TRANSFORM),
];

const STEP_TYPE_NAMES: [&str; 9] =
    ["action", "condition", "parallel", "loop", "wait", "human_task", "webhook", "workflow", "transform"];

/// What `category` is usually one of.
pub(crate) const CATEGORIES: [&str; 6] =
    ["analysis", "optimization", "documentation", "development", "exploration", "automation"];

pub(crate) const MODES: [&str; 4] = ["sequential", "parallel", "adaptive", "pipeline"];
pub(crate) const PRIORITIES: [&str; 5] = ["critical", "high", "medium", "low", "background"];
const ON_UNKNOWN: [&str; 3] = ["ask", "fail", "retry"];
const ANSWER_VIA: [&str; 3] = ["form", "cli", "agent"];
const AGGREGATES: [&str; 5] = ["sum", "avg", "min", "max", "count"];
const OUTCOMES: [&str; 4] = ["completed", "failed", "skipped", "cancelled"];
const ENDS: [&str; 6] = ["completed", "failed", "cancelled", "timed_out", "waiting", "paused"];

/// Words of JSON Schema (2020-12 and the older ones still in use) that a parameter may carry.
pub(crate) const SCHEMA_KEYWORDS: [&str; 58] = [
    "title",
    "examples",
    "enum",
    "const",
    "format",
    "deprecated",
    "readOnly",
    "writeOnly",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "minContains",
    "maxContains",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$defs",
    "definitions",
    "$id",
    "$schema",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$comment",
    "$vocabulary",
    "$recursiveRef",
    "$recursiveAnchor",
];

/// The whole file.
pub(crate) static TEMPLATE: Table = Table {
    name: "template",
    noun: "a template",
    also: &[],
    keys: &[
        Key::new("template_id", Shape::Text, "The name that runs are started with: letters, digits, `_` and `-`. Made from `template_name` when it is not given.").alias(&["workflow_id"]),
        Key::new("template_name", Shape::Text, "The name for people.").alias(&["name", "workflow_name"]),
        Key::new("version", Shape::Written, "Says only whether parameters and outputs are compatible: a run keeps the plan it started with. Default \"1.0\"."),
        Key::new("compatible_with", Shape::Texts, "Earlier versions whose parameters and outputs still work."),
        Key::new("description", Shape::Text, "What it is for, for a person or model choosing a template."),
        Key::new("category", Shape::Text, "One of analysis, optimization, documentation, development, exploration, automation."),
        Key::new("tags", Shape::Texts, "Words to find it by."),
        Key::new("metadata", Shape::Object, "The author's own facts; kept and shown, without effect. `metadata.category` counts when `category` is missing."),
        Key::new("author", Shape::Text, "Who wrote it; kept and shown.").alias(&["created_by"]),
        Key::new("created_at", Shape::Written, "When it was written; kept and shown."),
        Key::new("estimated_duration_seconds", Shape::Number(0.0), "How long a run usually takes.").alias(&["estimated_duration"]),
        Key::new("requires_connection", Shape::Boolean, "A semantic model is needed: adds the parameter `model` (path, name or index; empty for the only one found)."),
        Key::new("mode", Shape::Choice(&MODES), "How ready steps are chosen. Default `parallel`.").alias(&["execution_mode"]),
        Key::new("parallel_execution", Shape::Boolean, "Source key: true is `mode: parallel`, false is `mode: sequential`. `mode` wins."),
        Key::new("adaptive_routing", Shape::Boolean, "Source key: true is `mode: adaptive`, unless `mode` is given."),
        Key::new("optimization_enabled", Shape::Boolean, "Source key: kept; suggestions for a template are asked for, never applied by themselves."),
        Key::new("priority", Shape::Choice(&PRIORITIES), "Among the runs of one process. Default `medium`."),
        Key::new("max_parallel_steps", Shape::Integer(1), "Steps of a run in flight at once."),
        Key::new("parallel_groups", Shape::List(&Shape::Texts), "Source key: groups of steps that run side by side. Steps do so anyway when nothing orders them, so this is a check: a step of a group that needs another of it is an error."),
        Key::new("timeout_seconds", Shape::Number(0.0), "How long a run may take, waiting for people and events not counted.").alias(&["timeout"]),
        Key::new("on_timeout", Shape::Choice(&["abort", "compensate"]), "What a run's timeout does. Default `abort`."),
        Key::new("on_unknown", Shape::Choice(&ON_UNKNOWN), "The default of the steps' `on_unknown`."),
        Key::new("continue_on_error", Shape::Boolean, "Source key: true makes `on_error: continue` the default of steps that are not `critical: true`."),
        Key::new("retry", Shape::Table(&RETRY), "The default of the steps that call something.").alias(&["retry_policy"]),
        Key::new("sla", Shape::Object, "What is promised: `duration_seconds`, `success_rate`. A run that misses it is told in the metrics.").alias(&["sla_targets"]),
        Key::new("parameters", Shape::List(&Shape::Table(&PARAMETER)), "What a run is given."),
        Key::new("context", Shape::Object, "Start values of the shared context, read as `context.name`; may use `params`.").alias(&["global_variables"]),
        Key::new("steps", Shape::List(&Shape::Table(&STEP)), "The steps.").alias(&["step_templates"]),
        Key::new("outputs", Shape::Object, "What a run yields, by name: values whose texts may hold expressions."),
        Key::new("on_event", Shape::Texts, "Events that start a run, their payload being the parameter `event`."),
        Key::new("custom_metrics", Shape::Map(&Shape::Expression), "Figures kept with each run, by name, as expressions."),
        Key::new("rules", Shape::List(&Shape::Table(&RULE)), "Adaptation rules of the author."),
        Key::new("tests", Shape::List(&Shape::Table(&TEST)), "Runs with answers made up, for `sequitur test`."),
    ],
};

static PARAMETER: Table = Table {
    name: "parameter",
    noun: "a parameter",
    also: &SCHEMA_KEYWORDS,
    keys: &[
        Key::new("name", Shape::Id, "Read as `params.name`.").required(),
        Key::new(
            "type",
            Shape::Either(&[
                Shape::Choice(&["string", "integer", "number", "boolean", "array", "object", "null"]),
                Shape::List(&Shape::Choice(&["string", "integer", "number", "boolean", "array", "object", "null"])),
            ]),
            "Its JSON type, or several.",
        ),
        Key::new(
            "required",
            Shape::Either(&[Shape::Boolean, Shape::List(&Shape::Text)]),
            "Must be given. (A list is JSON Schema's keyword, for objects.)",
        ),
        Key::new("default", Shape::Any, "Its value when none is given."),
        Key::new("description", Shape::Text, "What it is for."),
    ],
};

/// A step of any type.
pub(crate) static STEP: Table = Table {
    name: "step",
    noun: "a step",
    also: &[],
    keys: &[
        Key::new("step_id", Shape::Id, "The step's name: unique in the template; expressions read its result by it.").alias(&["id"]),
        Key::new("step_name", Shape::Text, "The name for people. Default: the id.").alias(&["name"]),
        Key::new("description", Shape::Text, "What it is for."),
        Key::new("type", Shape::Choice(&STEP_TYPE_NAMES), "What it does. Default `action`.").alias(&["step_type"]),
        Key::new("depends_on", Shape::Texts, "Steps that must be finished before.").alias(&["dependencies"]),
        Key::new("next_steps", Shape::Texts, "Source key: each named step gets this one into its `depends_on`."),
        Key::new("condition", Shape::Expression, "When to run once they are: `on_success` (default), `on_failure`, `always`, or an expression; else the step is skipped."),
        Key::new("timeout_seconds", Shape::Figure, "For each attempt, or for the wait; counted from sending.").alias(&["timeout"]),
        Key::new("retry", Shape::Table(&RETRY), "Tries after a failure. `max_retries: 0` switches the template's default off.").alias(&["retry_policy"]),
        Key::new("retry_on_failure", Shape::Boolean, "Source key: retry `max_retries` (3) times, `retry_delay_seconds` (5) apart; without it those two do nothing."),
        Key::new("max_retries", Shape::Integer(0), "Source key, see `retry_on_failure`."),
        Key::new("retry_delay_seconds", Shape::Number(0.0), "Source key, see `retry_on_failure`."),
        Key::new("retry_count", Shape::Integer(0), "Source key: `retry` with this many tries, `retry_delay` (1) seconds before the first, doubling."),
        Key::new("retry_delay", Shape::Number(0.0), "Source key, see `retry_count`."),
        Key::new("alternatives", Shape::Texts, "Other tools to try with the same arguments.").only(ACTION),
        Key::new("adjust", Shape::List(&Shape::Table(&ADJUST)), "Parameters to change after an error.").only(ACTION.and(WEBHOOK)),
        Key::new("on_error", Shape::Either(&[Shape::Choice(&["abort", "continue", "skip", "compensate"]), Shape::Table(&ON_ERROR)]), "When all else failed. Default `abort`."),
        Key::new("handlers", Shape::Texts, "Steps that run in order when this one failed.").alias(&["error_handlers"]),
        Key::new("critical", Shape::Boolean, "false is `on_error: continue`."),
        Key::new("on_unknown", Shape::Choice(&ON_UNKNOWN), "When a call that must not be repeated was sent and no reply came: ask a person (default), fail, or call again."),
        Key::new("idempotent", Shape::Boolean, "A repeat of the call is harmless (or is not), whatever the tool says."),
        Key::new("compensate", Shape::Either(&[Shape::Table(&CALL), Shape::List(&Shape::Table(&CALL))]), "The call, or calls in order, that undo this step; `result` is the step's own."),
        Key::new("rollback_actions", Shape::Texts, "Source key: tools called without arguments to undo this step. A template that has it is undone on failure: `on_error: compensate` is the default of its steps."),
        Key::new("cache", Shape::Table(&CACHE), "Take the result of an equal call from earlier runs.").only(ACTION),
        Key::new("transforms", Shape::List(&TRANSFORM_SHAPE), "Applied to the result, in order.").alias(&["data_transformations"]),
        Key::new("input_schema", Shape::Schema, "JSON Schema that the step's parameters must satisfy once they are filled in.").alias(&["input_validation"]),
        Key::new("exports", Shape::Object, "Context values to set from the result, by name."),
        Key::new("output_mapping", Shape::Map(&Shape::Text), "Source key: `{name: field}` exports `{name: \"{{ result.field }}\"}`."),
        Key::new("record", Shape::Choice(&["full", "none"]), "`none` keeps parameters and result out of the learning log."),
        Key::new("estimated_duration_seconds", Shape::Number(0.0), "How long it usually takes.").alias(&["estimated_duration"]),
        Key::new("metrics_enabled", Shape::Boolean, "Source key: kept; durations and attempts are always recorded."),
        Key::new("custom_metrics", Shape::Either(&[Shape::Map(&Shape::Expression), Shape::Texts]), "Figures kept with the step."),
        Key::new("execution_mode", Shape::Choice(&MODES), "Source key: kept; the mode is the template's."),

        Key::new("tool", Shape::Text, "The tool to call.").alias(&["tool_name", "action"]).only(ACTION),
        Key::new("parameters", Shape::Object, "Arguments; texts may hold expressions.").only(ACTION.and(WORKFLOW)),
        Key::new("parameter_mapping", Shape::Map(&Shape::Text), "Source key: arguments given as paths (`$.step.result.field`) or expressions; they win over `parameters`.").only(ACTION.and(WORKFLOW)),
        Key::new("input_mapping", Shape::Map(&Shape::Text), "Source key: arguments given as names of the context or parameters, paths or expressions; they win over `parameters`.").only(ACTION.and(WORKFLOW)),
        Key::new("prompt", Shape::Text, "The question: of a human task, or of an action that the calling agent answers.").only(ACTION.and(HUMAN_TASK)),
        Key::new("answer_schema", Shape::Schema, "JSON Schema of the answer.").only(ACTION.and(HUMAN_TASK)),
        Key::new("agent_capability", Shape::Text, "What an agent must be able to do; the pool chooses one of its tools.").only(ACTION),
        Key::new("agent_type", Shape::Text, "Narrows the agents with the capability.").only(ACTION),

        Key::new("branches", Shape::List(&Shape::Table(&BRANCH)), "In order; the steps of the first whose `if` holds run, the others are skipped.").alias(&["conditions"]).only(CONDITION),
        Key::new("else", Shape::List(&STEP_OR_ID), "Steps when none holds.").only(CONDITION),

        Key::new("steps", Shape::List(&STEP_OR_ID), "The children.").alias(&["parallel_steps"]).only(PARALLEL.and(LOOP)),
        Key::new("max_concurrency", Shape::Figure, "Children, or items, at once.").only(PARALLEL.and(LOOP)),
        Key::new("failure_threshold", Shape::Number(0.0), "The share of children that must succeed, 0 to 1. Default 1.").only(PARALLEL),

        Key::new("for_each", Shape::Either(&[Shape::List(&Shape::Any), Shape::Expression]), "A list, or an expression that yields one: the children run once for each item.").only(LOOP),
        Key::new("as", Shape::Id, "A name for the item beside `item`.").only(LOOP),
        Key::new("while", Shape::Expression, "The children run as long as it holds.").alias(&["loop_condition"]).only(LOOP),
        Key::new("max_iterations", Shape::Figure, "Of `while`. Default 100; reaching it is told in the result.").alias(&["loop_max_iterations"]).only(LOOP),

        Key::new("seconds", Shape::Figure, "How long to wait.").only(WAIT),
        Key::new("until", Shape::Written, "When to go on: an instant with its offset, or an expression.").only(WAIT),
        Key::new("event", Shape::Text, "The event to wait for.").only(WAIT),

        Key::new("assignee", Shape::Choice(&["human", "agent"]), "Who answers. Default `human`.").only(HUMAN_TASK),
        Key::new("default", Shape::Any, "The answer taken when the time is over; without it the step fails then.").only(HUMAN_TASK),
        Key::new("answer_via", Shape::List(&Shape::Choice(&ANSWER_VIA)), "The ways an answer may come.").only(HUMAN_TASK),
        Key::new("reminder_seconds", Shape::Figure, "Remind after this long.").only(HUMAN_TASK),
        Key::new("escalate_to", Shape::Text, "Who is told when nobody answers.").only(HUMAN_TASK),
        Key::new("relay", Shape::Boolean, "The agent may pass a person's answer on.").only(HUMAN_TASK),

        Key::new("method", Shape::Choice(&["GET", "POST", "PUT", "PATCH", "DELETE"]), "Default `POST`.").only(WEBHOOK),
        Key::new("url", Shape::Text, "Where to; its host must be in the configuration's `webhook_hosts`.").only(WEBHOOK),
        Key::new("headers", Shape::Map(&Shape::Written), "Headers to send.").only(WEBHOOK),
        Key::new("body", Shape::Any, "What to send, as JSON; text as it is.").only(WEBHOOK),
        Key::new("expect_status", Shape::Either(&[Shape::Integer(100), Shape::List(&Shape::Integer(100)), Shape::Text]), "Statuses that are a success: a number, a list, or a range. Default `200-299`.").only(WEBHOOK),

        Key::new("template_id", Shape::Text, "The template of the child run.").only(WORKFLOW),

        Key::new("input", Shape::Any, "The value to begin with; texts may hold expressions.").only(TRANSFORM),
    ],
};

static STEP_OR_ID: Shape = Shape::Either(&[Shape::Text, Shape::Table(&STEP)]);

pub(crate) static BRANCH: Table = Table {
    name: "branch",
    noun: "a branch",
    also: &[],
    keys: &[
        Key::new("if", Shape::Expression, "When it holds, these steps run.").alias(&["expression"]).required(),
        Key::new("steps", Shape::List(&STEP_OR_ID), "Steps, or ids of steps that stand beside the condition.")
            .required(),
        Key::new("else_steps", Shape::List(&STEP_OR_ID), "Source key, in the last branch: the condition's `else`."),
    ],
};

/// How often and how long to try again.
pub(crate) static RETRY: Table = Table {
    name: "retry",
    noun: "`retry`",
    also: &[],
    keys: &[
        Key::new("max_retries", Shape::Integer(0), "Tries after the first. Default 3.").alias(&["retry_count"]),
        Key::new("delay_seconds", Shape::Number(0.0), "Before the first retry. Default 1.").alias(&[
            "retry_delay",
            "retry_delay_seconds",
            "backoff_seconds",
        ]),
        Key::new("backoff_multiplier", Shape::Number(1.0), "From one delay to the next. Default 2."),
        Key::new("max_delay_seconds", Shape::Number(0.0), "No delay is longer. Default 30.").alias(&["max_delay"]),
        Key::new("retryable_errors", Shape::Texts, "Only these kinds of error are retried."),
        Key::new("non_retryable_errors", Shape::Texts, "These kinds are not retried."),
        Key::new("continue_on_failure", Shape::Boolean, "Source key: true is `on_error: continue`."),
        Key::new(
            "parallel_failure_threshold",
            Shape::Number(0.0),
            "Source key: a parallel step's `failure_threshold`.",
        ),
    ],
};

static ON_ERROR: Table = Table {
    name: "on_error",
    noun: "`on_error`",
    also: &[],
    keys: &[
        Key::new("fallback", Shape::Text, "The step that runs instead and gives the result."),
        Key::new("handler", Shape::Text, "The step that runs."),
        Key::new("handlers", Shape::Texts, "The steps that run, in order."),
    ],
};

static ADJUST: Table = Table {
    name: "adjust",
    noun: "a rule of `adjust`",
    also: &[],
    keys: &[
        Key::new("on", Shape::Text, "A regular expression over the error's kind and message.").required(),
        Key::new("set", Shape::Object, "New values by parameter name.").required(),
    ],
};

static RULE: Table = Table {
    name: "rule",
    noun: "a rule",
    also: &[],
    keys: &[
        Key::new("when", Shape::Expression, "When it applies.").required(),
        Key::new(
            "do",
            Shape::Choice(&["raise_timeout", "lower_concurrency", "use_alternative", "skip"]),
            "What is done.",
        )
        .required(),
    ],
};

/// A call that undoes a step.
pub(crate) static CALL: Table = Table {
    name: "call",
    noun: "a call",
    also: &[],
    keys: &[
        Key::new("tool", Shape::Text, "The tool.").alias(&["tool_name"]).required(),
        Key::new("parameters", Shape::Object, "Its arguments."),
    ],
};

static CACHE: Table = Table {
    name: "cache",
    noun: "`cache`",
    also: &[],
    keys: &[
        Key::new("ttl_seconds", Shape::Figure, "How old a result may be.").required(),
        Key::new("key", Shape::Written, "Taken instead of the parameters; may hold expressions."),
    ],
};

/// The types of transforms, with their keys.
pub(crate) static TRANSFORM_TABLES: [(&str, &Table); 8] = [
    ("filter", &FILTER),
    ("map", &MAP),
    ("select", &SELECT),
    ("sort", &SORT),
    ("limit", &LIMIT),
    ("flatten", &FLATTEN),
    ("merge", &MERGE),
    ("aggregate", &AGGREGATE),
];

const TRANSFORM_SHAPE: Shape = Shape::Tagged(&TRANSFORM_TABLES);
const TAG: Key = Key::new("type", Shape::Text, "Which transform.").required();

static FILTER: Table = Table {
    name: "filter",
    noun: "a filter",
    also: &[],
    keys: &[
        TAG,
        Key::new("where", Shape::Expression, "Items for which it holds are kept; `item` is the item."),
        Key::new(
            "criteria",
            Shape::Map(&Shape::Table(&CRITERION)),
            "Source key: conditions by field, all of which must hold.",
        ),
    ],
};

static CRITERION: Table = Table {
    name: "criterion",
    noun: "a criterion",
    also: &[],
    keys: &[
        Key::new("equals", Shape::Any, "The field is this."),
        Key::new("not_equals", Shape::Any, "The field is not this."),
        Key::new("greater_than", Shape::Any, "The field is more than this."),
        Key::new("less_than", Shape::Any, "The field is less than this."),
        Key::new("contains", Shape::Any, "The field holds this."),
        Key::new("in", Shape::Any, "The field is one of these."),
    ],
};

static MAP: Table = Table {
    name: "map",
    noun: "a map",
    also: &[],
    keys: &[
        TAG,
        Key::new(
            "to",
            Shape::Either(&[Shape::Map(&Shape::Expression), Shape::Expression]),
            "What each item becomes: an expression, or one by field.",
        ),
        Key::new("mapping", Shape::Map(&Shape::Text), "Source key: new names by old; other fields are kept."),
    ],
};

static SELECT: Table = Table {
    name: "select",
    noun: "a select",
    also: &[],
    keys: &[TAG, Key::new("fields", Shape::Texts, "The fields that are kept.").required()],
};

static SORT: Table = Table {
    name: "sort",
    noun: "a sort",
    also: &[],
    keys: &[
        TAG,
        Key::new("by", Shape::Expression, "A field, or an expression over `item`.").required(),
        Key::new("descending", Shape::Boolean, "Largest first."),
    ],
};

static LIMIT: Table = Table {
    name: "limit",
    noun: "a limit",
    also: &[],
    keys: &[
        TAG,
        Key::new("count", Shape::Figure, "Items kept.").required(),
        Key::new("offset", Shape::Figure, "Items left off before them."),
    ],
};

static FLATTEN: Table = Table {
    name: "flatten",
    noun: "a flatten",
    also: &[],
    keys: &[TAG, Key::new("field", Shape::Text, "The list in each item: one item per element, the other fields kept.")],
};

static MERGE: Table = Table {
    name: "merge",
    noun: "a merge",
    also: &[],
    keys: &[
        TAG,
        Key::new("with", Shape::Any, "What is merged in; texts may hold expressions.").required(),
        Key::new("on", Shape::Text, "The field by which lists of objects are joined."),
    ],
};

static AGGREGATE: Table = Table {
    name: "aggregate",
    noun: "an aggregate",
    also: &[],
    keys: &[
        TAG,
        Key::new("group_by", Shape::Texts, "The field or fields that make a group; without them there is one."),
        Key::new("fields", Shape::Map(&Shape::Choice(&AGGREGATES)), "The figure of each field."),
        Key::new(
            "aggregate_type",
            Shape::Choice(&AGGREGATES),
            "Source key: this figure of each numeric field, as one object.",
        ),
    ],
};

/// A run with answers made up.
pub(crate) static TEST: Table = Table {
    name: "test",
    noun: "a test",
    also: &[],
    keys: &[
        Key::new("name", Shape::Text, "What it shows.").required(),
        Key::new("parameters", Shape::Object, "What the run is given."),
        Key::new("context", Shape::Object, "Start values of the context."),
        Key::new("mocks", Shape::Object, "What each tool answers."),
        Key::new("answers", Shape::Object, "What each task is answered, by step."),
        Key::new("expect", Shape::Table(&EXPECT), "What must come out."),
    ],
};

static EXPECT: Table = Table {
    name: "expect",
    noun: "`expect`",
    also: &[],
    keys: &[
        Key::new("status", Shape::Choice(&ENDS), "How the run ends."),
        Key::new("steps", Shape::Map(&Shape::Choice(&OUTCOMES)), "How steps end."),
        Key::new("outputs", Shape::Object, "Outputs that must be equal."),
        Key::new("error", Shape::Text, "Words of the run's error."),
    ],
};
