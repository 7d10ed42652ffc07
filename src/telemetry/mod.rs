//! Every metric's name, help, labels and buckets, in one registry; nowhere else is a metric named.
//!
//! Holds always: labels come from closed sets or from folded values (`fold`), so the number of series is
//! bounded; no id, token or text is ever a label (but for `alert_info`, bounded by `alerts.max_series`); label
//! combinations of closed sets are there from the start, at 0, so that rates and `absent()` behave.
//! Called by every room that has something to count.

pub mod logs;

mod fold;
mod state;
mod tables;

use parking_lot::Mutex;
use prometheus::process_collector::ProcessCollector;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, Registry, TextEncoder};

use crate::wire::verdicts::Verdict;
use crate::wire::{Channel, ErrorCode, Label, Level, Mistake, Role, Severity, Signal};
use fold::Folded;
use state::StateGauges;
use tables::{QueueSeries, SourceSeries, Table1, Table2, Vecs};

/// Stages of a turn's way, as labels of `stage_duration_seconds`.
pub const STAGES: &[&str] = &["admit", "tokenize", "queue", "encode", "apply"];
/// Reasons why an accepted turn is never scored.
pub const UNSCORED_REASONS: &[&str] = &["system", "private"];
/// Reasons why a turn is not judged.
pub const ABSTENTION_REASONS: &[&str] = &["language", "too_short", "garbage"];
/// Why a conversation left memory.
pub const EVICTION_REASONS: &[&str] = &["idle", "closed", "limit"];
/// Websocket endpoints.
pub const ENDPOINTS: &[&str] = &["ingest", "events"];
/// Why a reader of `/v1/events` was cut: it took nothing for too long, was too many events behind, or the server dropped
/// some.
pub const CUT_REASONS: &[&str] = &["stalled", "behind", "dropped"];
/// Whether a customer waited for the first answer or a later one.
pub const WAIT_PHASES: &[&str] = &["first", "later"];

/// States of promises that were not kept (yet).
pub const PROMISE_STATES: &[&str] = &["open", "overdue"];

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

/// The registry and its handles. Children of closed label sets are resolved once, here.
pub struct Metrics {
    registry: Registry,
    vecs: Vecs,
    turns_received: Table2,
    turns_scored: Table1,
    turns_unscored: Table1,
    turns_refused: Table1,
    turns_duplicate: IntCounter,
    turns_in_flight: IntGauge,
    frames_refused: Table1,
    unknown_fields: IntCounter,
    clamped: IntCounter,
    turn_latency: Histogram,
    stages: Vec<Histogram>,
    queue_pushed: IntCounter,
    queue_popped: IntCounter,
    batch_turns: Histogram,
    batch_tokens: Histogram,
    connections: Vec<IntGauge>,
    events_dropped: IntCounter,
    subscribers_cut: Table1,
    evicted: Table1,
    abstained: Table1,
    waits: Vec<Histogram>,
    queues: Folded<QueueSeries>,
    sources: Folded<SourceSeries>,
    state: Mutex<StateGauges>,
}

// === impl Metrics ===

