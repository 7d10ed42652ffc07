//! `undertone backtest`: rules over recorded conversations, counted, compared with other rules, and held against what
//! really happened.
//!
//! Holds always: the pipeline is the one that serves, run by [`super::score`]; two sets of rules see the same scores,
//! which are computed once; memory is bounded by the limits of [`follow`]. Called by `cli`.

pub mod compare;
pub mod counts;
pub mod example;
pub mod figures;
pub mod follow;
pub mod judge;
pub mod labels;
pub mod report;
pub mod source;
mod table;
pub mod text;
pub mod verdicts;

#[cfg(test)]
mod tests;
