//! Alerts: rules, and the episodes in which they open, rise and resolve.
//!
//! Holds always: pure, but for the file of `verdicts`; an alert opens once per episode, its severity only rises within one, and it resolves
//! once; a second run over the same input gives the same ids. Called by `pipeline`.

pub mod verdicts;

mod episode;
mod frame;

pub use episode::{Change, Episodes, Observation, OpenAlert};
pub use frame::url as conversation_url;
pub use frame::{AlertContext, frame, reasons};

use crate::wire::{AlertKind, Level, Severity};

/// The version of the rules that are built in.
pub const RULES_VERSION: &str = "builtin@1";

/// The one built-in rule: the customer is upset enough that a person should look.
pub const CUSTOMER_AT_RISK: Rule = Rule { name: "CustomerAtRisk", kind: AlertKind::CustomerRisk };

/// What a rule is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub name: &'static str,
    pub kind: AlertKind,
}

/// When alerts resolve and how often they may open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlertLimits {
    /// An alert resolves once the risk has stayed under this, 0 to 1, and the level under `high` …
    pub resolve_below_risk: f64,
    /// … for this many judged customer turns in a row; at least 1.
    pub resolve_customer_turns: u32,
    /// After an alert has resolved the same rule stays silent in the conversation for so long, in seconds of
    /// the conversation's own time.
    pub cooldown_seconds: u32,
    /// The same rule opens at most so often in one conversation.
    pub episodes_max: u32,
}

impl Default for AlertLimits {
    fn default() -> Self {
        AlertLimits {
            resolve_below_risk: 0.40,
            resolve_customer_turns: 2,
            cooldown_seconds: 300,
            episodes_max: 5,
        }
    }
}

impl Rule {
    /// How urgent a level is; none where nobody needs to look.
    pub const fn severity(self, level: Level) -> Option<Severity> {
        match level {
            Level::Calm | Level::Watch => None,
            Level::High => Some(Severity::Warning),
            Level::Critical => Some(Severity::Critical),
        }
    }
}
