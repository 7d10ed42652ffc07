//! One conversation, pure and synchronous, and the store of all of them.
//!
//! Holds always: turns take effect in the order of admission, whatever the order of their scores; a repeated
//! turn changes nothing; a turn without a score has no effect and may be sent again; nothing here awaits, does
//! I/O, reads a clock or holds a tensor; every memory is bounded by a named limit.
//! Called by `pipeline`.

pub mod ids;
pub mod lexicon;
pub mod moments;
pub mod phrases;
pub mod words;

mod alerts_kept;
mod customers;
mod findings;
mod history;
mod memory;
mod queue;
mod source;
mod state;
mod store;
mod timeline;
mod timer;

use std::sync::Arc;

use jiff::Timestamp;

use crate::alerts::Episodes;
use crate::detectors::{Course, DetectorLimits, Setting, Watch};
use crate::scoring::Scores;
use crate::wire::{Clock, Level, Role, Scored, Turn};

pub use alerts_kept::{ALERTS_KEPT_MAX, AlertsKept};
pub use customers::{
    Acquaintance, Baseline, CUSTOMERS_MAX, Contact, Customers, Earlier, Key, Legacy, Mood, OPENING_MAX,
};
pub use findings::{FINDINGS_MAX, Findings};
pub use history::{HISTORY_TURNS_MAX, History, Mark};
pub use memory::TURN_IDS_MAX;
pub use queue::{PendingClose, PendingTransfer, PendingTurn, Ready, SLOTS_MAX, WAITERS_MAX};
pub use source::{GONE_RECHECK_SECONDS, Quiet, RETURN_GRACE_SECONDS, SERVER_TIMELINE, Source};
pub use state::{
    CONTEXT_CHARS_MAX, EXCERPT_CHARS_MAX, EndedWait, Places, RECENT_TURNS_MAX, RecentTurn, Running,
    SCORES_MAX, Said, State, TurnEffect,
};
pub use store::{CLOSED_KEPT_SECONDS, Departure, Full, IdleLimits, Store, StoreLimits};
pub use timeline::{ANSWERS_MAX, TIMELINE_CHARS_MAX, Text, Timeline};
pub use timer::{Timer, Timing};

/// What became of a turn that asked to be let in.
pub enum Entry {
    /// It holds this place, until it is given scores or withdrawn.
    Admitted { place: u64, text: Arc<str>, context: Option<Arc<str>> },
    /// It repeats a turn under way and gets the same answer, when there is one.
    Attached,
    /// It repeats a turn that was answered so; none where the answer is no longer held.
    Repeated(Option<Arc<Scored>>),
    /// [`SLOTS_MAX`] turns are under way.
    Full,
}

/// When a frame came in, on which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// On the clock of whoever runs the pipeline: the server's; offline the newest `ts` of the input.
    pub now: Timestamp,
    /// On the timeline that the timers of the source follow.
    pub at: Timestamp,
    pub timeline: u64,
    pub clock: Clock,
}

/// One conversation. `T` is where answers go.
pub struct Conversation<T> {
    pub id: Arc<str>,
    pub state: State,
    /// With hysteresis, after the last turn that took effect.
    pub level: Level,
    pub episodes: Episodes,
    /// The last alerts, for people to read.
    pub alerts: AlertsKept,
    /// The last turns, for people to read, and to answer repeats from.
    pub timeline: Timeline,
    /// What the detectors remember.
    pub watch: Watch,
    /// What the risk is made of.
    pub course: Course,
    /// When the next of them is due, and how its own time runs.
    pub timing: Timing,
    /// When rules are asked next that speak of time, in its own time.
    pub recheck: Option<Timestamp>,
    /// What it has to do with the memory of customers.
    pub acquaintance: Acquaintance,
    /// Who sent the last frame: findings and alerts go there.
    pub producer: Option<T>,
    /// When the last frame that was no repeat came in, on the clock of whoever runs the pipeline.
    pub last_arrival: Timestamp,
    queue: queue::Queue<T>,
    memory: memory::Memory,
}

impl<T: Clone> Conversation<T> {
    pub fn new(id: Arc<str>, now: Timestamp) -> Self {
        Conversation {
            id,
            state: State::default(),
            level: Level::Calm,
            episodes: Episodes::default(),
            alerts: AlertsKept::default(),
            timeline: Timeline::default(),
            watch: Watch::default(),
            course: Course::default(),
            timing: Timing::default(),
            recheck: None,
            acquaintance: Acquaintance::default(),
            producer: None,
            last_arrival: now,
            queue: queue::Queue::default(),
            memory: memory::Memory::default(),
        }
    }

