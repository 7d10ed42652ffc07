//! What the detectors of repetition and comparison remember of one conversation: `repeats_self`, `stuck`,
//! `must_start_over`, `canned_reply`, `contradicts`.
//!
//! Holds always: pure and synchronous; every memory in it has a named limit; what a detector remembers of a turn, it
//! remembers after that turn was looked at. Called by [`super::Watch`].

use std::sync::Arc;

use super::canned::Canned;
use super::contradictions::{Contradiction, Statements};
use super::facts::Kinds;
use super::repetition::{self, Memory, Repeat, Statement};
use super::start_over::{self, Given};
use super::steps::{self, Steps};
use super::stuck::{self, BotMemory, Progress};
use super::told_already::told_already;
use super::{Change, Discovery, Quoted, TurnSeen};
use crate::conversation::Contact;
use crate::conversation::phrases::Seen;
use crate::conversation::words::Words;
use crate::wire::{Evidence, Found, Mistake, Role, Signal};

/// Who comes back with the same problem says so in their first turns.
const RETURN_TURNS_MAX: u32 = 3;
/// So many moves to another agent or queue are a runaround by themselves.
pub const MOVES_MAX: u32 = 3;

/// What a turn says, for those who compare.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// Its words.
    pub words: &'a Words,
    /// Scores of the customer turns so far, this one included, oldest first; the last few.
    pub scores: &'a [f64],
    /// The end of the other side's last turn.
    pub asked: Option<&'a str>,
    /// Where a turn of the business side was heard before.
    pub phrase: Seen,
    /// The customer's last conversation before this one.
    pub earlier: Option<&'a Contact>,
}

/// What is remembered.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    said: Memory,
    steps: Steps,
    given: Given,
    bot: BotMemory,
    canned: Canned,
    stated: Statements,
    trouble: Trouble,
    /// Whether the conversation has come to somebody else since the customer first gave something.
    moved: bool,
    moves: u32,
    /// The customer's first turn.
    first: Option<Quoted>,
    /// Who spoke last for the business side.
    role: Option<Role>,
    customer_turns: u32,
    /// Where the customer says what they said in an earlier conversation.
    returned: Option<Quoted>,
}

/// What went wrong since the problem was opened.
#[derive(Clone, Debug, Default)]
struct Trouble {
    customer_turns: u32,
    repeats: u32,
    same_steps: u32,
    still_broken: u32,
    bot_loops: u32,
    /// Whether it was found that the conversation is stuck.
    found: bool,
}

impl Recall {
    /// The customer says something; `settled`: that all is well, or good-bye.
    pub fn customer(&mut self, turn: TurnSeen<'_>, quoted: &Quoted, settled: bool) -> Vec<Change> {
        let (text, words) = (turn.text, turn.heard.words);
        let mut changes = Vec::new();
        let statement = Statement::of(words, turn.shown.signal(Signal::RepeatsSelf));
        let repeat = repetition::repeats(&self.said, &statement);
        if settled && repeat.is_none() {
            changes.extend(self.trouble.settle());
        } else {
            self.trouble.customer_turns = self.trouble.customer_turns.saturating_add(1);
            self.trouble.still_broken += u32::from(stuck::still_broken(words));
            self.trouble.repeats += u32::from(repeat.is_some());
        }
        let earlier = repeat.as_ref().map(|repeat| repeat.earlier.clone());
        changes.extend(repeat.map(|repeat| {
            let stressed = Quoted { place: repetition::stresses(words), ..quoted.clone() };
            said_again(repeat, &stressed)
        }));
        if let Some(place) = told_already(words) {
            let told = Quoted { place: Some(place), ..quoted.clone() };
            changes.push(opened(Found::Mistake(Mistake::MustStartOver), quoted, vec![told.evidence()], 1.0));
        }
        changes.extend(self.trouble.find(&turn, quoted, earlier));
        self.customer_turns = self.customer_turns.saturating_add(1);
        if self.customer_turns <= RETURN_TURNS_MAX && self.returned.is_none() {
            let known = turn.heard.earlier.into_iter().flat_map(|contact| &contact.opening);
            let same = known.into_iter().any(|opening| repetition::alike(opening, &statement).is_some());
            self.returned = same.then(|| quoted.clone());
        }
        self.given.customer_said(quoted, text, words);
        self.steps.customer_said(words);
        self.canned.customer_said();
        if words.iter().any(tells) {
            self.stated.told(turn.turn_id, text);
        }
        self.said.remember(quoted, statement);
        self.first.get_or_insert_with(|| quoted.clone());
        changes
    }

