//! The command line: one file per command, which only turns arguments into calls.

pub mod replay;
pub mod score;
