//! Claims in texts of the business side: amounts, durations, days, percentages, yes or no, each about something.
//!
//! Holds always: English only; a sentence that asks, offers choices, sets conditions, recalls what happened or names
//! several values of one kind gives no claim of that kind; at most [`CLAIMS_PER_TEXT_MAX`] claims are read of a
//! text, oldest first, each with at most [`SUBJECT_WORDS_MAX`] subject words; what is lent to it is bounded by
//! [`LENT_WORDS_MAX`].
//! Called by the module above.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::firm::{firm, firmly_free, happened, held_against, one_of_many, open_ended, reported, vague};
use super::polarity::{Stated, existence, given_back, of_all, stated};
use super::subject::{clause_at, clauses, subject_words, when, words};
use super::values::{Found, values};
use crate::detectors::english::{Folded, pattern, sentences, weekday};

/// Claims read of one text.
pub const CLAIMS_PER_TEXT_MAX: usize = 8;
/// Subject words kept of a claim; one that has more is too unclear to be compared.
pub const SUBJECT_WORDS_MAX: usize = 8;
/// Words lent to a claim about "it": so many of the question, and so many of what the text says before it.
pub const LENT_WORDS_MAX: usize = 24;

/// The subject of "your application", which may be for whatever was spoken of.
pub const ANYTHING: &str = "*";

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// In hundredths of the currency; none where only the number is given. "Free" is 0.
    Money {
        cents: u64,
        currency: Option<String>,
    },
    /// A cost without its amount.
    Fee,
    /// From the shortest to the longest, in hours; working days apart from days.
    Duration {
        shortest: u32,
        longest: u32,
        working: bool,
    },
    /// A day of the week: 0 is Monday.
    Weekday {
        day: u8,
    },
    Date {
        month: i8,
        day: i8,
    },
    /// In hundredths of a percent.
    Percent {
        hundredths: u32,
    },
    /// Whether something is so: it is covered, it can be returned.
    Holds {
        predicate: String,
        holds: bool,
        /// Whether it does not change by itself.
        lasting: bool,
        /// Whether it is said of all.
        of_all: bool,
    },
}

/// One claim of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub value: Value,
    /// What it is about, in sorted stems of its own clause.
    pub subject: Vec<String>,
    /// Where its clause only says "it": stems of the question it answers, sorted.
    pub asked: Vec<String>,
    /// Then also: stems of what the text says before.
    pub lent: Vec<String>,
    pub borrowed: bool,
    /// Whether the customer has just held it against the business: "you said ready", "why 9.90?".
    pub contested: bool,
    /// "The 30 days".
    pub definite: bool,
    /// "Per month", "with VAT" and the like: claims with different terms are not compared.
    pub terms: Vec<String>,
    /// The clause that states it, in code points of the text.
    pub start: usize,
    pub end: usize,
}

static TERMS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b(?:with|incl(?:uding|\.)?|inclusive of|including) (?:the )?(?:vat|tax|taxes|gst)\b|\bgross\b|\b(?:vat|tax) (?:is )?included\b", "with tax"),
        (r"\b(?:without|excl(?:uding|\.)?|exclusive of|before|plus) (?:the )?(?:vat|tax|taxes|gst)\b|\bnet\b|\+ ?vat\b", "without tax"),
        (r"\b(?:per|a|each|every) month\b|\bmonthly\b|/ ?mo(?:nth)?\b", "month"),
        (r"\b(?:per|a|each|every) year\b|\b(?:yearly|annual|annually)\b|/ ?y(?:ea)?r\b", "year"),
        (r"\b(?:per|a|each|every) (?:day|night)\b|\b(?:daily|nightly)\b", "day"),
        (r"\b(?:per|a|each|every) week\b|\bweekly\b", "week"),
        (r"\b(?:per|each|a) (?:person|head|adult|child|item|piece|unit|bag|ticket|line|user|gb)\b", "each"),
        (r"\b(?:one-off|one-time|once|single)\b", "once"),
        (r"\b(?:online|web|app)\b", "online"),
        (r"\b(?:in-store|in store|shop|branch|airport|desk|counter)\b", "on site"),
    ]
    .iter()
    .map(|(source, name)| (pattern(source), *name))
    .collect()
});

