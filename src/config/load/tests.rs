use std::path::{Path, PathBuf};

use super::{Loaded, Request, SourceKind, fallback, load};
use crate::config::{
    AutoResume, Capabilities, ConfigError, DataDir, Environment, OnRequestCancelled, OnUnknown, Standing, Transport,
    Trust, gated_parts,
};

/// A user's folder, a project's folder, variables.
struct Place {
    folder: tempfile::TempDir,
    environment: Environment,
    trust: Trust,
    roots: Vec<PathBuf>,
}

impl Place {
    fn new(user: Option<&str>, project: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        for (name, text) in [("home/config/config.json", user), ("project/sequitur.json", project)] {
            let path = base.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            if let Some(text) = text {
                std::fs::write(path, text).unwrap();
            }
        }
        let environment = Environment {
            cwd: base.join("project"),
            home: Some(base.join("home")),
            config_folder: Some(base.join("home/config")),
            ..Environment::default()
        };
        Self { folder, environment, trust: Trust::default(), roots: Vec::new() }
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.environment.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    fn trusted(mut self) -> Self {
        let data = DataDir::open(&self.folder.path().join("data")).unwrap();
        let file = self.environment.cwd.join("sequitur.json");
        let content = std::fs::read(&file).unwrap();
        self.trust.accept(&file, &content, &data).unwrap();
        self
    }

    fn request(&self) -> Request<'_> {
        Request { file: None, roots: &self.roots, environment: &self.environment, trust: &self.trust }
    }

    fn load(&self) -> Result<Loaded, ConfigError> {
        load(&self.request())
    }
}

fn messages(loaded: &Loaded) -> Vec<&str> {
    loaded.warnings.iter().map(|warning| warning.message.as_str()).collect()
}

#[test]
fn without_any_file_the_defaults_hold_and_the_project_is_the_root() {
    let place = Place::new(None, None);
    let loaded = place.load().unwrap();
    assert_eq!(loaded.config, crate::config::Config::default());
    assert_eq!(loaded.roots, std::slice::from_ref(&place.environment.cwd));
    assert_eq!((loaded.sources.len(), loaded.warnings.len()), (0, 0));
}

