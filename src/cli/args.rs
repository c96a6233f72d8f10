//! The arguments of every command.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::setup::Global;

const ABOUT: &str = "Runs whole multi-step jobs as durable workflows, over MCP or from here.";

const EXAMPLES: &str = "\
Examples:
  sequitur templates                               what can be run
  sequitur run model_inventory                     run it here, with progress and a summary
  sequitur run report -p region=north -p limit=20  with parameters, by their declared types
  sequitur runs                                    what is going on, and the last runs
  sequitur show RUN                                one run, step by step
  sequitur inbox                                   what waits for you
  sequitur doctor                                  what is configured, and what is wrong with it

Without a command and without a terminal on standard input, `serve` is meant: that is how MCP clients start it.
Exit codes: 0 completed, 1 failed, 2 bad input, 3 waiting for a person, 130 cancelled.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "sequitur", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 110)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Speak MCP over standard input and output
    ///
    /// The way an MCP client starts it. Nothing but the protocol goes to standard output; the log goes to standard
    /// error. It stays up with a configuration or data folder that cannot be used, and its tools say what is wrong.
    #[command(after_help = "Example, in a client's configuration:\n  \
        {\"mcpServers\": {\"sequitur\": {\"command\": \"sequitur\", \"args\": [\"serve\", \"--root\", \"/path/to/project\"]}}}")]
    Serve,

    #[command(flatten)]
    WithTools(ToolCommand),

    /// Check template files: everything that is wrong, with line and column
    ///
    /// Also checks the tools that steps name, as far as they can be reached from here. Exit code 0 when no file has an
    /// error; warnings alone do not count.
    #[command(after_help = "Example:\n  sequitur validate workflows/*.yaml")]
    Validate(Validate),

    /// Check Power BI models against best practices: a gate for changes
    ///
    /// PATH is a model, a project, or a folder of them. Exit code 0 without new findings, 1 with some, 2 for what
    /// cannot be checked. Findings are new unless a baseline or a revision has them too. Rules of your own and rules
    /// that are left out stand in `sequitur-rules.yaml` beside the model.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),

    /// Trust a project's `sequitur.json`, as it is now
    ///
    /// Until then its servers, agents, secrets, security settings, retention and folders are ignored. When the file
    /// changes it must be trusted again. Read it first: it can start programs.
    #[command(after_help = "Example:\n  sequitur trust .")]
    Trust(Trust),

    /// Tell what is configured, where things are, and what is wrong
    #[command(after_help = "Example:\n  sequitur doctor --json")]
    Doctor(Json),

    /// End the servers of a process when that one dies
    ///
    /// Not for people: a process starts it itself, and tells it through standard input which process groups there are.
    #[command(
        hide = true,
        after_help = "Example, which ends what a process that is gone has left:\n  sequitur guard 0192f3c8-7e1d-7a40-9d1f-3b0f6f0c2a55 </dev/null"
    )]
    Guard(Guard),
}

/// The commands that call tools.
#[derive(Debug, Subcommand)]
pub(super) enum ToolCommand {
    /// Run a workflow and wait for its end
    ///
    /// TEMPLATE is a template's id (see `sequitur templates`), or a template file. Ctrl-C cancels the run in order and
    /// undoes what declares how; a second Ctrl-C ends at once, and the run can be resumed later.
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),

    /// Go on with a paused or interrupted run
    #[command(after_help = "Example:\n  sequitur resume 0192f3c8-7e1d-7a40-9d1f-3b0f6f0c2a55")]
    Resume(OneRun),

    /// List runs: open ones, then the last finished
    #[command(after_help = "Examples:\n  sequitur runs --status waiting\n  sequitur runs --limit 50 --json")]
    Runs(Runs),

    /// Show one run, step by step
    #[command(after_help = "Example:\n  sequitur show 0192f3c8-7e1d-7a40-9d1f-3b0f6f0c2a55 --json")]
    Show(OneRun),

    /// Cancel a run
    ///
    /// Calls in flight get five seconds to end. Completed steps that declare how are undone.
    #[command(
        after_help = "Example:\n  sequitur cancel 0192f3c8-7e1d-7a40-9d1f-3b0f6f0c2a55 --reason \"wrong region\""
    )]
    Cancel(Cancel),

    /// Pause a run: calls in flight finish, nothing new starts
    #[command(after_help = "Example:\n  sequitur pause 0192f3c8-7e1d-7a40-9d1f-3b0f6f0c2a55")]
    Pause(OneRun),

    /// Answer a task that waits for a person, and wait for the run's end
    #[command(after_help = "Examples:\n  sequitur respond RUN approval approved=true\n  \
        sequitur respond RUN approval --answer '{\"approved\": false, \"comment\": \"too early\"}'\n  \
        sequitur respond RUN publish action=retry      an interrupted step: retry, done or fail")]
    Respond(Respond),

    /// Tell runs of an event, and start the templates that wait for it
    ///
    /// With --run the signal is kept for that run until a wait takes it; else it reaches the waits that are open.
    #[command(after_help = "Examples:\n  sequitur signal payment_received --run RUN --payload '{\"amount\": 5}'\n  \
        sequitur signal release_published --signal-id v1.4.0")]
    Signal(Signal),

    /// List what waits for a person
    #[command(after_help = "Example:\n  sequitur inbox --json")]
    Inbox(Json),

    /// List templates
    #[command(
        after_help = "Examples:\n  sequitur templates\n  sequitur templates model\n  sequitur templates --category analysis"
    )]
    Templates(Templates),

    /// List every tool that can be called, by clients and in workflows
    ///
    /// Starts your servers to ask for theirs, and shows which of them changed since they were accepted.
    #[command(after_help = "Examples:\n  sequitur tools --json\n  sequitur tools accept git__git_log")]
    Tools(Tools),
}

