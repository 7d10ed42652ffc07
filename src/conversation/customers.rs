//! What is remembered of customers beyond one conversation: what they were promised, how they usually sound, and
//! their last contact.
//!
//! Holds always: at most [`CUSTOMERS_MAX`], the one that was heard of longest ago leaves first; what is older than the
//! window is forgotten, and a window of 0 remembers nothing; no customer's id is kept, only a hash by a randomly
//! seeded hasher. Locked under the lock of a conversation (conversation, then customers; never the other way), twice
//! for each conversation: when it begins and when it ends. A conversation whose customer is not named is its own
//! customer, for its promises alone. Moments are on the clock of whoever runs the pipeline. Called by `pipeline`.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::moments;
use crate::detectors::facts::Kinds;
use crate::detectors::promises::{Entry, PROMISES_MAX};
use crate::detectors::repetition::Statement;
use crate::wire::Channel;

/// Customers remembered: about 240 bytes each, and 260 for each open promise (measured, see the tests).
pub const CUSTOMERS_MAX: usize = 100_000;
/// What the customer said first in their last contact: about 300 bytes each.
pub const OPENING_MAX: usize = 2;
/// How much less each earlier conversation weighs in a baseline.
const BASELINE_KEPT: f64 = 0.7;
/// A conversation weighs as much as its turns, but no more than this.
const CONVERSATION_TURNS_MAX: u32 = 8;
/// With turns of this weight a baseline is half believed.
const BASELINE_HALF_WEIGHT: f64 = 6.0;

/// A customer, or a conversation whose customer is not named. Different in every process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u64);

/// How a customer usually sounds: a mean of scores (−1 to 1), recent conversations weighing more.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Baseline {
    sum: f64,
    weight: f64,
}

/// The scores of a customer's turns in one conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mood {
    sum: f64,
    turns: u32,
}

/// The last conversation of a customer that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    pub conversation: Key,
    pub channel: Channel,
    /// In its own time.
    pub ended: Timestamp,
    /// At most [`OPENING_MAX`].
    pub opening: Vec<Statement>,
    /// What the customer gave there.
    pub given: Kinds,
}

/// What is known of a customer when a conversation begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Earlier {
    /// Open promises; they are the conversation's now.
    pub promises: Vec<Entry>,
    pub baseline: Baseline,
    pub contact: Option<Contact>,
}

/// What a conversation leaves behind.
#[derive(Clone, Debug, Default)]
pub struct Legacy {
    pub promises: Vec<Entry>,
    pub mood: Mood,
    /// None where the customer is not named.
    pub contact: Option<Contact>,
}

/// What one conversation has to do with this memory.
#[derive(Clone, Debug, Default)]
pub struct Acquaintance {
    /// As whom its customer is remembered; none before it was looked up, and after it has ended.
    pub key: Option<Key>,
    pub baseline: Baseline,
    /// The customer's contact before this conversation.
    pub contact: Option<Box<Contact>>,
    /// Of the turns since it was looked up.
    pub mood: Mood,
}

/// All customers of one process.
pub struct Customers {
    window_seconds: u32,
    hasher: RandomState,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    by_key: HashMap<Key, Record>,
    /// Who was heard of when, and in which order: who leaves first.
    order: BTreeSet<(Timestamp, u64, Key)>,
    next_number: u64,
}

struct Record {
    heard: Timestamp,
    number: u64,
    earlier: Earlier,
}

// === impl Baseline ===

impl Baseline {
    /// −1 to 0: how much more negative than others the customer sounds, as far as that is known; 0 where nothing is.
    pub fn value(self) -> f64 {
        if self.weight <= 0.0 {
            return 0.0;
        }
        let confidence = self.weight / (self.weight + BASELINE_HALF_WEIGHT);
        (self.sum / self.weight).clamp(-1.0, 0.0) * confidence
    }

    fn add(&mut self, mood: Mood) {
        if mood.turns == 0 {
            return;
        }
        let weight = f64::from(mood.turns.min(CONVERSATION_TURNS_MAX));
        self.sum = self.sum * BASELINE_KEPT + mood.sum / f64::from(mood.turns) * weight;
        self.weight = self.weight * BASELINE_KEPT + weight;
    }
}

