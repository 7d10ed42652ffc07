//! Promises of the business side: what was promised, by when, whether it was kept, and the ledger of them.
//!
//! Holds always: English only; pure, with time, zone and channel given; what is general, conditional, asked or mere
//! holding is no promise, since a promise that was none would later be booked as broken. Offsets are code points.
//! Called by `empty_promise`, with the turns in which the model sees a `promise_made`.

mod calendar;
mod clock;
mod commitment;
mod deadline;
mod follow_up;
mod ledger;

use std::ops::Range;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use regex::Regex;
use serde::{Deserialize, Serialize};

pub use deadline::HORIZON_DAYS;
pub use follow_up::{chases, confirms, fulfils};
pub use ledger::{Entry, Ledger, PROMISE_CHARS_MAX, PROMISES_MAX, Standing};

use super::english::{Folded, pattern, sentences};
use crate::wire::Channel;
use commitment::Commitment;
use deadline::{Deadline, When};

/// A following sentence of at most this many words may tell the time: "I'll ring you. Tomorrow at 10."
const AFTERTHOUGHT_WORDS_MAX: usize = 6;

/// What was promised, by where its keeping would show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// To say something in the conversation.
    Message,
    /// Anything else: a call, a visit, a refund. Whether it was done is known from what is said of it alone.
    Elsewhere,
    /// To stay until something is done.
    Stay,
}

/// A commitment to act later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// When it is too late; the last moment of the day, hour or range that was named.
    pub due: Timestamp,
    /// Whether a time was stated; if not, `due` is the default of the channel.
    pub exact: bool,
    pub deed: Deed,
    /// The words that state it, in code points of the turn's text.
    pub start: usize,
    pub end: usize,
}

/// Where and when something was said.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub at: Timestamp,
    /// Whose "5 pm" and whose "today": the business's zone, or UTC.
    pub zone: &'a TimeZone,
    pub channel: Channel,
}

static AUTOMATIC: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:thank you|thanks) for (?:contacting|your (?:e-?mail|message|enquiry|inquiry|request|ticket|patience while)|reaching out|getting in touch|writing)|\bwe(?:'ve| have) received your|\bthis is an auto|\bautomat(?:ed|ic) (?:reply|response|message)|\bdo not reply|\bplease hold",
    )
});
static AUTOMATIC_ANSWER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:we|and|our (?:\w+ ){0,3}(?:team|agents?|staff|colleagues|representatives?)|someone|an? (?:\w+ ){0,2}(?:agent|representative|advis[eo]r))(?:'ll| will| shall| aim to) (?:\w+ ){0,2}(?:respond|reply|answer|get back|be in touch|be with you|contact|review)",
    )
});

/// "I'll stay on until it works", "I won't close this before it does".
static STAYS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:i'll|i will|i'm|i am|we'll|we will)(?: \w+)? (?:stay(?:ing)?|remain(?:ing)?|be here|keep (?:this|the) (?:chat|line) open)\b[^.!?]{0,40}\b(?:until|till)|(?:i|we) (?:won't|will not) (?:close|leave|end|go|hang up)\b[^.!?]{0,40}\b(?:until|till|before))\b",
    )
});
/// The keeping of these is something said here.
static MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:get (?:right )?back|come back|(?:be|i'm|am) (?:right )?back|back with you|let you know|tell you|update|repl(?:y|ies)|respond|answer|write|text you|message|in touch|inform|notify|keep you (?:posted|informed)|follow up|report back|hear from|read from me|be (?:read|answered)|check in|here again|back (?:in|by|at)|have (?:the|an|my|our|your) (?:\w+ )?(?:diagnosis|answer|result|results|reply|update|news|quote|decision))\b",
    )
});

/// How long after a promise without a time it is overdue, in seconds.
pub const fn default_seconds(channel: Channel) -> i64 {
    match channel {
        Channel::Email => 48 * 3_600,
        Channel::Chat | Channel::Social | Channel::Sms | Channel::Voice | Channel::Other => 24 * 3_600,
    }
}

/// How long after a promise without a time a customer who asks for it has reason to, in seconds.
pub const fn patience_seconds(channel: Channel) -> i64 {
    match channel {
        Channel::Chat | Channel::Voice => 900,
        Channel::Social | Channel::Sms | Channel::Other => 3_600,
        Channel::Email => 28_800,
    }
}

/// So long after a stated time it is not too late yet, in seconds.
pub const fn grace_seconds(channel: Channel) -> u32 {
    match channel {
        Channel::Chat | Channel::Voice => 120,
        Channel::Sms | Channel::Other => 300,
        Channel::Social => 900,
        Channel::Email => 3_600,
    }
}

