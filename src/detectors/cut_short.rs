//! `cut_short`: the business side closes while a question or complaint is unanswered, or so soon after a turn of
//! the customer that was no goodbye that nobody can have dealt with it; a mere statement that was answered with
//! good-bye is dealt with.
//!
//! Holds always: pure; never where the customer closed or nobody in particular did, and never where the customer
//! had abused who answers. That the same customer's case goes on in another open conversation (a closed duplicate)
//! is not known here. Called by [`super::Watch`].

use jiff::Timestamp;

use super::{Change, Discovery, Need, Quoted, Setting};
use crate::conversation::moments;
use crate::wire::{Found, Mistake, Role};

/// An abuse so many turns of the customer ago still explains why somebody ends a conversation.
const ABUSE_TURNS_MAX: u32 = 3;
/// A goodbye with more words than this may hold an answer.
const BARE_CLOSING_WORDS_MAX: usize = 12;

/// What would be open if the conversation ended now.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// The customer's last turn, if it needed an answer, and nobody has said good-bye after a mere statement.
    last: Option<(Quoted, Timestamp)>,
    /// Whether that turn is a question or a complaint.
    last_is_issue: bool,
    /// The oldest question or complaint without an answer.
    unanswered: Option<(Quoted, Timestamp)>,
    /// Turns of the customer since the last abuse, that one included.
    since_abuse: Option<u32>,
}

/// What a turn of the business side does to the question before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Yes,
    /// It asks to wait, or only says good-bye.
    No,
    /// Somebody else goes on with it.
    HandedOver,
}

impl Ending {
    /// The customer said something; `issue`: a question or a complaint.
    pub fn customer(&mut self, need: Need, issue: bool, abusive: bool, quoted: &Quoted, at: Timestamp) {
        self.since_abuse =
            if abusive { Some(0) } else { self.since_abuse.map(|turns| turns.saturating_add(1)) };
        self.last = (need == Need::Answer).then(|| (quoted.clone(), at));
        self.last_is_issue = issue;
        if need == Need::Over {
            self.unanswered = None;
        } else if issue && need == Need::Answer {
            self.unanswered.get_or_insert_with(|| (quoted.clone(), at));
        }
    }

    /// The business side said something; `closing`: good-bye, too.
    pub fn business(&mut self, answered: Answered, closing: bool) {
        if closing && !self.last_is_issue {
            self.last = None;
        }
        match answered {
            Answered::Yes => self.unanswered = None,
            Answered::No => {}
            Answered::HandedOver => *self = Ending { since_abuse: self.since_abuse, ..Ending::default() },
        }
    }

    /// The conversation was closed.
    pub fn closed(&mut self, by: Option<Role>, at: Timestamp, setting: Setting<'_>) -> Option<Change> {
        let Ending { last, unanswered, since_abuse, .. } = std::mem::take(self);
        let ends_it = matches!(by, Some(Role::Agent | Role::Bot | Role::System));
        if !ends_it || since_abuse.is_some_and(|turns| turns < ABUSE_TURNS_MAX) {
            return None;
        }
        let seconds = |since| moments::seconds_between(since, at);
        let at_once = |since| seconds(since) < f64::from(setting.limits.cut_short_seconds);
        let (quoted, since) = unanswered.or_else(|| last.filter(|(_, since)| at_once(*since)))?;
        Some(Change::Opened(Discovery {
            found: Found::Mistake(Mistake::CutShort),
            about: quoted.turn_id.clone(),
            turn_id: None,
            evidence: vec![quoted.evidence()],
            value: seconds(since),
        }))
    }
}

/// Whether a closing turn is too short to hold an answer.
pub fn is_bare_closing(words: usize) -> bool {
    words <= BARE_CLOSING_WORDS_MAX
}
