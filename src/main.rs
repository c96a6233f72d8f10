//! The binary: reads the environment once, calls the command line.

fn main() {}
