//! The binary: reads the environment once, hands it to the command line.

use std::process::ExitCode;

use sequitur::app::App;
use sequitur::base::SystemEntropy;
use sequitur::cli;
use sequitur::config::Environment;

fn main() -> ExitCode {
    cli::main(std::env::args_os(), Environment::read(), &SystemEntropy, &App::default())
}
