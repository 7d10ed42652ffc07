//! The episodes of the rules in one conversation: open, rise, resolve, cool down.
//!
//! Holds always: of one rule at most one alert is open; severity never falls within an episode; between a
//! resolution and the rule's next opening lies the cool-down; at most [`ALERTS_OPENED_MAX`] alerts in one conversation,
//! and of each rule as many as it allows. Held by the conversation; called by `pipeline`.

use std::sync::Arc;

use jiff::Timestamp;

use super::rules::{Facts, Rule, RuleSet};
use super::{AlertLimits, reasons};
use crate::conversation::{ids, moments};
use crate::wire::outbound::Resolution;
use crate::wire::{AlertKind, Reason, Severity};

/// Alerts of all rules that may open in one conversation.
pub const ALERTS_OPENED_MAX: u32 = 20;

/// Why the rules are asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A turn was scored.
    Turn {
        of_customer: bool,
        /// Whether its scores were believed; others do not count towards recovery.
        judged: bool,
    },
    /// Time has found something, or a rule waits for time.
    Time,
    /// The conversation was closed.
    Close,
}

/// What the rules see.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub conversation_id: &'a str,
    pub event: Event,
    pub facts: Facts<'a>,
}

/// An alert that has opened and not resolved.
#[derive(Clone, Debug)]
pub struct OpenAlert {
    pub alert_id: String,
    pub rule: Arc<Rule>,
    pub severity: Severity,
    pub opened_at: Timestamp,
    /// What drove it when it last changed; repeated when it resolves.
    pub reasons: Vec<Reason>,
    /// Turns in a row in which the matter was settled.
    calm_turns: u32,
    /// Opened by the end of the conversation: it stays until the conversation leaves memory, or nobody would see it.
    opened_by_close: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Opened,
    /// Severity or reasons changed.
    Updated,
    Resolved(Resolution),
}

/// What became of an alert.
#[derive(Clone, Debug)]
pub struct Change {
    pub phase: Phase,
    pub alert: OpenAlert,
}

/// One rule in one conversation.
#[derive(Clone, Debug)]
struct Episode {
    rule: Arc<str>,
    open: Option<OpenAlert>,
    opened: u32,
    silent_until: Option<Timestamp>,
}

/// The episodes of all rules in one conversation; only of rules that have opened.
#[derive(Clone, Debug, Default)]
pub struct Episodes {
    held: Vec<Episode>,
    opened: u32,
}

// === impl Episodes ===

impl Episodes {
    /// The open alerts.
    pub fn open(&self) -> impl Iterator<Item = &OpenAlert> {
        self.held.iter().filter_map(|episode| episode.open.as_ref())
    }

    /// Asks every rule.
    pub fn observe(&mut self, rules: &RuleSet, limits: &AlertLimits, seen: Seen<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        for rule in rules.rules() {
            let severity = rule.severity(&seen.facts);
            let held = self.held.iter().position(|episode| episode.rule == rule.name);
            let open = held.and_then(|at| self.held[at].open.as_mut());
            let change = match (open, severity) {
                // The end itself says what becomes of it.
                (Some(_), _) if seen.event == Event::Close => None,
                (Some(alert), severity) => {
                    alert.rule = Arc::clone(rule);
                    match alert.look(severity, seen) {
                        Some(Phase::Resolved(resolution)) => {
                            self.held[held.unwrap_or_default()].resolve(limits, seen.facts.at, resolution)
                        }
                        phase => phase.map(|phase| Change { phase, alert: alert.clone() }),
                    }
                }
                (None, Some(severity)) => self.begin(rule, held, severity, seen),
                (None, None) => None,
            };
            changes.extend(change);
        }
        changes
    }

    /// Resolves what is open, for a reason that no rule gives: the end of the conversation. What that end has opened
    /// itself stays, unless `all` goes.
    pub fn resolve(
        &mut self,
        limits: &AlertLimits,
        at: Timestamp,
        resolution: Resolution,
        all: bool,
    ) -> Vec<Change> {
        let goes =
            |episode: &&mut Episode| episode.open.as_ref().is_some_and(|open| all || !open.opened_by_close);
        let going = self.held.iter_mut().filter(goes);
        going.filter_map(|episode| episode.resolve(limits, at, resolution)).collect()
    }

