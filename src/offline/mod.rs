//! The monitor over recorded conversations: `score` runs them through the pipeline here, `replay` plays them
//! to a running server.
//!
//! Holds always: time is the frames' `ts`, never the wall clock; the same input gives the same bytes; input
//! is streamed, never held whole; standard output carries results only. Called by `cli`.

pub mod backtest;
pub mod clean;
mod foresight;
pub mod progress;
pub mod reader;
pub mod recorded;
pub mod replay;
pub mod report;
pub mod score;
