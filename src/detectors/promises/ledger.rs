//! The promises of one conversation, or of one customer: open, kept or broken.
//!
//! Holds always: at most [`PROMISES_MAX`] entries, closed ones leave first, and an open one that has to leave is
//! handed back as expired; the texts kept are at most [`PROMISE_CHARS_MAX`] code points; times are given, and an
//! entry is closed once. Pure. Kept by who holds the conversation's state; plain values, so that it can be stored.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Promise, Setting, chases, fulfils, patience_seconds};

/// Promises remembered per ledger.
pub const PROMISES_MAX: usize = 8;
/// How much of the words of a promise is kept, in code points.
pub const PROMISE_CHARS_MAX: usize = 160;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub conversation_id: String,
    pub turn_id: String,
    /// Code points of the turn's text.
    pub start: usize,
    pub end: usize,
    /// The words of the promise; at most [`PROMISE_CHARS_MAX`] code points.
    pub quote: String,
    pub made: Timestamp,
    pub due: Timestamp,
    pub exact: bool,
    /// From when on a customer who asks after it has reason to.
    pub chaseable: Timestamp,
    pub standing: Standing,
    pub broken_at: Option<Timestamp>,
}

/// Promises, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    entries: VecDeque<Entry>,
}

// === impl Entry ===

impl Entry {
    /// An open entry for a promise in a turn with this text.
    pub fn new(
        conversation_id: &str,
        turn_id: &str,
        text: &str,
        promise: Promise,
        said: &Setting<'_>,
    ) -> Self {
        let length = promise.end.saturating_sub(promise.start).min(PROMISE_CHARS_MAX);
        let patience = SignedDuration::from_secs(patience_seconds(said.channel));
        let patient_until = said.at.checked_add(patience).unwrap_or(promise.due);
        Entry {
            conversation_id: conversation_id.to_owned(),
            turn_id: turn_id.to_owned(),
            start: promise.start,
            end: promise.end,
            quote: text.chars().skip(promise.start).take(length).collect(),
            made: said.at,
            due: promise.due,
            exact: promise.exact,
            chaseable: if promise.exact { promise.due } else { patient_until.min(promise.due) },
            standing: Standing::Open,
            broken_at: None,
        }
    }

    fn is_open(&self) -> bool {
        self.standing == Standing::Open
    }
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

    pub fn open_count(&self) -> usize {
        self.entries.iter().filter(|entry| entry.is_open()).count()
    }

    /// When the next open promise is overdue.
    pub fn due_next(&self) -> Option<Timestamp> {
        self.entries.iter().filter(|entry| entry.is_open()).map(|entry| entry.due).min()
    }

    /// Enters a promise. Answers the open one that had to leave for it, now expired.
    pub fn enter(&mut self, entry: Entry) -> Option<Entry> {
        let mut left = None;
        if self.entries.len() >= PROMISES_MAX {
            let index = self.entries.iter().position(|entry| !entry.is_open()).unwrap_or(0);
            left = self.entries.remove(index);
        }
        self.entries.push_back(entry);
        left.filter(Entry::is_open).map(|entry| Entry { standing: Standing::Expired, ..entry })
    }

    /// Time passes: open promises that are due by `now` are broken. Answers them.
    pub fn overdue(&mut self, now: Timestamp) -> Vec<Entry> {
        self.close(|entry| entry.is_open() && entry.due <= now, Standing::Broken, now)
    }

    /// A customer speaks: where it chases, open promises that may be asked after by `now` are broken. Answers them.
    pub fn customer_says(&mut self, text: &str, now: Timestamp) -> Vec<Entry> {
        let may = |entry: &Entry| entry.is_open() && entry.chaseable <= now;
        if !self.entries.iter().any(may) || !chases(text) {
            return Vec::new();
        }
        self.close(may, Standing::Broken, now)
    }

    /// The business side speaks: promises that it says it has fulfilled are kept, broken ones late. Answers them.
    pub fn business_says(&mut self, text: &str, now: Timestamp) -> Vec<Entry> {
        let kept = |entry: &Entry| {
            matches!(entry.standing, Standing::Open | Standing::Broken) && fulfils(&entry.quote, text)
        };
        self.close(kept, Standing::Kept, now)
    }

    /// Takes the open promises out, for the customer's next conversation.
    pub fn take_open(&mut self) -> Vec<Entry> {
        let (open, closed) = self.entries.drain(..).partition(Entry::is_open);
        self.entries = closed;
        Vec::from(open)
    }

