//! The gauges that are read off the state before a scrape.
//!
//! Holds always: closed conversations are not counted; the lists are sorted, most severe alerts first.
//! Called by [`super::Pipeline`].

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Pipeline, Ticket};
use crate::conversation::Conversation;
use crate::telemetry::AlertSeries;
use crate::wire::Level;

/// What is added up over all conversations.
#[derive(Default)]
pub(super) struct Tally {
    pub active: usize,
    /// Conversations by level and queue.
    pub levels: BTreeMap<(Level, Option<String>), u64>,
    /// The longest wait by queue, in seconds.
    pub waits: BTreeMap<Option<String>, f64>,
    /// Open alerts, and since when.
    pub alerts: Vec<(Timestamp, AlertSeries)>,
    /// Promises that are open, and those that are overdue.
    pub promises: (usize, usize),
}

impl<T: Ticket> Pipeline<T> {
    /// Sets the gauges that are read off the state (levels, active alerts, longest waits) before a scrape.
    pub fn refresh_gauges(&self, now: Timestamp) {
        let Tally { active, levels, waits, alerts, promises } = self.tally(now);
        let alerts: Vec<AlertSeries> = alerts.into_iter().map(|(_, series)| series).collect();
        let levels: Vec<_> =
            levels.iter().map(|((level, queue), count)| (*level, queue.as_deref(), *count)).collect();
        let waits: Vec<_> = waits.iter().map(|(queue, seconds)| (queue.as_deref(), *seconds)).collect();
        self.metrics.set_state(active, &levels, &waits, &alerts);
        self.metrics.set_promises(promises.0, promises.1);
    }

    pub(super) fn tally(&self, now: Timestamp) -> Tally {
        let mut tally = Tally::default();
        self.store.for_each(|conversation| tally.add(conversation, now));
        // Those of conversations that are over wait for their customers.
        let (open, overdue) = self.customers.open_and_overdue(now);
        tally.promises = (tally.promises.0 + open, tally.promises.1 + overdue);
        // The most severe first, then the oldest: only so many are shown.
        tally.alerts.sort_by(|(a_since, a), (b_since, b)| {
            (Reverse(a.severity), a_since, &a.alert_id).cmp(&(Reverse(b.severity), b_since, &b.alert_id))
        });
        tally
    }
}

impl Tally {
    fn add<T: Clone>(&mut self, conversation: &Conversation<T>, now: Timestamp) {
        let state = &conversation.state;
        let queue = &state.queue;
        // Of a closed one too: its end may have opened some.
        for open in conversation.episodes.open() {
            let series = AlertSeries {
                alert_id: open.alert_id.clone(),
                conversation_id: conversation.id.to_string(),
                rule: open.rule.name.to_string(),
                severity: open.severity,
                queue: queue.clone(),
            };
            self.alerts.push((open.opened_at, series));
        }
        if state.closed {
            return;
        }
        self.active += 1;
        *self.levels.entry((conversation.level, queue.clone())).or_default() += 1;
        if let Some(own) = conversation.own_time(now) {
            if let Some(seconds) = state.waiting_seconds(own) {
                let longest = self.waits.entry(queue.clone()).or_default();
                *longest = longest.max(seconds);
            }
            let (open, overdue) = conversation.watch.promises.open_and_overdue(own);
            self.promises = (self.promises.0 + open, self.promises.1 + overdue);
        }
    }
}
