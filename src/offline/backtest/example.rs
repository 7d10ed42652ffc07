//! Alerts to show: with their quotes, and how the conversation really went.
//!
//! Holds always: which are drawn depends on the alerts alone, the most severe first, in the order of their ids, which
//! are hashes and so spread over the input. Called by `counts`, `judge` and `compare`.

use serde::Serialize;

use super::follow::{Alert, Followed};
use super::labels::Labels;
use crate::training::Outcome;
use crate::wire::{Reason, Severity};

/// One alert that is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    pub alert_id: String,
    pub rule: String,
    pub severity: Severity,
    /// What the baseline made of it, where both sets of rules alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity_before: Option<Severity>,
    pub conversation_id: String,
    /// How the conversation went, where it is labelled.
    pub outcome: Option<Outcome>,
    pub risk: f64,
    pub summary: String,
    pub reasons: Vec<Reason>,
}

/// What is needed to show an alert.
#[derive(Clone, Copy)]
pub struct Shower<'a> {
    pub followed: &'a Followed,
    pub labels: &'a Labels,
    /// Of each kind.
    pub examples_max: usize,
}

impl Shower<'_> {
    /// At most [`Shower::examples_max`] of `alerts`.
    pub fn draw<'a>(&self, alerts: impl IntoIterator<Item = &'a Alert>) -> Vec<Example> {
        let mut alerts: Vec<&Alert> = alerts.into_iter().collect();
        alerts.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.alert_id.cmp(&b.alert_id)));
        alerts.truncate(self.examples_max);
        alerts.into_iter().map(|alert| self.show(alert)).collect()
    }

    fn show(&self, alert: &Alert) -> Example {
        let conversation_id = self.followed.courses[alert.conversation].id.clone();
        Example {
            alert_id: alert.alert_id.clone(),
            rule: alert.rule.clone(),
            severity: alert.severity,
            severity_before: None,
            outcome: self.labels.of(&conversation_id).map(|label| label.outcome),
            conversation_id,
            risk: alert.risk,
            summary: alert.summary.clone(),
            reasons: alert.reasons.clone(),
        }
    }
}
