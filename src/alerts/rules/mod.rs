//! Rules: when to tell somebody, in a language that people who run the floor can read and change.
//!
//! Holds always: a set of rules is checked whole before it is used, and does not change then; the shipped set is
//! part of the binary. Loaded by `cli` and `offline`; asked by `pipeline` after everything that takes effect.

mod check;
mod condition;
mod error;
mod facts;
mod file;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

pub use condition::{CONDITION_CHARS_MAX, Condition};
pub use error::RulesError;
pub use facts::Facts;
pub use file::{RULE_FILE_BYTES_MAX, RULES_MAX};

use crate::wire::{AlertKind, Severity};

/// The rules that are in force where no file is named.
const SHIPPED: &str = include_str!("../../../rules/default.toml");
/// How the shipped rules are called in messages.
const SHIPPED_PATH: &str = "rules/default.toml";

/// A checked set of rules. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RuleSet(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    version: String,
    rules: Vec<Arc<Rule>>,
    uses_time: bool,
}

/// When to open an alert, how urgent it is, and when it is over.
#[derive(Debug)]
pub struct Rule {
    /// Also a metric label and the name of a runbook: letters and digits, beginning with a capital.
    pub name: Arc<str>,
    pub kind: AlertKind,
    /// What it opens with, at least.
    pub severity: Severity,
    /// What is the matter, in a few words.
    pub summary: Box<str>,
    when: Condition,
    /// Makes it more urgent, while `when` holds.
    warning_when: Option<Condition>,
    critical_when: Option<Condition>,
    /// When it is over; none: when `when` does not hold.
    resolve_when: Option<Condition>,
    /// For how many turns in a row that has to be so: judged turns of the customer for `customer_risk`, any scored
    /// turns for `service`. 0: at once.
    pub resolve_turns: u32,
    /// After it was resolved it stays silent about the conversation for so long; none: as configured.
    pub cool_down_seconds: Option<u32>,
    /// It opens at most so often in one conversation.
    pub episodes_max: u32,
    /// What it quotes, the most telling first; where there is none of it, the worst turns.
    pub quotes: Vec<&'static str>,
}

impl RuleSet {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`RulesError`]: the first thing that is wrong, with its line.
    pub fn load(path: &Path) -> Result<Self, RulesError> {
        file::load(path)
    }

    /// Checks the text of a file; `path` is how messages call it.
    ///
    /// # Errors
    /// [`RulesError::Invalid`]: the first thing that is wrong, with its line.
    pub fn parse(text: &str, path: &str) -> Result<Self, RulesError> {
        file::parse(text, path)
    }

    /// What the file calls itself, and a digest of its content: two files that differ have different versions.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.0.rules
    }

    /// Whether time alone may open or resolve an alert, without a finding.
    pub fn uses_time(&self) -> bool {
        self.0.uses_time
    }
}

impl Default for RuleSet {
    /// The shipped ones.
    fn default() -> Self {
        RuleSet::parse(SHIPPED, SHIPPED_PATH).expect("the shipped rules are checked by a test: this is a bug")
    }
}

#[cfg(test)]
impl RuleSet {
    /// One rule, by level alone: what tests of other things want.
    pub fn by_level(more: &str) -> Self {
        let rule = include_str!("../../../tests/data/by-level.toml");
        RuleSet::parse(&format!("{rule}{more}\n"), "test.toml").expect("good rules")
    }
}

impl PartialEq for RuleSet {
    /// The version has a digest of the content in it.
    fn eq(&self, other: &Self) -> bool {
        self.version() == other.version()
    }
}

impl Rule {
    /// How urgent the conversation is by this rule; none where it does not fire.
    pub fn severity(&self, facts: &Facts<'_>) -> Option<Severity> {
        if !self.when.holds(facts) {
            return None;
        }
        let raised = [(Severity::Critical, &self.critical_when), (Severity::Warning, &self.warning_when)];
        let holds = |condition: &Option<Condition>| condition.as_ref().is_some_and(|when| when.holds(facts));
        let raised = raised.into_iter().find(|(_, condition)| holds(condition)).map(|(severity, _)| severity);
        Some(raised.map_or(self.severity, |raised| raised.max(self.severity)))
    }

    /// Whether the matter is settled, where the rule does not fire any more.
    pub fn is_over(&self, facts: &Facts<'_>) -> bool {
        self.resolve_when.as_ref().is_none_or(|over| over.holds(facts))
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let more = [&self.warning_when, &self.critical_when, &self.resolve_when];
        std::iter::once(&self.when).chain(more.into_iter().flatten())
    }
}
