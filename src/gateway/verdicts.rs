//! What people say of alerts: which alerts this process knows, and writing a verdict down.
//!
//! Holds always: at most [`ALERTS_REMEMBERED_MAX`] alerts are known, those that opened first are forgotten first; a
//! verdict that is repeated unchanged is neither written nor counted again; nobody who tells of an alert waits for
//! the disk. Told of alerts by `pipeline`, of verdicts by `verdict_route`.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::alerts;
use crate::pipeline::{Happening, Watcher};
use crate::telemetry::Metrics;
use crate::wire::verdicts::{Said, Verdict, VerdictRecord};
use crate::wire::{AlertFrame, AlertKind, ServerFrame, Severity};

/// Alerts on which a verdict can be given, open or not.
pub const ALERTS_REMEMBERED_MAX: usize = 10_000;

/// Why a verdict was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    #[error(
        "no such alert is known; only the last {ALERTS_REMEMBERED_MAX} since the server started are, because a \
         verdict needs the rule that opened it"
    )]
    UnknownAlert,
    #[error("the file of alerts.verdicts_file cannot be written ({0}); nothing was recorded")]
    Unwritable(io::ErrorKind),
}

/// The alerts of this process, and the file of verdicts.
pub struct Verdicts {
    file: PathBuf,
    metrics: Arc<Metrics>,
    known: Mutex<Known>,
    /// One verdict is written at a time; never taken by who tells of alerts.
    writing: Mutex<()>,
    /// Notes are compared, not kept.
    notes: RandomState,
}

#[derive(Default)]
struct Known {
    alerts: HashMap<Arc<str>, Alert>,
    /// Oldest first.
    order: VecDeque<Arc<str>>,
}

/// What a verdict is on.
#[derive(Clone)]
struct Alert {
    conversation_id: Arc<str>,
    rule: String,
    /// That opened it.
    rules_version: String,
    kind: AlertKind,
    severity: Severity,
    last: Option<Last>,
}

/// The last verdict on an alert.
#[derive(Clone, Copy)]
struct Last {
    verdict: Verdict,
    note: u64,
    ts: Timestamp,
    severity: Severity,
}

// === impl Verdicts ===

impl Verdicts {
    /// Knows no alert yet; `file` is made with the first verdict.
    pub fn new(file: PathBuf, metrics: Arc<Metrics>) -> Self {
        let (known, writing) = (Mutex::default(), Mutex::default());
        Verdicts { file, metrics, known, writing, notes: RandomState::new() }
    }

    /// Writes a verdict down, or answers what was written already. Waits for the disk.
    ///
    /// # Errors
    /// [`NotRecorded`], and nothing has changed.
    pub fn record(&self, alert_id: &str, said: Said, now: Timestamp) -> Result<VerdictRecord, NotRecorded> {
        let _one_at_a_time = self.writing.lock();
        let known = self.known.lock().alerts.get(alert_id).cloned();
        let alert = known.ok_or(NotRecorded::UnknownAlert)?;
        let Said { verdict, note } = said;
        let this = Last { verdict, note: self.notes.hash_one(&note), ts: now, severity: alert.severity };
        let same = alert.last.filter(|last| (last.verdict, last.note) == (this.verdict, this.note));
        let record = VerdictRecord {
            ts: same.unwrap_or(this).ts,
            alert_id: alert_id.to_owned(),
            conversation_id: alert.conversation_id.to_string(),
            rule: alert.rule,
            rules_version: alert.rules_version,
            kind: alert.kind,
            severity: same.unwrap_or(this).severity,
            verdict,
            note,
        };
        if same.is_some() {
            return Ok(record);
        }
        if let Err(error) = alerts::verdicts::append(&self.file, &record) {
            tracing::warn!(error = %error.kind(), "a verdict was not recorded: alerts.verdicts_file cannot be written");
            return Err(NotRecorded::Unwritable(error.kind()));
        }
        if alert.last.is_none_or(|last| last.verdict != verdict) {
            self.metrics.alert_verdict(&record.rule, verdict);
        }
        if let Some(alert) = self.known.lock().alerts.get_mut(alert_id) {
            alert.last = Some(this);
        }
        Ok(record)
    }
}

impl Watcher for Verdicts {
    fn wants_scored(&self) -> bool {
        false
    }

    fn see(&self, happening: &Arc<Happening>) {
        match &happening.frame {
            ServerFrame::AlertOpened(alert) | ServerFrame::AlertUpdated(alert) => {
                self.known.lock().note(alert, &happening.conversation_id);
            }
            _ => {}
        }
    }
}

// === impl Known ===

impl Known {
    fn note(&mut self, alert: &AlertFrame, conversation_id: &Arc<str>) {
        if let Some(known) = self.alerts.get_mut(alert.alert_id.as_str()) {
            known.severity = alert.severity;
            return;
        }
        if self.order.len() == ALERTS_REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.alerts.remove(&oldest);
        }
        let id: Arc<str> = Arc::from(alert.alert_id.as_str());
        let about = Alert {
            conversation_id: Arc::clone(conversation_id),
            rule: alert.rule.clone(),
            rules_version: alert.rules_version.clone(),
            kind: alert.kind,
            severity: alert.severity,
            last: None,
        };
        self.order.push_back(Arc::clone(&id));
        self.alerts.insert(id, about);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::MetricLimits;

    fn opened(number: usize) -> Happening {
        let alert = AlertFrame {
            alert_id: number.to_string(),
            kind: AlertKind::Service,
            rule: "R".to_owned(),
            severity: Severity::Info,
            conversation_id: "c".to_owned(),
            queue: None,
            ts: Timestamp::UNIX_EPOCH,
            opened_at: Timestamp::UNIX_EPOCH,
            summary: String::new(),
            reasons: Vec::new(),
            contributions: Vec::new(),
            risk: 0.5,
            url: String::new(),
            rules_version: "test@1".to_owned(),
            model: "test@1".to_owned(),
            resolution: None,
        };
        let (severity, frame) = (Some(alert.severity), ServerFrame::AlertOpened(Box::new(alert)));
        Happening { conversation_id: Arc::from("c"), queue: None, severity, frame }
    }

    #[test]
    fn the_alerts_that_opened_first_are_forgotten_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let limits = MetricLimits { queues_max: 1, sources_max: 1, alert_series_max: 1 };
        let verdicts = Verdicts::new(folder.path().join("v.jsonl"), Arc::new(Metrics::new(limits)));
        (0..=ALERTS_REMEMBERED_MAX).for_each(|number| verdicts.see(&Arc::new(opened(number))));
        let say = |number: usize| {
            let said = Said { verdict: Verdict::Late, note: None };
            verdicts.record(&number.to_string(), said, Timestamp::UNIX_EPOCH)
        };
        assert!(matches!(say(0), Err(NotRecorded::UnknownAlert)));
        assert!(say(1).is_ok() && say(ALERTS_REMEMBERED_MAX).is_ok());
        let known = verdicts.known.lock();
        assert_eq!((known.order.len(), known.alerts.len()), (ALERTS_REMEMBERED_MAX, ALERTS_REMEMBERED_MAX));
    }
}
