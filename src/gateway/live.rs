//! The way of a live turn: room in the scorer's queue → `pipeline.admit` → scoring → `pipeline.complete`.
//!
//! Holds always: a turn that came in here is answered exactly once, also when the scorer fails or forgets it; room
//! is taken before the turn has any effect, so that a refused turn has none. Called by sessions and HTTP routes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio::time::Instant;

pub use crate::scoring::Done;

use super::reply::Reply;
use crate::clock;
use crate::pipeline::{Admission, Admitted, Pipeline};
use crate::scoring::{ScoreError, Scores};
use crate::telemetry::Metrics;
use crate::wire::{Clock, Closed, ErrorCode, Role, Transferred, Turn, Visibility};

/// From this fullness of the queue on, clients are told to slow down and the server is not ready.
pub const PRESSURE_HIGH: f64 = 0.5;
/// Below this fullness they are told that it is over; lower, so that the state does not flap.
pub const PRESSURE_LOW: f64 = 0.25;

/// Scores turns on threads of its own.
pub trait TurnScorer: Send + Sync + 'static {
    /// Tokenises and takes room in the bounded queue.
    ///
    /// # Errors
    /// [`ScoreError::Overloaded`] when there is none.
    fn reserve(&self, role: Role, text: &str) -> Result<Box<dyn Reservation>, ScoreError>;
    /// How full the queue is, 0 to 1.
    fn pressure(&self) -> f64;
    /// Blocks until all that was submitted is done.
    fn drain(&self);
}

/// Room in the scorer's queue; dropping it gives the room back.
pub trait Reservation: Send {
    /// Queues the turn. `done` may be called from any thread.
    fn submit(self: Box<Self>, context: Option<Arc<str>>, done: Done);
}

/// Whether clients should slow down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Ok,
    Slow,
}

/// The pipeline and the scorer behind it.
pub struct Live {
    pipeline: Arc<Pipeline<Reply>>,
    scorer: Arc<dyn TurnScorer>,
    metrics: Arc<Metrics>,
    flow: watch::Sender<Flow>,
    draining: AtomicBool,
}

/// A turn in scoring. Dropped without a result, it is completed as failed: a turn is never lost.
struct InScoring {
    live: Arc<Live>,
    admitted: Option<Admitted>,
    received: Instant,
}

// === impl Live ===

impl Live {
    pub fn new(pipeline: Arc<Pipeline<Reply>>, scorer: Arc<dyn TurnScorer>, metrics: Arc<Metrics>) -> Self {
        Live {
            pipeline,
            scorer,
            metrics,
            flow: watch::Sender::new(Flow::Ok),
            draining: AtomicBool::new(false),
        }
    }

    pub fn pipeline(&self) -> &Pipeline<Reply> {
        &self.pipeline
    }

    /// Changes of the flow state, for `flow` frames.
    pub fn flow(&self) -> watch::Receiver<Flow> {
        self.flow.subscribe()
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// From now on new turns are refused as `shutting_down`.
    pub fn begin_drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Blocks until the scorer has nothing left.
    pub fn finish_drain(&self) {
        self.scorer.drain();
    }

    /// Takes one turn; `reply` gets its one answer.
    pub fn turn(self: &Arc<Self>, turn: Turn, clock: Clock, received: Instant, reply: Reply) {
        if self.is_draining() {
            return self.pipeline.refuse(&turn, ScoreError::ShuttingDown, &reply);
        }
        if turn.role == Role::System || turn.visibility == Visibility::Private {
            // Never scored, so it needs no room; admit answers it.
            return self.admit(turn, clock, received, reply, None);
        }
        let tokenizing = Instant::now();
        let reserved = self.scorer.reserve(turn.role, &turn.text);
        self.metrics.stage("tokenize", tokenizing.elapsed().as_secs_f64());
        self.look_at_pressure();
        match reserved {
            Ok(reservation) => self.admit(turn, clock, received, reply, Some(reservation)),
            Err(error) => self.pipeline.refuse(&turn, error, &reply),
        }
    }

    /// The source closed a conversation.
    pub fn closed(&self, closed: Closed, clock: Clock, reply: Reply) {
        self.pipeline.closed(closed, clock, clock::now(), reply);
    }

    /// A conversation moved.
    pub fn transferred(&self, transferred: Transferred, clock: Clock, reply: Reply) {
        self.pipeline.transferred(transferred, clock, clock::now(), reply);
    }

    /// A valid turn that was refused before it was admitted is received and refused, for the conservation equation.
    pub fn count_refused(&self, turn: &Turn, code: ErrorCode) {
        self.metrics.turn_received(turn.role, turn.channel);
        self.metrics.turn_refused(code);
    }

    /// How full the scorer's queue is, 0 to 1.
    pub fn pressure(&self) -> f64 {
        self.scorer.pressure()
    }

    /// Updates the flow state.
    pub fn look_at_pressure(&self) {
        let pressure = self.scorer.pressure();
        self.flow.send_if_modified(|flow| {
            let new = match *flow {
                Flow::Ok if pressure >= PRESSURE_HIGH => Flow::Slow,
                Flow::Slow if pressure < PRESSURE_LOW => Flow::Ok,
                same => same,
            };
            std::mem::replace(flow, new) != new
        });
    }

    fn admit(
        self: &Arc<Self>,
        turn: Turn,
        clock: Clock,
        received: Instant,
        reply: Reply,
        reservation: Option<Box<dyn Reservation>>,
    ) {
        let admitting = Instant::now();
        let admission = self.pipeline.admit(turn, clock, clock::now(), reply);
        self.metrics.stage("admit", admitting.elapsed().as_secs_f64());
        let Admission::Score(admitted) = admission else { return };
        let context = admitted.context.clone();
        let in_scoring = InScoring { live: self.clone(), admitted: Some(admitted), received };
        match reservation {
            Some(reservation) => {
                reservation.submit(context, Box::new(move |result| in_scoring.complete(result)))
            }
            None => {
                debug_assert!(false, "system and private turns are never scored");
                in_scoring.complete(Err(ScoreError::Internal));
            }
        }
    }
}

impl InScoring {
    fn complete(mut self, result: Result<Scores, ScoreError>) {
        self.end(result);
    }

    fn end(&mut self, result: Result<Scores, ScoreError>) {
        let Some(admitted) = self.admitted.take() else { return };
        let scored = result.is_ok();
        let applying = Instant::now();
        self.live.pipeline.complete(admitted, result);
        self.live.metrics.stage("apply", applying.elapsed().as_secs_f64());
        if scored {
            self.live.metrics.turn_latency(self.received.elapsed().as_secs_f64());
        }
    }
}

impl Drop for InScoring {
    fn drop(&mut self) {
        self.end(Err(ScoreError::Internal));
    }
}
