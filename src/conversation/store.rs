//! All conversations of one process: a sharded map, the order of their timers, and the order in which they leave.
//!
//! Holds always:
//! * closures in, nothing borrowed out; the map is never called inside a closure; iteration collects keys first;
//! * every conversation is in `departures` exactly once, under the moment at which it may leave, and in `timers`
//!   once if it has a timer; both sets are changed only while the conversation's shard is held (shard, then sets;
//!   never the other way), so that a tick looks at what is due and at nothing else, and the front of `departures`
//!   is who leaves first when room is needed;
//! * at most `conversations_max` conversations; none leaves while something of it is under way.
//!
//! Moments here are on the clock of whoever runs the pipeline (the server's, or offline the input's `ts`), for
//! sources with `clock: event` too: replays of different years must not throw each other's conversations out.
//! Called by `pipeline`.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[allow(clippy::disallowed_types, reason = "this is the store whose functions take closures")]
use dashmap::DashMap;
use dashmap::mapref::entry;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{Conversation, SERVER_TIMELINE, Timer, moments};
use crate::wire::Channel;

/// How long a closed conversation is kept, so that late repeats of its turns are recognised, in seconds.
pub const CLOSED_KEPT_SECONDS: u32 = 300;
/// How many conversations with something under way are passed over in search of one that may leave.
const CANDIDATES_MAX: usize = 1_024;

/// Why a conversation left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    Idle,
    Closed,
    /// Room was needed for another.
    Limit,
}

/// No room, and no conversation may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("conversations_max is reached and all of them have turns under way")]
pub struct Full;

#[derive(Clone, Copy, Debug)]
pub struct StoreLimits {
    pub conversations_max: usize,
    pub idle: IdleLimits,
}

/// After how long without a frame a conversation leaves, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleLimits {
    /// Where people talk live: chat and voice.
    pub live_seconds: u32,
    /// Where they take their time, and where nothing is known of it: threads go on over days.
    pub slow_seconds: u32,
}

type Due = (Timestamp, Arc<str>);
type DueTimer = (Timer, Arc<str>);

struct Held<T> {
    conversation: Conversation<T>,
    /// Its moment in `departures`.
    due: Timestamp,
    /// Its place in `timers`.
    timer: Option<Timer>,
}

/// What is due when: at most one departure and one timer for each conversation.
#[derive(Default)]
struct Schedule {
    departures: BTreeSet<Due>,
    /// By timeline, then by moment.
    timers: BTreeSet<DueTimer>,
}

/// What a tick does next.
enum Step {
    Depart(Due),
    Fire(DueTimer),
}

#[allow(clippy::disallowed_types, reason = "this is the store whose functions take closures")]
pub struct Store<T> {
    map: DashMap<Arc<str>, Held<T>>,
    schedule: Mutex<Schedule>,
    /// Conversations in the map, and places reserved for those about to come.
    taken: AtomicUsize,
    limits: StoreLimits,
}

// === impl IdleLimits ===

impl Default for IdleLimits {
    fn default() -> Self {
        IdleLimits { live_seconds: 3_600, slow_seconds: 259_200 }
    }
}

impl IdleLimits {
    pub const fn seconds(self, channel: Channel) -> u32 {
        match channel {
            Channel::Chat | Channel::Voice => self.live_seconds,
            Channel::Email | Channel::Social | Channel::Sms | Channel::Other => self.slow_seconds,
        }
    }
}

// === impl Departure ===

impl Departure {
    /// The metric label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Departure::Idle => "idle",
            Departure::Closed => "closed",
            Departure::Limit => "limit",
        }
    }
}

// === impl Store ===

impl<T: Clone> Store<T> {
    #[allow(clippy::disallowed_types, reason = "this is the store whose functions take closures")]
    pub fn new(limits: StoreLimits) -> Self {
        // DashMap's default hasher is std's, which is randomly seeded: ids are chosen by others.
        Store { map: DashMap::new(), schedule: Mutex::default(), taken: AtomicUsize::new(0), limits }
    }

