//! The binary itself, over its standard streams and on the command line.

mod bad_input;
mod check;
mod client;
mod command_line;
mod configuration;
mod data_folder;
mod ending;
mod main_job;
mod model_tools;
mod place;
mod processes;
mod waits;
mod webhooks;
