//! What is published of the tools equals their types and keeps its limits.

use std::collections::BTreeSet;
use std::path::Path;

use sequitur::registry::{ListPlan, ListSettings, Listed, listed_json};
use sequitur::tools::{ALL, Spec, published};

const HOW: &str = "run `cargo run --example schemas`";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default()
}

#[test]
fn every_tool_has_a_schema_file_that_equals_its_types_and_no_file_is_left_over() {
    let published = published(ALL);
    for (name, text) in &published.schemas {
        assert_eq!(&read(&format!("tool_schemas/{name}")), text, "tool_schemas/{name} differs from the type: {HOW}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tool_schemas");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let known: BTreeSet<String> = published.schemas.into_keys().collect();
    assert_eq!(there, known, "{HOW}");
}

#[test]
fn the_page_of_tools_is_generated() {
    assert_eq!(read("docs/api.md"), published(ALL).api, "docs/api.md differs: {HOW}");
}

#[test]
fn every_input_schema_is_a_plain_object_and_every_schema_compiles() {
    for tool in ALL.iter().map(Spec::listed) {
        let name = &tool.definition.name;
        let output = tool.definition.output_schema.as_ref();
        // What a tool that relays answers is for the other tool to say.
        assert_eq!(output.is_none(), tool.relays, "{name}");
        let output = output.cloned().unwrap_or_else(|| serde_json::json!({"type": "object"}));
        let input = &tool.definition.input_schema;
        assert_eq!(input["type"], "object", "{name}");
        assert_eq!(input["additionalProperties"], false, "{name}: its arguments must deny unknown fields");
        for keyword in ["$ref", "$schema", "anyOf", "oneOf", "allOf"] {
            assert!(input.get(keyword).is_none(), "{name}: `{keyword}` at the root");
        }
        assert!(!tool.definition.description.is_empty(), "{name}");
        assert_eq!(output["type"], "object", "{name}");
        for schema in [input, &output] {
            jsonschema::options().offline().build(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn the_default_list_of_our_own_sets_stays_under_twelve_kilobytes() {
    // A pack that is not listed is reached through the gateway, which then is.
    let settings = ListSettings { packs: false, ..ListSettings::default() };
    let own: Vec<Listed> = ALL.iter().map(Spec::listed).collect();
    let plan = ListPlan::make(own.iter(), &settings, None);
    assert!(plan.listed.iter().any(|tool| tool.name == "find_tools"));
    let sizes: Vec<(String, usize)> =
        plan.listed.iter().map(|tool| (tool.name.clone(), listed_json(tool).to_string().len())).collect();
    assert!(plan.bytes < 12_000, "{} bytes: {sizes:?}", plan.bytes);
}
