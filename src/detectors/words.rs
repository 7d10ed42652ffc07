//! What can be told from the words of a turn without a model: courtesies, reactions, and how long somebody asks to
//! wait. Short lists on purpose: where a name of the model exists, it decides, and these add what is sure.
//!
//! Holds always: pure; a question mark goes before every courtesy in the same turn; a text is gone through once.
//! Called by [`super::Watch`].

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Shown, phrases};
use crate::conversation::words::short_hash;
use crate::wire::Signal;

/// A goodbye with more words than this says something else, too.
const GOODBYE_WORDS_MAX: usize = 14;
/// The same for bare thanks.
const THANKS_WORDS_MAX: usize = 12;
/// Words beyond these are not looked up: the text is no courtesy in any case.
const COURTESY_WORDS_MAX: usize = THANKS_WORDS_MAX + 1;
/// Words of bare thanks that are in no list: a name.
const THANKS_STRANGE_WORDS_MAX: usize = 1;
/// The same as above for reactions.
const REACTION_WORDS_MAX: usize = 6;
/// The same for answers to a question.
const CONSENT_WORDS_MAX: usize = 4;
/// The same for a customer who goes away to try something.
const POSTPONED_WORDS_MAX: usize = 14;
/// The same where nothing was asked: "hold on, that is wrong" is no promise to come back.
const POSTPONED_UNASKED_WORDS_MAX: usize = 5;
/// The same for "no" after the offer of more.
const NO_WORDS_MAX: usize = 3;
/// A score (−1 to 1) at or below which a customer's turn is a complaint whatever else it shows.
pub const COMPLAINT_SCORE: f64 = -0.4;
/// Nobody holds a customer for longer by saying so, in seconds.
const ALLOWANCE_SECONDS_MAX: u32 = 86_400;

/// What a customer's turn asks of the business side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// An answer.
    Answer,
    /// Nothing, but what was owed before is still owed.
    Nothing,
    /// Nothing more: the matter is settled, or the customer says good-bye.
    Over,
}

/// What the business side said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Its last turn asked something, so the ball was with the customer.
    pub asked: bool,
    /// Its last turn asked whether there is anything else.
    pub offered_more: bool,
    /// The customer waits for the answer to an earlier turn.
    pub owed: bool,
}

/// What was looked for and found in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cues {
    /// How many words it has.
    pub words: usize,
    /// Whether it has a question mark.
    pub asks: bool,
    /// Lists of which a phrase stands anywhere, at the beginning, and at the end.
    found: u16,
    begins: u16,
    ends: u16,
    /// Words of a reaction, and words that neither thanks nor reactions are made of.
    reactions: usize,
    strange: usize,
    /// Whether the whole text is a request to wait.
    holding: bool,
}

/// A list of phrases; its number is its bit in [`Cues`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Goodbyes,
    LastWords,
    Thanks,
    Contrasts,
    Troubles,
    Consents,
    Postponed,
    Noes,
    OffersMore,
    QuestionStarts,
    Greetings,
    Apologies,
    Failures,
    CheckBacks,
    Closings,
}

