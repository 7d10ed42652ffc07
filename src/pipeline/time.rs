//! What time alone finds, and what becomes of findings.
//!
//! Holds always: a finding has the moment at which it was due, not that of the tick, so that a second run gives the
//! same; while a source is gone, and shortly after its return, its timers are silent; a mistake that the model saw
//! in the same turn is counted once. Runs under the lock of the conversation. Called by [`super::Pipeline`].

use std::sync::Arc;

use jiff::Timestamp;

use super::{Pipeline, Ticket};
use crate::alerts::Event;
use crate::conversation::{Arrival, Conversation};
use crate::detectors::Change;
use crate::wire::{Clock, Finding, FindingState, Found, ServerFrame, Signal};

impl<T: Ticket> Pipeline<T> {
    /// The timer of a conversation is due at `moment` of its timeline; `now` is the clock of whoever runs the
    /// pipeline.
    pub(super) fn fire(&self, conversation: &mut Conversation<T>, moment: Timestamp, now: Timestamp) {
        if let Some(quiet) = conversation.timing.quiet(now) {
            conversation.timing.look_again(quiet);
            return;
        }
        if let Some(until) = conversation.timing.own_time(moment) {
            self.fire_until(conversation, until, now);
        }
        conversation.arm(&self.config.detectors, now);
    }

    /// Before a frame with this `ts` takes effect, what its conversation's own time has found by then; only where
    /// the source's clock is believed. On the server's clock a frame may be late because its source was gone.
    pub(super) fn catch_up(&self, conversation: &mut Conversation<T>, ts: Timestamp, arrival: Arrival) {
        if arrival.clock == Clock::Event {
            self.fire_until(conversation, ts, arrival.now);
        }
    }

    /// Notes what detectors found at `at`, and tells the producer.
    pub(super) fn found(
        &self,
        conversation: &mut Conversation<T>,
        changes: impl IntoIterator<Item = Change>,
        at: Timestamp,
    ) {
        let findings = self.note(conversation, changes, at);
        self.tell(conversation, findings);
    }

    /// Notes what detectors found at `at`; what is new of it.
    pub(super) fn note(
        &self,
        conversation: &mut Conversation<T>,
        changes: impl IntoIterator<Item = Change>,
        at: Timestamp,
    ) -> Vec<Arc<Finding>> {
        let mut findings = Vec::new();
        for change in changes {
            conversation.course.note(&change);
            let (found, finding) = match change {
                Change::Opened(discovery) => {
                    let found = discovery.found;
                    (found, conversation.state.findings.open(&conversation.id, discovery, at))
                }
                Change::Resolved { found, about, value } => {
                    let id = &conversation.id;
                    (found, conversation.state.findings.resolve(id, found, about.as_deref(), at, value))
                }
            };
            if let Some(finding) = finding {
                self.count_finding(conversation, found, &finding);
                findings.push(finding);
            }
        }
        findings
    }

    /// Tells who watches, and the conversation's producer.
    pub(super) fn tell(&self, conversation: &Conversation<T>, findings: Vec<Arc<Finding>>) {
        for finding in findings {
            let finding = Box::new(Arc::unwrap_or_clone(finding));
            self.spread(conversation, ServerFrame::Finding(finding));
        }
    }

    /// What was due by `until`, in its order: what detectors find, and rules that wait for time.
    fn fire_until(&self, conversation: &mut Conversation<T>, until: Timestamp, now: Timestamp) {
        loop {
            let recheck = conversation.recheck.filter(|at| *at <= until);
            let setting = conversation.setting(&self.config.detectors, now);
            let at = match (conversation.watch.fire(recheck.unwrap_or(until), setting), recheck) {
                (Some((at, change)), _) => {
                    self.found(conversation, Some(change), at);
                    at
                }
                (None, Some(at)) => at,
                (None, None) => return,
            };
            self.judge_anew(conversation, Event::Time, at);
        }
    }

    fn count_finding(&self, conversation: &Conversation<T>, found: Found, finding: &Finding) {
        if finding.state != FindingState::Open {
            return;
        }
        let queue = conversation.state.queue.as_deref();
        let read_off_turn =
            finding.turn_id.as_deref().is_some_and(|turn| conversation.state.shows(turn, found));
        match found {
            _ if read_off_turn => {}
            // Counted in the turn of the customer that showed it.
            Found::Signal(Signal::EscalationRequest) => {}
            Found::Signal(signal) => self.metrics.signal(signal, queue),
            Found::Mistake(mistake) => self.metrics.mistake(mistake, queue),
        }
    }
}
