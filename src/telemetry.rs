//! Every metric's name, help, labels and buckets, in one registry; nowhere else is a metric named.
//!
//! Holds always: labels come from closed sets or from [`Folded`] values, so the number of series is bounded;
//! no id, token or text is ever a label (but for `alert_info`, bounded by `alerts.max_series`).
//! Called by every room that has something to count.

use crate::wire::{Channel, ErrorCode, Label, Level, Role, Severity};

/// What may be shown at most.
#[derive(Clone, Copy, Debug)]
pub struct MetricLimits {
    pub queues_max: usize,
    pub sources_max: usize,
    pub alert_series_max: usize,
}

/// One open alert, for `alert_info` and `alerts_active`.
#[derive(Clone, Debug)]
pub struct AlertSeries {
    pub alert_id: String,
    pub conversation_id: String,
    pub rule: String,
    pub severity: Severity,
    pub queue: Option<String>,
}

/// The registry and its handles.
pub struct Metrics {}

#[allow(unused_variables)]
impl Metrics {
    pub fn new(limits: MetricLimits) -> Self {
        Metrics {}
    }
    /// The text exposition.
    pub fn render(&self) -> String {
        todo!()
    }
    pub fn turn_received(&self, role: Role, channel: Channel) {}
    pub fn turn_scored(&self, role: Role) {}
    /// `reason` is `system` or `private`.
    pub fn turn_unscored(&self, reason: &'static str) {}
    pub fn turn_refused(&self, code: ErrorCode) {}
    pub fn turn_duplicate(&self) {}
    pub fn turns_in_flight_add(&self, delta: i64) {}
    /// What never became a turn.
    pub fn frame_refused(&self, code: ErrorCode) {}
    /// Received to scored.
    pub fn turn_latency(&self, seconds: f64) {}
    /// `stage` is one of `admit`, `tokenize`, `queue`, `encode`, `apply`.
    pub fn stage(&self, stage: &'static str, seconds: f64) {}
    pub fn queue_pushed(&self) {}
    pub fn queue_popped(&self) {}
    pub fn batch(&self, turns: usize, tokens: usize) {}
    /// `endpoint` is `ingest` or `events`.
    pub fn connections_add(&self, endpoint: &'static str, delta: i64) {}
    pub fn source_last_turn(&self, source: &str, unix_seconds: f64) {}
    pub fn unknown_fields(&self, count: u32) {}
    pub fn clamped_timestamp(&self) {}
    /// `reason` is `idle`, `closed` or `limit`.
    pub fn conversation_evicted(&self, reason: &'static str) {}
    pub fn customer_turn(&self, label: Label, score: f64, queue: Option<&str>) {}
    pub fn agent_turn(&self, queue: Option<&str>) {}
    pub fn abstained_turn(&self, reason: &'static str) {}
    /// `phase` is `first` or `later`.
    pub fn customer_wait(&self, channel: Channel, phase: &'static str, seconds: f64) {}
    pub fn alert_opened(&self, rule: &str, severity: Severity) {}
    pub fn alert_resolved(&self, rule: &str, severity: Severity) {}
    /// Replaces the state gauges: conversations by level and queue, longest wait by queue, open alerts.
    pub fn set_state(
        &self,
        active: usize,
        levels: &[(Level, Option<&str>, u64)],
        waits: &[(Option<&str>, f64)],
        alerts: &[AlertSeries],
    ) {
    }
    pub fn model_info(&self, name: &str, version: &str, precision: &str) {}
}
