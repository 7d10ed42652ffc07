//! The promises of one conversation: open, kept or broken.
//!
//! Holds always: at most [`PROMISES_MAX`] entries, closed ones leave first, and an open one that has to leave is
//! handed back as expired; the texts kept are at most [`PROMISE_CHARS_MAX`] code points; times are given, and an
//! entry is broken once. Pure, plain values, so that it can be stored. Held by `empty_promise`; what is open in the
//! end goes to the memory of customers.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::follow_up::same_deed;
use super::{Deed, Promise, Setting, chases, confirms, fulfils, grace_seconds, patience_seconds};
use crate::conversation::moments;

/// Promises remembered per ledger.
pub const PROMISES_MAX: usize = 8;
/// How much of the words of a promise is kept, in code points.
pub const PROMISE_CHARS_MAX: usize = 160;
/// Two promises whose times are no further apart are one that was repeated, in seconds.
const SAME_TIME_SECONDS: f64 = 600.0;
/// Beside the grace of the channel, this part of the time that was asked for, and at most so many seconds.
const GRACE_PART: f64 = 0.05;
const GRACE_PART_SECONDS_MAX: f64 = 3_600.0;
/// "Back in ten minutes": who promises to say something so soon keeps it by coming back, whatever they say then, in
/// seconds.
const BACK_SECONDS_MAX: f64 = 604_800.0;
/// But not with what they say right after the promise, in seconds, nor in the first part of the time; of more than a
/// day it is the last part that counts.
const BACK_SECONDS_MIN: f64 = 60.0;
const BACK_PART_MIN: f64 = 0.25;
const BACK_PART_MIN_LONG: f64 = 0.75;
const DAY_SECONDS: f64 = 86_400.0;

/// What became of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Open,
    /// Done; if `broken_at` is set, too late.
    Kept,
    Broken,
    /// Forgotten for want of room: nobody knows.
    Expired,
}

/// A promise in the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it was made; none: in the conversation at hand.
    pub conversation_id: Option<Box<str>>,
    pub turn_id: Box<str>,
    /// Code points of the turn's text; what is quoted, at most [`PROMISE_CHARS_MAX`].
    pub start: usize,
    pub quote: Box<str>,
    pub made: Timestamp,
    pub due: Timestamp,
    pub exact: bool,
    pub deed: Deed,
    /// From when on a customer who asks after it has reason to.
    pub chaseable: Timestamp,
    /// When time alone breaks it, if [`Self::timed`].
    pub alarm: Timestamp,
    pub timed: bool,
    /// How long the source of the conversation had been gone when it was made, all in all, in seconds.
    pub gone_before: f64,
    pub standing: Standing,
    pub broken_at: Option<Timestamp>,
}

/// Promises, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    entries: VecDeque<Entry>,
}

// === impl Entry ===

impl Entry {
    /// An open entry for a promise in a turn with this text.
    pub fn new(turn_id: &str, text: &str, promise: Promise, said: &Setting<'_>, gone_before: f64) -> Self {
        let length = promise.end.saturating_sub(promise.start).min(PROMISE_CHARS_MAX);
        let quote: String = text.chars().skip(promise.start).take(length).collect();
        let patience = SignedDuration::from_secs(patience_seconds(said.channel));
        let patient_until = said.at.checked_add(patience).unwrap_or(promise.due);
        let grace = if promise.exact { grace_of(said, promise.due) } else { 0 };
        Entry {
            conversation_id: None,
            turn_id: Box::from(turn_id),
            start: promise.start,
            quote: quote.into_boxed_str(),
            made: said.at,
            due: promise.due,
            exact: promise.exact,
            deed: promise.deed,
            chaseable: if promise.exact { promise.due } else { patient_until.min(promise.due) },
            alarm: moments::later(promise.due, grace),
            timed: Self::may_be_timed(promise.exact, promise.deed),
            gone_before,
            standing: Standing::Open,
            broken_at: None,
        }
    }

    /// Without a stated time, time alone says something only of what would be seen here.
    const fn may_be_timed(exact: bool, deed: Deed) -> bool {
        match deed {
            Deed::Message => true,
            Deed::Elsewhere => exact,
            Deed::Stay => false,
        }
    }

