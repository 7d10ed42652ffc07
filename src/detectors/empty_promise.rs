//! `empty_promise`: what the business side promised is not done when it should be, or the customer has to ask after it.
//!
//! Holds always: pure; a promise is entered where the model sees one and its words tell what and when (either alone
//! is wrong too often); one that was broken is one finding, and is resolved where it is kept late; time in which the
//! source was not connected does not count. Called by [`super::Watch`].

use jiff::Timestamp;

use super::promises::{self, Deed, Entry, Ledger, Promise, promise};
use super::{Change, Discovery, Need, Quoted, Setting, TurnSeen};
use crate::wire::{Evidence, Found, Mistake, Role};

const FOUND: Found = Found::Mistake(Mistake::EmptyPromise);

/// What the business side owes by its word.
#[derive(Clone, Debug, Default)]
pub struct Pledged {
    ledger: Ledger,
    /// Whether the customer's last turn left something open.
    wanting: bool,
}

impl Pledged {
    /// The business side said something; `holds`: it only asks to wait.
    pub fn business(&mut self, turn: &TurnSeen<'_>, holds: bool, setting: Setting<'_>) -> Vec<Change> {
        let late = if holds { Vec::new() } else { self.ledger.kept(turn.text, turn.at) };
        let said =
            promises::Setting { at: turn.at, zone: setting.limits.hours.zone(), channel: setting.channel };
        if let Some(promise) = promised(turn, &said) {
            // Nobody knows what becomes of one that has to leave for it.
            self.ledger.enter(Entry::new(turn.turn_id, turn.text, promise, &said, setting.gone_seconds));
        }
        late.iter().map(|entry| resolved(entry, turn.at)).collect()
    }

    /// The customer said something.
    pub fn customer(
        &mut self,
        turn: &TurnSeen<'_>,
        need: Need,
        complains: bool,
        quoted: &Quoted,
    ) -> Vec<Change> {
        self.wanting = need == Need::Answer;
        if self.ledger.is_empty() {
            return Vec::new();
        }
        let late = self.ledger.confirmed(turn.text, turn.at);
        let broken = self.ledger.chased(turn.text, complains, turn.at);
        if need == Need::Over {
            self.ledger.trust();
        }
        let opened = broken.map(|entry| opened(&entry, Some(quoted), turn.at));
        late.iter().map(|entry| resolved(entry, turn.at)).chain(opened).collect()
    }

    /// The conversation ends.
    pub fn closed(&mut self, by: Option<Role>, at: Timestamp, setting: Setting<'_>) -> Vec<Change> {
        let leaves = matches!(by, Some(Role::Agent | Role::Bot));
        let broken = self.ledger.closed(leaves, !self.wanting, setting.gone_seconds, at);
        broken.iter().map(|entry| opened(entry, None, at)).collect()
    }

    /// When time alone breaks the next one.
    pub fn due(&self, setting: Setting<'_>) -> Option<Timestamp> {
        self.ledger.due_next(setting.gone_seconds)
    }

    /// It is broken by now.
    pub fn find(&mut self, setting: Setting<'_>) -> Option<Change> {
        let (at, entry) = self.ledger.ring(setting.gone_seconds)?;
        Some(opened(&entry, None, at))
    }

    /// Takes out what is still open, for what comes after the conversation `id`.
    pub fn take_open(&mut self, id: &str) -> Vec<Entry> {
        self.ledger.take_open(id)
    }

    /// Takes in what was promised before; now it is `at`, in the conversation `id`.
    pub fn carry(&mut self, entries: Vec<Entry>, id: &str, at: Timestamp, setting: Setting<'_>) {
        self.ledger.carry(entries, id, setting.gone_seconds, at);
    }

    /// All that are remembered, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.ledger.entries()
    }

    /// Promises that are open at `at`, and those that are overdue.
    pub fn open_and_overdue(&self, at: Timestamp) -> (usize, usize) {
        self.ledger.open_and_overdue(at)
    }
}

/// What a turn promises, where the model sees it; a stated time goes before none, wherever it stands.
fn promised(turn: &TurnSeen<'_>, said: &promises::Setting<'_>) -> Option<Promise> {
    let Some(place) = turn.promise else {
        return promises::stays(turn.text)
            .then(|| promise(turn.text, None, said))
            .flatten()
            .filter(|promise| promise.deed == Deed::Stay);
    };
    let evidence = place.start as usize..place.end as usize;
    let seen = promise(turn.text, Some(evidence), said)?;
    if seen.exact || seen.deed == Deed::Stay {
        return Some(seen);
    }
    promise(turn.text, None, said).filter(|stated| stated.exact).or(Some(seen))
}

fn opened(entry: &Entry, chase: Option<&Quoted>, at: Timestamp) -> Change {
    let evidence = Evidence {
        turn_id: entry.turn_id.to_string(),
        conversation_id: entry.conversation_id.as_deref().map(str::to_owned),
        start: entry.start,
        end: entry.start + entry.quote.chars().count(),
        quote: entry.quote.to_string(),
    };
    // Who leaves is not late.
    let value = if entry.deed == Deed::Stay { 0.0 } else { entry.overdue_seconds(at) };
    Change::Opened(Discovery {
        found: FOUND,
        about: about(entry),
        turn_id: chase.map(|quoted| quoted.turn_id.clone()),
        evidence: std::iter::once(evidence).chain(chase.map(Quoted::evidence)).collect(),
        value,
    })
}

fn resolved(entry: &Entry, at: Timestamp) -> Change {
    Change::Resolved { found: FOUND, about: Some(about(entry)), value: entry.overdue_seconds(at) }
}

/// Turns of different conversations may have the same id.
fn about(entry: &Entry) -> std::sync::Arc<str> {
    match &entry.conversation_id {
        Some(conversation_id) => format!("{conversation_id}/{}", entry.turn_id).into(),
        None => std::sync::Arc::from(&*entry.turn_id),
    }
}
