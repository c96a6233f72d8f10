//! `sequitur guard`: the process that outlives ours to end its children.

use crate::cli::args::Guard;
use crate::cli::exit::Exit;
use crate::downstream::stand_guard;

/// Reads no configuration, opens no data folder and prints nothing: all it has is its input.
pub(in crate::cli) async fn guard(arguments: &Guard) -> Exit {
    stand_guard(tokio::io::stdin(), &arguments.parent).await;
    Exit::Completed
}
