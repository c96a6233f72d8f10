//! Who may use whom: reads the paths to other modules in `src/` and compares
//! them with the order that `src/lib.rs` and `docs/architecture.md` state.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A module imports only what stands before it.
const ORDER: &[&str] = &[
    "base",
    "config",
    "telemetry",
    "expr",
    "contract",
    "semantic_model",
    "workflow",
    "machine",
    "store",
    "downstream",
    "intelligence",
    "engine",
    "registry",
    "tools",
    "mcp",
    "cli",
    "app",
    "main",
];

/// These three do not import each other either.
const APART: &[&str] = &["downstream", "intelligence", "engine"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text without comments and what strings hold.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The module of a file under `src/`.
fn module(file: &Path) -> String {
    let inside = file.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The top-level modules that a file names as `crate::x` or `sequitur::x`.
fn named(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for root in ["crate::", "sequitur::"] {
        for (at, _) in code.match_indices(root) {
            let rest = &code[at + root.len()..];
            let inner = rest.strip_prefix('{').map_or_else(
                || vec![rest],
                |group| group.split('}').next().unwrap_or_default().split(',').map(str::trim).collect(),
            );
            for path in inner {
                let name: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if ORDER.contains(&name.as_str()) {
                    found.insert(name);
                }
            }
        }
    }
    found
}

#[test]
fn modules_import_only_what_stands_before_them() {
    let place = |name: &str| ORDER.iter().position(|one| *one == name);
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let own = module(&file);
        if own == "lib" {
            continue;
        }
        let Some(own_place) = place(&own) else {
            wrong.push(format!("`{own}` has no place in the order"));
            continue;
        };
        for other in named(&code(&std::fs::read_to_string(&file).unwrap())) {
            let apart = APART.contains(&own.as_str()) && APART.contains(&other.as_str()) && own != other;
            if place(&other) > Some(own_place) || apart {
                wrong.push(format!("{} uses `{other}`", file.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "the order of modules is broken:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_paths_groups_and_uses_in_the_middle_of_code() {
    let seen = named(&code("use crate::{base::Clock, store};\nlet x = crate::engine::run(); // crate::mcp\n"));
    assert_eq!(seen, ["base", "engine", "store"].into_iter().map(ToOwned::to_owned).collect());
}

#[test]
fn each_foreign_crate_is_used_only_where_it_belongs() {
    // (crate, modules that may name it)
    let homes: &[(&str, &[&str])] = &[
        ("rusqlite::", &["store"]),
        ("rmcp::", &["mcp", "downstream"]),
        ("clap::", &["cli"]),
        ("indicatif::", &["cli"]),
        ("minijinja::", &["expr"]),
        ("petgraph::", &["workflow"]),
        ("hyper::", &["engine"]),
        ("rustls::", &["engine"]),
    ];
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let own = module(&file);
        let text = code(&std::fs::read_to_string(&file).unwrap());
        for (foreign, modules) in homes {
            if text.contains(foreign) && !modules.contains(&own.as_str()) {
                wrong.push(format!("{} names `{foreign}`", file.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "a crate left its room:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_of_the_sources_says_what_it_is() {
    let silent: Vec<String> = sources(&root().join("src"))
        .into_iter()
        .filter(|file| file.file_name().is_none_or(|name| name != "tests.rs"))
        .filter(|file| !std::fs::read_to_string(file).unwrap().starts_with("//!"))
        .map(|file| file.display().to_string())
        .collect();
    assert!(silent.is_empty(), "no module page (`//!`) in:\n{}", silent.join("\n"));
}

#[test]
fn no_file_of_the_sources_is_longer_than_a_thousand_lines() {
    let long: Vec<String> = sources(&root().join("src"))
        .into_iter()
        .filter(|file| file.file_name().is_none_or(|name| name != "tests.rs"))
        .filter(|file| std::fs::read_to_string(file).unwrap().lines().count() > 1_000)
        .map(|file| file.display().to_string())
        .collect();
    assert!(long.is_empty(), "split by noun:\n{}", long.join("\n"));
}
