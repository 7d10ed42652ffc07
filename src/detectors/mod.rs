//! What the state of a conversation means: the course of its scores, waiting, risk and level; and what time and
//! the order of turns show: `left_waiting`, `cut_short`, an unmet `escalation_request`, `missing_basics`.
//!
//! Holds always: pure functions of what they are given; no clock, no I/O; the same input gives the same figures and
//! findings. What they need to remember over time is a [`Watch`], which the conversation holds.
//! Called by `pipeline`: before a turn for what time has found, after it for what the turn changed.

pub mod contradictions;
pub mod course;
pub mod facts;
pub mod mood;
pub mod promises;
pub mod repetition;
pub mod risk;
pub mod start_over;
pub mod steps;
pub mod stuck;
pub mod waiting;

mod canned;
mod cut_short;
mod discovery;
mod empty_promise;
mod english;
mod hours;
mod left_waiting;
mod limits;
mod missing_basics;
mod phrases;
mod recall;
#[cfg(test)]
mod script;
mod shown;
mod told_already;
mod unmet_request;
mod watch;
mod words;

pub use course::{Course, Features};
pub use discovery::{Change, Discovery, Quoted};
pub use hours::{Hours, SPANS_MAX, Span};
pub use limits::{DetectorLimits, ReplySeconds};
pub use recall::{Heard, MOVES_MAX};
pub use risk::{Assessment, RiskModel, RiskModelError, level};
pub use shown::Shown;
pub use watch::{Setting, TurnSeen, Watch};
pub use words::Need;
