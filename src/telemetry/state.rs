//! The series of open alerts: which of them are shown, and that they go when the alert does.
//!
//! Holds always: at most `alerts.max_series` series of `alert_info`, the most severe first and, among equals, the
//! same ones at every scrape. Called by `Metrics` alone, under its lock.

use std::collections::{BTreeMap, BTreeSet};

use super::AlertSeries;
use super::tables::Vecs;

/// `alert_id`, `conversation_id`, `rule`, `severity`, `queue`.
type InfoLabels = [String; 5];
/// `rule`, `severity`, `queue`.
type ActiveLabels = [String; 3];

/// What the last scrape showed of alerts.
pub(super) struct StateGauges {
    series_max: usize,
    shown: BTreeSet<InfoLabels>,
    /// Once seen they stay, at 0, so that "it is over" can be told from "nobody measures".
    active: BTreeMap<ActiveLabels, f64>,
}

impl StateGauges {
    pub(super) fn new(series_max: usize) -> Self {
        StateGauges { series_max, shown: BTreeSet::new(), active: BTreeMap::new() }
    }

    /// Replaces all alert series; `fold` turns a queue into its label.
    pub(super) fn replace_alerts(
        &mut self,
        vecs: &Vecs,
        alerts: &[AlertSeries],
        fold: impl Fn(Option<&str>) -> String,
    ) {
        self.active.values_mut().for_each(|count| *count = 0.0);
        let mut by_severity: Vec<_> = alerts.iter().collect();
        by_severity.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.alert_id.cmp(&b.alert_id)));
        let mut shown = BTreeSet::new();
        for alert in by_severity {
            let severity = alert.severity.as_str().to_owned();
            let queue = fold(alert.queue.as_deref());
            if shown.len() < self.series_max {
                let (id, conversation) = (alert.alert_id.clone(), alert.conversation_id.clone());
                shown.insert([id, conversation, alert.rule.clone(), severity.clone(), queue.clone()]);
            }
            *self.active.entry([alert.rule.clone(), severity, queue]).or_insert(0.0) += 1.0;
        }
        for gone in self.shown.difference(&shown) {
            // It was shown, so it is there; an error would only say that it is gone already.
            let _ = vecs.alert_info.remove_label_values(gone);
        }
        for labels in &shown {
            vecs.alert_info.with_label_values(labels).set(1.0);
        }
        for (labels, count) in &self.active {
            vecs.alerts_active.with_label_values(labels).set(*count);
        }
        self.shown = shown;
    }
}