#[test]
fn the_example_of_the_interface_is_read_with_comments() {
    let example = r#"// mine
    { "mcpServers": { "git": {"command": "uvx", "args": ["mcp-server-git"], "env": {"X": "${X:-}"}, "trust": false,
                           "timeout_seconds": 60, "capabilities": ["data_fetch"], "max_concurrent_tasks": 4},
                   "gh":  {"url": "https://x.test/mcp", "headers": {"Authorization": "Bearer ${GH_TOKEN}"}} },
  "workflows": {"enabled": true, "directories": ["~/workflows"], "max_concurrent_workflows": 10, "max_parallel_steps": 10,
                 "progress_update_interval_seconds": 2, "allow_custom_workflows": true, "workflow_timeout_multiplier": 1.5},
  "intelligence": {"enabled": true, "intent_analysis_enabled": true, "recommendations_enabled": true, "learning_enabled": true,
                 "learning_database_path": null, "recommendation_count": 3, "min_confidence_threshold": 0.6},
  "tools": {"sets": ["core", "control", "authoring"], "packs": "auto", "expose": "auto", "list_budget_tokens": 10000, "pin": []},
  "agents": [{"id": "scout", "type": "crm", "capabilities": {"data_fetch": "crm__list"}, "server": "crm", "max_concurrent_tasks": 3}],
  "secrets": {"GH_TOKEN": "${GH_TOKEN}"},
  "security": {"roots": ["."], "webhook_hosts": [], "approve": ["agent:*"], "agent_may_relay": false},
  "retention": {"finished_days": 30, "max_database_mb": 2048, "interactions_days": 90, "log_parameters": "full"}, }"#;
    let place = Place::new(Some(example), None).var("GH_TOKEN", "ghp_0123456789");
    let loaded = place.load().unwrap();
    assert_eq!(loaded.config.mcp_servers.keys().collect::<Vec<_>>(), ["git", "gh"]);
    assert_eq!(loaded.config.workflows.directories, [place.environment.home.clone().unwrap().join("workflows")]);
    let directories = loaded.config.workflows.directories.clone();
    assert_eq!(loaded.config.workflows, crate::config::Workflows { directories, ..Default::default() });
    assert_eq!(loaded.config.intelligence, crate::config::Intelligence::default());
    assert_eq!(loaded.config.tools, crate::config::Tools::default());
    assert_eq!(loaded.config.retention, crate::config::Retention::default());
    assert!(
        matches!(&loaded.config.agents[0].capabilities, Capabilities::Tools(tools) if tools["data_fetch"] == "crm__list")
    );
    assert_eq!(loaded.roots, [place.environment.home.clone().unwrap().join("config")], "relative to the file");
    assert_eq!(loaded.config.secret_values(), ["Bearer ghp_0123456789", "ghp_0123456789"]);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn a_mistyped_key_is_told_with_its_place_and_the_nearest_name() {
    for (text, line, column, cause, hint) in [
        ("{\n  \"workflow\": {}\n}", 2, 3, "unknown key `workflow`", "did you mean `workflows`?"),
        (
            "{\"workflows\": {\n \"max_paralel_steps\": 3}}",
            2,
            2,
            "`workflows`: unknown key `max_paralel_steps`",
            "did you mean `max_parallel_steps`?",
        ),
        (
            "{\"mcpServers\": {\"a\": {\"comand\": \"x\"}}}",
            1,
            23,
            "`mcpServers.a`: unknown key `comand`",
            "did you mean `command`?",
        ),
        (
            "{\"workflows\": {\"on_unknown\": \"asc\"}}",
            1,
            30,
            "`workflows.on_unknown`: unknown value `asc`",
            "did you mean `ask`?",
        ),
        (
            "{\"tools\": {\"sets\": [\"core\", \"all\"]}}",
            1,
            29,
            "`tools.sets.1`: unknown value `all`",
            "known: `core`, `control`, `authoring`, `operations`, `gateway`",
        ),
    ] {
        let error = Place::new(Some(text), None).load().unwrap_err();
        assert_eq!(
            (error.line, error.column, error.cause.as_str(), error.hint.as_deref()),
            (Some(line), Some(column), cause, Some(hint)),
            "{text}"
        );
    }
}

#[test]
fn a_value_of_the_wrong_kind_or_size_is_told_with_its_place() {
    for (text, column, cause) in [
        ("[]", 1, "a configuration is an object"),
        ("{\"workflows\": []}", 15, "`workflows`: expected an object, found a list"),
        ("{\"workflows\": {\"enabled\": \"yes\"}}", 27, "`workflows.enabled`: expected a boolean, found text"),
        (
            "{\"workflows\": {\"max_parallel_steps\": 0}}",
            38,
            "`workflows.max_parallel_steps`: must be a whole number from 1 to 100000",
        ),
        (
            "{\"workflows\": {\"lease_seconds\": -1}}",
            33,
            "`workflows.lease_seconds`: must be a number of seconds, more than 0 and at most 315360000",
        ),
        (
            "{\"intelligence\": {\"min_confidence_threshold\": 60}}",
            47,
            "`intelligence.min_confidence_threshold`: must be a number from 0 to 1",
        ),
        (
            "{\"mcpServers\": {\"a\": {\"command\": \"x\", \"url\": \"y\"}}}",
            22,
            "`mcpServers.a`: a server has either `command` or `url`, not both",
        ),
        (
            "{\"agents\": [{\"id\": \"a\", \"capabilities\": 3}]}",
            41,
            "`agents.0.capabilities`: expected a list of capabilities, or an object from capability to tool",
        ),
        ("{\"agents\": [{}]}", 13, "`agents.0`: key `id` is missing"),
        (
            "{\"secrets\": {\"A\": \"short\"}}",
            19,
            "`secrets.A`: a secret must have at least 8 bytes: a shorter one cannot be kept out of logs and results",
        ),
    ] {
        let error = Place::new(Some(text), None).load().unwrap_err();
        assert_eq!((error.line, error.column, error.cause.as_str()), (Some(1), Some(column), cause), "{text}");
    }
}

#[test]
fn the_whole_message_names_file_line_and_column() {
    let place = Place::new(None, Some("{\"workflows\":\n}"));
    let file = place.environment.cwd.join("sequitur.json");
    assert_eq!(place.load().unwrap_err().to_string(), format!("{}:2:1: expected a value, found `}}`", file.display()));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let place = Place::new(None, None).var("SEQUITUR_CONFIG", "nope.json");
    let error = place.load().unwrap_err();
    assert_eq!(error.file, place.environment.cwd.join("nope.json"));
    assert_eq!(
        (error.cause.as_str(), error.hint.as_deref()),
        ("there is no such file", Some("`SEQUITUR_CONFIG` names it"))
    );
}

#[test]
fn the_project_is_laid_over_the_user_key_by_key() {
    let place = Place::new(
        Some(r#"{"workflows": {"max_parallel_steps": 3, "on_unknown": "fail"}, "tools": {"pin": ["a"]}}"#),
        Some(
            r#"{"workflows": {"max_parallel_steps": 5, "auto_resume": "never", "on_request_cancelled": "pause"}, "tools": {"pin": ["b"]}}"#,
        ),
    );
    let loaded = place.load().unwrap();
    let workflows = &loaded.config.workflows;
    assert_eq!(workflows.max_parallel_steps.get(), 5);
    assert_eq!(workflows.on_unknown, OnUnknown::Fail);
    assert_eq!(workflows.auto_resume, AutoResume::Never);
    assert_eq!(workflows.on_request_cancelled, OnRequestCancelled::Pause);
    assert_eq!(loaded.config.tools.pin, ["b"]);
    assert_eq!(
        loaded.sources.iter().map(|source| source.kind).collect::<Vec<_>>(),
        [SourceKind::User, SourceKind::Project(Standing::Unknown)]
    );
}

const GATED: &str = r#"{
  "workflows": {"directories": ["flows"], "max_parallel_steps": 5},
  "mcpServers": {"git": {"command": "./bin/git-mcp", "args": ["-v"]}},
  "agents": [{"id": "a"}],
  "secrets": {"S": "12345678"},
  "security": {"roots": ["models"]}
}"#;

#[test]
fn what_a_project_may_not_decide_is_ignored_until_it_is_trusted() {
    let user = r#"{"mcpServers": {"mine": {"command": "m"}}}"#;
    let place = Place::new(Some(user), Some(GATED));
    let loaded = place.load().unwrap();
    assert_eq!(loaded.config.mcp_servers.keys().collect::<Vec<_>>(), ["mine"]);
    assert!(loaded.config.workflows.directories.is_empty() && loaded.config.agents.is_empty());
    assert!(loaded.config.secrets.is_empty());
    assert_eq!(loaded.config.workflows.max_parallel_steps.get(), 5, "the rest counts");
    assert_eq!(loaded.roots, std::slice::from_ref(&place.environment.cwd));
    assert_eq!(
        messages(&loaded),
        [
            "`mcpServers`, `agents`, `secrets`, `security`, `workflows.directories` of this project's `sequitur.json` are \
          ignored: the file is not trusted"
        ]
    );
    assert_eq!(loaded.warnings[0].hint.as_deref(), Some("read the file, then run `sequitur trust .` in its folder"));
}

#[test]
fn a_trusted_project_decides_and_a_changed_one_does_not() {
    let place = Place::new(Some(r#"{"mcpServers": {"mine": {"command": "m"}}}"#), Some(GATED)).trusted();
    std::fs::create_dir(place.environment.cwd.join("models")).unwrap();
    let loaded = place.load().unwrap();
    assert_eq!(loaded.config.mcp_servers.keys().collect::<Vec<_>>(), ["mine", "git"]);
    assert_eq!(loaded.config.workflows.directories, [place.environment.cwd.join("flows")]);
    assert_eq!(loaded.roots, [place.environment.cwd.join("models")]);
    let Transport::Process { command, .. } = &loaded.config.mcp_servers["git"].transport else { panic!("a program") };
    assert_eq!(Path::new(command), place.environment.cwd.join("bin/git-mcp"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);

    std::fs::write(place.environment.cwd.join("sequitur.json"), format!("{GATED} ")).unwrap();
    let loaded = place.load().unwrap();
    assert_eq!(loaded.config.mcp_servers.keys().collect::<Vec<_>>(), ["mine"]);
    assert!(messages(&loaded)[0].ends_with("the file has changed since it was trusted"));
}

#[test]
fn a_person_is_told_what_trust_would_allow() {
    let parts = gated_parts(Path::new("sequitur.json"), GATED.as_bytes()).unwrap();
    assert_eq!(
        parts,
        ["mcpServers.git (starts `./bin/git-mcp -v`)", "agents", "secrets.S", "security", "workflows.directories"]
    );
}

#[test]
fn a_server_is_replaced_as_a_whole() {
    let place = Place::new(
        Some(r#"{"mcpServers": {"git": {"command": "good", "env": {"API_TOKEN": "0123456789"}}}}"#),
        Some(r#"{"mcpServers": {"git": {"url": "https://x.test"}}}"#),
    )
    .trusted();
    let loaded = place.load().unwrap();
    assert!(
        matches!(&loaded.config.mcp_servers["git"].transport, Transport::Http { headers, .. } if headers.is_empty())
    );
}

#[test]
fn the_servers_of_vs_code_are_read() {
    let text = r#"{"inputs": [{"id": "k"}], "servers": {"a": {"type": "stdio", "command": "x", "env": {"K": "${input:k}"}}},
                   "mcpServers": {"b": {"type": "http", "url": "https://x.test", "alwaysAllow": []}}}"#;
    let loaded = Place::new(Some(text), None).load().unwrap();
    assert_eq!(loaded.config.mcp_servers.keys().collect::<Vec<_>>(), ["b", "a"]);
    assert!(loaded.config.mcp_servers["a"].problem.as_deref().unwrap().contains("input:k"));
    assert_eq!(loaded.warnings.len(), 3, "{:?}", messages(&loaded));
}

#[test]
fn a_variable_that_is_not_set_costs_one_server_or_secret_but_elsewhere_the_file() {
    let text = r#"{"mcpServers": {"a": {"command": "x", "env": {"T": "${NOPE}"}}, "b": {"command": "${CMD}"}},
                   "secrets": {"S": "${NOPE}"}}"#;
    let loaded = Place::new(Some(text), None).var("CMD", "run").load().unwrap();
    assert_eq!(loaded.config.mcp_servers["a"].problem.as_deref(), Some("environment variable `NOPE` is not set"));
    assert_eq!(loaded.config.mcp_servers["b"].problem, None);
    assert!(loaded.config.secrets.is_empty());
    assert_eq!(
        messages(&loaded),
        [
            "server `a` cannot be used: environment variable `NOPE` is not set",
            "secret `S` is missing: environment variable `NOPE` is not set"
        ]
    );

    let error = Place::new(Some(r#"{"tools": {"pin": ["${NOPE}"]}}"#), None).load().unwrap_err();
    assert_eq!((error.column, error.cause.as_str()), (Some(20), "environment variable `NOPE` is not set"));
    assert_eq!(error.hint.as_deref(), Some("set `NOPE`, or give a default: `${NOPE:-default}`"));
}

#[test]
fn an_argument_replaces_the_configured_roots_and_missing_ones_are_told() {
    let mut place = Place::new(Some(r#"{"security": {"roots": ["elsewhere"]}}"#), None);
    std::fs::create_dir(place.environment.cwd.join("models")).unwrap();
    place.roots = vec!["models".into(), "./models".into(), "nope".into()];
    let loaded = place.load().unwrap();
    assert_eq!(loaded.roots, [place.environment.cwd.join("models")]);
    assert!(messages(&loaded)[0].contains("nope` does not count"), "{:?}", loaded.warnings);

    place.roots.clear();
    let listed = std::env::join_paths(["models", "."]).unwrap().into_string().unwrap();
    let place = place.var("SEQUITUR_ROOTS", &listed);
    assert_eq!(place.load().unwrap().roots, [place.environment.cwd.join("models"), place.environment.cwd.clone()]);
}

#[test]
fn the_home_folder_is_no_root_by_accident() {
    let mut place = Place::new(None, None);
    place.environment.cwd = place.environment.home.clone().unwrap();
    let loaded = place.load().unwrap();
    assert!(loaded.roots.is_empty());
    assert!(messages(&loaded)[0].ends_with("is no project, it is the home folder"), "{:?}", loaded.warnings);
    place.roots = vec![place.environment.cwd.clone()];
    assert_eq!(place.load().unwrap().roots, [place.environment.cwd.clone()], "named, it counts");
}

#[test]
fn a_broken_configuration_leaves_only_the_roots_that_were_given() {
    let mut place = Place::new(Some("{"), None);
    assert!(place.load().is_err());
    assert!(fallback(&place.request()).roots.is_empty());
    place.roots = vec![place.environment.cwd.clone()];
    assert_eq!(fallback(&place.request()).roots, [place.environment.cwd.clone()]);
}

#[test]
fn secrets_are_found_by_the_name_they_stand_under() {
    let text = r#"{"mcpServers": {"a": {"command": "x", "env": {"api_key": "abcdefgh1", "PATH_X": "notsecret", "PASSWORD": "tiny"}},
        "b": {"url": "https://x.test", "headers": {"authorization": "Bearer abcdefgh2", "Accept": "text/plain"}}},
        "secrets": {"X": "abcdefgh3"}}"#;
    let loaded = Place::new(Some(text), None).load().unwrap();
    assert_eq!(loaded.config.secret_values(), ["Bearer abcdefgh2", "abcdefgh1", "abcdefgh2", "abcdefgh3"]);
    assert!(!format!("{:?}", loaded.config).contains("abcdefgh"), "never printed");
}
