//! From the pipeline to every reader of `/v1/events`: a bounded queue that the pipeline pushes to without ever waiting,
//! and a pump behind it that finds out whom an event is for, makes its JSON once and wakes those.
//!
//! Holds always: at most [`EVENTS_WAITING_MAX`] events wait for the pump, and the [`super::ring::Ring`] bounds what waits
//! for readers; whoever misses an event is cut, never left without knowing. Pushed to by the pipeline; the pump is run
//! and readers are made by `events`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use super::ring::{Event, Ring};
use crate::pipeline::{Happening, Watcher};
use crate::telemetry::Metrics;
use crate::wire::Subscribe;

/// Events that may wait for the pump: half a minute and more at the full speed of two cores.
pub const EVENTS_WAITING_MAX: usize = 8_192;
/// Events handed to readers at once.
const ROUND_EVENTS_MAX: usize = 512;
/// After a round, what comes next is gathered for this long: a thousand readers are a thousand writes a round, and
/// nobody sees a tenth of a second. The first event after a quiet time goes out at once.
const GATHER_MS: u64 = 100;

/// Why a reader is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slow {
    /// More events are gone from the ring than it has taken.
    Behind,
    /// Not its fault: the pump did not keep up with the pipeline.
    Dropped,
}

/// Where all events come by.
pub struct Hub {
    metrics: Arc<Metrics>,
    sender: mpsc::Sender<Arc<Happening>>,
    /// Taken by the pump, once.
    receiver: Mutex<Option<mpsc::Receiver<Arc<Happening>>>>,
    /// Readers that have subscribed to anything, and to scores.
    subscribed: AtomicUsize,
    scored_wanted: AtomicUsize,
    /// Something was dropped since the last round.
    dropped: AtomicBool,
    ring: Mutex<Ring>,
}

/// One reader's place. Dropped, it is forgotten.
pub(super) struct Reader {
    hub: Arc<Hub>,
    id: u64,
    wake: Arc<Notify>,
    cut: CancellationToken,
    counted: Counted,
}

/// What of a subscription the hub counts.
#[derive(Clone, Copy, Default)]
struct Counted {
    any: bool,
    scored: bool,
}

// === impl Hub ===

impl Hub {
    /// Nobody reads yet.
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        let (sender, receiver) = mpsc::channel(EVENTS_WAITING_MAX);
        Arc::new(Hub {
            metrics,
            sender,
            receiver: Mutex::new(Some(receiver)),
            subscribed: AtomicUsize::new(0),
            scored_wanted: AtomicUsize::new(0),
            dropped: AtomicBool::new(false),
            ring: Mutex::default(),
        })
    }

    /// Hands events to readers until `stopping`, then what still waits. Once for each hub.
    pub(super) async fn pump(self: Arc<Self>, stopping: CancellationToken) {
        let Some(mut receiver) = self.receiver.lock().take() else {
            debug_assert!(false, "a hub has one pump: this is a bug");
            return;
        };
        let mut round = Vec::with_capacity(ROUND_EVENTS_MAX);
        loop {
            tokio::select! {
                _ = receiver.recv_many(&mut round, ROUND_EVENTS_MAX) => {}
                () = stopping.cancelled() => break,
            }
            let full = round.len() >= ROUND_EVENTS_MAX;
            self.publish(round.drain(..));
            if full {
                // Readers get their turn on this thread.
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                () = sleep(Duration::from_millis(GATHER_MS)) => {}
                () = stopping.cancelled() => break,
            }
        }
        while let Ok(happening) = receiver.try_recv() {
            self.publish([happening]);
        }
    }

    /// A reader that has not subscribed to anything.
    pub(super) fn join(self: &Arc<Self>) -> Reader {
        let (wake, cut) = (Arc::new(Notify::new()), CancellationToken::new());
        let id = self.ring.lock().join(wake.clone(), cut.clone());
        Reader { hub: self.clone(), id, wake, cut, counted: Counted::default() }
    }

    fn publish(&self, happenings: impl IntoIterator<Item = Arc<Happening>>) {
        let mut ring = self.ring.lock();
        if self.dropped.swap(false, Ordering::AcqRel) {
            ring.cut_all(Slow::Dropped);
        }
        for happening in happenings {
            ring.publish(&happening);
        }
        ring.wake();
    }
}

impl Watcher for Hub {
    fn wants_scored(&self) -> bool {
        self.scored_wanted.load(Ordering::Acquire) > 0
    }

    fn see(&self, happening: &Arc<Happening>) {
        if self.subscribed.load(Ordering::Acquire) == 0 {
            return;
        }
        if self.sender.try_send(Arc::clone(happening)).is_err() {
            self.dropped.store(true, Ordering::Release);
            self.metrics.event_dropped();
        }
    }
}

// === impl Reader ===

