//! What the state of a conversation means: the course of its scores, waiting, risk and level.
//!
//! Holds always: pure functions of [`Facts`]; no state, no clock, no I/O; the same facts give the same figures.
//! Called by `pipeline` after each turn has taken effect.

pub mod course;
pub mod facts;
pub mod repetition;
pub mod risk;
pub mod start_over;
pub mod steps;
pub mod stuck;
pub mod waiting;

pub use risk::{Assessment, assess, level};

use crate::wire::Channel;

/// What the detectors look at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Scores (−1 to 1) of the customer turns that were judged, oldest first; the most recent few only.
    pub scores: &'a [f64],
    /// −1 to 1: all judged customer turns, recent ones weighing more; 0 where there is none.
    pub sentiment: f64,
    /// How long the oldest unanswered customer turn has waited, in seconds.
    pub waiting_seconds: Option<f64>,
    /// Where the conversation takes place: patience differs.
    pub channel: Channel,
}
