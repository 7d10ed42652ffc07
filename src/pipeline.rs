//! The way of a turn through the house: admit → score → apply → detectors → alerts, the same live and offline.
//!
//! Holds always: synchronous and without a clock, time is passed in; every ticket is answered exactly once;
//! every turn is counted once on its way in and once on its way out. Called by `gateway` (live) and `offline`.
//!
//! Three times are told apart. `now` is the clock of whoever runs the pipeline (the server's; offline the newest
//! `ts` of the input): by it conversations are kept and leave, for sources with `clock: event` too, since replays
//! of different years must not throw each other's conversations out. The effects of a turn (waiting, cool-down,
//! `ts` of frames) run on the conversation's own time: the `ts` of its frames, clamped for `clock: wall` to
//! `now` ± `max_clock_skew_seconds`, and never back. Between its frames it goes on with the timeline of its
//! source: `now`, or for a live source with `clock: event` the newest `ts` of that source. A timer is set in the
//! conversation's own time and fires when the timeline gets there; with `clock: event` (and offline) also before a
//! frame of its own conversation that is later.

mod acquaintance;
mod alerting;
mod config;
mod effects;
mod gauges;
mod ledger;
mod time;
mod views;
mod watching;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parking_lot::RwLock;

pub use config::PipelineConfig;
pub use ledger::Counts;
pub use views::{Filter, LISTED_MAX, Listed};
pub use watching::{Happening, Watcher, Watchers};

use crate::alerts::RuleSet;
use crate::conversation::phrases::Phrases;
use crate::conversation::{
    Arrival, Customers, Entry, Full, PendingClose, PendingTransfer, SERVER_TIMELINE, SLOTS_MAX, Source,
    Store, StoreLimits, Timer, moments,
};
use crate::scoring::{ScoreError, Scores};
use crate::telemetry::Metrics;
use crate::wire::{Clock, Closed, ErrorCode, Role, Scored, ServerFrame, Transferred, Turn, Visibility};

/// When to send a turn again that found its conversation or the store full, in milliseconds.
const FULL_RETRY_AFTER_MS: u64 = 1_000;

/// Where the answer to one turn goes. Delivering must not block, nor call the pipeline: it is called under the
/// lock of the conversation, so that the answers of one conversation keep their order.
pub trait Ticket: Clone + Send + Sync + 'static {
    /// The one answer to the turn this ticket was made for.
    fn answer(&self, answer: Answer);
    /// A finding or an alert about the conversation, for its latest producer. A conversation keeps the ticket of
    /// its last frame for this, beyond the answer.
    fn notify(&self, frame: &ServerFrame);
    /// The producer, where it has a connection that can be lost, or a time of its own. Offline, and by HTTP, there
    /// is none: time is what the pipeline is told.
    fn source(&self) -> Option<&Arc<Source>> {
        None
    }
}

/// The answer to one turn.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Scored (now, or earlier for a duplicate); `seq` and `latency_ms` are the ticket's to fill in.
    Scored(Arc<Scored>),
    /// Taken, but there is nothing to say: closes and transfers, system and private turns, duplicates whose
    /// answer is no longer held.
    Taken,
    /// Refused; it had no effect.
    Refused { code: ErrorCode, message: String, retry_after_ms: Option<u64> },
}

/// What `admit` decided.
#[must_use = "a turn that is to be scored must be given back to `complete`"]
pub enum Admission {
    /// To be scored; give it back to [`Pipeline::complete`] with the result, whatever it is.
    Score(Admitted),
    /// The ticket has been answered (or will be, with the original turn it repeats).
    Done,
}

/// A turn that holds its place in its conversation until it is completed.
#[must_use = "the turns after it wait until it is given to `complete`"]
pub struct Admitted {
    pub context: Option<Arc<str>>,
    pub text: Arc<str>,
    pub role: Role,
    conversation_id: Arc<str>,
    place: u64,
}

