//! Rules after everything that takes effect: what opens, what changes, what is over, and who is told.
//!
//! Holds always: runs under the lock of the conversation, after the answer and the findings that cause it; rules that
//! are replaced meanwhile take effect with the next thing that happens, and alerts of rules that are gone are resolved
//! at once. Called by [`super::Pipeline`].

use std::sync::Arc;

use jiff::Timestamp;

use super::{Pipeline, Ticket};
use crate::alerts::{self, AlertContext, Change, Event, Facts, Phase, RuleSet, Seen};
use crate::conversation::{Conversation, moments};
use crate::detectors::{self, Assessment, mood};
use crate::wire::outbound::Resolution;

/// How often rules are asked that speak of time, in seconds of the conversation's own time …
pub const RECHECK_SECONDS: u32 = 30;
/// … while somebody waits or an alert is open, until so long after the last frame.
pub const RECHECK_SECONDS_MAX: u32 = 3_600;

impl<T: Ticket> Pipeline<T> {
    /// The rules in force.
    pub fn rules(&self) -> RuleSet {
        self.rules.read().clone()
    }

    /// Puts other rules in force. Alerts of rules that are no longer there are resolved.
    pub fn set_rules(&self, rules: RuleSet) {
        rules.rules().iter().for_each(|rule| self.metrics.declare_rule(&rule.name));
        *self.rules.write() = rules.clone();
        let mut alerted = Vec::new();
        self.store.for_each(|conversation| {
            if conversation.episodes.open().next().is_some() {
                alerted.push(Arc::clone(&conversation.id));
            }
        });
        for id in alerted {
            self.store.with(&id, |conversation| {
                let Some(at) = conversation.state.now else { return };
                let changes = conversation.episodes.retire(&rules, &self.config.alerts, at);
                self.announce_all(conversation, &rules, changes, at);
            });
        }
    }

    /// Asks the rules at `at`, with the risk as it was just weighed.
    pub(super) fn judge(
        &self,
        conversation: &mut Conversation<T>,
        event: Event,
        assessment: &Assessment,
        at: Timestamp,
    ) {
        let rules = self.rules();
        let state = &conversation.state;
        let facts = Facts {
            state,
            level: conversation.level,
            risk: assessment.risk,
            trend: mood::trend(&state.scores),
            at,
            promises: conversation.watch.promises.open_and_overdue(at),
        };
        let seen = Seen { conversation_id: &conversation.id, event, facts };
        let changes = conversation.episodes.observe(&rules, &self.config.alerts, seen);
        let goes_on = state.waiting_since.is_some() || conversation.episodes.open().next().is_some();
        let newest = state.now.unwrap_or(at);
        let next = moments::later(at, RECHECK_SECONDS);
        let looks_again = rules.uses_time() && goes_on && next <= moments::later(newest, RECHECK_SECONDS_MAX);
        conversation.recheck = looks_again.then_some(next);
        for change in changes {
            self.announce(conversation, &rules, &change, assessment, at);
        }
    }

    /// The same where time, not a turn, is the cause: the risk has the wait in it.
    pub(super) fn judge_anew(&self, conversation: &mut Conversation<T>, event: Event, at: Timestamp) {
        let assessment = self.assess(conversation, at);
        conversation.level = detectors::level(conversation.level, assessment.risk);
        self.judge(conversation, event, &assessment, at);
    }

    /// The conversation ends: what is open is over, unless that end itself has opened it and `all` does not go yet.
    pub(super) fn resolve(
        &self,
        conversation: &mut Conversation<T>,
        at: Timestamp,
        resolution: Resolution,
        all: bool,
    ) {
        let changes = conversation.episodes.resolve(&self.config.alerts, at, resolution, all);
        self.announce_all(conversation, &self.rules(), changes, at);
    }

    fn announce_all(
        &self,
        conversation: &mut Conversation<T>,
        rules: &RuleSet,
        changes: Vec<Change>,
        at: Timestamp,
    ) {
        if changes.is_empty() {
            return;
        }
        let assessment = self.assess(conversation, at);
        for change in changes {
            self.announce(conversation, rules, &change, &assessment, at);
        }
    }

    /// Counts a change of an alert, and tells of it.
    fn announce(
        &self,
        conversation: &mut Conversation<T>,
        rules: &RuleSet,
        change: &Change,
        assessment: &Assessment,
        at: Timestamp,
    ) {
        let alert = &change.alert;
        match change.phase {
            Phase::Opened => self.metrics.alert_opened(&alert.rule.name, alert.severity),
            Phase::Updated => {}
            Phase::Resolved(_) => self.metrics.alert_resolved(&alert.rule.name, alert.severity),
        }
        let about = AlertContext {
            conversation_id: &conversation.id,
            state: &conversation.state,
            level: conversation.level,
            assessment,
            at,
            public_url: &self.config.public_url,
            model: &self.model,
            rules_version: rules.version(),
        };
        let frame = alerts::frame(change, about);
        conversation.alerts.note(&frame);
        self.spread(conversation, frame);
    }
}
