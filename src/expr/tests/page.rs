//! The user's page: its examples hold, its lists are complete, its figures true.

use std::sync::Arc;

use serde_json::{Value, json};

use super::object;
use crate::expr::{
    ExprError, Expression, Known, ResultSource, RunView, Scope, StepView, Template, filters, functions, meter, methods,
    predicates, secret,
};

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/expressions.md"));

struct PageWorld(Value);

impl ResultSource for PageWorld {
    fn step(&self, id: &str) -> Option<StepView> {
        let step = self.0["steps"].get(id)?;
        Some(StepView {
            status: step["status"].as_str().unwrap().to_owned(),
            success: step["success"].as_bool().unwrap(),
            error: None,
            duration_seconds: step["duration_seconds"].as_f64(),
        })
    }

    fn result(&self, id: &str) -> Result<Option<Arc<Value>>, String> {
        Ok(self.0["steps"].get(id).map(|step| Arc::new(step["result"].clone())))
    }

    fn finished(&self) -> Vec<String> {
        self.0["steps"].as_object().unwrap().keys().cloned().collect()
    }
}

/// The lines of every fenced block of a language.
fn blocks(language: &str) -> Vec<String> {
    let mut found = Vec::new();
    for block in PAGE.split("```").skip(1).step_by(2) {
        if let Some(body) = block.strip_prefix(language).and_then(|rest| rest.strip_prefix('\n')) {
            found.push(body.to_owned());
        }
    }
    found
}

fn evaluate(language: &str, source: &str) -> Result<Value, ExprError> {
    let world: Value = serde_json::from_str(&blocks("json world")[0]).unwrap();
    let (params, context) = (object(world["params"].clone()), object(world["context"].clone()));
    let text = |path: &str| world.pointer(path).and_then(Value::as_str).unwrap().to_owned();
    let run = RunView { id: text("/run/id"), name: text("/run/name"), started_at: text("/run/started_at") };
    let (name, steps) = (text("/as"), PageWorld(world.clone()));
    let scope = Scope::new(&params, &context, &steps)
        .with_item(Some(&name), &world["item"], world["index"].as_u64().unwrap())
        .with_run(&run)
        .with_result(&world["result"])
        .with_error(&world["error"]);
    let known = Known::new()
        .with_steps(steps.finished())
        .with_params(params.keys().cloned())
        .with_context(context.keys().cloned())
        .with_item(name.as_str());
    if language == "expr" {
        return Expression::parse(source, &known)?.eval(&scope);
    }
    Template::parse(&json!(source), &known).map_err(|mut errors| errors.remove(0))?.render(&scope)
}

#[test]
fn every_example_of_the_page_holds() {
    let mut examples = 0;
    for language in ["expr", "text"] {
        for line in blocks(language).iter().flat_map(|block| block.lines()) {
            let (source, expected) = line.rsplit_once('→').unwrap_or_else(|| panic!("no result: {line}"));
            let (source, expected) = (source.trim(), expected.trim());
            examples += 1;
            match (evaluate(language, source), expected.strip_prefix("error: ")) {
                (Err(error), Some(message)) => assert_eq!(error.message, message, "{source}"),
                (Ok(value), None) => {
                    let shown = value.to_string().replace(secret::OPEN, "‹").replace(secret::CLOSE, "›");
                    let expected: Value = serde_json::from_str(expected).unwrap_or_else(|_| panic!("{line}"));
                    assert_eq!(shown, expected.to_string(), "{source}");
                }
                (Ok(value), Some(_)) => panic!("{source} gave {value}"),
                (Err(error), None) => panic!("{source}: {error}"),
            }
        }
    }
    assert!(examples > 80, "{examples} examples were found");
}

/// The words in backticks of a section.
fn listed(heading: &str) -> Vec<&'static str> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let prose = section.split("```").next().unwrap();
    let words = prose.split('`').skip(1).step_by(2);
    words.flat_map(|words| words.split([' ', '\n'])).filter(|word| !word.is_empty()).collect()
}

#[test]
fn the_page_lists_every_filter_test_function_and_method() {
    let pages = [
        ("Filters", filters::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
        ("Tests", predicates::ALL.iter().map(|(name, _)| *name).collect()),
        ("Methods", methods::ALL.iter().map(|(name, _)| *name).collect()),
    ];
    for (heading, names) in pages {
        let listed = listed(heading);
        for name in names {
            assert!(listed.contains(&name), "`{name}` is missing under {heading}");
        }
    }
    for word in listed("Tests") {
        let known = predicates::names().any(|name| name == word) || word == "is" || word == "not";
        assert!(known || ["select", "selectattr"].contains(&word), "there is no test `{word}`");
    }
    for word in listed("Methods") {
        assert!(methods::find(word).is_some() || word == "get", "there is no method `{word}`");
    }
    let functions = listed("Functions").join(" ");
    for name in functions::names() {
        assert!(functions.contains(&format!("{name}(")), "`{name}` is missing under Functions");
    }
}

#[test]
fn the_figures_of_the_page_are_the_limits() {
    let limits = PAGE.split("\n## ").find(|section| section.starts_with("Limits")).unwrap();
    for figure in [
        format!("{} KiB", meter::SOURCE / 1024),
        format!("{} MiB (all", meter::OUTPUT / 1024 / 1024),
        format!("| {} MiB |", meter::MADE / 1024 / 1024),
        format!("{} brackets and {} levels", meter::BRACKETS, meter::LEVELS),
    ] {
        assert!(limits.contains(&figure), "{figure}");
    }
    assert_eq!((meter::TOKENS, meter::FUEL), (10_000, 10_000_000), "written with commas on the page");
}
