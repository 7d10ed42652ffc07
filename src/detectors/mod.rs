//! What the state of a conversation means: the course of its scores, waiting, risk and level; and what time and
//! the order of turns show: `left_waiting`, `cut_short`, an unmet `escalation_request`, `missing_basics`.
//!
//! Holds always: pure functions of what they are given; no clock, no I/O; the same input gives the same figures and
//! findings. What they need to remember over time is a [`Watch`], which the conversation holds.
//! Called by `pipeline`: before a turn for what time has found, after it for what the turn changed.

pub mod contradictions;
pub mod course;
pub mod facts;
pub mod promises;
pub mod repetition;
pub mod risk;
pub mod start_over;
pub mod steps;
pub mod stuck;
pub mod waiting;

mod cut_short;
mod discovery;
mod empty_promise;
mod english;
mod hours;
mod left_waiting;
mod limits;
mod missing_basics;
mod phrases;
mod shown;
mod unmet_request;
mod watch;
mod words;

pub use discovery::{Change, Discovery, Quoted};
pub use hours::{Hours, SPANS_MAX, Span};
pub use limits::{DetectorLimits, ReplySeconds};
pub use risk::{Assessment, assess, level};
pub use shown::Shown;
pub use watch::{Setting, TurnSeen, Watch};
pub use words::Need;

use crate::wire::Channel;

/// What the risk looks at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Scores (−1 to 1) of the customer turns that were judged, oldest first; the most recent few only.
    pub scores: &'a [f64],
    /// −1 to 1: all judged customer turns, recent ones weighing more; 0 where there is none.
    pub sentiment: f64,
    /// −1 to 0: how much more negative than others the customer has sounded in earlier conversations, as far as that
    /// is known; 0 where nothing is.
    pub baseline: f64,
    /// How long the oldest unanswered customer turn has waited, in seconds.
    pub waiting_seconds: Option<f64>,
    /// Where the conversation takes place: patience differs.
    pub channel: Channel,
}
