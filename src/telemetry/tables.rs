//! Names, helps, labels and buckets of the metrics, and their children resolved ahead of use.
//!
//! Holds always: every name is given the prefix here and registered once. Called by `Metrics` alone.

use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, core::Collector,
};

use super::WAIT_PHASES;
use crate::wire::{Channel, ErrorCode, Label, Level, Mistake, Signal};

/// Before every name.
const PREFIX: &str = "undertone";
pub(super) const REGISTERED_ONCE: &str = "each metric is registered once under a valid name: this is a bug";

/// Seconds from received to scored: the service answers in milliseconds, and in seconds under overload.
const LATENCY_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Seconds of one stage; admit and apply take microseconds.
const STAGE_BUCKETS: &[f64] =
    &[0.000_01, 0.000_1, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
const BATCH_TURNS_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
const BATCH_TOKENS_BUCKETS: &[f64] = &[16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0];
const SENTIMENT_BUCKETS: &[f64] = &[-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0];
/// Seconds a customer waited: from a quick chat reply to the next day's e-mail.
const WAIT_BUCKETS: &[f64] =
    &[15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0, 43_200.0, 86_400.0];

/// Metrics with labels.
pub(super) struct Vecs {
    pub(super) turns_received: IntCounterVec,
    pub(super) turns_scored: IntCounterVec,
    pub(super) turns_unscored: IntCounterVec,
    pub(super) turns_refused: IntCounterVec,
    pub(super) frames_refused: IntCounterVec,
    pub(super) stage: HistogramVec,
    pub(super) connections: IntGaugeVec,
    pub(super) subscribers_cut: IntCounterVec,
    pub(super) source_last_turn: GaugeVec,
    pub(super) conversations_active: Gauge,
    pub(super) conversations: GaugeVec,
    pub(super) evicted: IntCounterVec,
    pub(super) customer_turns: IntCounterVec,
    pub(super) agent_turns: IntCounterVec,
    pub(super) sentiment: HistogramVec,
    pub(super) abstained: IntCounterVec,
    pub(super) signals: IntCounterVec,
    pub(super) mistakes: IntCounterVec,
    pub(super) wait: HistogramVec,
    pub(super) longest_wait: GaugeVec,
    pub(super) promises: GaugeVec,
    pub(super) alerts_opened: IntCounterVec,
    pub(super) alerts_resolved: IntCounterVec,
    pub(super) alert_verdicts: IntCounterVec,
    pub(super) alerts_active: GaugeVec,
    pub(super) alert_info: GaugeVec,
    pub(super) rules_reload_success: Gauge,
    pub(super) rules_last_reload: Gauge,
    pub(super) model_info: GaugeVec,
    pub(super) build_info: GaugeVec,
}

/// Counters of one closed label set.
pub(super) struct Table1 {
    names: Vec<&'static str>,
    children: Vec<IntCounter>,
}

/// Counters of two closed label sets, by the places of the names in them.
pub(super) struct Table2 {
    columns: usize,
    children: Vec<IntCounter>,
}

/// All series of one queue.
pub(super) struct QueueSeries {
    pub(super) label: String,
    pub(super) customer_turns: Vec<IntCounter>,
    pub(super) agent_turns: IntCounter,
    pub(super) sentiment: Histogram,
    /// In the order of [`Signal::ALL`].
    pub(super) signals: Vec<IntCounter>,
    /// In the order of [`Mistake::ALL`].
    pub(super) mistakes: Vec<IntCounter>,
    pub(super) levels: Vec<Gauge>,
    pub(super) longest_wait: Gauge,
}

/// All series of one source.
pub(super) struct SourceSeries {
    pub(super) label: String,
    pub(super) last_turn: Gauge,
}

// === impl Vecs ===

impl Vecs {
    #[rustfmt::skip] // a table: one metric a line
    pub(super) fn new(r: &Registry) -> Self {
        Vecs {
            turns_received: counters(r, "turns_received_total", "Turns whose frame was valid.", &["role", "channel"]),
            turns_scored: counters(r, "turns_scored_total", "Turns that were scored.", &["role"]),
            turns_unscored: counters(r, "turns_unscored_total", "Turns accepted but never scored, by why.", &["reason"]),
            turns_refused: counters(r, "turns_refused_total", "Valid turns that were refused, by error code.", &["code"]),
            frames_refused: counters(r, "frames_refused_total", "Frames refused before they became a turn, by error code.", &["code"]),
            stage: histograms(r, "stage_duration_seconds", "Time a turn or its batch spent in one stage.", &["stage"], STAGE_BUCKETS),
            connections: register(r, IntGaugeVec::new(opts("connections", "Open websockets."), &["endpoint"])),
            subscribers_cut: counters(r, "subscribers_cut_total", "Readers of /v1/events that were closed because they were too slow, by why.", &["reason"]),
            source_last_turn: gauges(r, "source_last_turn_timestamp_seconds", "When a source's last turn arrived.", &["source"]),
            conversations_active: register(r, Gauge::with_opts(opts("conversations_active", "Conversations in memory."))),
            conversations: gauges(r, "conversations", "Conversations in memory by risk level and queue.", &["level", "queue"]),
            evicted: counters(r, "conversations_evicted_total", "Conversations that left memory, by why.", &["reason"]),
            customer_turns: counters(r, "customer_turns_total", "Scored customer turns by sentiment and queue.", &["label", "queue"]),
            agent_turns: counters(r, "agent_turns_total", "Scored turns of agents and bots by queue.", &["queue"]),
            sentiment: histograms(r, "customer_sentiment_score", "Sentiment of customer turns, -1 to 1.", &["queue"], SENTIMENT_BUCKETS),
            abstained: counters(r, "abstained_turns_total", "Scored turns that are not judged, by why.", &["reason"]),
            signals: counters(r, "signals_total", "Signals in customer turns or over the conversation, by signal and queue.", &["signal", "queue"]),
            mistakes: counters(r, "mistakes_total", "Mistakes of agents and bots, in a turn or over the conversation, by mistake and queue.", &["mistake", "queue"]),
            wait: histograms(r, "customer_wait_seconds", "How long customers waited for an answer.", &["channel", "phase"], WAIT_BUCKETS),
            longest_wait: gauges(r, "longest_wait_seconds", "The longest time a customer has been waiting now.", &["queue"]),
            promises: gauges(r, "promises", "Promises of agents and bots that were not kept yet: open ones, and overdue ones.", &["state"]),
            alerts_opened: counters(r, "alerts_opened_total", "Alerts opened.", &["rule", "severity"]),
            alerts_resolved: counters(r, "alerts_resolved_total", "Alerts resolved.", &["rule", "severity"]),
            alert_verdicts: counters(r, "alert_verdicts_total", "What people said of alerts, by rule and verdict.", &["rule", "verdict"]),
            alerts_active: gauges(r, "alerts_active", "Alerts open now.", &["rule", "severity", "queue"]),
            alert_info: gauges(r, "alert_info", "1 for each open alert; only the most severe, at most alerts.max_series.", &["alert_id", "conversation_id", "rule", "severity", "queue"]),
            rules_reload_success: register(r, Gauge::with_opts(opts("rules_reload_success", "Whether the last attempt to load the rules succeeded."))),
            rules_last_reload: register(r, Gauge::with_opts(opts("rules_last_reload_timestamp_seconds", "When rules were last loaded."))),
            model_info: gauges(r, "model_info", "The model that scores, always 1.", &["name", "version", "precision"]),
            build_info: gauges(r, "build_info", "The running build, always 1.", &["version", "commit"]),
        }
    }

    pub(super) fn queue(&self, label: &str) -> QueueSeries {
        let labelled = |name: &Label| self.customer_turns.with_label_values(&[name.as_str(), label]);
        let signal = |name: &Signal| self.signals.with_label_values(&[name.as_str(), label]);
        let mistake = |name: &Mistake| self.mistakes.with_label_values(&[name.as_str(), label]);
        let level = |name: &Level| self.conversations.with_label_values(&[name.as_str(), label]);
        QueueSeries {
            label: label.to_owned(),
            customer_turns: Label::ALL.iter().map(labelled).collect(),
            agent_turns: self.agent_turns.with_label_values(&[label]),
            sentiment: self.sentiment.with_label_values(&[label]),
            signals: Signal::ALL.iter().map(signal).collect(),
            mistakes: Mistake::ALL.iter().map(mistake).collect(),
            levels: Level::ALL.iter().map(level).collect(),
            longest_wait: self.longest_wait.with_label_values(&[label]),
        }
    }

    pub(super) fn source(&self, label: &str) -> SourceSeries {
        SourceSeries { label: label.to_owned(), last_turn: self.source_last_turn.with_label_values(&[label]) }
    }
}

// === impl tables ===

impl Table1 {
    pub(super) fn new(vec: &IntCounterVec, names: &[&'static str]) -> Self {
        let children = names.iter().map(|name| vec.with_label_values(&[name])).collect();
        Table1 { names: names.to_vec(), children }
    }

    pub(super) fn of_codes(vec: &IntCounterVec) -> Self {
        let names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        Self::new(vec, &names)
    }

    /// Counts one of `name`.
    pub(super) fn named(&self, name: &str) {
        if let Some(at) = self.names.iter().position(|known| *known == name) {
            self.children[at].inc();
        } else {
            debug_assert!(false, "no label {name}");
        }
    }
}

impl Table2 {
    pub(super) fn new<A: Copy, B: Copy>(
        vec: &IntCounterVec,
        rows: &[A],
        row: impl Fn(A) -> &'static str,
        columns: &[B],
        column: impl Fn(B) -> &'static str,
    ) -> Self {
        let cells = rows.iter().flat_map(|a| columns.iter().map(move |b| (*a, *b)));
        let children = cells.map(|(a, b)| vec.with_label_values(&[row(a), column(b)])).collect();
        Table2 { columns: columns.len(), children }
    }

    pub(super) fn get(&self, row: usize, column: usize) -> &IntCounter {
        &self.children[row * self.columns + column]
    }
}

impl QueueSeries {
    /// Sets what is read off the state to 0, before it is counted anew.
    pub(super) fn clear_state(&self) {
        self.levels.iter().for_each(|level| level.set(0.0));
        self.longest_wait.set(0.0);
    }
}

// === making and registering ===

pub(super) fn int_counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    register(registry, IntCounter::with_opts(opts(name, help)))
}

pub(super) fn int_gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    register(registry, IntGauge::with_opts(opts(name, help)))
}