    /// How long it is overdue at `at`, in seconds.
    pub fn overdue_seconds(&self, at: Timestamp) -> f64 {
        moments::seconds_between(self.due, at)
    }

    /// When it rings, later by what the source was gone since.
    fn rings(&self, gone_seconds: f64) -> Option<Timestamp> {
        let gone = SignedDuration::try_from_secs_f64((gone_seconds - self.gone_before).max(0.0)).ok()?;
        (self.is_open() && self.timed).then(|| self.alarm.checked_add(gone).ok())?
    }

    fn is_open(&self) -> bool {
        self.standing == Standing::Open
    }

    fn may_be_kept(&self) -> bool {
        matches!(self.standing, Standing::Open | Standing::Broken)
    }

    /// It is kept, or broken, at `now`. Answers what it is then.
    fn end(&mut self, standing: Standing, now: Timestamp) -> Entry {
        self.standing = standing;
        if standing == Standing::Broken {
            self.broken_at = Some(now);
        }
        self.clone()
    }

    /// Whether the business side keeps it by what it says at `at`.
    fn is_kept_by(&self, text: &str, at: Timestamp) -> bool {
        if self.deed == Deed::Stay {
            return false;
        }
        let (length, passed) =
            (moments::seconds_between(self.made, self.due), moments::seconds_between(self.made, at));
        let part = if length > DAY_SECONDS { BACK_PART_MIN_LONG } else { BACK_PART_MIN };
        let back = self.deed == Deed::Message
            && self.exact
            && length <= BACK_SECONDS_MAX
            && passed >= BACK_SECONDS_MIN.max(length * part);
        back || fulfils(&self.quote, text)
    }

    /// Whether it promises again what `new` does.
    fn is_repeated_by(&self, new: &Entry) -> bool {
        let apart = moments::seconds_between(self.due.min(new.due), self.due.max(new.due));
        let same_time = if self.exact { apart <= SAME_TIME_SECONDS } else { self.deed == new.deed };
        self.is_open() && self.exact == new.exact && same_time
    }
}

/// "Tomorrow morning" is not said to the minute.
fn grace_of(said: &Setting<'_>, due: Timestamp) -> u32 {
    let part = moments::seconds_between(said.at, due) * GRACE_PART;
    grace_seconds(said.channel).saturating_add(part.min(GRACE_PART_SECONDS_MAX) as u32)
}

// === impl Ledger ===

impl Ledger {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Open promises whose time has not come by `at`, and those whose time is over and that were not kept since.
    pub fn open_and_overdue(&self, at: Timestamp) -> (usize, usize) {
        let overdue = |entry: &&Entry| {
            entry.standing == Standing::Broken && entry.deed != Deed::Stay
                || entry.is_open() && entry.due <= at
        };
        let open = |entry: &&Entry| entry.is_open() && entry.due > at;
        (self.entries.iter().filter(open).count(), self.entries.iter().filter(overdue).count())
    }

    /// When time alone breaks the next one.
    pub fn due_next(&self, gone_seconds: f64) -> Option<Timestamp> {
        self.entries.iter().filter_map(|entry| entry.rings(gone_seconds)).min()
    }

    /// Time has come to the earliest one that time breaks. Answers it.
    pub fn ring(&mut self, gone_seconds: f64) -> Option<(Timestamp, Entry)> {
        let due = self.due_next(gone_seconds)?;
        let entry = self.entries.iter_mut().find(|entry| entry.rings(gone_seconds) == Some(due))?;
        Some((due, entry.end(Standing::Broken, due)))
    }

    /// Enters a promise, unless it repeats one. Answers the open one that had to leave for it, now expired.
    pub fn enter(&mut self, entry: Entry) -> Option<Entry> {
        if self.entries.iter().any(|known| known.is_repeated_by(&entry)) {
            return None;
        }
        let mut left = None;
        if self.entries.len() >= PROMISES_MAX {
            let index = self.entries.iter().position(|entry| !entry.is_open()).unwrap_or(0);
            left = self.entries.remove(index);
        }
        self.entries.push_back(entry);
        left.filter(Entry::is_open).map(|entry| Entry { standing: Standing::Expired, ..entry })
    }