/// A text of the business side, with what it answers.
struct Reading<'a> {
    folded: Folded,
    asked: Option<&'a str>,
    found: Vec<Claim>,
}

/// A value, the clause it stands in, and whether that names its subject.
struct Located {
    found: Found,
    clause: Range<usize>,
    pronoun: bool,
}

/// Reads the claims of a text of the business side; `asked` is the customer's turn that it answers.
pub fn claims(text: &str, asked: Option<&str>) -> Vec<Claim> {
    let folded = Folded::of(text);
    let ranges = sentences(folded.text());
    let mut reading = Reading { folded, asked, found: Vec::new() };
    for range in ranges {
        let sentence = &reading.folded.text()[range.clone()];
        if sentence.ends_with('?') || reading.found.len() >= CLAIMS_PER_TEXT_MAX {
            continue;
        }
        for located in located(sentence) {
            reading.add(&range, located);
        }
    }
    reading.found.truncate(CLAIMS_PER_TEXT_MAX);
    reading.found
}

/// Reads what a text of the customer's reports the business to have said elsewhere.
pub fn reports(text: &str) -> Vec<Claim> {
    let folded = Folded::of(text);
    let ranges = sentences(folded.text());
    let mut reading = Reading { folded, asked: None, found: Vec::new() };
    for range in ranges {
        let sentence = &reading.folded.text()[range.clone()];
        let Some(start) = reported(sentence).filter(|_| !sentence.ends_with('?')) else { continue };
        let rest = range.start + start..range.end;
        for located in located(&reading.folded.text()[rest.clone()]) {
            reading.add(&rest, located);
        }
    }
    // "It" would be whatever the customer spoke of.
    reading.found.retain(|claim| !claim.borrowed);
    reading.found.truncate(CLAIMS_PER_TEXT_MAX);
    reading.found
}

/// The firm values of a sentence.
fn located(sentence: &str) -> Vec<Located> {
    let numbers = values(sentence).into_iter().filter_map(|found| {
        let clause = clause_at(sentence, &found.range);
        let whole = &sentence[clause.clone()];
        // With the sign after it, for "over 50".
        let sign = sentence[found.range.start..].chars().next().map_or(0, char::len_utf8);
        let before = &sentence[clause.start..found.range.start + sign];
        let after = &sentence[found.range.end..clause.end];
        let clear = match found.value {
            Value::Money { cents: 0, .. } | Value::Fee => firmly_free(whole),
            Value::Weekday { .. } | Value::Date { .. } => {
                firm(whole) && !happened(whole) && !one_of_many(whole)
            }
            _ if found.definite => firm(before),
            _ => firm(before) && firm(after) && !happened(whole),
        };
        clear.then_some(Located { found, clause, pronoun: false })
    });
    let mut all: Vec<Located> = numbers.collect();
    if words(sentence).any(|word| open_ended(&sentence[word])) {
        return all;
    }
    let mut of_all_said = None;
    for clause in clauses(sentence) {
        let text = &sentence[clause.clone()];
        if words(text).any(|word| vague(&text[word])) {
            continue;
        }
        let Some(stated) = existence(text).or_else(|| given_back(text)).or_else(|| stated(text)) else {
            continue;
        };
        let Stated { predicate, holds, lasting, pronoun, range } = stated;
        let of_all = *of_all_said.get_or_insert_with(|| of_all(sentence));
        let value = Value::Holds { predicate, holds, lasting, of_all };
        let range = clause.start + range.start..clause.start + range.end;
        all.push(Located { found: Found { value, range, definite: false }, clause, pronoun });
    }
    all
}

fn terms(words: &str) -> Vec<String> {
    TERMS.iter().filter(|(term, _)| term.is_match(words)).map(|(_, name)| (*name).to_owned()).collect()
}

