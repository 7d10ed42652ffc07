//! `missing_basics`: a conversation that the business side closed without greeting, apology after a failure,
//! check-back or closing words. A checklist for aggregates, never for one agent.
//!
//! Holds always: pure; a conversation has one such finding at most, whose value is the number of missing steps;
//! a conversation that is opened again needs no second greeting. Called by [`super::Watch`].

use super::words::Cues;
use super::{Change, Discovery, Quoted, Shown};
use crate::wire::{Act, Found, Mistake, Role};

/// With fewer turns of the business side there was no room for courtesies.
const BUSINESS_TURNS_MIN: u32 = 2;
/// A check-back or closing words may be so many turns of the business side before its last one.
const LAST_TURNS: u32 = 3;

/// What was done of the checklist.
#[derive(Clone, Debug, Default)]
pub struct Basics {
    turns: u32,
    /// The first turn of a person, or of the bot before one came, and whether it greets.
    first: Option<First>,
    /// The customer was upset, or in trouble that nobody acknowledged.
    upset: bool,
    /// Something went wrong on the business side.
    failed: bool,
    apologised: bool,
    /// The customer says that it is settled: nobody needs to ask.
    settled: bool,
    /// The turns (counted from 1) that last asked whether it is settled, and that last said good-bye.
    checked_at: u32,
    closed_at: u32,
}

#[derive(Clone, Debug)]
struct First {
    role: Role,
    quoted: Quoted,
    greets: bool,
}

impl Basics {
    pub fn customer(&mut self, upset: bool, settled: bool) {
        self.upset |= upset;
        self.settled = settled;
    }

    /// A mistake was found by other means.
    pub fn failed(&mut self) {
        self.failed = true;
    }

    pub fn business(&mut self, role: Role, shown: Shown, quoted: &Quoted, cues: Cues) {
        self.turns = self.turns.saturating_add(1);
        let person_after_bot =
            role == Role::Agent && self.first.as_ref().is_some_and(|first| first.role == Role::Bot);
        if self.first.is_none() || person_after_bot {
            // A long turn greets at its beginning, which is what is quoted of it.
            let greets = cues.greets() || Cues::of(&quoted.excerpt).greets();
            self.first = Some(First { role, quoted: quoted.clone(), greets });
        }
        self.upset |= shown.mistake(Mistake::NoEmpathy);
        self.failed |= shown.any_mistake() || cues.admits_failure();
        self.apologised |= shown.act(Act::Apology) || cues.apologises();
        if cues.checks_back() {
            self.checked_at = self.turns;
        }
        if shown.act(Act::Closing) || cues.closes() {
            self.closed_at = self.turns;
        }
    }

    /// The conversation was closed.
    pub fn closed(&mut self, by: Option<Role>) -> Option<Change> {
        let basics = std::mem::take(self);
        self.first = basics.first.clone().map(|first| First { greets: true, ..first });
        let business = by.is_some_and(Role::is_business);
        let first = basics.first.as_ref().filter(|_| business && basics.turns >= BUSINESS_TURNS_MIN)?;
        let lately = |turn: u32| turn > 0 && turn + LAST_TURNS > basics.turns;
        let missing = [
            !first.greets,
            basics.upset && basics.failed && !basics.apologised,
            !basics.settled && !lately(basics.checked_at),
            !lately(basics.closed_at),
        ];
        let count = missing.iter().filter(|step| **step).count();
        if count == 0 {
            return None;
        }
        // Of the four only a missing greeting has a place.
        let evidence = if first.greets { Vec::new() } else { vec![first.quoted.evidence()] };
        Some(Change::Opened(Discovery {
            found: Found::Mistake(Mistake::MissingBasics),
            about: first.quoted.turn_id.clone(),
            turn_id: None,
            evidence,
            value: count as f64,
        }))
    }
}
