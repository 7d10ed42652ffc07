//! Candidates for statements of the business side that do not agree: two values for the same thing, or the same
//! with and without a "not", unexplained.
//!
//! Holds always: English only; pure; precision over recall: only claims about the same subject and on the same
//! terms (with VAT, per month) are compared; any sign of an explanation, of time that has passed, or of a question
//! about something else silences; at most one contradiction of a turn with another; at most [`CLAIMS_MAX`]
//! statements are remembered, the oldest leaves first. Offsets are code points.
//! Called by `recall`, with every turn.

mod claims;
mod compare;
mod firm;
mod lexicon;
mod polarity;
mod subject;
mod values;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

pub use claims::{CLAIMS_PER_TEXT_MAX, Claim, LENT_WORDS_MAX, SUBJECT_WORDS_MAX, Value, claims};

use self::claims::reports;
use self::compare::{comparable, disagree};
use crate::detectors::english::{Folded, sentences};

/// Statements remembered per conversation.
pub const CLAIMS_MAX: usize = 16;
/// How much of a statement is kept as its quote, in code points.
pub const QUOTE_CHARS_MAX: usize = 160;

/// A claim, and where it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub turn_id: String,
    /// The clause that states it; at most [`QUOTE_CHARS_MAX`] code points.
    pub quote: String,
    pub claim: Claim,
}

/// Two statements that do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    pub earlier: Statement,
    pub later: Statement,
}

/// What the business side has stated, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statements {
    kept: VecDeque<Statement>,
}

// === impl Statement ===

impl Statement {
    fn of(turn_id: &str, text: &str, claim: Claim) -> Self {
        let length = (claim.end - claim.start).min(QUOTE_CHARS_MAX);
        let quote = text.chars().skip(claim.start).take(length).collect();
        Statement { turn_id: turn_id.to_owned(), quote, claim }
    }
}

// === impl Statements ===

impl Statements {
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The customer says a text. What it reports the business to have said elsewhere counts as said, unless the
    /// business has spoken of that here: then its own words count.
    pub fn told(&mut self, turn_id: &str, text: &str) {
        for claim in reports(text) {
            if !self.kept.iter().any(|kept| comparable(&kept.claim, &claim)) {
                self.keep(Statement::of(turn_id, text, claim));
            }
        }
    }

    /// The business side says a text, in answer to what was `asked`. Answers what it contradicts, and remembers the
    /// newest statement about each thing.
    pub fn hear(&mut self, turn_id: &str, text: &str, asked: Option<&str>) -> Vec<Contradiction> {
        let mut found = Vec::new();
        for claim in claims(text, asked) {
            let later = Statement::of(turn_id, text, claim);
            let against = self
                .kept
                .iter()
                .rev()
                .find(|kept| kept.turn_id != turn_id && disagree(&kept.claim, &later.claim));
            // Both claims of one sentence may deny the same statement.
            let known = |earlier: &Statement| {
                found.iter().any(|pair: &Contradiction| pair.earlier.turn_id == earlier.turn_id)
            };
            if let Some(earlier) = against
                && !known(earlier)
                && !explained(text, &later.claim)
                && !answers_another(asked, &earlier.claim, &later.claim)
            {
                found.push(Contradiction { earlier: earlier.clone(), later: later.clone() });
            }
            self.kept.retain(|kept| kept.turn_id == turn_id || !comparable(&kept.claim, &later.claim));
            self.keep(later);
        }
        found
    }

    fn keep(&mut self, statement: Statement) {
        if self.kept.len() >= CLAIMS_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(statement);
    }
}

/// Whether a value is another because the customer has asked about something else, or has named that day.
fn answers_another(asked: Option<&str>, earlier: &Claim, later: &Claim) -> bool {
    let Some(asked) = asked.map(Folded::of) else { return false };
    let asked = asked.text();
    let named = match &later.value {
        Value::Holds { lasting: true, .. } | Value::Fee => return false,
        Value::Date { .. } | Value::Weekday { .. } => {
            let days = |text: &str| values::values(text).into_iter().any(|found| found.value == later.value);
            !firm::held_against(asked) && sentences(asked).into_iter().any(|sentence| days(&asked[sentence]))
        }
        _ => false,
    };
    let reminded = matches!(earlier.value, Value::Money { cents: 0, .. }) && asked.contains("free");
    named || !reminded && !later.contested && !later.definite && firm::asks_for_another(asked)
}

/// Whether a text explains why a claim of it is another than before.
fn explained(text: &str, claim: &Claim) -> bool {
    let folded = Folded::of(text);
    let at = folded.bytes(&(claim.start..claim.end));
    let around = sentences(folded.text()).into_iter().find(|sentence| sentence.contains(&at.start));
    firm::explained(folded.text(), &folded.text()[around.unwrap_or(at)])
}

#[cfg(test)]
mod tests;