/// What a clause is about, without what it says of it.
fn subject(value: &Value, clause: &str, said: Range<usize>) -> Vec<String> {
    let mut skip = vec![said, per(clause).unwrap_or_default()];
    let Value::Holds { predicate, .. } = value else { return subject_words(clause, &skip) };
    skip.extend(when(clause));
    let mut subject = subject_words(clause, &skip);
    if predicate.ends_with("grant") {
        let named = subject.len();
        subject.retain(|word| !matches!(word.as_str(), "application" | "request"));
        if subject.is_empty() && named > 0 {
            subject.push(ANYTHING.to_owned());
        }
    }
    subject
}

/// The days that a yes or no is said of.
fn days(clause: &str) -> Vec<String> {
    let mut days: Vec<String> = words(clause)
        .map(|place| &clause[place])
        .filter(|word| {
            matches!(*word, "today" | "tonight" | "tomorrow" | "yesterday")
                || word.len() > 5 && word.trim_end_matches('s').ends_with("day") && weekday(word).is_some()
        })
        .map(|word| if word == "tonight" { "today" } else { word }.to_owned())
        .collect();
    days.sort_unstable();
    days
}

/// "Per person": terms, and no part of the subject.
fn per(words: &str) -> Option<Range<usize>> {
    let start = words.find("per ").filter(|at| *at == 0 || words.as_bytes()[at - 1] == b' ')?;
    let unit = start + "per ".len();
    Some(start..words[unit..].find(' ').map_or(words.len(), |length| unit + length))
}

// === impl Reading ===

impl Reading<'_> {
    fn add(&mut self, sentence: &Range<usize>, located: Located) {
        let Located { found: Found { value, range, definite }, clause, pronoun } = located;
        let text = self.folded.text();
        let words = &text[sentence.start + clause.start..sentence.start + clause.end];
        let said = range.start - clause.start..range.end - clause.start;
        let yes_or_no = matches!(value, Value::Holds { .. });
        let subject = subject(&value, words, said);
        if subject.len() > SUBJECT_WORDS_MAX {
            return;
        }
        let borrowed = pronoun || subject.is_empty();
        let asked = self.asked.filter(|_| borrowed || matches!(value, Value::Money { .. })).map(Folded::of);
        let asked = asked.as_ref().map(Folded::text).unwrap_or_default();
        let figure = &text[sentence.start + range.start..sentence.start + range.end];
        let contested = contested(&value, figure, asked);
        let (mut lent, mut question) = (Vec::new(), Vec::new());
        if borrowed {
            lent = subject_words(&text[..sentence.start + clause.start], &[]);
            lent.truncate(LENT_WORDS_MAX);
            question = subject_words(asked, &[]);
            question.truncate(LENT_WORDS_MAX);
        }
        let terms = if yes_or_no { days(words) } else { terms(words) };
        let bytes = sentence.start + clause.start..sentence.start + clause.end;
        let (start, end) = self.folded.places(&bytes);
        self.found.push(Claim {
            value,
            subject,
            asked: question,
            lent,
            borrowed,
            contested,
            definite,
            terms,
            start,
            end,
        });
    }
}

/// Whether the customer has just asked about that very value.
fn contested(value: &Value, said: &str, asked: &str) -> bool {
    match value {
        Value::Money { cents, .. } if *cents > 0 => {
            let figure = said.rsplit(|sign: char| !(sign.is_ascii_digit() || sign == '.' || sign == ','));
            figure
                .into_iter()
                .find(|part| !part.is_empty())
                .is_some_and(|figure| words_with_figures(asked).any(|word| word == figure))
        }
        Value::Holds { predicate, .. } => {
            let name = predicate.rsplit(' ').next().unwrap_or_default();
            held_against(asked) && words(asked).any(|word| asked[word].starts_with(name))
        }
        _ => false,
    }
}

fn words_with_figures(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| !(sign.is_alphanumeric() || sign == '.' || sign == ','))
        .map(|word| word.trim_end_matches(['.', ',']))
}