const CHECK_EXAMPLES: &str = "\
Examples:
  sequitur check .                                      every model below this folder
  sequitur check Sales.SemanticModel --fail-on error    warnings are shown and do not fail
  sequitur check . --write-baseline known.json          what is there today is known
  sequitur check . --baseline known.json                and from now on only new findings fail
  sequitur check . --since origin/main --format sarif   only what a change brings, for code hosts";

const RUN_EXAMPLES: &str = "\
Examples:
  sequitur run model_inventory --root ./models
  sequitur run report -p region=north -p limit=20 -p 'tags=[\"a\", \"b\"]'
  sequitur run report --params values.json --json
  sequitur run ./my_workflow.yaml --dry-run

A value of -p is read by the parameter's declared type: text as it stands, numbers and true/false as \
such, lists and objects as JSON. -p goes over --params.";

#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// A template's id, or a template file
    pub(super) template: String,
    /// A parameter; repeatable
    #[arg(short, long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) parameters: Vec<(String, String)>,
    /// Parameters as a JSON or YAML object; `-` reads standard input
    #[arg(long, value_name = "FILE|-")]
    pub(super) params: Option<PathBuf>,
    /// How ready steps are chosen, instead of what the template says
    #[arg(long, value_name = "MODE")]
    pub(super) mode: Option<Mode>,
    /// Among other runs of this process
    #[arg(long, value_name = "PRIORITY")]
    pub(super) priority: Option<Priority>,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The same key and the same request give the same run, however often it is asked for
    #[arg(long, value_name = "KEY")]
    pub(super) idempotency_key: Option<String>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Guard {
    /// The id of the process, which marks its children
    pub(super) parent: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Json {
    /// One JSON document on standard output: what the matching tool answers
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Tools {
    #[command(subcommand)]
    pub(super) action: Option<ToolsAction>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum ToolsAction {
    /// Take a tool whose server has changed it as it is now
    ///
    /// Until then it is neither listed nor called. Processes that run take it within 2 seconds. Look at what changed
    /// first: `sequitur tools` shows it.
    Accept(Accept),
}

#[derive(Debug, clap::Args)]
pub(super) struct Accept {
    /// The tool's name, as in `git__git_log`
    pub(super) name: String,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct OneRun {
    /// The run's id
    pub(super) run: String,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Runs {
    /// Only runs in this state
    #[arg(long, value_name = "STATUS")]
    pub(super) status: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) limit: Option<u32>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Cancel {
    /// The run's id
    pub(super) run: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Leave completed steps as they are
    #[arg(long)]
    pub(super) no_compensate: bool,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Respond {
    /// The run's id
    pub(super) run: String,
    /// The task's id, as `inbox` shows it
    pub(super) task: String,
    /// The answer, field by field
    #[arg(value_name = "KEY=VALUE", value_parser = key_value, required_unless_present = "answer", conflicts_with = "answer")]
    pub(super) fields: Vec<(String, String)>,
    /// The answer as JSON
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub(super) answer: Option<serde_json::Value>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Signal {
    /// The event's name
    pub(super) event: String,
    /// Only this run
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
    /// What comes with it
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub(super) payload: Option<serde_json::Value>,
    /// Deliver a signal with this id once
    #[arg(long, value_name = "ID")]
    pub(super) signal_id: Option<String>,
    /// Wait at most so long for the runs it reached; without it until they end or wait again
    #[arg(long, value_name = "SECONDS")]
    pub(super) wait: Option<u64>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Templates {
    /// Words to look for
    pub(super) query: Option<String>,
    /// analysis, optimization, documentation, development, exploration or automation
    #[arg(long, value_name = "CATEGORY")]
    pub(super) category: Option<String>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Validate {
    /// Template files, YAML or JSON
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// A model, a project, or a folder of them
    #[arg(value_name = "PATH")]
    pub(super) path: PathBuf,
    /// New findings from this severity on fail the check
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    pub(super) fail_on: FailOn,
    /// A file with findings that are known
    #[arg(long, value_name = "FILE", conflicts_with = "since")]
    pub(super) baseline: Option<PathBuf>,
    /// A revision: what was found in its files is known; needs `git`
    #[arg(long, value_name = "REV")]
    pub(super) since: Option<String>,
    /// Write what is found as the baseline, and end with 0
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "baseline"])]
    pub(super) write_baseline: Option<PathBuf>,
    /// How findings are shown
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: CheckFormat,
    /// How closely models are looked at
    #[arg(long, value_name = "DEPTH", default_value = "balanced")]
    pub(super) depth: CheckDepth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Every new finding
    Info,
    /// New warnings and errors
    Warning,
    /// New errors
    Error,
    /// Nothing
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// For people: new findings by rule, three of each
    Text,
    /// One JSON document with everything
    Json,
    /// SARIF 2.1.0
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckDepth {
    /// Properties only
    Fast,
    /// Expressions too
    Balanced,
    /// Also what nothing uses, and style
    #[value(alias = "detailed")]
    Deep,
}

#[derive(Debug, clap::Args)]
pub(super) struct Trust {
    /// The project's folder, or its `sequitur.json`
    #[arg(default_value = ".", value_name = "PATH")]
    pub(super) path: PathBuf,
    #[command(flatten)]
    pub(super) output: Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// One step at a time, in file order
    Sequential,
    /// All that is ready, up to the bounds
    Parallel,
    /// By learned durations and load
    Adaptive,
    /// Stages of a loop overlap
    Pipeline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Priority {
    Critical,
    High,
    Medium,
    Low,
    Background,
}

/// The name that tools take for a choice.
pub(super) fn name_of(choice: &impl ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        Some(_) | None => Err("write it as KEY=VALUE".to_owned()),
    }
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{Arguments, Command, Mode, ToolCommand, name_of};

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_has_help_with_an_example() {
        for command in Arguments::command().get_subcommands_mut() {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example") && help.len() > 100, "{name}: {help}");
        }
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in ["sequitur --root a --root b --log debug runs", "sequitur runs --root a --root b --log debug"] {
            let arguments = parse(line).unwrap();
            assert_eq!(arguments.global.roots.len(), 2, "{line}");
            assert_eq!(arguments.global.log.as_deref(), Some("debug"));
        }
        assert!(parse("sequitur").unwrap().command.is_none());
    }

    #[test]
    fn run_takes_parameters_in_every_spelling() {
        let arguments =
            parse("sequitur run report -p a=1 -p b=x=y --param c= --mode pipeline --dry-run --json --params -")
                .unwrap();
        let Some(Command::WithTools(ToolCommand::Run(run))) = arguments.command else { panic!("run") };
        assert_eq!(
            run.parameters,
            [("a", "1"), ("b", "x=y"), ("c", "")].map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert_eq!(run.mode.as_ref().map(name_of).as_deref(), Some("pipeline"));
        assert!(run.mode == Some(Mode::Pipeline) && run.dry_run && run.output.json);
    }

    #[test]
    fn mistakes_are_refused_with_code_two() {
        for line in [
            "sequitur run",
            "sequitur run t -p nonsense",
            "sequitur run t -p =1",
            "sequitur run t --mode fast",
            "sequitur respond r t",
            "sequitur respond r t --answer {",
            "sequitur respond r t a=1 --answer 1",
            "sequitur validate",
            "sequitur runs --limit 0",
            "sequitur check",
            "sequitur check . --baseline a --since b",
            "sequitur check . --format xml",
            "sequitur walk",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