    /// The business side says something.
    pub fn business(&mut self, turn: TurnSeen<'_>, quoted: &Quoted) -> Vec<Change> {
        let text = turn.text;
        let Heard { words, asked, phrase, .. } = turn.heard;
        let mut changes = Vec::new();
        let took_over = self.role.replace(turn.role) == Some(Role::Bot) && turn.role == Role::Agent;
        if took_over {
            self.bot.clear();
        }
        self.moved |= took_over && !self.given.is_empty();
        if let Some(again) = start_over::asked_again(&self.given, words, self.moved) {
            let place = Quoted { place: Some(again.start..again.end), ..quoted.clone() };
            let evidence = vec![again.given_in.evidence(), place.evidence()];
            changes.push(opened(Found::Mistake(Mistake::MustStartOver), quoted, evidence, 1.0));
        }
        changes.extend(self.starts_at_zero(&turn, quoted));
        if let Some(times) = self.canned.heard(words, turn.shown, phrase) {
            let found = Found::Mistake(Mistake::CannedReply);
            changes.push(opened(found, quoted, vec![quoted.evidence()], f64::from(times)));
        }
        for contradiction in self.stated.hear(turn.turn_id, text, asked) {
            changes.push(contradicted(contradiction, quoted));
        }
        let steps = steps::proposed(words);
        let same = steps::same_step_twice(&self.steps, &steps);
        self.trouble.same_steps += u32::from(same.is_some());
        if turn.role == Role::Bot {
            self.trouble.bot_loops = self.trouble.bot_loops.max(self.bot.said(words));
        }
        changes.extend(self.trouble.find(&turn, quoted, same.map(|same| same.earlier)));
        self.given.business_said(words);
        self.said.answered(words);
        self.steps.remember(quoted, &steps);
        changes
    }

    /// What the customer's next conversation should know of this one: what they said first, and the facts they gave.
    pub fn opening(&self) -> (impl Iterator<Item = &Statement>, Kinds) {
        (self.said.opening(), self.given.kinds())
    }

    /// Who comes back with the same problem is asked as if it were new.
    fn starts_at_zero(&mut self, turn: &TurnSeen<'_>, quoted: &Quoted) -> Option<Change> {
        let Heard { words, earlier, .. } = turn.heard;
        let place = start_over::starts_at_zero(words, earlier?.given)?;
        let returned = self.returned.take()?;
        let place = Quoted { place: Some(place), ..quoted.clone() };
        let evidence = vec![returned.evidence(), place.evidence()];
        Some(opened(Found::Mistake(Mistake::MustStartOver), quoted, evidence, 1.0))
    }

    /// The conversation has come to another agent, or goes to another queue.
    pub fn moved(&mut self) -> Option<Change> {
        self.moved |= !self.given.is_empty();
        self.moves = self.moves.saturating_add(1);
        let first = self.first.as_ref().filter(|_| self.moves == MOVES_MAX)?;
        Some(Change::Opened(Discovery {
            found: Found::Mistake(Mistake::MustStartOver),
            about: Arc::from("moves"),
            turn_id: None,
            evidence: vec![first.evidence()],
            value: f64::from(self.moves),
        }))
    }

    /// The conversation ends; what it was about is over.
    pub fn closed(&mut self) {
        self.trouble = Trouble::default();
    }
}

impl Trouble {
    /// The customer says that it is solved.
    fn settle(&mut self) -> Option<Change> {
        let Trouble { found, customer_turns, .. } = std::mem::take(self);
        let value = f64::from(customer_turns);
        found.then_some(Change::Resolved { found: Found::Signal(Signal::Stuck), about: None, value })
    }

    /// Whether the conversation is stuck since this turn; `earlier` is what the turn repeats.
    fn find(&mut self, turn: &TurnSeen<'_>, quoted: &Quoted, earlier: Option<Quoted>) -> Option<Change> {
        let progress = Progress {
            customer_turns: self.customer_turns,
            repeats: self.repeats,
            same_steps: self.same_steps,
            still_broken: self.still_broken,
            bot_loops: self.bot_loops,
            scores: turn.heard.scores,
            resolved: false,
        };
        if self.found || stuck::stuck(&progress).is_none() {
            return None;
        }
        self.found = true;
        let evidence = earlier.iter().chain([quoted]).map(Quoted::evidence).collect();
        Some(opened(Found::Signal(Signal::Stuck), quoted, evidence, f64::from(self.customer_turns)))
    }
}

/// Whether a word may report what somebody said; most turns have none, and to see that is cheap.
fn tells(word: &str) -> bool {
    ["told", "sa", "confirmed", "wr", "promised", "assured"].iter().any(|stem| word.starts_with(stem))
}

/// Found in this turn.
fn opened(found: Found, quoted: &Quoted, evidence: Vec<Evidence>, value: f64) -> Change {
    let about = quoted.turn_id.clone();
    Change::Opened(Discovery { found, turn_id: Some(about.clone()), about, evidence, value })
}

fn said_again(repeat: Repeat, quoted: &Quoted) -> Change {
    let evidence = vec![repeat.earlier.evidence(), quoted.evidence()];
    opened(Found::Signal(Signal::RepeatsSelf), quoted, evidence, repeat.similarity)
}

fn contradicted(contradiction: Contradiction, quoted: &Quoted) -> Change {
    let Contradiction { earlier, later } = contradiction;
    let evidence = [earlier, later].map(|statement| {
        let start = statement.claim.start;
        let end = start + statement.quote.chars().count();
        Evidence { turn_id: statement.turn_id, conversation_id: None, start, end, quote: statement.quote }
    });
    opened(Found::Mistake(Mistake::Contradicts), quoted, evidence.into(), 1.0)
}

#[cfg(test)]
#[path = "recall_tests.rs"]
mod tests;