impl Reader {
    /// Changes what is wanted, from the next event on; gives what is still to be written of what was wanted before.
    pub(super) fn subscribe(&mut self, wanted: Subscribe) -> Result<Vec<Arc<Event>>, Slow> {
        self.count(Counted { any: true, scored: wanted.events.scored });
        self.hub.ring.lock().subscribe(self.id, wanted)
    }

    /// The events to write next, oldest first; at most `events_max`.
    pub(super) fn take(&self, events_max: usize) -> Result<Vec<Arc<Event>>, Slow> {
        self.hub.ring.lock().take(self.id, events_max)
    }

    /// Ready when there may be something to take since the last call.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Ready when it was cut; `take` says why.
    pub(super) fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }

    fn count(&mut self, now: Counted) {
        let change = |counter: &AtomicUsize, before: bool, after: bool| match (before, after) {
            (false, true) => drop(counter.fetch_add(1, Ordering::AcqRel)),
            (true, false) => drop(counter.fetch_sub(1, Ordering::AcqRel)),
            _ => {}
        };
        change(&self.hub.subscribed, self.counted.any, now.any);
        change(&self.hub.scored_wanted, self.counted.scored, now.scored);
        self.counted = now;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.count(Counted::default());
        self.hub.ring.lock().leave(self.id);
    }
}

impl Slow {
    /// Told in the close frame.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Slow::Behind => "too slow: events are gone before they could be written",
            Slow::Dropped => "too slow: the server dropped events",
        }
    }

    /// One of [`crate::telemetry::CUT_REASONS`].
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Slow::Behind => "behind",
            Slow::Dropped => "dropped",
        }
    }
}

impl Event {
    pub(super) fn json(&self) -> Utf8Bytes {
        self.json.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::MetricLimits;
    use crate::wire::{AlertFrame, AlertKind, Resolution, ServerFrame, Severity, Wants};

    fn alert() -> Happening {
        let alert = AlertFrame {
            alert_id: "a".to_owned(),
            kind: AlertKind::CustomerRisk,
            rule: "R".to_owned(),
            severity: Severity::Warning,
            conversation_id: "c".to_owned(),
            queue: None,
            ts: jiff::Timestamp::UNIX_EPOCH,
            opened_at: jiff::Timestamp::UNIX_EPOCH,
            summary: String::new(),
            reasons: Vec::new(),
            contributions: Vec::new(),
            risk: 0.9,
            url: String::new(),
            rules_version: String::new(),
            model: String::new(),
            resolution: Some(Resolution::Closed),
        };
        let frame = ServerFrame::AlertResolved(Box::new(alert));
        Happening { conversation_id: "c".into(), queue: None, severity: Some(Severity::Warning), frame }
    }

    fn hub() -> Arc<Hub> {
        let limits = MetricLimits { queues_max: 1, sources_max: 1, alert_series_max: 1 };
        Hub::new(Arc::new(Metrics::new(limits)))
    }

    fn alerts() -> Subscribe {
        let events = Wants { scored: false, findings: false, alerts: true };
        Subscribe { events, queue: None, conversation_id: None, min_severity: None }
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_pump_does_not_keep_up_everybody_who_subscribed_is_cut_and_the_pipeline_never_waits() {
        let hub = hub();
        let mut reader = hub.join();
        let silent = hub.join();
        assert!(reader.subscribe(alerts()).is_ok_and(|rest| rest.is_empty()));
        for _ in 0..EVENTS_WAITING_MAX + 3 {
            hub.see(&Arc::new(alert()));
        }
        tokio::spawn(hub.clone().pump(CancellationToken::new()));
        reader.cut().cancelled().await;
        assert_eq!(reader.take(1).map(|events| events.len()), Err(Slow::Dropped));
        assert!(!silent.cut().is_cancelled());
        assert!(hub.metrics.render().contains("undertone_events_dropped_total 3"));
        let mut next = hub.join();
        assert!(next.subscribe(alerts()).is_ok_and(|rest| rest.is_empty()));
        hub.see(&Arc::new(alert()));
        next.woken().await;
        assert_eq!(next.take(1).map(|events| events.len()), Ok(1), "later readers miss nothing");
    }

    #[test]
    fn nothing_is_copied_for_readers_that_are_not_there() {
        let hub = hub();
        let mut reader = hub.join();
        hub.see(&Arc::new(alert()));
        assert!(reader.subscribe(alerts()).is_ok() && !hub.wants_scored());
        let scored = Subscribe { events: Wants::default(), ..alerts() };
        assert!(reader.subscribe(scored.clone()).is_ok() && hub.wants_scored());
        assert!(reader.subscribe(scored).is_ok() && hub.wants_scored());
        drop(reader);
        assert!(!hub.wants_scored());
        assert_eq!(hub.sender.capacity(), EVENTS_WAITING_MAX);
    }
}