/// Everything between the wire and the sinks, for one process.
pub struct Pipeline<T: Ticket> {
    store: Store<T>,
    customers: Customers,
    config: PipelineConfig,
    metrics: Arc<Metrics>,
    ledger: ledger::Ledger,
    /// What the business side says to many.
    phrases: Phrases,
    /// As `name@version`.
    model: String,
    /// Randomly seeded: turn ids are chosen by others.
    fingerprints: RandomState,
    watchers: Vec<Arc<dyn Watcher>>,
    /// Those in force; replaced whole.
    rules: RwLock<RuleSet>,
}

// === impl Answer ===

impl From<ScoreError> for Answer {
    fn from(error: ScoreError) -> Self {
        let retry_after_ms = match error {
            ScoreError::Overloaded { retry_after_ms } => Some(retry_after_ms),
            ScoreError::Expired | ScoreError::ShuttingDown | ScoreError::Internal => None,
        };
        Answer::Refused { code: code_of(error), message: error.to_string(), retry_after_ms }
    }
}

// === impl Pipeline ===

impl<T: Ticket> Pipeline<T> {
    /// An empty house. `model` is shown in every frame, as `name@version`.
    pub fn new(config: PipelineConfig, metrics: Arc<Metrics>, model: String) -> Self {
        let limits = StoreLimits { conversations_max: config.conversations_max, idle: config.idle };
        config.rules.rules().iter().for_each(|rule| metrics.declare_rule(&rule.name));
        Pipeline {
            store: Store::new(limits),
            customers: Customers::new(config.detectors.customer_memory_seconds),
            rules: RwLock::new(config.rules.clone()),
            config,
            ledger: ledger::Ledger::new(Arc::clone(&metrics)),
            phrases: Phrases::new(),
            metrics,
            model,
            fingerprints: RandomState::new(),
            watchers: Vec::new(),
        }
    }

    /// With one more who is told of everything.
    #[must_use]
    pub fn watched_by(mut self, watcher: Arc<dyn Watcher>) -> Self {
        self.watchers.push(watcher);
        self
    }

    /// Lets a turn in, in its conversation's order.
    pub fn admit(&self, mut turn: Turn, clock: Clock, now: Timestamp, ticket: T) -> Admission {
        self.ledger.received(turn.role, turn.channel);
        let arrival = self.arrival(turn.ts, clock, now, &ticket);
        if let Some(reason) = unscored_reason(&turn) {
            self.take_unscored(&turn, reason, &ticket);
            return Admission::Done;
        }
        let sent_ts = turn.ts;
        turn.ts = self.effective(sent_ts, clock, now);
        let clamped = turn.ts != sent_ts;
        let (id, role) = (turn.conversation_id.clone(), turn.role);
        let fingerprint = self.fingerprints.hash_one(&turn.turn_id);
        let entered = self.store.with_or_new(
            &id,
            now,
            |conversation, departure| self.leave(conversation, departure, now),
            |conversation| {
                conversation.timing.comes_from(ticket.source(), now);
                let entry = conversation.admit(turn, fingerprint, arrival, ticket.clone());
                if clamped && matches!(entry, Entry::Admitted { .. }) {
                    self.metrics.clamped_timestamp();
                }
                self.entered(entry, &conversation.id, role, &ticket)
            },
        );
        entered.unwrap_or_else(|Full| {
            let code = ErrorCode::ConversationLimit;
            self.ledger.refused(code);
            let message =
                "limits.conversations is reached and all conversations are busy; send the turn again";
            let retry_after_ms = Some(FULL_RETRY_AFTER_MS);
            ticket.answer(Answer::Refused { code, message: message.to_owned(), retry_after_ms });
            Admission::Done
        })
    }

    /// What an entry means for the turn's ticket.
    fn entered(&self, entry: Entry, conversation_id: &Arc<str>, role: Role, ticket: &T) -> Admission {
        match entry {
            Entry::Admitted { place, text, context } => {
                self.ledger.admitted();
                let conversation_id = Arc::clone(conversation_id);
                Admission::Score(Admitted { context, text, role, conversation_id, place })
            }
            Entry::Attached => {
                self.ledger.duplicate();
                Admission::Done
            }
            Entry::Repeated(answer) => {
                self.ledger.duplicate();
                ticket.answer(answer.map_or(Answer::Taken, Answer::Scored));
                Admission::Done
            }
            Entry::Full => {
                self.ledger.refused(ErrorCode::Overloaded);
                ticket.answer(slots_full());
                Admission::Done
            }
        }
    }

