//! The way of a turn through the house: admit → score → apply → detectors → alerts, the same live and offline.
//!
//! Holds always: synchronous and without a clock, time is passed in; every ticket is answered exactly once.
//! Called by `gateway` (live) and `offline`.

use std::sync::Arc;

use jiff::Timestamp;

use crate::scoring::{ScoreError, Scores};
use crate::telemetry::Metrics;
use crate::wire::{Channel, Clock, Closed, ErrorCode, Role, Scored, ServerFrame, Transferred, Turn};

/// Where the answer to one turn goes. Delivering must not block: it is called under the lock of the conversation,
/// so that the answers of one conversation keep their order.
pub trait Ticket: Clone + Send + Sync + 'static {
    /// The one answer to the turn this ticket was made for.
    fn answer(&self, answer: Answer);
    /// A finding or an alert about the conversation, for its latest producer.
    fn notify(&self, frame: &ServerFrame);
}

/// The answer to one turn.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Scored (now, or earlier for a duplicate); `seq` and `latency_ms` are the ticket's to fill in.
    Scored(Arc<Scored>),
    /// Taken, but there is nothing to say: system and private turns, duplicates whose answer is no longer held.
    Taken,
    /// Refused; it had no effect.
    Refused { code: ErrorCode, message: String, retry_after_ms: Option<u64> },
}

/// What `admit` decided.
pub enum Admission {
    /// To be scored; give it back to [`Pipeline::complete`] with the result, whatever it is.
    Score(Admitted),
    /// The ticket has been answered (or will be, with the original turn it repeats).
    Done,
}

/// A turn that holds its place in its conversation until it is completed.
pub struct Admitted {
    pub context: Option<Arc<str>>,
    pub text: Arc<str>,
    pub role: Role,
}

/// Everything between the wire and the sinks, for one process.
pub struct Pipeline<T: Ticket> {
    _ticket: std::marker::PhantomData<T>,
    _metrics: Arc<Metrics>,
}

impl<T: Ticket> Pipeline<T> {
    /// Lets a turn in, in its conversation's order.
    pub fn admit(&self, _turn: Turn, _clock: Clock, _now: Timestamp, _ticket: T) -> Admission {
        todo!()
    }

    /// Ends what `admit` began; effects and answers come in the order of admission within the conversation.
    pub fn complete(&self, _admitted: Admitted, _result: Result<Scores, ScoreError>) {
        todo!()
    }

    /// The source closed a conversation: takes effect after the turns that were admitted before.
    pub fn closed(&self, _closed: Closed, _clock: Clock, _now: Timestamp, _ticket: T) {
        todo!()
    }

    /// The conversation moved to another queue or agent.
    pub fn transferred(&self, _transferred: Transferred, _clock: Clock, _now: Timestamp, _ticket: T) {
        todo!()
    }

    /// Fires what is due by `now`: idle conversations leave.
    pub fn tick(&self, _now: Timestamp) {
        todo!()
    }

    /// Sets the gauges that are read off the state (levels, active alerts, longest waits) before a scrape.
    pub fn refresh_gauges(&self, _now: Timestamp) {
        todo!()
    }
}
#[allow(dead_code)]
fn _channel(_: Channel) {}
