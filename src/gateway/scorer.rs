//! The real scorer behind [`TurnScorer`], and what it tells the metrics.

use std::sync::Arc;
use std::time::Duration;

use super::live::{Done, Reservation, TurnScorer};
use crate::scoring::{self, Observer, ScoreError, Scorer};
use crate::telemetry::Metrics;
use crate::wire::Role;

/// Counts what the scoring queue does.
pub struct CountedScoring(pub Arc<Metrics>);

impl Observer for CountedScoring {
    fn pushed(&self) {
        self.0.queue_pushed();
    }

    fn popped(&self, waited: Duration) {
        self.0.queue_popped();
        self.0.stage("queue", waited.as_secs_f64());
    }

    fn batch(&self, turns: usize, tokens: usize, took: Duration) {
        self.0.batch(turns, tokens);
        self.0.stage("encode", took.as_secs_f64());
    }
}

impl TurnScorer for Scorer {
    fn reserve(&self, role: Role, text: &str) -> Result<Box<dyn Reservation>, ScoreError> {
        Scorer::reserve(self, role, text).map(|room| Box::new(room) as Box<dyn Reservation>)
    }

    fn pressure(&self) -> f64 {
        Scorer::pressure(self)
    }

    fn drain(&self) {
        Scorer::drain(self);
    }
}

impl Reservation for scoring::Reservation {
    fn submit(self: Box<Self>, context: Option<Arc<str>>, done: Done) {
        scoring::Reservation::submit(*self, context.as_deref(), done);
    }
}
