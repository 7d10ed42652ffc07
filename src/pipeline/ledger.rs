//! The account of turns: each is received once and ends in exactly one way.
//!
//! Holds always, when nothing is being counted: received = scored + unscored + duplicate + refused + in flight.
//! The figures of the contract's metrics and of [`Counts`] are counted at the same place, so they agree.
//! Called by [`super::Pipeline`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::Metrics;
use crate::wire::{Channel, ErrorCode, Role};

/// How many turns went which way since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub received: u64,
    pub scored: u64,
    pub unscored: u64,
    pub duplicate: u64,
    pub refused: u64,
    pub in_flight: u64,
}

pub(super) struct Ledger {
    metrics: Arc<Metrics>,
    received: AtomicU64,
    scored: AtomicU64,
    unscored: AtomicU64,
    duplicate: AtomicU64,
    refused: AtomicU64,
    in_flight: AtomicU64,
}

impl Counts {
    /// Whether every turn received is accounted for.
    pub fn balanced(&self) -> bool {
        self.received == self.scored + self.unscored + self.duplicate + self.refused + self.in_flight
    }
}

impl Ledger {
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Ledger {
            metrics,
            received: AtomicU64::new(0),
            scored: AtomicU64::new(0),
            unscored: AtomicU64::new(0),
            duplicate: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
        }
    }

    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            received: read(&self.received),
            scored: read(&self.scored),
            unscored: read(&self.unscored),
            duplicate: read(&self.duplicate),
            refused: read(&self.refused),
            in_flight: read(&self.in_flight),
        }
    }

    pub fn received(&self, role: Role, channel: Channel) {
        self.received.fetch_add(1, Ordering::Relaxed);
        self.metrics.turn_received(role, channel);
    }

    pub fn unscored(&self, reason: &'static str) {
        self.unscored.fetch_add(1, Ordering::Relaxed);
        self.metrics.turn_unscored(reason);
    }

    pub fn duplicate(&self) {
        self.duplicate.fetch_add(1, Ordering::Relaxed);
        self.metrics.turn_duplicate();
    }

    /// A received turn that was never admitted.
    pub fn refused(&self, code: ErrorCode) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.metrics.turn_refused(code);
    }

    pub fn admitted(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.metrics.turns_in_flight_add(1);
    }

    /// An admitted turn took effect.
    pub fn scored(&self, role: Role) {
        self.landed();
        self.scored.fetch_add(1, Ordering::Relaxed);
        self.metrics.turn_scored(role);
    }

    /// An admitted turn got no score.
    pub fn withdrawn(&self, code: ErrorCode) {
        self.landed();
        self.refused(code);
    }

    fn landed(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.metrics.turns_in_flight_add(-1);
    }
}