// === impl Mood ===

impl Mood {
    pub fn add(&mut self, score: f64) {
        self.sum += score;
        self.turns = self.turns.saturating_add(1);
    }
}

// === impl Earlier ===

impl Earlier {
    fn is_empty(&self) -> bool {
        self.promises.is_empty() && self.baseline == Baseline::default() && self.contact.is_none()
    }
}

// === impl Customers ===

impl Customers {
    /// Remembers for so long; 0: nothing.
    pub fn new(window_seconds: u32) -> Self {
        Customers { window_seconds, hasher: RandomState::new(), held: Mutex::default() }
    }

    /// As whom a customer is remembered; without an id the conversation stands for them.
    pub fn key(&self, customer_id: Option<&str>, conversation_id: &str) -> Key {
        match customer_id {
            Some(id) => Key(self.hasher.hash_one(("customer", id))),
            None => self.conversation_key(conversation_id),
        }
    }

    /// A conversation, to be told from others.
    pub fn conversation_key(&self, conversation_id: &str) -> Key {
        Key(self.hasher.hash_one(("conversation", conversation_id)))
    }

    pub fn is_off(&self) -> bool {
        self.window_seconds == 0
    }

    /// A conversation begins, or goes on: what is known. Promises are handed over.
    pub fn begin(&self, key: Key, now: Timestamp) -> Option<Earlier> {
        if self.is_off() {
            return None;
        }
        let mut held = self.held.lock();
        held.forget_before(moments::earlier(now, self.window_seconds));
        let record = held.by_key.get_mut(&key)?;
        let promises = std::mem::take(&mut record.earlier.promises);
        let earlier = Earlier { promises, ..record.earlier.clone() };
        if record.earlier.is_empty() {
            held.remove(key);
        }
        Some(earlier)
    }

    /// A conversation ends, or leaves memory.
    pub fn end(&self, key: Key, legacy: Legacy, now: Timestamp) {
        let Legacy { promises, mood, contact } = legacy;
        if self.is_off() || promises.is_empty() && contact.is_none() {
            return;
        }
        let mut held = self.held.lock();
        let mut earlier = held.remove(key).map(|record| record.earlier).unwrap_or_default();
        earlier.promises.extend(promises);
        // The oldest leave.
        earlier.promises.drain(..earlier.promises.len().saturating_sub(PROMISES_MAX));
        earlier.promises.shrink_to_fit();
        if contact.is_some() {
            earlier.baseline.add(mood);
            earlier.contact = contact;
        }
        held.forget_before(moments::earlier(now, self.window_seconds));
        if held.by_key.len() >= CUSTOMERS_MAX
            && let Some((_, _, oldest)) = held.order.first().copied()
        {
            held.remove(oldest);
        }
        held.insert(key, earlier, now);
    }

    /// Customers remembered.
    pub fn len(&self) -> usize {
        self.held.lock().by_key.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Promises that wait for their customers: those whose time is to come at `now`, and the others.
    pub fn open_and_overdue(&self, now: Timestamp) -> (usize, usize) {
        let held = self.held.lock();
        let promises = held.by_key.values().flat_map(|record| &record.earlier.promises);
        promises.fold(
            (0, 0),
            |(open, overdue), promise| {
                if promise.due > now { (open + 1, overdue) } else { (open, overdue + 1) }
            },
        )
    }
}

// === impl Held ===

impl Held {
    fn insert(&mut self, key: Key, earlier: Earlier, heard: Timestamp) {
        let number = self.next_number;
        self.next_number += 1;
        self.order.insert((heard, number, key));
        self.by_key.insert(key, Record { heard, number, earlier });
    }

    fn remove(&mut self, key: Key) -> Option<Record> {
        let record = self.by_key.remove(&key)?;
        self.order.remove(&(record.heard, record.number, key));
        Some(record)
    }

    fn forget_before(&mut self, from: Timestamp) {
        while let Some((heard, _, key)) = self.order.first().copied()
            && heard < from
        {
            self.remove(key);
        }
    }
}

#[cfg(test)]
#[path = "customers_tests.rs"]
mod tests;