    /// Conversations held, or about to be: never more than `conversations_max`. (The map's own length is summed
    /// shard by shard, and counts one twice that leaves here and another that comes there meanwhile.)
    pub fn len(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs `f` on the conversation, if it is held.
    pub fn with<R>(&self, id: &str, f: impl FnOnce(&mut Conversation<T>) -> R) -> Option<R> {
        let mut guard = self.map.get_mut(id)?;
        let (id, held) = guard.pair_mut();
        let result = f(&mut held.conversation);
        self.reschedule(id, held);
        Some(result)
    }

    /// Lets `f` look at the conversation, if it is held.
    pub fn look<R>(&self, id: &str, f: impl FnOnce(&Conversation<T>) -> R) -> Option<R> {
        self.map.get(id).map(|held| f(&held.conversation))
    }

    /// Runs `f` on the conversation, which is begun if it is not held. Where room is needed another one leaves,
    /// after `leave` has seen it.
    ///
    /// # Errors
    /// [`Full`], and `f` has not run.
    pub fn with_or_new<R>(
        &self,
        id: &str,
        now: Timestamp,
        mut leave: impl FnMut(&mut Conversation<T>, Departure),
        f: impl FnOnce(&mut Conversation<T>) -> R,
    ) -> Result<R, Full> {
        let mut f = Some(f);
        let mut run = |conversation: &mut Conversation<T>| {
            f.take().expect("runs where the conversation is found or begun, not both: this is a bug")(
                conversation,
            )
        };
        if let Some(result) = self.with(id, &mut run) {
            return Ok(result);
        }
        self.reserve(&mut leave)?;
        let id: Arc<str> = Arc::from(id);
        let mut guard = match self.map.entry(Arc::clone(&id)) {
            entry::Entry::Occupied(occupied) => {
                // Another thread began it meanwhile.
                self.taken.fetch_sub(1, Ordering::Relaxed);
                occupied.into_ref()
            }
            entry::Entry::Vacant(vacant) => {
                let conversation = Conversation::new(Arc::clone(&id), now);
                let due = self.due(&conversation);
                self.schedule.lock().departures.insert((due, Arc::clone(&id)));
                vacant.insert(Held { conversation, due, timer: None })
            }
        };
        let result = run(&mut guard.conversation);
        self.reschedule(&id, &mut guard);
        Ok(result)
    }

    /// Lets go of the conversation if `pred` holds, without a word.
    pub fn forget_if(&self, id: &str, pred: impl FnOnce(&Conversation<T>) -> bool) {
        let removed = self.map.remove_if(id, |id, held| {
            let goes = pred(&held.conversation);
            if goes {
                self.schedule.lock().forget(id, held.due, held.timer);
            }
            goes
        });
        if removed.is_some() {
            self.taken.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Does what is due by `now` on the server's timeline, in the order of the moments: timers fire, then
    /// conversations leave. `fire` gets a conversation and the moment of its timer, and is expected to set the
    /// timer anew; `leave` sees each that leaves. A conversation with something under way is passed over: its
    /// answer may be on the way.
    pub fn tick(
        &self,
        now: Timestamp,
        mut leave: impl FnMut(&mut Conversation<T>, Departure),
        mut fire: impl FnMut(&mut Conversation<T>, Timestamp),
    ) {
        let (mut departed, mut fired) = (None, None);
        while let Some(step) = self.next_step(now, departed.as_ref(), fired.as_ref()) {
            match step {
                Step::Fire(due) => {
                    self.fire(&due, &mut fire);
                    fired = Some(due);
                }
                Step::Depart(candidate) => {
                    self.depart(&candidate, |conversation| {
                        let closed = conversation.state.closed;
                        leave(conversation, if closed { Departure::Closed } else { Departure::Idle });
                    });
                    departed = Some(candidate);
                }
            }
        }
    }

    /// Fires the timers that are due by `now` on a timeline of its own.
    pub fn tick_timeline(
        &self,
        timeline: u64,
        now: Timestamp,
        mut fire: impl FnMut(&mut Conversation<T>, Timestamp),
    ) {
        let mut fired = None;
        loop {
            let next = self.schedule.lock().timer_after(timeline, fired.as_ref());
            let Some(due) = next.filter(|(timer, _)| timer.at <= now) else { return };
            self.fire(&due, &mut fire);
            fired = Some(due);
        }
    }

    /// Runs `f` on every conversation, in no particular order; those that come or go meanwhile may be missed.
    pub fn for_each(&self, mut f: impl FnMut(&Conversation<T>)) {
        let ids: Vec<Arc<str>> = self.map.iter().map(|held| Arc::clone(held.key())).collect();
        for id in ids {
            if let Some(held) = self.map.get(&id) {
                f(&held.conversation);
            }
        }
    }

    /// Panics unless map, schedule and count agree; nothing else may be running.
    #[cfg(test)]
    pub fn check_books(&self) {
        let schedule = self.schedule.lock();
        let mut held: Vec<Due> = self.map.iter().map(|held| (held.due, Arc::clone(held.key()))).collect();
        held.sort();
        assert!(schedule.departures.iter().eq(&held), "every conversation is in departures exactly once");
        let timers = self.map.iter().filter_map(|held| Some((held.timer?, Arc::clone(held.key()))));
        let mut timers: Vec<DueTimer> = timers.collect();
        timers.sort();
        assert!(schedule.timers.iter().eq(&timers), "every timer is in timers exactly once");
        assert_eq!(self.taken.load(Ordering::Relaxed), self.map.len());
    }

    fn due(&self, conversation: &Conversation<T>) -> Timestamp {
        let idle = self.limits.idle.seconds(conversation.state.channel);
        let kept = if conversation.state.closed { CLOSED_KEPT_SECONDS.min(idle) } else { idle };
        let idle = moments::later(conversation.last_arrival, kept);
        // Who is owed an answer by tomorrow is not forgotten in an hour.
        conversation.timing.kept_until.map_or(idle, |until| until.max(idle))
    }

    fn reschedule(&self, id: &Arc<str>, held: &mut Held<T>) {
        let due = self.due(&held.conversation);
        let timer = held.conversation.timing.timer;
        if due == held.due && timer == held.timer {
            return;
        }
        let mut schedule = self.schedule.lock();
        if due != held.due {
            schedule.departures.remove(&(held.due, Arc::clone(id)));
            schedule.departures.insert((due, Arc::clone(id)));
            held.due = due;
        }
        if timer != held.timer {
            if let Some(before) = held.timer {
                schedule.timers.remove(&(before, Arc::clone(id)));
            }
            schedule.timers.extend(timer.map(|timer| (timer, Arc::clone(id))));
            held.timer = timer;
        }
    }

    /// Takes a place for a new conversation.
    fn reserve(&self, leave: &mut impl FnMut(&mut Conversation<T>, Departure)) -> Result<(), Full> {
        loop {
            let reserved = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < self.limits.conversations_max).then_some(taken + 1)
            });
            if reserved.is_ok() {
                return Ok(());
            }
            if !self.make_room(leave) {
                return Err(Full);
            }
        }
    }