    fn close(&mut self, which: impl Fn(&Entry) -> bool, standing: Standing, now: Timestamp) -> Vec<Entry> {
        let closing = self.entries.iter_mut().filter(|entry| which(entry));
        closing
            .map(|entry| {
                entry.standing = standing;
                if standing == Standing::Broken {
                    entry.broken_at = Some(now);
                }
                entry.clone()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::detectors::promises::promise;
    use crate::wire::Channel;

    fn moment(text: &str) -> Timestamp {
        format!("2026-03-{text}Z").parse().expect("a moment")
    }

    fn entered(text: &str, at: &str, turn_id: &str) -> Entry {
        let said = Setting { at: moment(at), zone: &TimeZone::UTC, channel: Channel::Chat };
        let promise = promise(text, None, &said).expect("a promise");
        Entry::new("c-1", turn_id, text, promise, &said)
    }

    fn ids(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.turn_id.as_str()).collect()
    }

    #[test]
    fn a_promise_is_broken_when_overdue_and_once_only() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.due_next(), None);
        ledger.enter(entered("I'll write to you within the hour.", "04T10:00:00", "m-1"));
        ledger.enter(entered("And we'll refund you by Friday.", "04T10:01:00", "m-2"));
        assert_eq!(ledger.due_next(), Some(moment("04T11:00:00")));
        assert_eq!(ledger.overdue(moment("04T10:59:59")), []);
        let broken = ledger.overdue(moment("04T11:00:00"));
        assert_eq!(ids(&broken), ["m-1"]);
        assert_eq!(broken[0].standing, Standing::Broken);
        assert_eq!(broken[0].quote, "I'll write to you within the hour");
        assert_eq!(ledger.overdue(moment("04T12:00:00")), []);
        assert_eq!(ledger.due_next(), Some(moment("07T00:00:00")));
    }

    #[test]
    fn a_promise_is_kept_by_its_deed_also_late() {
        let mut ledger = Ledger::default();
        ledger.enter(entered("I'll send the label within the hour.", "04T10:00:00", "m-1"));
        ledger.enter(entered("I'll ring you tomorrow at 10.", "04T10:01:00", "m-2"));
        assert_eq!(ids(&ledger.business_says("I've sent the label.", moment("04T10:30:00"))), ["m-1"]);
        assert_eq!(ids(&ledger.overdue(moment("05T10:00:00"))), ["m-2"]);
        let late = ledger.business_says("Sorry that I called you so late.", moment("05T12:00:00"));
        assert_eq!(ids(&late), ["m-2"]);
        assert_eq!((late[0].standing, late[0].broken_at), (Standing::Kept, Some(moment("05T10:00:00"))));
        assert_eq!((ledger.open_count(), ledger.due_next()), (0, None));
    }

    #[test]
    fn a_chase_breaks_what_may_be_asked_after() {
        let check = |promise: &str, text: &str, at: &str, expect: &[&str]| {
            let mut ledger = Ledger::default();
            ledger.enter(entered(promise, "04T10:00:00", "m-1"));
            assert_eq!(ids(&ledger.customer_says(text, moment(at))), expect, "{promise:?} {text:?} {at}");
        };
        check("I'll get back to you shortly.", "any update?", "04T10:30:00", &["m-1"]);
        check("I'll get back to you shortly.", "any update?", "04T10:05:00", &[]);
        check("I'll get back to you shortly.", "thanks, will wait", "04T10:30:00", &[]);
        check("I'll call you by Friday.", "any update?", "05T10:30:00", &[]);
        check("I'll call you by Friday.", "nobody called", "07T10:30:00", &["m-1"]);
    }

    #[test]
    fn it_is_bounded_and_closed_ones_leave_first() {
        let mut ledger = Ledger::default();
        for index in 0..PROMISES_MAX {
            let text = if index == 3 { "I'll call you in 20 minutes." } else { "I'll call you by Friday." };
            assert_eq!(ledger.enter(entered(text, "04T10:00:00", &format!("m-{index}"))), None);
        }
        assert_eq!(ids(&ledger.overdue(moment("04T11:00:00"))), ["m-3"]);
        assert_eq!(ledger.enter(entered("I'll call you by Friday.", "04T12:00:00", "m-8")), None);
        let left = ledger.enter(entered("I'll call you by Friday.", "04T12:00:00", "m-9"));
        let left = left.map(|entry| (entry.turn_id, entry.standing));
        assert_eq!(left, Some(("m-0".to_owned(), Standing::Expired)));
        assert_eq!(ledger.entries().count(), PROMISES_MAX);
        assert_eq!(ledger.take_open().len(), PROMISES_MAX);
        assert!(ledger.is_empty());
    }

    #[test]
    fn it_can_be_stored() {
        let mut ledger = Ledger::default();
        ledger.enter(entered("I'll call you by Friday.", "04T10:00:00", "m-1"));
        let stored = serde_json::to_string(&ledger).expect("plain values");
        assert_eq!(serde_json::from_str::<Ledger>(&stored).expect("what was stored"), ledger);
    }
}
