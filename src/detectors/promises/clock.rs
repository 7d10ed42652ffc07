//! Times of day in English sentences: "by 5 pm", "at half past 4", "between 8 and 12", "10:00 UTC", "noon".
//!
//! Holds always: of a range the end counts; a bare number is an hour only where a word before it or a day beside it
//! says so, and nothing after it counts things. Called by `deadline`.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use regex::{Captures, Regex};

use super::calendar::Clock;
use crate::detectors::english::{NUMBER_WORD, number, pattern};

/// At most this many bytes, of spaces, commas and full stops, stand between a day and its time of day.
const GAP_MAX: usize = 3;

/// By then people have had lunch.
const LUNCH_HOUR: i8 = 14;

/// A time of day that was named.
pub struct TimeOfDay {
    pub range: Range<usize>,
    /// None for midnight, the end of the day.
    pub clock: Option<Clock>,
    /// Where it is not the zone of the business.
    pub zone: Option<TimeZone>,
}

static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
    let time = |name: &str| {
        format!(
            r"(?P<h{name}>\d{{1,2}}|noon|midday|midnight|lunchtime|lunch|{NUMBER_WORD})(?:[:.](?P<m{name}>[0-5]\d))?\s*(?P<x{name}>am|pm|a\.m|p\.m|o'clock)?"
        )
    };
    pattern(&format!(
        r"(?:\b(?P<prep>by|at|before|around|about|till|until|from|between)\s+)?\b(?P<past>half past |quarter past |quarter to )?{}\b(?:\s*(?:-|to|and|till|until)\s*{}\b)?(?P<zone>\s*(?:utc|gmt|z))?\b",
        time("1"),
        time("2")
    ))
});
/// A bare number before one of these is no hour.
static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:[%\u{20ac}$\u{a3}/\u{b0}]|-\d|(?:business|working|more|other|of|out|days?|hours?|hrs?|minutes?|mins?|weeks?|months?|years?|times?|euros?|eur|dollars?|usd|pounds?|gbp|percent|people|items?|points?|steps?|units?|kg|km|street|st|road|avenue|st|nd|rd|th)\b)",
    )
});

/// Every time of day in a folded sentence in which days were found.
pub fn times_of_day(sentence: &str, days: &[Range<usize>]) -> Vec<TimeOfDay> {
    CLOCK.captures_iter(sentence).filter_map(|caught| time_of_day(sentence, &caught, days)).collect()
}

/// Reads a time of day; most bare numbers are none.
fn time_of_day(sentence: &str, caught: &Captures<'_>, days: &[Range<usize>]) -> Option<TimeOfDay> {
    let whole = caught.get(0)?;
    let text = |name: &str| caught.name(name).map(|found| found.as_str());
    let range_end = caught.name("h2").is_some();
    let (hour, minute, half) = if range_end { ("h2", "m2", "x2") } else { ("h1", "m1", "x1") };
    let (hour, minute, half) = (text(hour)?, text(minute), text(half).map(|mark| &mark[..1]));
    let led = caught.name("prep").is_some();
    let named = matches!(hour, "noon" | "midday" | "midnight" | "lunchtime") || (hour == "lunch" && led);
    let follows_day =
        days.iter().any(|day| beside(sentence, day, &whole.range()) && day.end <= whole.start());
    let marked = half.is_some() || named || text("past").is_some() || caught.name("zone").is_some();
    let colon = minute.is_some() && whole.as_str().contains(':');
    let counted = COUNTED.is_match(&sentence[whole.end()..]);
    let word = hour.starts_with(|sign: char| sign.is_ascii_alphabetic());
    let ends = sentence[whole.end()..].trim_start().chars().next().is_none_or(|sign| ".,;!?)".contains(sign));
    let before_day = days.iter().any(|day| beside(sentence, day, &whole.range()));
    let bare = (led || follows_day) && !counted && (!word || ends || before_day);
    if !(marked || colon || bare) || preceded_by_amount(sentence, whole.start()) {
        return None;
    }
    let zone = caught.name("zone").map(|_| TimeZone::UTC);
    let clock = match hour {
        "midnight" => None,
        "noon" | "midday" => Some(Clock { hour: 12, minute: 0, ambiguous: false }),
        "lunch" | "lunchtime" => Some(Clock { hour: LUNCH_HOUR, minute: 0, ambiguous: false }),
        _ => Some(clock(hour, minute, half.or(text("x1").map(|mark| &mark[..1])), text("past"))?),
    };
    Some(TimeOfDay { range: whole.range(), clock, zone })
}

fn clock(hour: &str, minute: Option<&str>, half: Option<&str>, past: Option<&str>) -> Option<Clock> {
    let zero_led = hour.len() == 2 && hour.starts_with('0');
    let mut hour = i8::try_from(number(hour).filter(|hour| *hour <= 24)?).ok()?;
    let mut minute = minute.and_then(|digits| digits.parse().ok()).unwrap_or(0);
    match past {
        Some("half past ") => minute = 30,
        Some("quarter past ") => minute = 15,
        Some("quarter to ") => (hour, minute) = ((hour + 23) % 24, 45),
        _ => {}
    }
    let twelve = (1..=12).contains(&hour);
    Some(match half {
        Some("a") if twelve => Clock { hour: hour % 12, minute, ambiguous: false },
        Some("p") if twelve => Clock { hour: hour % 12 + 12, minute, ambiguous: false },
        _ => Clock { hour, minute, ambiguous: twelve && !zero_led },
    })
}

fn preceded_by_amount(sentence: &str, at: usize) -> bool {
    sentence[..at]
        .chars()
        .next_back()
        .is_some_and(|sign| "€$£#-./:@".contains(sign) || sign.is_alphanumeric())
}

/// Whether two ranges follow each other with spaces, commas and full stops between at most.
pub fn beside(sentence: &str, one: &Range<usize>, other: &Range<usize>) -> bool {
    let gap = if one.end <= other.start { one.end..other.start } else { other.end..one.start.max(other.end) };
    !overlap(one, other)
        && gap.len() <= GAP_MAX
        && sentence[gap].chars().all(|sign| matches!(sign, ',' | '.' | ' '))
}

pub fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}
