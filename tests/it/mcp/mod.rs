//! The server over a pair of streams, line by line, in both eras.

mod bad_input;
mod calls;
mod changing;
mod ending;
mod eras;
mod load;
mod progress;
mod support;
mod untouched;
