//! From the arguments to the exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use super::args::{Arguments, CheckFormat, Command, ToolCommand, ToolsAction};
use super::backend::{Backend, Purpose};
use super::commands;
use super::drive::{Driver, Interrupts, system_interrupts};
use super::exit::Exit;
use super::failure::Failure;
use super::setup::Setup;
use super::terminal::Terminal;
use crate::base::Entropy;
use crate::config::Environment;
use crate::downstream::PARENT_VARIABLE;
use crate::telemetry::Log;

/// Runs one command line, `arguments` beginning with the program's name. All that `main` does
/// beside this is to read the environment and to build `backend`.
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    environment: Environment,
    entropy: &dyn Entropy,
    backend: &dyn Backend,
) -> ExitCode {
    let terminal = Terminal::system(&environment);
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that nobody can read is no reason to fail differently.
            error.print().ok();
            return ExitCode::from(if error.use_stderr() { Exit::BadInput.code() } else { Exit::Completed.code() });
        }
    };
    // The guard waits for one pipe.
    let mut runtime = match arguments.command {
        Some(Command::Guard(_)) => tokio::runtime::Builder::new_current_thread(),
        Some(_) | None => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&terminal, &Failure::Io(error), false).into(),
    };
    let exit = runtime.block_on(async {
        let json = wants_json(arguments.command.as_ref());
        match run(arguments, environment, entropy, backend, &terminal, system_interrupts).await {
            Ok(exit) => exit,
            Err(failure) => report(&terminal, &failure, json),
        }
    });
    // A thread that reads the terminal, or a call that does not end, must not keep the process.
    runtime.shutdown_background();
    exit.into()
}

/// Runs one parsed command line.
pub(super) async fn run(
    arguments: Arguments,
    environment: Environment,
    entropy: &dyn Entropy,
    backend: &dyn Backend,
    terminal: &Terminal,
    interrupts: impl FnOnce() -> Interrupts,
) -> Result<Exit, Failure> {
    let Arguments { global, command } = arguments;
    let command = match command {
        Some(command) => command,
        None if terminal.in_is_terminal => {
            terminal.say(&Arguments::command().render_help().to_string())?;
            return Ok(Exit::Completed);
        }
        None => Command::Serve,
    };
    let serving = matches!(command, Command::Serve);
    if serving && environment.filled(PARENT_VARIABLE).is_some() {
        return Err(behind_another());
    }
    let level = global.log.as_deref().or_else(|| environment.filled("SEQUITUR_LOG"));
    // A person has the command's own messages; a client's log is all there is of `serve`.
    let log = match Log::start(level.unwrap_or(if serving { "info" } else { "error" })) {
        Ok(log) => log,
        Err(error) if serving => {
            let log = Log::start("info").unwrap_or_default();
            tracing::warn!(hint = error.hint(), "{error}; the level is `info`");
            log
        }
        Err(crate::telemetry::TelemetryError::Started) => Log::default(),
        Err(error) => return Err(error.into()),
    };
    let setup = |environment| Setup::read(&global, environment, &log);
    let (command, setup) = match command {
        Command::Serve => {
            let setup = setup(environment);
            setup.log_errors();
            return backend.serve(setup).await;
        }
        Command::Guard(arguments) => return Ok(commands::guard(&arguments).await),
        Command::Check(arguments) => return commands::check(terminal, &environment, &arguments),
        Command::Trust(arguments) => return commands::trust(terminal, setup(environment), &arguments),
        Command::Doctor(arguments) => {
            return commands::doctor(terminal, backend, setup(environment), arguments.json).await;
        }
        Command::Validate(arguments) => {
            return commands::validate(terminal, backend, setup(environment), &arguments).await;
        }
        Command::WithTools(command) => (command, setup(environment).sound()?),
    };
    let json = json_of(&command);
    if !json {
        for warning in &setup.loaded.warnings {
            terminal.note(&format!("warning: {warning}"))?;
        }
    }
    let drives = matches!(
        command,
        ToolCommand::Run(_) | ToolCommand::Resume(_) | ToolCommand::Respond(_) | ToolCommand::Signal(_)
    );
    let environment = setup.environment.clone();
    let client = backend.client(setup, if drives { Purpose::Drive } else { Purpose::Look }).await?;
    let driver = |interrupts: Interrupts| Driver { client: &client, terminal, interrupts, json };
    let done = match command {
        ToolCommand::Run(arguments) => commands::run(driver(interrupts()), &environment, entropy, arguments).await,
        ToolCommand::Resume(arguments) => commands::resume(driver(interrupts()), arguments).await,
        ToolCommand::Respond(arguments) => commands::respond(driver(interrupts()), arguments).await,
        ToolCommand::Signal(arguments) => commands::signal(&client, terminal, arguments).await,
        ToolCommand::Runs(arguments) => commands::runs(&client, terminal, arguments).await,
        ToolCommand::Show(arguments) => commands::show(&client, terminal, &arguments).await,
        ToolCommand::Cancel(arguments) => commands::cancel(&client, terminal, arguments).await,
        ToolCommand::Pause(arguments) => commands::pause(&client, terminal, &arguments).await,
        ToolCommand::Inbox(arguments) => commands::inbox(&client, terminal, arguments.json).await,
        ToolCommand::Templates(arguments) => commands::templates(&client, terminal, arguments).await,
        ToolCommand::Tools(arguments) => commands::tools(&client, terminal, &arguments).await,
    };
    if !matches!(done, Err(Failure::Killed)) {
        (client.close)().await;
    }
    done
}