impl Metrics {
    pub fn new(limits: MetricLimits) -> Self {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self())).expect(tables::REGISTERED_ONCE);
        let vecs = Vecs::new(&registry);
        let counter = |name, help| tables::int_counter(&registry, name, help);
        let metrics = Metrics {
            turns_received: Table2::new(
                &vecs.turns_received,
                Role::ALL,
                Role::as_str,
                Channel::ALL,
                Channel::as_str,
            ),
            turns_scored: Table1::new(&vecs.turns_scored, &["customer", "agent", "bot"]),
            turns_unscored: Table1::new(&vecs.turns_unscored, UNSCORED_REASONS),
            turns_refused: Table1::of_codes(&vecs.turns_refused),
            turns_duplicate: counter(
                "turns_duplicate_total",
                "Turns that repeat an earlier one and changed nothing.",
            ),
            turns_in_flight: tables::int_gauge(
                &registry,
                "turns_in_flight",
                "Turns accepted and not yet answered.",
            ),
            frames_refused: Table1::of_codes(&vecs.frames_refused),
            unknown_fields: counter(
                "unknown_fields_total",
                "Fields of frames that nobody knows; they are ignored.",
            ),
            clamped: counter(
                "timestamps_clamped_total",
                "Timestamps beyond limits.max_clock_skew_seconds, clamped.",
            ),
            turn_latency: tables::turn_latency(&registry),
            stages: STAGES.iter().map(|stage| vecs.stage.with_label_values(&[stage])).collect(),
            queue_pushed: counter("queue_pushed_total", "Turns put into the scoring queue."),
            queue_popped: counter("queue_popped_total", "Turns taken out of the scoring queue."),
            batch_turns: tables::batch_turns(&registry),
            batch_tokens: tables::batch_tokens(&registry),
            connections: ENDPOINTS.iter().map(|e| vecs.connections.with_label_values(&[e])).collect(),
            events_dropped: counter(
                "events_dropped_total",
                "Events that readers missed because the server did not keep up; all of them were cut.",
            ),
            subscribers_cut: Table1::new(&vecs.subscribers_cut, CUT_REASONS),
            evicted: Table1::new(&vecs.evicted, EVICTION_REASONS),
            abstained: Table1::new(&vecs.abstained, ABSTENTION_REASONS),
            waits: tables::waits(&vecs.wait),
            queues: Folded::new(limits.queues_max),
            sources: Folded::new(limits.sources_max),
            state: Mutex::new(StateGauges::new(limits.alert_series_max)),
            vecs,
            registry,
        };
        // Turns without a queue are ordinary; their series must not appear only with the first such turn.
        metrics.queue(None, |_| ());
        metrics.set_promises(0, 0);
        metrics.build_info(env!("CARGO_PKG_VERSION"), option_env!("UNDERTONE_COMMIT").unwrap_or("unknown"));
        metrics
    }

    /// The text exposition.
    pub fn render(&self) -> String {
        // Not while the state gauges are being replaced: a scrape shows one state, not halves of two.
        let _whole = self.state.lock();
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("metrics have valid names and labels: this is a bug")
    }

    pub fn turn_received(&self, role: Role, channel: Channel) {
        self.turns_received.get(role as usize, channel as usize).inc();
    }

    pub fn turn_scored(&self, role: Role) {
        self.turns_scored.named(role.as_str());
    }

    /// `reason` is one of [`UNSCORED_REASONS`].
    pub fn turn_unscored(&self, reason: &'static str) {
        self.turns_unscored.named(reason);
    }

    pub fn turn_refused(&self, code: ErrorCode) {
        self.turns_refused.named(code.as_str());
    }

    pub fn turn_duplicate(&self) {
        self.turns_duplicate.inc();
    }

    pub fn turns_in_flight_add(&self, delta: i64) {
        self.turns_in_flight.add(delta);
    }

    /// What never became a turn.
    pub fn frame_refused(&self, code: ErrorCode) {
        self.frames_refused.named(code.as_str());
    }

    /// Received to scored.
    pub fn turn_latency(&self, seconds: f64) {
        self.turn_latency.observe(seconds);
    }

    /// `stage` is one of [`STAGES`].
    pub fn stage(&self, stage: &'static str, seconds: f64) {
        if let Some(at) = STAGES.iter().position(|name| *name == stage) {
            self.stages[at].observe(seconds);
        } else {
            debug_assert!(false, "no stage {stage}");
        }
    }

    pub fn queue_pushed(&self) {
        self.queue_pushed.inc();
    }

    pub fn queue_popped(&self) {
        self.queue_popped.inc();
    }

    pub fn batch(&self, turns: usize, tokens: usize) {
        self.batch_turns.observe(turns as f64);
        self.batch_tokens.observe(tokens as f64);
    }

    /// `endpoint` is one of [`ENDPOINTS`].
    pub fn connections_add(&self, endpoint: &'static str, delta: i64) {
        if let Some(at) = ENDPOINTS.iter().position(|name| *name == endpoint) {
            self.connections[at].add(delta);
        } else {
            debug_assert!(false, "no endpoint {endpoint}");
        }
    }

    /// An event for readers of `/v1/events` was dropped.
    pub fn event_dropped(&self) {
        self.events_dropped.inc();
    }

    /// `reason` is one of [`CUT_REASONS`].
    pub fn subscriber_cut(&self, reason: &'static str) {
        self.subscribers_cut.named(reason);
    }

    /// When the source's last turn arrived, by the server's clock. No name is shown as `none`.
    pub fn source_last_turn(&self, source: Option<&str>, unix_seconds: f64) {
        self.sources.with(
            source,
            |label| self.vecs.source(label),
            |series| series.last_turn.set(unix_seconds),
        );
    }

    /// The name under which a source is shown: its own, `other` or `none`.
    pub fn source_label(&self, source: Option<&str>) -> String {
        self.sources.with(source, |label| self.vecs.source(label), |series| series.label.clone())
    }

    pub fn unknown_fields(&self, count: u32) {
        self.unknown_fields.inc_by(u64::from(count));
    }

    pub fn clamped_timestamp(&self) {
        self.clamped.inc();
    }

    /// `reason` is one of [`EVICTION_REASONS`].
    pub fn conversation_evicted(&self, reason: &'static str) {
        self.evicted.named(reason);
    }

    pub fn customer_turn(&self, label: Label, score: f64, queue: Option<&str>) {
        self.queue(queue, |series| {
            series.customer_turns[label as usize].inc();
            series.sentiment.observe(score);
        });
    }

    pub fn agent_turn(&self, queue: Option<&str>) {
        self.queue(queue, |series| series.agent_turns.inc());
    }

    /// A signal in a customer's turn, or over the conversation.
    pub fn signal(&self, signal: Signal, queue: Option<&str>) {
        self.queue(queue, |series| series.signals[signal as usize].inc());
    }

    /// A mistake of the business side, in a turn or over the conversation.
    pub fn mistake(&self, mistake: Mistake, queue: Option<&str>) {
        self.queue(queue, |series| series.mistakes[mistake as usize].inc());
    }

    /// `reason` is one of [`ABSTENTION_REASONS`].
    pub fn abstained_turn(&self, reason: &'static str) {
        self.abstained.named(reason);
    }

    /// `phase` is one of [`WAIT_PHASES`].
    pub fn customer_wait(&self, channel: Channel, phase: &'static str, seconds: f64) {
        if let Some(at) = WAIT_PHASES.iter().position(|name| *name == phase) {
            self.waits[channel as usize * WAIT_PHASES.len() + at].observe(seconds);
        } else {
            debug_assert!(false, "no phase {phase}");
        }
    }

    /// Makes a rule's series, at 0, before its first alert.
    pub fn declare_rule(&self, rule: &str) {
        for severity in Severity::ALL {
            let labels = [rule, severity.as_str()];
            self.vecs.alerts_opened.with_label_values(&labels);
            self.vecs.alerts_resolved.with_label_values(&labels);
        }
        for verdict in Verdict::ALL {
            self.vecs.alert_verdicts.with_label_values(&[rule, verdict.as_str()]);
        }
    }

    pub fn alert_opened(&self, rule: &str, severity: Severity) {
        rule_counter(&self.vecs.alerts_opened, rule, severity).inc();
    }

    pub fn alert_resolved(&self, rule: &str, severity: Severity) {
        rule_counter(&self.vecs.alerts_resolved, rule, severity).inc();
    }

    /// Somebody said something new of an alert.
    pub fn alert_verdict(&self, rule: &str, verdict: Verdict) {
        self.vecs.alert_verdicts.with_label_values(&[rule, verdict.as_str()]).inc();
    }

    /// Replaces the state gauges: conversations by level and queue, longest wait by queue, open alerts.
    pub fn set_state(
        &self,
        active: usize,
        levels: &[(Level, Option<&str>, u64)],
        waits: &[(Option<&str>, f64)],
        alerts: &[AlertSeries],
    ) {
        let mut state = self.state.lock();
        self.vecs.conversations_active.set(active as f64);
        // Makes the series of queues first seen here, so that all of a queue's series appear together.
        for queue in levels.iter().map(|(_, queue, _)| *queue).chain(waits.iter().map(|(queue, _)| *queue)) {
            self.queue(queue, |_| ());
        }
        self.queues.each(|series| series.clear_state());
        for (level, queue, count) in levels {
            self.queue(*queue, |series| series.levels[*level as usize].add(*count as f64));
        }
        for (queue, seconds) in waits {
            self.queue(*queue, |series| series.longest_wait.set(series.longest_wait.get().max(*seconds)));
        }
        state.replace_alerts(&self.vecs, alerts, |queue| self.queue(queue, |series| series.label.clone()));
    }

    /// Promises of the business side: those whose time is to come, and those that are overdue.
    pub fn set_promises(&self, open: usize, overdue: usize) {
        for (state, count) in PROMISE_STATES.iter().zip([open, overdue]) {
            self.vecs.promises.with_label_values(&[state]).set(count as f64);
        }
    }

    /// Rules were loaded at this time, by the server's clock; none: they were refused, and the old ones stay.
    pub fn rules_loaded(&self, unix_seconds: Option<f64>) {
        self.vecs.rules_reload_success.set(f64::from(u8::from(unix_seconds.is_some())));
        unix_seconds.into_iter().for_each(|now| self.vecs.rules_last_reload.set(now));
    }

    pub fn model_info(&self, name: &str, version: &str, precision: &str) {
        self.vecs.model_info.with_label_values(&[name, version, precision]).set(1.0);
    }

    fn build_info(&self, version: &str, commit: &str) {
        self.vecs.build_info.with_label_values(&[version, commit]).set(1.0);
    }

    fn queue<R>(&self, queue: Option<&str>, with: impl FnOnce(&QueueSeries) -> R) -> R {
        self.queues.with(queue, |label| self.vecs.queue(label), with)
    }
}

fn rule_counter(vec: &IntCounterVec, rule: &str, severity: Severity) -> IntCounter {
    vec.with_label_values(&[rule, severity.as_str()])
}

#[cfg(test)]
mod tests;