    /// Refuses a valid turn before it is admitted: the scoring queue is full, or the server is shutting down.
    pub fn refuse(&self, turn: &Turn, error: ScoreError, ticket: &T) {
        self.ledger.received(turn.role, turn.channel);
        self.ledger.refused(code_of(error));
        ticket.answer(error.into());
    }

    /// Ends what `admit` began; effects and answers come in the order of admission within the conversation.
    /// A turn without scores has no effect and is forgotten, so that it can be sent again.
    pub fn complete(&self, admitted: Admitted, result: Result<Scores, ScoreError>) {
        let Admitted { conversation_id, place, .. } = admitted;
        let settled = self.store.with(&conversation_id, |conversation| {
            match result {
                Ok(scores) => {
                    let waited = conversation.fill(place, scores);
                    debug_assert!(waited, "an admitted turn is completed once: this is a bug");
                }
                Err(error) => {
                    if let Some(pending) = conversation.withdraw(place) {
                        self.ledger.withdrawn(code_of(error));
                        pending.waiters.iter().for_each(|waiter| waiter.answer(error.into()));
                    }
                }
            }
            self.settle(conversation);
            let own = conversation.timing.on_own_time().map(|own| (own, conversation.last_arrival));
            (conversation.is_blank(), own)
        });
        let (blank, own) = settled.unzip();
        if let Some(((timer, source), now)) = own.flatten() {
            self.catch_up_with(timer, &source, now);
        }
        // A flood of turns that are all refused must not fill the store with conversations that never began.
        if blank == Some(true) {
            self.store.forget_if(&conversation_id, crate::conversation::Conversation::is_blank);
        }
    }

    /// The source closed a conversation: takes effect after the turns that were admitted before, and is answered
    /// then. Unknown conversations are none to close.
    pub fn closed(&self, closed: Closed, clock: Clock, now: Timestamp, ticket: T) {
        let arrival = self.arrival(closed.ts, clock, now, &ticket);
        let ts = self.effective_counted(closed.ts, clock, now);
        let Closed { conversation_id, closed_by, .. } = closed;
        let known = self.store.with(&conversation_id, |conversation| {
            conversation.timing.comes_from(ticket.source(), now);
            if conversation.close(PendingClose { ts, closed_by, arrival, ticket: ticket.clone() }) {
                self.settle(conversation);
            } else {
                self.refuse_frame(&ticket);
            }
        });
        if known.is_none() {
            ticket.answer(Answer::Taken);
        }
    }

    /// The conversation moved to another queue or agent; as [`Pipeline::closed`].
    pub fn transferred(&self, transferred: Transferred, clock: Clock, now: Timestamp, ticket: T) {
        let arrival = self.arrival(transferred.ts, clock, now, &ticket);
        let ts = self.effective_counted(transferred.ts, clock, now);
        let Transferred { conversation_id, queue, agent_id, .. } = transferred;
        let known = self.store.with(&conversation_id, |conversation| {
            conversation.timing.comes_from(ticket.source(), now);
            let transfer = PendingTransfer { ts, queue, agent_id, arrival, ticket: ticket.clone() };
            if conversation.transfer(transfer) {
                self.settle(conversation);
            } else {
                self.refuse_frame(&ticket);
            }
        });
        if known.is_none() {
            ticket.answer(Answer::Taken);
        }
    }

    /// Does what is due by `now`, in the order of time: timers of conversations fire, idle conversations leave.
    /// Cheap where nothing is due.
    pub fn tick(&self, now: Timestamp) {
        self.store.tick(
            now,
            |conversation, departure| self.leave(conversation, departure, now),
            |conversation, moment| self.fire(conversation, moment, now),
        );
    }