/// Each call would go through both, and each would start the servers of the other.
fn behind_another() -> Failure {
    Failure::input(
        "this Sequitur was started by another one, and does not serve behind it",
        format!(
            "take it out of the other's `mcpServers`; in a shell that a server has opened, unset `{PARENT_VARIABLE}`"
        ),
    )
}

fn wants_json(command: Option<&Command>) -> bool {
    match command {
        Some(Command::Validate(arguments)) => arguments.output.json,
        Some(Command::Trust(arguments)) => arguments.output.json,
        Some(Command::Check(arguments)) => arguments.format == CheckFormat::Json,
        Some(Command::Doctor(arguments)) => arguments.json,
        Some(Command::WithTools(command)) => json_of(command),
        Some(Command::Serve | Command::Guard(_)) | None => false,
    }
}

fn json_of(command: &ToolCommand) -> bool {
    match command {
        ToolCommand::Run(arguments) => arguments.output.json,
        ToolCommand::Resume(arguments) | ToolCommand::Show(arguments) | ToolCommand::Pause(arguments) => {
            arguments.output.json
        }
        ToolCommand::Runs(arguments) => arguments.output.json,
        ToolCommand::Cancel(arguments) => arguments.output.json,
        ToolCommand::Respond(arguments) => arguments.output.json,
        ToolCommand::Signal(arguments) => arguments.output.json,
        ToolCommand::Templates(arguments) => arguments.output.json,
        ToolCommand::Inbox(arguments) => arguments.json,
        ToolCommand::Tools(arguments) => match &arguments.action {
            Some(ToolsAction::Accept(accept)) => accept.output.json,
            None => arguments.output.json,
        },
    }
}

/// Tells a failure; the exit code that goes with it.
pub(super) fn report(terminal: &Terminal, failure: &Failure, json: bool) -> Exit {
    let broken_pipe = matches!(failure, Failure::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe);
    if broken_pipe || matches!(failure, Failure::Killed) {
        return failure.exit();
    }
    let told = if json { terminal.json(&failure.to_json()) } else { tell(terminal, failure) };
    // With its streams gone only the exit code is left to tell it.
    told.ok();
    failure.exit()
}

fn tell(terminal: &Terminal, failure: &Failure) -> Result<(), Failure> {
    terminal.note(&format!("error: {failure}"))?;
    for detail in failure.details() {
        terminal.note(&format!("  {detail}"))?;
    }
    match failure.hint() {
        Some(hint) => terminal.note(&format!("hint: {hint}")),
        None => Ok(()),
    }
}