pub(super) fn turn_latency(registry: &Registry) -> Histogram {
    histogram(registry, "turn_latency_seconds", "From a turn's arrival to its score.", LATENCY_BUCKETS)
}

pub(super) fn batch_turns(registry: &Registry) -> Histogram {
    histogram(registry, "batch_turns", "Turns scored in one batch.", BATCH_TURNS_BUCKETS)
}

pub(super) fn batch_tokens(registry: &Registry) -> Histogram {
    histogram(registry, "batch_tokens", "Tokens scored in one batch.", BATCH_TOKENS_BUCKETS)
}

/// Channel by channel, phase by phase.
pub(super) fn waits(vec: &HistogramVec) -> Vec<Histogram> {
    let cells = Channel::ALL.iter().flat_map(|channel| WAIT_PHASES.iter().map(move |phase| (channel, phase)));
    cells.map(|(channel, phase)| vec.with_label_values(&[channel.as_str(), phase])).collect()
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(PREFIX)
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(registry, IntCounterVec::new(opts(name, help), labels))
}

fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
    register(registry, GaugeVec::new(opts(name, help), labels))
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Histogram {
    register(registry, Histogram::with_opts(HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec())))
}

fn histograms(registry: &Registry, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
    register(
        registry,
        HistogramVec::new(HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec()), labels),
    )
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let metric = made.expect(REGISTERED_ONCE);
    registry.register(Box::new(metric.clone())).expect(REGISTERED_ONCE);
    metric
}