/// The promise that a turn of the business side makes: the first with a stated time, or else the first. `evidence`
/// is where a model sees it, in code points; there, plain words with a time ("New card arrives Friday.") are enough.
pub fn promise(text: &str, evidence: Option<Range<usize>>, said: &Setting<'_>) -> Option<Promise> {
    let folded = Folded::of(text);
    let now = said.at.to_zoned(said.zone.clone());
    let ranges = sentences(folded.text());
    let window = evidence.map(|places| folded.bytes(&places));
    let automatic = AUTOMATIC.is_match(folded.text());
    let mut without_time = None;
    for (index, range) in ranges.iter().enumerate() {
        let inside =
            window.as_ref().is_none_or(|window| range.start < window.end && window.start < range.end);
        let sentence = &folded.text()[range.clone()];
        if !inside || (automatic && AUTOMATIC_ANSWER.is_match(sentence)) {
            continue;
        }
        let next = ranges.get(index + 1).map(|range| &folded.text()[range.clone()]);
        let stay = STAYS.find(sentence);
        let found = match stay {
            Some(words) => Found { words: words.start()..clause_end(sentence, words.end()), due: None },
            None => match read(sentence, next, window.is_some(), said.channel, &now) {
                Some(found) => found,
                None => continue,
            },
        };
        let (start, end) = folded.places(&(range.start + found.words.start..range.start + found.words.end));
        let deed = match stay {
            Some(_) => Deed::Stay,
            None if MESSAGE.is_match(&sentence[found.words]) => Deed::Message,
            None => Deed::Elsewhere,
        };
        if let Some(due) = found.due {
            return Some(Promise { due, exact: true, deed, start, end });
        }
        let wait = SignedDuration::from_secs(default_seconds(said.channel));
        let due = said.at.checked_add(wait).ok()?;
        without_time.get_or_insert(Promise { due, exact: false, deed, start, end });
    }
    without_time
}

/// Whether a turn promises to stay until something is done: plain enough without a model.
pub fn stays(text: &str) -> bool {
    let may = ["until", "till", "before"].iter().any(|word| text.contains(word));
    may && STAYS.is_match(Folded::of(text).text())
}

/// What one sentence promises.
struct Found {
    words: Range<usize>,
    due: Option<Timestamp>,
}

fn read(sentence: &str, next: Option<&str>, modelled: bool, channel: Channel, now: &Zoned) -> Option<Found> {
    let commitment = commitment::commitment(sentence).or_else(|| {
        let plain = Commitment { range: 0..0, needs_time: true, checking: false };
        (modelled && commitment::plausible(sentence)).then_some(plain)
    })?;
    let times = deadline::deadlines(sentence, now);
    let stated = stated(sentence, &commitment, &times);
    let due = stated.map(|(moment, _)| moment).or_else(|| afterthought(next, now));
    let holding = times.iter().any(|time| time.when == When::Moment);
    let live = matches!(channel, Channel::Chat | Channel::Voice | Channel::Sms);
    let on_the_spot = commitment.checking && (live || sentence.contains(" now"));
    if due.is_none() && (commitment.needs_time || holding || on_the_spot) {
        return None;
    }
    let time = stated.map(|(_, time)| &time.range);
    let start = time.map_or(commitment.range.start, |range| range.start.min(commitment.range.start));
    let clause = clause_end(sentence, commitment.range.end);
    Some(Found { words: start..time.map_or(clause, |range| range.end.max(clause)), due })
}

/// The latest of the times behind the commitment, or else of those before it; not those of a general remark.
fn stated<'t>(
    sentence: &str,
    commitment: &Commitment,
    times: &'t [Deadline],
) -> Option<(Timestamp, &'t Deadline)> {
    let moments: Vec<(Timestamp, &Deadline)> = times
        .iter()
        .filter(|time| !in_general_remark(sentence, &commitment.range, time))
        .filter_map(|time| if let When::At(moment) = time.when { Some((moment, time)) } else { None })
        .collect();
    // "Tomorrow, Thursday, between 8 and 12": what is on the same day and right beside says it better.
    let day = SignedDuration::from_hours(24);
    let better = |(end, whole): &(Timestamp, &Deadline)| {
        moments.iter().any(|(moment, time)| {
            moment < end
                && end.duration_since(*moment) < day
                && clock::beside(sentence, &whole.range, &time.range)
        })
    };
    let moments: Vec<_> = moments.iter().copied().filter(|time| !better(time)).collect();
    let behind = moments.iter().filter(|(_, time)| time.range.start >= commitment.range.start);
    behind.max_by_key(|(moment, _)| *moment).or(moments.iter().max_by_key(|(moment, _)| *moment)).copied()
}

/// "I'll refund you, which usually takes 5 days".
fn in_general_remark(sentence: &str, commitment: &Range<usize>, time: &Deadline) -> bool {
    let from = commitment.end.min(time.range.start);
    commitment::is_general(&sentence[from..time.range.end])
}

fn afterthought(next: Option<&str>, now: &Zoned) -> Option<Timestamp> {
    let next = next?;
    if next.split_whitespace().count() > AFTERTHOUGHT_WORDS_MAX || next.ends_with('?') {
        return None;
    }
    deadline::deadlines(next, now)
        .into_iter()
        .filter(|time| time.range.start == 0)
        .find_map(|time| if let When::At(moment) = time.when { Some(moment) } else { None })
}

/// The end of the clause that goes on at `from`.
fn clause_end(sentence: &str, from: usize) -> usize {
    let rest = &sentence[from..];
    let sign = rest.find([',', ';', ':', '!', '?', '(']).unwrap_or(rest.len());
    from + rest[..sign].trim_end_matches([' ', '.', '-']).len()
}

#[cfg(test)]
mod tests;
