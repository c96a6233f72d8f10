//! Template files: every good one loads, every bad one is told in full, and no
//! text whatever makes the loader panic.

use std::path::{Path, PathBuf};

use sequitur::base::json::sha256_hex;
use sequitur::contract::{Known, ToolDefinition};
use sequitur::workflow::plan::{OnError, Plan, Source, StepKind};
use sequitur::workflow::{
    Code, Library, Loaded, Rejected, load_bytes, load_text, load_value, template_keys_page, template_schema,
    template_schema_text,
};
use serde_json::{Value, json};

const HOW: &str = "run `cargo run --example schemas`";

/// One of each syntax, short enough to be broken at every byte.
const TO_BREAK: [&str; 3] = [
    "tests/fixtures/templates/good/approve_and_publish.yaml",
    "tests/fixtures/templates/good/anchors.yaml",
    "tests/fixtures/templates/good/from_json.json",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// The template files of a folder, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| matches!(path.extension().and_then(|end| end.to_str()), Some("yaml" | "json")))
        .filter(|path| !path.to_string_lossy().ends_with(".schema.json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} holds no templates");
    files
}

fn all_good() -> Vec<PathBuf> {
    let folders = ["tests/fixtures/templates/good", "tests/fixtures/templates/sources", "workflows"];
    folders.into_iter().flat_map(files).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn load(path: &Path) -> Result<Loaded, Rejected> {
    let name = name(path);
    let source = if name.starts_with("agent_") { Source::Agent } else { Source::User };
    load_bytes(&std::fs::read(path).unwrap_or_default(), source, &name)
}

fn plan(path: &str) -> Plan {
    let loaded = load(&root().join(path)).unwrap_or_else(|rejected| panic!("{rejected}"));
    Plan::clone(&loaded.plan)
}

fn ids(plan: &Plan, steps: &[usize]) -> Vec<String> {
    steps.iter().map(|&step| plan.steps[step].id.clone()).collect()
}

#[test]
fn every_good_template_loads_without_a_word() {
    for path in files("tests/fixtures/templates/good").into_iter().chain(files("workflows")) {
        let loaded = load(&path).unwrap_or_else(|rejected| panic!("{rejected}"));
        let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn an_example_of_each_source_document_loads() {
    let documents: Vec<String> =
        files("tests/fixtures/templates/sources").iter().map(|path| name(path)[..3].to_owned()).collect();
    assert_eq!(documents, ["000", "001", "002", "003", "004"]);
    for path in files("tests/fixtures/templates/sources") {
        load(&path).unwrap_or_else(|rejected| panic!("{rejected}"));
    }
}

#[test]
fn every_bad_template_is_told_in_full() {
    for path in files("tests/fixtures/templates/bad") {
        let told = match load(&path) {
            Ok(_) => panic!("{} loads", path.display()),
            Err(rejected) => format!("{rejected}\n"),
        };
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        assert_eq!(told, expected, "{}", path.display());
    }
}

#[test]
fn every_code_is_explained_on_the_page_and_no_other() {
    let page = read("docs/workflows.md");
    let told: Vec<(&str, &str)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .filter(|(code, _)| code.len() == 4 && code[1..].bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|(code, rest)| Some((code, rest.split_once(" | ")?.0)))
        .collect();
    let codes: Vec<(&str, &str)> = Code::ALL.iter().map(|code| (code.as_str(), code.name())).collect();
    assert_eq!(told, codes);
}

#[test]
fn the_published_schema_and_page_of_keys_are_those_of_the_loader() {
    assert_eq!(read("workflows/template.schema.json"), template_schema_text(), "the schema differs: {HOW}");
    assert_eq!(read("docs/workflow-keys.md"), template_keys_page(), "the page differs: {HOW}");
}

#[test]
fn every_template_satisfies_the_published_schema() {
    let schema = template_schema();
    let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{error}"));
    for path in all_good() {
        let value: Value = serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap_or_default())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
    }
    assert!(!validator.is_valid(&json!({"template_id": "t", "stps": []})));
}

#[test]
fn broken_text_is_an_error_with_a_line_at_any_byte() {
    for path in TO_BREAK {
        let bytes = std::fs::read(root().join(path)).unwrap_or_default();
        for end in 0..bytes.len() {
            if let Err(rejected) = load_bytes(&bytes[..end], Source::User, "cut") {
                assert!(rejected.problems.iter().all(|problem| problem.line.is_some()), "{path}: {end}");
            }
        }
    }
}

#[test]
fn a_changed_byte_never_makes_the_loader_panic() {
    const CHANGES: &[u8] = b"{}[]:,-&*!|>'\"%@`#? \n\t\0\xff<$.";
    for path in TO_BREAK {
        let bytes = std::fs::read(root().join(path)).unwrap_or_default();
        for (at, _) in bytes.iter().enumerate() {
            let mut changed = bytes.clone();
            changed[at] = CHANGES[at % CHANGES.len()];
            if let Err(rejected) = load_bytes(&changed, Source::User, "changed") {
                assert!(!rejected.problems.is_empty());
            }
        }
    }
}

#[test]
fn limits_are_told_and_not_reached() {
    let told = |text: &str| match load_text(text, Source::User, "t") {
        Ok(_) => "loads".to_owned(),
        Err(rejected) => rejected.problems.first().map(ToString::to_string).unwrap_or_default(),
    };
    let steps = |count: usize| -> String {
        (0..count)
            .fold("template_id: t\nsteps:\n".to_owned(), |text, i| text + &format!("  - {{step_id: s{i}, tool: x}}\n"))
    };
    assert_eq!(told(&steps(2_000)), "loads");
    assert_eq!(told(&steps(2_001)), "t:2003:5: E017 too_many_steps: a template may have 2000 steps, this is one more");
    let large = format!("template_id: t\ndescription: {}\n", "x".repeat(1024 * 1024));
    assert_eq!(told(&large), "t:1:1: E002 too_large: the template has 1048605 bytes, 1048576 are allowed");
    let deep = format!("template_id: t\ncontext: {{a: {}{}}}\n", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(told(&deep), "t:2:109: E005 over_budget: values are nested deeper than 96 levels");
    let nested = |levels: usize| -> String {
        let open: String =
            (0..levels).fold(String::new(), |text, i| text + &format!("{{step_id: p{i}, type: parallel, steps: ["));
        format!("template_id: t\nsteps: [{open}{{step_id: a, tool: x}}{}]\n", "]}".repeat(levels))
    };
    assert_eq!(told(&nested(16)), "loads");
    assert!(
        told(&nested(17)).contains("E018 too_deep: steps are nested deeper than 16 levels"),
        "{}",
        told(&nested(17))
    );
    // The same depth by naming instead of nesting.
    let chain = (0..17).fold("template_id: t\nsteps:\n  - {step_id: c17, tool: x}\n".to_owned(), |text, i| {
        text + &format!("  - {{step_id: c{i}, type: parallel, steps: [c{}]}}\n", i + 1)
    });
    assert!(told(&chain).contains("E018 too_deep"), "{}", told(&chain));
}

#[test]
fn a_report_is_no_longer_than_what_it_is_about() {
    let text = format!("template_id: t\n{}", (0..5_000).fold(String::new(), |text, i| text + &format!("k{i}: 1\n")));
    let rejected = load_text(&text, Source::User, "t").err().unwrap_or_else(|| panic!("refused"));
    assert_eq!(rejected.problems.len(), 200);
    assert!(
        rejected.to_string().ends_with("; and 4801 more problems after this one)")
            || rejected.to_string().ends_with("(and 4801 more problems after this one)"),
        "{rejected}"
    );
}

#[test]
fn what_an_agent_gives_as_an_object_is_told_by_path() {
    let definition = json!({"template_id": "t", "steps": [{"step_id": "a", "tol": "x"}, {"step_id": "b", "tool": "y", "depends_on": ["c"]}]});
    let rejected = load_value(&definition, Source::Agent, "definition").err().unwrap_or_else(|| panic!("refused"));
    let mut lines: Vec<String> = rejected.problems.iter().map(ToString::to_string).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "definition: E012 unknown_key: steps[0].tol: a step has no key `tol` (did you mean `tool`?)",
            "definition: E013 missing_key: steps[0]: the step calls nothing (name its `tool`, or say what it is with `type`)",
            "definition: E023 unknown_step: steps[1].depends_on[0]: there is no step `c`",
        ]
    );
    let text = json!("template_id: t\nsteps: [{step_id: a, tool: x}]");
    assert!(load_value(&text, Source::Agent, "definition").is_ok());
}

#[test]
fn the_same_template_has_the_same_hash_however_it_is_written() {
    let yaml = "template_id: t\nsteps:\n  - step_id: a\n    tool: x\n    parameters: {p: '${params.q}'}\nparameters: [{name: q, default: 1}]\n";
    let value = json!({"parameters": [{"default": 1, "name": "q"}], "template_id": "t",
        "steps": [{"tool_name": "x", "step_id": "a", "parameters": {"p": "{{ params.q }}"}}]});
    let hash = |loaded: Result<Loaded, Rejected>| loaded.unwrap_or_else(|rejected| panic!("{rejected}")).hash;
    let one = hash(load_text(yaml, Source::User, "one"));
    assert_eq!(one, hash(load_value(&value, Source::User, "two")));
    assert_eq!(one.len(), sha256_hex(b"").len());
    assert_ne!(one, hash(load_text(&yaml.replace("default: 1", "default: 2"), Source::User, "three")));
}

#[test]
fn a_plan_is_the_same_after_it_was_stored() {
    for path in all_good() {
        let loaded = load(&path).unwrap_or_else(|rejected| panic!("{rejected}"));
        let text = serde_json::to_string(&*loaded.plan).unwrap_or_default();
        let back: Plan = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(back, *loaded.plan);
        assert_eq!(back.hash(), loaded.hash);
    }
}

#[test]
fn steps_of_branches_become_children_in_front_of_what_follows() {
    let plan = plan("tests/fixtures/templates/good/approve_and_publish.yaml");
    let all: Vec<usize> = (0..plan.steps.len()).collect();
    assert_eq!(ids(&plan, &all), ["sales", "big_orders", "approval", "route", "publish", "post", "note"]);
    let parents: Vec<Option<usize>> = plan.steps.iter().map(|step| step.parent).collect();
    assert_eq!(parents, [None, None, None, None, Some(3), Some(4), Some(3)]);
    assert_eq!(plan.levels(), [vec![0], vec![1], vec![2], vec![3]]);
    assert_eq!(plan.levels_within(Some(3)), [vec![4, 6]]);
}

#[test]
fn levels_and_handlers_of_nested_steps() {
    let plan = plan("tests/fixtures/templates/good/every_step_type.yaml");
    let levels: Vec<Vec<String>> = plan.levels().iter().map(|level| ids(&plan, level)).collect();
    let expected: [&[&str]; 12] = [
        &["fetch"],
        &["side_by_side"],
        &["each"],
        &["poll"],
        &["pause"],
        &["morning"],
        &["ready"],
        &["ask"],
        &["opinion", "find"],
        &["tell"],
        &["child"],
        &["choose"],
    ];
    assert_eq!(levels[..12], expected.map(|level| level.iter().map(ToString::to_string).collect::<Vec<_>>()));
    let named: Vec<&str> = plan.steps.iter().filter(|step| step.only_when_named).map(|step| step.id.as_str()).collect();
    assert_eq!(named, ["fetch_copy", "first_aid", "call_someone"]);
    let find = &plan.steps[plan.index_of("find").unwrap_or_default()];
    assert_eq!(find.retry, None);
    assert!(matches!(find.kind, StepKind::Capability { .. }));
}

#[test]
fn source_keys_become_what_the_guide_says() {
    let measure = plan("tests/fixtures/templates/sources/000_measure_development.yaml");
    let retry = measure.steps[1].retry.clone().unwrap_or_else(|| panic!("retries"));
    assert_eq!((retry.max_retries, retry.delay_seconds, retry.backoff_multiplier), (2, 3.0, 1.0));
    let StepKind::Action(call) = &measure.steps[3].kind else { panic!("an action") };
    assert_eq!(call.parameters["table"], json!("{{ steps.step2_create_measure.result.table }}"));
    assert_eq!(measure.parameters.last().map(|parameter| parameter.name.as_str()), Some("model"));

    let document = plan("tests/fixtures/templates/sources/004_document_processing.yaml");
    let step = |id: &str| &document.steps[document.index_of(id).unwrap_or_else(|| panic!("{id}"))];
    assert_eq!(step("extract").on_error, OnError::Continue);
    assert!(
        matches!(step("extract").kind, StepKind::Parallel { failure_threshold, .. } if (failure_threshold - 0.5).abs() < 1e-9)
    );
    assert_eq!(ids(&document, &step("route").depends_on), ["extract"]);
    assert_eq!(step("check").on_error, OnError::Compensate);
    assert_eq!(step("book_invoice").compensate.len(), 1);
    assert_eq!(step("ocr").exports["document_text"], json!("{{ result.text }}"));
    let StepKind::Condition { branches, otherwise } = &step("route").kind else { panic!("a condition") };
    assert_eq!(ids(&document, &branches[0].steps), ["book_invoice"]);
    assert_eq!(ids(&document, otherwise), ["review"]);

    let account = plan("tests/fixtures/templates/sources/002_account_analysis.json");
    assert_eq!(account.template_id, "account_analysis_workflow");
    assert_eq!(account.levels(), [vec![0], vec![1, 2], vec![3]]);
}

#[test]
fn the_inventory_lists_side_by_side_between_connect_and_export() {
    let library = Library::default();
    let loaded = library.find("model_inventory").unwrap_or_else(|error| panic!("{error}"));
    let levels: Vec<Vec<String>> = loaded.plan.levels().iter().map(|level| ids(&loaded.plan, level)).collect();
    assert_eq!(
        levels,
        [
            vec!["detect"],
            vec!["connect"],
            vec!["tables", "measures", "relationships", "calculation_groups"],
            vec!["export"]
        ]
    );
    assert!(loaded.plan.parameters.iter().any(|parameter| parameter.name == "model"));
}

/// A tool of our own, as its schema file publishes it.
fn own_tool(name: &str) -> Option<Known> {
    let spec = sequitur::tools::ALL.iter().find(|spec| spec.name() == name)?;
    let file: Value = serde_json::from_str(&read(&format!("tool_schemas/{name}.json"))).ok()?;
    let definition = ToolDefinition {
        name: name.to_owned(),
        title: None,
        description: String::new(),
        input_schema: file.get("inputSchema")?.clone(),
        output_schema: file.get("outputSchema").cloned(),
        annotations: serde_json::from_value(file.get("annotations")?.clone()).ok()?,
    };
    Some(Known { definition, aliases: spec.listed().aliases })
}

#[test]
fn built_ins_name_tools_that_are_there_and_give_them_what_they_take() {
    for entry in Library::default().list().entries {
        let loaded = entry.template.unwrap_or_else(|rejected| panic!("{rejected}"));
        // Tools of servers are there when their servers are: the tests against real clients see to those.
        let told: Vec<String> = loaded
            .validate_tools(&own_tool, &[])
            .iter()
            .map(ToString::to_string)
            .filter(|told| {
                !told.contains("there is no tool `git__") && !told.contains("there is no tool `filesystem__")
            })
            .collect();
        assert_eq!(told, Vec::<String>::new());
    }
}