    /// Lets the conversation go that would leave first; false if none may.
    fn make_room(&self, leave: &mut impl FnMut(&mut Conversation<T>, Departure)) -> bool {
        let mut passed = None;
        for _ in 0..CANDIDATES_MAX {
            let Some(candidate) = self.departure_after(passed.as_ref()) else { return false };
            if self.depart(&candidate, |conversation| leave(conversation, Departure::Limit)) {
                return true;
            }
            passed = Some(candidate);
        }
        false
    }

    /// The next in line; the lock is released before anybody looks at the conversation.
    fn departure_after(&self, passed: Option<&Due>) -> Option<Due> {
        self.schedule.lock().departure_after(passed)
    }

    /// What is due next by `now`; where both are, what happens first, and a timer before a departure.
    fn next_step(&self, now: Timestamp, departed: Option<&Due>, fired: Option<&DueTimer>) -> Option<Step> {
        let schedule = self.schedule.lock();
        let departure = schedule.departure_after(departed).filter(|(at, _)| *at <= now);
        let timer = schedule.timer_after(SERVER_TIMELINE, fired).filter(|(timer, _)| timer.at <= now);
        match (departure, timer) {
            (Some(departure), Some(timer)) if departure.0 < timer.0.at => Some(Step::Depart(departure)),
            (_, Some(timer)) => Some(Step::Fire(timer)),
            (Some(departure), None) => Some(Step::Depart(departure)),
            (None, None) => None,
        }
    }

    /// Lets one timer fire, unless it was set anew meanwhile or something is under way.
    fn fire(&self, due: &DueTimer, fire: &mut impl FnMut(&mut Conversation<T>, Timestamp)) {
        let (timer, id) = due;
        let Some(mut guard) = self.map.get_mut(id) else { return };
        if guard.timer == Some(*timer) && !guard.conversation.in_flight() {
            fire(&mut guard.conversation, timer.at);
            self.reschedule(id, &mut guard);
        }
    }

    /// Lets one go, unless something came in meanwhile or is under way.
    fn depart(&self, candidate: &Due, leave: impl FnOnce(&mut Conversation<T>)) -> bool {
        let removed = self.map.remove_if_mut(&candidate.1, |_, held| {
            if held.due != candidate.0 || held.conversation.in_flight() {
                return false;
            }
            leave(&mut held.conversation);
            self.schedule.lock().forget(&candidate.1, held.due, held.timer);
            true
        });
        if removed.is_some() {
            self.taken.fetch_sub(1, Ordering::Relaxed);
        }
        removed.is_some()
    }
}

// === impl Schedule ===

impl Schedule {
    fn departure_after(&self, passed: Option<&Due>) -> Option<Due> {
        match passed {
            None => self.departures.first().cloned(),
            Some(passed) => self.departures.range((Excluded(passed), Unbounded)).next().cloned(),
        }
    }

    fn timer_after(&self, timeline: u64, passed: Option<&DueTimer>) -> Option<DueTimer> {
        let next = match passed {
            None => {
                let from = (Timer { timeline, at: Timestamp::MIN }, Arc::from(""));
                self.timers.range(from..).next()
            }
            Some(passed) => self.timers.range((Excluded(passed), Unbounded)).next(),
        };
        next.filter(|(timer, _)| timer.timeline == timeline).cloned()
    }

    fn forget(&mut self, id: &Arc<str>, due: Timestamp, timer: Option<Timer>) {
        self.departures.remove(&(due, Arc::clone(id)));
        if let Some(timer) = timer {
            self.timers.remove(&(timer, Arc::clone(id)));
        }
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