    /// Lets a turn in that is to be scored. `turn.ts` is the moment at which it will take effect at the earliest.
    pub fn admit(&mut self, mut turn: Turn, fingerprint: u64, arrival: Arrival, ticket: T) -> Entry {
        if let Some(repeat) = self.repeat_of(&turn.turn_id, fingerprint, &ticket) {
            return repeat;
        }
        if self.queue.is_full() {
            return Entry::Full;
        }
        self.arrived(arrival, ticket.clone());
        let text: Arc<str> = Arc::from(std::mem::take(&mut turn.text));
        let context = self.context_for(turn.role).cloned();
        let said = Said::of(&text);
        let blank = text.trim().is_empty();
        let waiters = vec![ticket];
        let pending =
            PendingTurn { turn, text: Arc::clone(&text), said, blank, fingerprint, arrival, waiters };
        let place = self.queue.push_turn(pending);
        Entry::Admitted { place, text, context }
    }

    /// What a turn of this role would answer: the end of the other side's last turn. What is under way counts as
    /// said: the context must not depend on how fast the scores come back.
    pub fn context_for(&self, role: Role) -> Option<&Arc<str>> {
        self.queue.context_for(role).or_else(|| self.state.context_for(role))
    }

    /// Takes note of a turn that is never scored; true if it is a repeat.
    pub fn note_unscored(&mut self, turn_id: &str, fingerprint: u64) -> bool {
        let repeat = self.memory.knows(fingerprint) || self.queue.find(fingerprint, turn_id).is_some();
        if !repeat {
            self.memory.remember(fingerprint);
        }
        repeat
    }

    /// Queues the end of the conversation; false if [`SLOTS_MAX`] slots are taken.
    pub fn close(&mut self, close: PendingClose<T>) -> bool {
        if self.queue.is_full() {
            return false;
        }
        self.arrived(close.arrival, close.ticket.clone());
        self.queue.push_close(close);
        true
    }

    /// Queues a move; false if [`SLOTS_MAX`] slots are taken.
    pub fn transfer(&mut self, transfer: PendingTransfer<T>) -> bool {
        if self.queue.is_full() {
            return false;
        }
        self.arrived(transfer.arrival, transfer.ticket.clone());
        self.queue.push_transfer(transfer);
        true
    }

    /// Gives the turn at `place` its scores; false where no turn waits there for any.
    pub fn fill(&mut self, place: u64, scores: Scores) -> bool {
        self.queue.fill(place, scores)
    }

    /// Takes the turn at `place` out: it had no effect, and its id is free again.
    pub fn withdraw(&mut self, place: u64) -> Option<Box<PendingTurn<T>>> {
        self.queue.withdraw(place)
    }

    /// What takes effect next, in the order of admission.
    pub fn next_ready(&mut self) -> Option<Ready<T>> {
        let ready = self.queue.pop_ready()?;
        if let Ready::Turn(pending, _) = &ready {
            self.memory.remember(pending.fingerprint);
        }
        Some(ready)
    }

    /// Whether something is under way: then the conversation stays.
    pub fn in_flight(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether nothing has ever taken effect here, and nothing will.
    pub fn is_blank(&self) -> bool {
        self.queue.is_empty() && self.memory.is_empty() && self.state.now.is_none()
    }

    /// What the detectors of time are told beside the turn; `now` is on the clock of whoever runs the pipeline.
    pub fn setting<'a>(&self, limits: &'a DetectorLimits, now: Timestamp) -> Setting<'a> {
        Setting { limits, channel: self.state.channel, gone_seconds: self.timing.gone_seconds(now) }
    }

    /// Its own time at `now`: it goes on as fast as `now` after its last frame; none before its first effect.
    pub fn own_time(&self, now: Timestamp) -> Option<Timestamp> {
        let since_last = now.duration_since(self.last_arrival.min(now));
        let own = self.state.now?.saturating_add(since_last);
        Some(own.expect("a duration has no calendar units: this is a bug"))
    }

    /// Sets the timer to what the detectors wait for next.
    pub fn arm(&mut self, limits: &DetectorLimits, now: Timestamp) {
        let setting = self.setting(limits, now);
        let due = self.state.now.and_then(|newest| self.watch.alarm(newest, setting));
        self.timing.arm([due, self.recheck].into_iter().flatten().min());
    }

    fn arrived(&mut self, arrival: Arrival, ticket: T) {
        self.last_arrival = self.last_arrival.max(arrival.now);
        self.producer = Some(ticket);
    }

    fn repeat_of(&mut self, turn_id: &str, fingerprint: u64, ticket: &T) -> Option<Entry> {
        let repeat = if let Some(original) = self.queue.find(fingerprint, turn_id) {
            if original.waiters.len() < WAITERS_MAX {
                original.waiters.push(ticket.clone());
                Entry::Attached
            } else {
                Entry::Repeated(None)
            }
        } else if self.memory.knows(fingerprint) {
            Entry::Repeated(self.timeline.answer(turn_id).cloned())
        } else {
            return None;
        };
        // A client that sends again over a new socket wants to hear of alerts there.
        self.producer = Some(ticket.clone());
        Some(repeat)
    }
}