    /// Resolves alerts of rules that are no longer there.
    pub fn retire(&mut self, rules: &RuleSet, limits: &AlertLimits, at: Timestamp) -> Vec<Change> {
        let is_gone = |episode: &&mut Episode| rules.rules().iter().all(|rule| rule.name != episode.rule);
        let gone = self.held.iter_mut().filter(is_gone);
        gone.filter_map(|episode| episode.resolve(limits, at, Resolution::Expired)).collect()
    }

    fn begin(
        &mut self,
        rule: &Arc<Rule>,
        held: Option<usize>,
        severity: Severity,
        seen: Seen<'_>,
    ) -> Option<Change> {
        let at = seen.facts.at;
        let before = held.map(|at| &self.held[at]);
        let silent = before.and_then(|episode| episode.silent_until).is_some_and(|until| at < until);
        let opened = before.map_or(0, |episode| episode.opened);
        if silent || opened >= rule.episodes_max || self.opened >= ALERTS_OPENED_MAX {
            return None;
        }
        let turn_id = seen.facts.state.recent.back().map_or("", |turn| turn.turn_id.as_str());
        let alert = OpenAlert {
            alert_id: alert_id(&rule.name, opened + 1, seen.conversation_id, turn_id),
            rule: Arc::clone(rule),
            severity,
            opened_at: at,
            reasons: reasons::of(rule, seen.facts.state),
            calm_turns: 0,
            opened_by_close: seen.event == Event::Close,
        };
        self.opened += 1;
        let open = Some(alert.clone());
        let episode = Episode { rule: Arc::clone(&rule.name), open, opened: opened + 1, silent_until: None };
        match held {
            Some(held) => self.held[held] = episode,
            None => self.held.push(episode),
        }
        Some(Change { phase: Phase::Opened, alert })
    }
}

// === impl Episode ===

impl Episode {
    fn resolve(&mut self, limits: &AlertLimits, at: Timestamp, resolution: Resolution) -> Option<Change> {
        let alert = self.open.take()?;
        let seconds = alert.rule.cool_down_seconds.unwrap_or(limits.cooldown_seconds);
        self.silent_until = Some(moments::later(at, seconds));
        Some(Change { phase: Phase::Resolved(resolution), alert })
    }
}

// === impl OpenAlert ===

impl OpenAlert {
    /// What has become of it; `severity` is none where its rule does not fire any more.
    fn look(&mut self, severity: Option<Severity>, seen: Seen<'_>) -> Option<Phase> {
        if let Some(severity) = severity {
            self.calm_turns = 0;
            let raised = severity > self.severity;
            self.severity = self.severity.max(severity);
            let reasons = reasons::of(&self.rule, seen.facts.state);
            let changed = !reasons.is_empty() && !reasons::are_alike(&reasons, &self.reasons);
            if changed {
                self.reasons = reasons;
            }
            return (raised || changed).then_some(Phase::Updated);
        }
        let is_over = self.rule.is_over(&seen.facts);
        let counts = match (self.rule.kind, seen.event) {
            (AlertKind::CustomerRisk, Event::Turn { of_customer, judged }) => of_customer && judged,
            (AlertKind::Service, Event::Turn { .. }) => true,
            (_, Event::Time | Event::Close) => false,
        };
        if counts || self.rule.resolve_turns == 0 {
            self.calm_turns = if is_over { self.calm_turns + 1 } else { 0 };
        }
        let settled = is_over && self.calm_turns >= self.rule.resolve_turns && self.calm_turns > 0;
        settled.then_some(Phase::Resolved(Resolution::Recovered))
    }
}

/// The same for the same input. The newest turn is part of it, so that a conversation which left the store and came
/// back does not open its first episode under an id that was resolved before.
fn alert_id(rule: &str, episode: u32, conversation_id: &str, turn_id: &str) -> String {
    ids::derived(&[rule, conversation_id, turn_id], episode)
}

#[cfg(test)]
#[path = "episode_tests.rs"]
mod tests;