    /// What a turn of this role would get as its context if it came in now. Not what it will get: others may come
    /// before it.
    pub fn context_for(&self, conversation_id: &str, role: Role) -> Option<Arc<str>> {
        self.store.with(conversation_id, |conversation| conversation.context_for(role).cloned()).flatten()
    }

    /// The account of turns so far.
    pub fn counts(&self) -> Counts {
        self.ledger.counts()
    }

    /// The time zone of the business.
    pub fn zone(&self) -> &TimeZone {
        self.config.detectors.hours.zone()
    }

    /// Conversations held.
    pub fn conversations_held(&self) -> usize {
        self.store.len()
    }

    /// System turns and internal notes. They need no conversation and begin none: a note must not push a
    /// customer's conversation out. Where there is one, their ids are remembered.
    fn take_unscored(&self, turn: &Turn, reason: &'static str, ticket: &T) {
        let fingerprint = self.fingerprints.hash_one(&turn.turn_id);
        let repeat = self.store.with(&turn.conversation_id, |conversation| {
            conversation.note_unscored(&turn.turn_id, fingerprint)
        });
        if repeat == Some(true) {
            self.ledger.duplicate()
        } else {
            self.ledger.unscored(reason)
        }
        ticket.answer(Answer::Taken);
    }

    /// A close or a transfer that finds its conversation full.
    fn refuse_frame(&self, ticket: &T) {
        self.metrics.frame_refused(ErrorCode::Overloaded);
        ticket.answer(slots_full());
    }

    /// A source may have gone on while a turn was being scored, past the timer that the turn has set. Asked once the
    /// timer is in its place: whoever moves the source's time after that finds it there.
    fn catch_up_with(&self, timer: Timer, source: &Source, now: Timestamp) {
        if let Some(newest) = source.newest().filter(|newest| timer.at <= *newest) {
            self.store.tick_timeline(timer.timeline, newest, |conversation, moment| {
                self.fire(conversation, moment, now);
            });
        }
    }

    /// When a frame came in; a source with a time of its own moves on to `ts`, and what is due there by then fires.
    fn arrival(&self, ts: Timestamp, clock: Clock, now: Timestamp, ticket: &T) -> Arrival {
        let own = ticket.source().filter(|source| source.timeline() != SERVER_TIMELINE);
        let Some(source) = own else { return Arrival { now, at: now, timeline: SERVER_TIMELINE, clock } };
        let (at, timeline) = (source.advance(ts), source.timeline());
        self.store.tick_timeline(timeline, at, |conversation, moment| self.fire(conversation, moment, now));
        Arrival { now, at, timeline, clock }
    }

    /// `ts` as it takes effect: what a live source says is not believed beyond the skew.
    fn effective(&self, ts: Timestamp, clock: Clock, now: Timestamp) -> Timestamp {
        let skew = self.config.max_clock_skew_seconds;
        match clock {
            Clock::Wall => ts.clamp(moments::earlier(now, skew), moments::later(now, skew)),
            Clock::Event => ts,
        }
    }

    fn effective_counted(&self, ts: Timestamp, clock: Clock, now: Timestamp) -> Timestamp {
        let effective = self.effective(ts, clock, now);
        if effective != ts {
            self.metrics.clamped_timestamp();
        }
        effective
    }
}

const fn code_of(error: ScoreError) -> ErrorCode {
    match error {
        ScoreError::Overloaded { .. } => ErrorCode::Overloaded,
        ScoreError::Expired => ErrorCode::Expired,
        ScoreError::ShuttingDown => ErrorCode::ShuttingDown,
        ScoreError::Internal => ErrorCode::Internal,
    }
}

fn unscored_reason(turn: &Turn) -> Option<&'static str> {
    // A private system turn counts as `system`: the role is the stronger reason.
    match (turn.role, turn.visibility) {
        (Role::System, _) => Some("system"),
        (_, Visibility::Private) => Some("private"),
        _ => None,
    }
}

fn slots_full() -> Answer {
    Answer::Refused {
        code: ErrorCode::Overloaded,
        message: format!("{SLOTS_MAX} frames of this conversation are under way; send this one again"),
        retry_after_ms: Some(FULL_RETRY_AFTER_MS),
    }
}
