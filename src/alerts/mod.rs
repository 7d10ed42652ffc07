//! Alerts: rules, and the episodes in which they open, rise and resolve.
//!
//! Holds always: pure, but for the file of `verdicts`; of one rule at most one alert is open in a conversation, its
//! severity only rises, and it resolves once; a second run over the same input gives the same ids. Called by
//! `pipeline`, and `verdicts` by `gateway` and `offline`.

pub mod reload;
pub mod rules;
pub mod verdicts;

mod episode;
mod frame;
mod reasons;

pub use episode::{Change, Episodes, Event, OpenAlert, Phase, Seen};
pub use frame::url as conversation_url;
pub use frame::{AlertContext, frame};
pub use rules::{Facts, Rule, RuleSet, RulesError};

/// How often alerts may open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlertLimits {
    /// After an alert has resolved the same rule stays silent in the conversation for so long, in seconds of
    /// the conversation's own time, where the rule itself does not say otherwise.
    pub cooldown_seconds: u32,
}

impl Default for AlertLimits {
    fn default() -> Self {
        AlertLimits { cooldown_seconds: 300 }
    }
}
