//! What tools work with.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{Clock, Entropy};

/// The parts that tools need, made once at the start. A tool takes what it
/// needs and nothing is global.
pub struct Services {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random numbers.
    pub entropy: Arc<dyn Entropy>,
    /// The folders that are open to file tools.
    pub roots: Vec<PathBuf>,
}
