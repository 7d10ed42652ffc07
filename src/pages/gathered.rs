//! What the report is drawn from.
//!
//! Holds always: every list is bounded by the limit that its doc names. Made by `offline::report`, drawn by
//! [`super::report()`].

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::wire::{AlertKind, AlertView, Contribution, ConversationDetail, FindingKind, Level};

/// Conversations that are shown in full, most at risk first.
pub const TOP_CONVERSATIONS_MAX: usize = 20;
/// Alerts that are listed, most severe first.
pub const ALERTS_LISTED_MAX: usize = 100;
/// Quotes for each name.
pub const EXAMPLES_MAX: usize = 3;
/// Bars of the levels.
pub const BINS_MAX: usize = 60;
/// Bad lines that are named.
pub const BAD_LINES_SHOWN_MAX: usize = 10;

/// All that the page shows.
#[derive(Clone)]
pub struct Report {
    /// What the input is called.
    pub input: String,
    pub model: String,
    pub rules_version: String,
    pub zone: TimeZone,
    pub figures: Figures,
    pub course: Course,
    /// The times of the first and the last turn; none where the recording has none of its own.
    pub span: Option<(Timestamp, Timestamp)>,
    pub rules: Vec<RuleCount>,
    /// Rules that never alerted.
    pub silent_rules: Vec<String>,
    /// Most frequent first.
    pub names: Vec<NameCount>,
    /// The most severe of all, at most [`ALERTS_LISTED_MAX`].
    pub alerts: Vec<AlertView>,
    /// Most at risk first, at most [`TOP_CONVERSATIONS_MAX`].
    pub top: Vec<Top>,
    /// The first bad lines and what is wrong with them, at most [`BAD_LINES_SHOWN_MAX`].
    pub bad_lines: Vec<(u64, String)>,
    /// Why the input was not read to its end.
    pub broken_off: Option<String>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    pub conversations: u64,
    pub customer_turns: u64,
    pub business_turns: u64,
    pub abstained_turns: u64,
    /// Judged turns of customers that were negative.
    pub negative_turns: u64,
    /// Conversations by the worst level that they reached.
    pub reached: [u64; 4],
    /// Conversations with an alert.
    pub alerted: u64,
    pub alerts: u64,
    /// Lines and turns that were refused.
    pub bad: u64,
    /// Conversations beyond those whose course is remembered.
    pub not_followed: u64,
}

/// The levels over time, or over the order of the input.
#[derive(Clone, Debug, Default)]
pub struct Course {
    pub by_time: bool,
    pub bin_seconds: f64,
    /// At most [`BINS_MAX`].
    pub bins: Vec<Bin>,
}

/// Conversations that began together.
#[derive(Clone, Copy, Debug)]
pub struct Bin {
    pub began: Timestamp,
    /// The number of the first one, from 1.
    pub first: u64,
    /// By the worst level that they reached.
    pub reached: [u64; 4],
}

/// How often a rule alerted, by the severity that its alerts reached.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleCount {
    pub rule: String,
    pub kind: AlertKind,
    /// In the order of `Severity::ALL`.
    pub alerts: [u64; 3],
}

/// How often something was seen or found.
#[derive(Clone, Debug, PartialEq)]
pub struct NameCount {
    pub name: String,
    pub kind: FindingKind,
    /// Turns in which the model saw it.
    pub in_turns: u64,
    /// Found by time, repetition or comparison, and not seen by the model in that same turn.
    pub found: u64,
    /// At most [`EXAMPLES_MAX`], of different conversations.
    pub examples: Vec<Example>,
}

/// A quote.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub conversation_id: String,
    pub turn_id: String,
    pub quote: String,
}

/// A conversation that is shown in full.
#[derive(Clone)]
pub struct Top {
    pub detail: ConversationDetail,
    /// The highest risk, its level, and what it was made of.
    pub risk: f64,
    pub level: Level,
    pub contributions: Vec<Contribution>,
}