/// Phrases, each with its list.
type Listed = Vec<(List, &'static str)>;

/// Phrases by the hash of their first word, ascending.
static PHRASES: LazyLock<Vec<(u32, Listed)>> = LazyLock::new(|| {
    let all = [
        (List::Goodbyes, phrases::GOODBYES),
        (List::LastWords, phrases::LAST_WORDS),
        (List::Thanks, phrases::THANKS),
        (List::Contrasts, phrases::CONTRASTS),
        (List::Troubles, phrases::TROUBLES),
        (List::Consents, phrases::CONSENTS),
        (List::Postponed, phrases::POSTPONED),
        (List::Noes, phrases::NOES),
        (List::OffersMore, phrases::OFFERS_MORE),
        (List::QuestionStarts, phrases::QUESTION_STARTS),
        (List::Greetings, phrases::GREETINGS),
        (List::Apologies, phrases::APOLOGIES),
        (List::Failures, phrases::FAILURES),
        (List::CheckBacks, phrases::CHECK_BACKS),
        (List::Closings, phrases::CLOSINGS),
    ];
    let mut phrases: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (list, phrase) in all.iter().flat_map(|(list, phrases)| phrases.iter().map(|phrase| (*list, *phrase)))
    {
        let first = phrase.split(' ').next().unwrap_or(phrase);
        phrases.entry(short_hash(first.as_bytes())).or_default().push((list, phrase));
    }
    phrases.into_iter().collect()
});

// === impl Cues ===

impl Cues {
    /// Goes through a text.
    pub fn of(text: &str) -> Self {
        let plain = plain(text);
        let asks = text.contains(['?', '？', '؟']);
        let mut cues = Cues { asks, ..Cues::default() };
        let mut rest = plain.as_str();
        while let Some((word, after)) = rest.split_once(' ') {
            let known = PHRASES.binary_search_by_key(&short_hash(word.as_bytes()), |(hash, _)| *hash);
            for (list, phrase) in known.map_or(&[][..], |at| &PHRASES[at].1) {
                let bit = 1 << *list as u16;
                if let Some(after) = rest.strip_prefix(phrase).filter(|after| after.starts_with(' ')) {
                    cues.found |= bit;
                    cues.begins |= if cues.words == 0 { bit } else { 0 };
                    cues.ends |= if after == " " { bit } else { 0 };
                }
            }
            if cues.words >= COURTESY_WORDS_MAX {
                cues.strange += 1;
            } else if phrases::REACTIONS.contains(&word) {
                cues.reactions += 1;
            } else if !phrases::FILLERS.contains(&word) && !phrases::THANKS.contains(&word) {
                cues.strange += 1;
            }
            cues.words += 1;
            rest = after;
        }
        if text.contains('👋') {
            cues.found |= 1 << List::Greetings as u16;
        }
        cues.holding = phrases::HOLDINGS.contains(&plain.trim_end());
        cues
    }

    /// What the customer's turn asks for.
    pub fn need(&self, shown: Shown, before: Before) -> Need {
        if self.asks {
            return Need::Answer;
        }
        if self.words == 0 {
            return Need::Nothing;
        }
        let last_words = self.ends & (1 << List::LastWords as u16) != 0;
        let goodbye = self.words <= GOODBYE_WORDS_MAX && (self.has(List::Goodbyes) || last_words);
        // Whoever is asked to wait says thanks for that.
        let settled = shown.signal(Signal::ThanksResolved) && !(before.owed && self.is_courtesy());
        let no_more = before.offered_more && self.words <= NO_WORDS_MAX && self.has(List::Noes);
        if goodbye || settled || no_more {
            return if is_complaint(shown, None) { Need::Answer } else { Need::Over };
        }
        if is_complaint(shown, None) || self.asks_without_mark() {
            return Need::Answer;
        }
        if before.asked && self.words <= CONSENT_WORDS_MAX && self.has(List::Consents) {
            return Need::Answer;
        }
        let words_max = if before.asked { POSTPONED_WORDS_MAX } else { POSTPONED_UNASKED_WORDS_MAX };
        let postponed = self.words <= words_max && self.has(List::Postponed);
        if postponed || self.is_courtesy() { Need::Nothing } else { Need::Answer }
    }

    /// Whether a customer's turn is a question or a complaint rather than a piece of information.
    pub fn is_issue(&self, shown: Shown, score: Option<f64>) -> bool {
        let said = self.asks || self.asks_without_mark() || self.has(List::Troubles);
        said || is_complaint(shown, score)
    }

    /// Whether the whole of a business turn is a request to wait.
    pub const fn is_plain_holding(&self) -> bool {
        self.holding
    }

    pub const fn greets(&self) -> bool {
        self.has(List::Greetings)
    }

    pub const fn apologises(&self) -> bool {
        self.has(List::Apologies)
    }

    /// Whether a business turn says that something went wrong on its side.
    pub const fn admits_failure(&self) -> bool {
        self.has(List::Failures)
    }

    /// Whether a business turn asks if the matter is settled.
    pub const fn checks_back(&self) -> bool {
        self.asks && self.has(List::CheckBacks)
    }

    /// Whether a business turn asks if there is anything else.
    pub const fn offers_more(&self) -> bool {
        self.has(List::OffersMore)
    }

    /// Whether a business turn has closing words.
    pub const fn closes(&self) -> bool {
        self.has(List::Closings)
    }

    const fn asks_without_mark(&self) -> bool {
        self.begins & (1 << List::QuestionStarts as u16) != 0
    }

    const fn has(&self, list: List) -> bool {
        self.found & (1 << list as u16) != 0
    }

    /// Only thanks or a reaction.
    const fn is_courtesy(&self) -> bool {
        let thanks = self.words <= THANKS_WORDS_MAX
            && self.has(List::Thanks)
            && !self.has(List::Contrasts)
            && self.strange <= THANKS_STRANGE_WORDS_MAX;
        thanks || self.words <= REACTION_WORDS_MAX && self.reactions > 0 && self.strange == 0
    }
}

/// How long a turn asks to wait, in seconds, where it says so: "two minutes", "3-5 mins", "half an hour".
pub fn allowance_seconds(text: &str) -> Option<u32> {
    let plain = plain(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let unit_at = words.iter().position(|word| unit_seconds(word).is_some())?;
    let unit = unit_seconds(words[unit_at])?;
    let filler = |word: &&&str| matches!(**word, "of" | "more" | "or" | "so");
    let mut before = words[..unit_at].iter().rev().filter(|word| !filler(word));
    let number = number(before.next()?)?;
    let half = before.next() == Some(&"half");
    let seconds = number.checked_mul(unit)? / if half { 2 } else { 1 };
    (seconds > 0).then_some(seconds.min(ALLOWANCE_SECONDS_MAX))
}

fn is_complaint(shown: Shown, score: Option<f64>) -> bool {
    const COMPLAINTS: [Signal; 7] = [
        Signal::Frustration,
        Signal::EscalationRequest,
        Signal::ChurnThreat,
        Signal::PublicOrLegalThreat,
        Signal::Distress,
        Signal::RepeatsSelf,
        Signal::Confused,
    ];
    COMPLAINTS.iter().any(|signal| shown.signal(*signal))
        || score.is_some_and(|score| score <= COMPLAINT_SCORE)
}

/// The words of a text in lower case, a blank after each. Apostrophes are left out, since many people leave them out,
/// and no letter stands more than twice in a row: "sweeeet".
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 1);
    let (mut last, mut times) = (' ', 0);
    for char in text.chars() {
        if char.is_alphanumeric() {
            times = if char == last { times + 1 } else { 1 };
            last = char;
            if times <= 2 || !char.is_alphabetic() {
                if char.is_ascii() {
                    plain.push(char.to_ascii_lowercase());
                } else {
                    plain.extend(char.to_lowercase());
                }
            }
        } else if !matches!(char, '\'' | '’' | '‘' | '`') && !plain.is_empty() && !plain.ends_with(' ') {
            plain.push(' ');
            last = ' ';
        }
    }
    if !plain.is_empty() && !plain.ends_with(' ') {
        plain.push(' ');
    }
    plain
}

fn unit_seconds(word: &str) -> Option<u32> {
    match word {
        "second" | "seconds" | "sec" | "secs" => Some(1),
        "minute" | "minutes" | "min" | "mins" => Some(60),
        "hour" | "hours" | "hr" | "hrs" => Some(3_600),
        _ => None,
    }
}

fn number(word: &str) -> Option<u32> {
    const WORDS: [&str; 11] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    match word {
        "a" | "an" => Some(1),
        "couple" => Some(2),
        "few" => Some(3),
        "fifteen" => Some(15),
        "twenty" => Some(20),
        "thirty" => Some(30),
        _ => WORDS
            .iter()
            .position(|known| *known == word)
            .and_then(|at| u32::try_from(at).ok())
            .or_else(|| word.parse().ok()),
    }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
