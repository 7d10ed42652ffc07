//! Candidates for statements of the business side that do not agree: two values for the same thing, unexplained.
//!
//! Holds always: English only; pure; precision over recall: only claims with the same subject words and the same
//! terms (with VAT, per month) are compared, and any sign of an explanation silences; at most [`CLAIMS_MAX`]
//! statements are remembered, the oldest leaves first. Offsets are code points.
//! Called by [`super::Recall`], with every turn of agents and bots.

mod claims;
mod subject;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

pub use claims::{CLAIMS_PER_TEXT_MAX, Claim, SUBJECT_WORDS_MAX, Value, claims};

/// Statements remembered per conversation.
pub const CLAIMS_MAX: usize = 16;
/// How much of a statement is kept as its quote, in code points.
pub const QUOTE_CHARS_MAX: usize = 160;
/// Two subjects that were both taken from the customer's questions share at least this part of the shorter one.
const SHARED_PART_MIN: f64 = 0.5;

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

/// Whether the later claim gives the same thing another value, without a sign of an explanation.
pub fn contradiction(earlier: &Claim, later: &Claim) -> bool {
    !later.explained && comparable(earlier, later) && differ(&earlier.value, &later.value)
}

// === impl Statements ===

impl Statements {
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The business side says a text, in answer to what was `asked`. Answers what it contradicts, and remembers the
    /// newest statement about each thing.
    pub fn hear(&mut self, turn_id: &str, text: &str, asked: Option<&str>) -> Vec<Contradiction> {
        let mut found = Vec::new();
        for claim in claims(text, asked) {
            let length = (claim.end - claim.start).min(QUOTE_CHARS_MAX);
            let quote = text.chars().skip(claim.start).take(length).collect();
            let later = Statement { turn_id: turn_id.to_owned(), quote, claim };
            let against = self
                .kept
                .iter()
                .rev()
                .find(|kept| kept.turn_id != turn_id && contradiction(&kept.claim, &later.claim));
            found.extend(
                against.map(|earlier| Contradiction { earlier: earlier.clone(), later: later.clone() }),
            );
            self.kept.retain(|kept| kept.turn_id == turn_id || !comparable(&kept.claim, &later.claim));
            if self.kept.len() >= CLAIMS_MAX {
                self.kept.pop_front();
            }
            self.kept.push_back(later);
        }
        found
    }
}

/// Whether two claims give a value of the same kind to the same thing on the same terms.
fn comparable(earlier: &Claim, later: &Claim) -> bool {
    same_kind(&earlier.value, &later.value) && same_terms(earlier, later) && same_subject(earlier, later)
}

fn same_kind(earlier: &Value, later: &Value) -> bool {
    match (earlier, later) {
        (Value::Money { currency: one, cents: amount }, Value::Money { currency: other, cents: next }) => {
            one == other || one.is_none() || other.is_none() || *amount == 0 || *next == 0
        }
        (Value::Duration { working: one, .. }, Value::Duration { working: other, .. }) => one == other,
        (Value::Weekday { .. }, Value::Weekday { .. })
        | (Value::Date { .. }, Value::Date { .. })
        | (Value::Percent { .. }, Value::Percent { .. }) => true,
        (Value::Holds { predicate: one, .. }, Value::Holds { predicate: other, .. }) => one == other,
        _ => false,
    }
}

/// What is free is free per month and with tax; all else needs the same terms.
fn same_terms(earlier: &Claim, later: &Claim) -> bool {
    let free = |claim: &Claim| matches!(claim.value, Value::Money { cents: 0, .. });
    let place = |claim: &Claim| {
        claim.terms.iter().find(|term| matches!(term.as_str(), "online" | "on site")).cloned()
    };
    if free(earlier) || free(later) { place(earlier) == place(later) } else { earlier.terms == later.terms }
}

fn same_subject(earlier: &Claim, later: &Claim) -> bool {
    let within =
        |few: &[String], many: &[String]| !few.is_empty() && few.iter().all(|word| many.contains(word));
    let (one, other) = (&earlier.subject, &later.subject);
    let yes_or_no = matches!(earlier.value, Value::Holds { .. });
    match (earlier.borrowed, later.borrowed) {
        // What is denied of all is denied of each: "hail is covered under Plus", then "hail is not covered".
        (false, false) => one == other || (yes_or_no && within(other, one)),
        (true, false) => within(other, one),
        (false, true) => within(one, other),
        (true, true) if one.is_empty() && other.is_empty() => yes_or_no,
        (true, true) => {
            let shared = one.iter().filter(|word| other.contains(word)).count();
            shared > 0 && shared as f64 >= SHARED_PART_MIN * one.len().min(other.len()) as f64
        }
    }
}

fn differ(earlier: &Value, later: &Value) -> bool {
    match (earlier, later) {
        (Value::Money { cents: one, .. }, Value::Money { cents: other, .. }) => one != other,
        (
            Value::Duration { shortest: least, longest: most, .. },
            Value::Duration { shortest: from, longest: to, .. },
        ) => most < from || to < least,
        _ => earlier != later,
    }
}

#[cfg(test)]
mod tests;