    /// A customer speaks: where they chase, the promise that they mean is broken, if it may be asked after by `now`;
    /// to complain is enough where a stated time is over.
    /// Answers it: the latest one of the deed that is named, or else the latest.
    pub fn chased(&mut self, text: &str, complains: bool, now: Timestamp) -> Option<Entry> {
        let may = |entry: &Entry| entry.is_open() && entry.deed != Deed::Stay && entry.chaseable <= now;
        if !self.entries.iter().any(may) {
            return None;
        }
        let asks = chases(text);
        let may = |entry: &Entry| may(entry) && (asks || complains && entry.exact);
        let named = |entry: &Entry| may(entry) && same_deed(&entry.quote, text);
        let meant = self.entries.iter().rposition(named).or_else(|| self.entries.iter().rposition(may))?;
        Some(self.entries[meant].end(Standing::Broken, now))
    }

    /// A customer speaks: what was to be done elsewhere, or stayed for, is kept where they say that it has come. Answers what was
    /// broken, and is kept late.
    pub fn confirmed(&mut self, text: &str, now: Timestamp) -> Vec<Entry> {
        let may = |entry: &Entry| entry.deed != Deed::Message && entry.may_be_kept();
        if self.entries.iter().any(may) && confirms(text) { self.keep(may, now) } else { Vec::new() }
    }

    /// The business side speaks, and does not only ask to wait: promises that it says it has fulfilled are kept.
    /// Answers what was broken, and is kept late.
    pub fn kept(&mut self, text: &str, now: Timestamp) -> Vec<Entry> {
        self.keep(|entry| entry.may_be_kept() && entry.is_kept_by(text, now), now)
    }

    /// The customer is content: of what is done elsewhere time says nothing any more.
    pub fn trust(&mut self) {
        for entry in self.entries.iter_mut().filter(|entry| entry.deed == Deed::Elsewhere) {
            entry.timed = false;
        }
    }

    /// The conversation ends at `now`. Answers what that breaks: what is overdue, and if the business side `leaves`
    /// while the customer is not content, what it promised to stay for. Time says nothing of the rest any more.
    pub fn closed(&mut self, leaves: bool, content: bool, gone_seconds: f64, now: Timestamp) -> Vec<Entry> {
        let breaks = |entry: &Entry| match entry.deed {
            Deed::Stay => entry.is_open() && leaves && !content,
            Deed::Message | Deed::Elsewhere => {
                entry.rings(gone_seconds).is_some_and(|rings| rings <= now || leaves && entry.due <= now)
            }
        };
        let broken = self.end_all(breaks, Standing::Broken, now);
        self.entries.retain(|entry| entry.deed != Deed::Stay || !entry.is_open());
        self.entries.iter_mut().for_each(|entry| entry.timed = false);
        broken
    }

    /// Takes the open promises out, for what comes after the conversation `id`.
    pub fn take_open(&mut self, id: &str) -> Vec<Entry> {
        let (open, closed) = self.entries.drain(..).partition(Entry::is_open);
        self.entries = closed;
        let mut open = Vec::from(open);
        for entry in &mut open {
            entry.conversation_id.get_or_insert_with(|| Box::from(id));
            entry.gone_before = 0.0;
        }
        open
    }

    /// Enters what was promised before, in the conversation `id` or in another one, at `now`. What was due
    /// meanwhile in another one is broken only where the customer asks after it: nobody knows whether it was kept.
    pub fn carry(&mut self, entries: Vec<Entry>, id: &str, gone_seconds: f64, now: Timestamp) {
        for mut entry in entries {
            if entry.conversation_id.as_deref() == Some(id) {
                entry.conversation_id = None;
            }
            let later = entry.alarm > now && Entry::may_be_timed(entry.exact, entry.deed);
            entry.timed = later || entry.timed && entry.conversation_id.is_none();
            entry.gone_before = gone_seconds;
            self.enter(entry);
        }
    }

    fn keep(&mut self, which: impl Fn(&Entry) -> bool, now: Timestamp) -> Vec<Entry> {
        let mut late = self.end_all(which, Standing::Kept, now);
        late.retain(|entry| entry.broken_at.is_some());
        late
    }

    fn end_all(&mut self, which: impl Fn(&Entry) -> bool, standing: Standing, now: Timestamp) -> Vec<Entry> {
        let ending = self.entries.iter_mut().filter(|entry| which(entry));
        ending.map(|entry| entry.end(standing, now)).collect()
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
