//! Times in English sentences: "within the hour", "by Friday noon", "3-5 business days", "on the 14th", "soon".
//!
//! Holds always: a deadline lies after the moment it is said and at most [`HORIZON_DAYS`] later; of a range the end
//! counts, of a day its last moment; times that speak of the past or of the general are left out as far as their
//! words show it. Pure: time and zone are given. Called by `promises`.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};
use regex::{Captures, Match, Regex};

use super::calendar::{self, Part};
use super::clock::{self, TimeOfDay, beside, overlap};
use crate::detectors::english::{MONTH, NUMBER_WORD, WEEKDAY, month, number, pattern, weekday};

/// What is farther away was misread.
pub const HORIZON_DAYS: i64 = 400;
/// What a sentence says about when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// "In a minute", "one moment": holding, not a deadline.
    Moment,
    /// "Soon", "as soon as possible".
    Vague,
    At(Timestamp),
}

/// A time, and its bytes in the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    pub when: When,
    pub range: Range<usize>,
}

/// A day that was named.
struct Day {
    range: Range<usize>,
    date: Date,
    part: Option<Part>,
    /// "Before Friday": it is too late when Friday begins.
    before: bool,
}

static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:in|just|give me|within|for|allow me|hold on|hang on|bear with me) (?:a|one|1) (?:quick |short |brief |little )?(?:minute|min|moment|momet|second|sec|tick|jiffy|mo)|(?:a|one|any) (?:quick |short |brief |little )?(?:moment|momet|minute|min|sec|tick)|(?:one|any) second|in a (?:few seconds|flash))\b",
    )
});
static VAGUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:shortly|soon|asap|as soon as (?:possible|we can|i can|they can)|at the earliest|in due course|in a (?:bit|while|little while|little bit)|before long|very soon)\b",
    )
});
static HOUR: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:within|inside|in) the (?:next )?hour\b"));
static BARE_MINUTES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bin (\d{1,2}|five|ten|fifteen|twenty|thirty)(?:\s*$|[.!,;)])"));
static DURATION: LazyLock<Regex> = LazyLock::new(|| {
    let count = format!(
        r"\d{{1,3}}|a couple of|a couple|couple of|couple|half an|half a|half|a few|few|several|an|a|{NUMBER_WORD}"
    );
    pattern(&format!(
        r"(?:\b(within|in|inside|under|over|after|takes?|need|give me|give us|another|for|last|past|every|per|of)\s+)?((?:\b(?:the|about|around|approximately|approx\.?|roughly|maximum|max\.?|less than|next|at most|up to|no more than|just|coming|following)\s+){{0,3}})\b({count})(?:\s*(?:-|to|or)\s*(\d{{1,3}}|{NUMBER_WORD}))?\s*-?\s*(business|working|work)?\s*-?(seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?)\b( and a half)?(?:'?\s*(ago|old|late|earlier|already|of|from|after|since|return|trial|guarantee|warranty)\b)?"
    ))
});
static NEAR_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(by|before)\s+)?(?:later )?(today|tonight|this morning|this afternoon|this evening|(?:the )?day after tomorrow|tomorrow|tmrw|overnight)(?:\s+(morning|first thing|noon|midday|lunchtime|afternoon|evening|night)\b)?\b",
    )
});
static SPAN_END: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:end|close) of (?:the |this |my |our |your )?(?:(business|working|work) )?(next )?(day|business|shift|week|month)|(eod|cob|eow)|(this|next|coming|the coming|later this|early next|later next) (week|weekend|month)|(?:by|before|over) the (weekend))\b",
    )
});
static WEEKDAYS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:(by|on|before|until|till|last|since|past|previous|every|each|of|from)\s+)?(?:(this|next|coming|last|past|the|previous)\s+)?({WEEKDAY})\b(?:\s+(morning|first thing|noon|midday|lunchtime|afternoon|evening|night)\b)?"
    ))
});
static DATES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:(before|since|from|of|dated)\s+)?(?:the )?(?:(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({MONTH})|({MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?|(\d{{4}})-(\d{{2}})-(\d{{2}})|(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}))\b"
    ))
});
static ORDINAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:on|by|until) |(before ))?the (\d{1,2})(?:st|nd|rd|th)(?P<end>\s*$|[.,;:!?)]| (?:at|by|and|or|in|between|from|before|to|with|as)\b)",
    )
});
/// Every time in a folded sentence, in order.
pub fn deadlines(sentence: &str, now: &Zoned) -> Vec<Deadline> {
    let mut found: Vec<Deadline> = Vec::new();
    let days = days(sentence, now);
    let durations = durations(sentence, now);
    let taken = |range: &Range<usize>| {
        days.iter().any(|day| overlap(&day.range, range))
            || durations.iter().any(|(duration, _)| overlap(duration, range))
    };
    let day_ranges: Vec<Range<usize>> = days.iter().map(|day| day.range.clone()).collect();
    let mut clocks = clock::times_of_day(sentence, &day_ranges);
    clocks.retain(|clock| !taken(&clock.range));
    let mut used = vec![false; clocks.len()];
    for day in &days {
        let beside = clocks.iter().position(|clock| beside(sentence, &day.range, &clock.range));
        let moment = match beside.map(|index| (index, &clocks[index])) {
            Some((index, clock)) => {
                used[index] = true;
                found.push(joined(day, clock, now));
                continue;
            }
            None if day.before => calendar::day_start(day.date, now.time_zone()),
            None => calendar::day_end(day.date, day.part, now.time_zone()),
        };
        found.extend(moment.map(|moment| Deadline { when: When::At(moment), range: day.range.clone() }));
    }
    for (clock, _) in clocks.iter().zip(used).filter(|(_, used)| !used) {
        found.extend(alone(clock, now));
    }
    found.extend(
        durations.iter().filter_map(|(range, when)| Some(Deadline { when: (*when)?, range: range.clone() })),
    );
    for (words, when) in [(&MOMENT, When::Moment), (&VAGUE, When::Vague)] {
        found.extend(words.find_iter(sentence).map(|found| Deadline { when, range: found.range() }));
    }
    found.retain(|deadline| ahead(deadline.when, now));
    found.sort_by_key(|deadline| deadline.range.start);
    found
}

fn ahead(when: When, now: &Zoned) -> bool {
    match when {
        When::At(moment) => {
            let away = moment.duration_since(now.timestamp());
            away > SignedDuration::ZERO && away <= SignedDuration::from_hours(24 * HORIZON_DAYS)
        }
        When::Moment | When::Vague => true,
    }
}

/// The end of the day where the time of day makes no sense.
fn joined(day: &Day, clock: &TimeOfDay, now: &Zoned) -> Deadline {
    let zone = clock.zone.as_ref().unwrap_or(now.time_zone());
    let moment = match clock.clock {
        Some(clock) => clock.on(day.date, day.part, now, zone),
        None => calendar::day_end(day.date, None, zone),
    };
    let range = day.range.start.min(clock.range.start)..day.range.end.max(clock.range.end);
    Deadline { when: moment.map_or(When::Vague, When::At), range }
}

fn alone(clock: &TimeOfDay, now: &Zoned) -> Option<Deadline> {
    let zone = clock.zone.as_ref().unwrap_or(now.time_zone());
    let moment = match clock.clock {
        Some(clock) => clock.next(now, zone)?,
        None => calendar::day_end(now.timestamp().to_zoned(zone.clone()).date(), None, zone)?,
    };
    Some(Deadline { when: When::At(moment), range: clock.range.clone() })
}

/// Durations with what they mean; none for those that are no deadline and still take their words.
fn durations(sentence: &str, now: &Zoned) -> Vec<(Range<usize>, Option<When>)> {
    let mut found: Vec<(Range<usize>, Option<When>)> = HOUR
        .find_iter(sentence)
        .map(|hour| (hour.range(), calendar::after_minutes(now, 60.0).map(When::At)))
        .collect();
    found.extend(DURATION.captures_iter(sentence).filter_map(|caught| {
        let whole = caught.get(0)?;
        Some((whole.range(), duration(sentence, &caught, now)))
    }));
    found.extend(BARE_MINUTES.captures_iter(sentence).filter_map(|caught| {
        let minutes = number(caught.get(1)?.as_str())?;
        let range = caught.get(0)?.start()..caught.get(1)?.end();
        Some((range, calendar::after_minutes(now, f64::from(minutes)).map(When::At)))
    }));
    found
}

fn duration(sentence: &str, caught: &Captures<'_>, now: &Zoned) -> Option<When> {
    let text = |index| caught.get(index).map(|found: Match<'_>| found.as_str());
    let (working, range_end) = (text(5).is_some(), text(4));
    let rest = &sentence[caught.get(0)?.end()..];
    let named = match text(1) {
        Some("for" | "last" | "past" | "every" | "per" | "of") => return None,
        Some(_) => true,
        None => {
            let capped = [" max", " tops", " at most", " at the most", " at the latest", " at latest"];
            working
                || range_end.is_some()
                || text(2).is_some_and(|words| !words.is_empty())
                || capped.iter().any(|cap| rest.starts_with(cap))
        }
    };
    if !named || text(8).is_some() {
        return None;
    }
    let unit = text(6)?;
    let count = text(3)?;
    let single = matches!(count, "a" | "an" | "one" | "1") && range_end.is_none();
    let half = if text(7).is_some() { 0.5 } else { 0.0 };
    let amount = match range_end {
        Some(end) => f64::from(number(end)?),
        None => amount(count, unit)? + half,
    };
    let whole = amount.ceil() as u32;
    let moment = match unit.as_bytes() {
        [b's', ..] => return Some(When::Moment),
        [b'm', b'i', ..] if single || text(1).is_some_and(|word| word.starts_with("give")) => {
            return Some(When::Moment);
        }
        [b'm', b'i', ..] => calendar::after_minutes(now, amount),
        [b'h', ..] => calendar::after_minutes(now, amount * 60.0),
        [b'd', ..] if working => calendar::after_working_days(now, whole),
        [b'd', ..] => calendar::after_days(now, whole),
        [b'w', ..] => calendar::after_days(now, (amount * 7.0).ceil() as u32),
        _ => calendar::after_months(now, whole),
    };
    moment.map(When::At)
}

/// How many of a unit "a few" are, on the generous side.
fn amount(count: &str, unit: &str) -> Option<f64> {
    let minutes = unit.starts_with("mi");
    Some(match count {
        "a" | "an" => 1.0,
        "half an" | "half a" | "half" => 0.5,
        "a couple of" | "a couple" | "couple of" | "couple" => {
            if minutes {
                5.0
            } else {
                2.0
            }
        }
        "a few" | "few" => {
            if minutes {
                10.0
            } else {
                4.0
            }
        }
        "several" => {
            if minutes {
                20.0
            } else {
                7.0
            }
        }
        _ => f64::from(number(count)?),
    })
}

fn days(sentence: &str, now: &Zoned) -> Vec<Day> {
    let mut found: Vec<Day> = Vec::new();
    let mut add = |caught: &Captures<'_>, date: Option<Date>, part: Option<Part>, before: bool| {
        if let (Some(whole), Some(date)) = (caught.get(0), date)
            && !found.iter().any(|day| overlap(&day.range, &whole.range()))
        {
            let end = caught.name("end").map_or(whole.end(), |end| end.start());
            found.push(Day { range: whole.start()..end, date, part, before });
        }
    };
    for caught in NEAR_DAY.captures_iter(sentence) {
        let (date, part) = near_day(&caught, now);
        let before = caught.get(1).is_some_and(|word| word.as_str() == "before") && date != Some(now.date());
        add(&caught, date, part, before);
    }
    for caught in SPAN_END.captures_iter(sentence) {
        add(&caught, span_end(&caught, now), None, false);
    }
    for caught in DATES.captures_iter(sentence) {
        let leading = caught.get(1).map(|word| word.as_str());
        if !matches!(leading, Some("since" | "from" | "of" | "dated")) {
            add(&caught, calendar_date(&caught, now), None, leading == Some("before"));
        }
    }
    for caught in ORDINAL.captures_iter(sentence) {
        let date = caught.get(2).and_then(|day| calendar::next_day_of_month(now, day.as_str().parse().ok()?));
        add(&caught, date, None, caught.get(1).is_some());
    }
    for caught in WEEKDAYS.captures_iter(sentence) {
        let part = caught.get(4).and_then(|word| Part::of(word.as_str()));
        let before = caught.get(1).is_some_and(|word| word.as_str() == "before");
        add(&caught, named_day(&caught, now), part, before);
    }
    found
}

fn near_day(caught: &Captures<'_>, now: &Zoned) -> (Option<Date>, Option<Part>) {
    let today = Some(now.date());
    let tomorrow = now.date().tomorrow().ok();
    let (date, part) = match caught.get(2).map_or("", |word| word.as_str()) {
        "today" => (today, None),
        "tonight" => (today, Some(Part::Evening)),
        "this morning" => (today, Some(Part::Morning)),
        "this afternoon" => (today, Some(Part::Afternoon)),
        "this evening" => (today, Some(Part::Evening)),
        "overnight" => (tomorrow, Some(Part::Morning)),
        "tomorrow" | "tmrw" => (tomorrow, None),
        _ => (tomorrow.and_then(|date| date.tomorrow().ok()), None),
    };
    (date, caught.get(3).and_then(|word| Part::of(word.as_str())).or(part))
}

fn span_end(caught: &Captures<'_>, now: &Zoned) -> Option<Date> {
    let text = |index: usize| caught.get(index).map(|found| found.as_str());
    let next = text(2).is_some() || text(5).is_some_and(|word| word.ends_with("next"));
    match text(3).or(text(4)).or(text(6)).or(text(7))? {
        "day" | "business" | "shift" | "eod" | "cob" => Some(now.date()),
        "month" => calendar::month_end(now, i64::from(next)),
        _ => calendar::week_end(now, i32::from(next)),
    }
}

fn named_day(caught: &Captures<'_>, now: &Zoned) -> Option<Date> {
    let text = |index: usize| caught.get(index).map(|found| found.as_str());
    let (leading, nearer, name) = (text(1), text(2), text(3)?);
    let past = |word: Option<&str>| {
        matches!(word, Some("last" | "since" | "past" | "previous" | "every" | "each" | "of" | "from"))
    };
    // "Sun", "sat" and "wed" are words too.
    let doubtful = matches!(name, "mon" | "wed" | "sat" | "sun" | "thu" | "tue")
        && leading.is_none()
        && !matches!(nearer, Some("this" | "next" | "coming"));
    if past(leading) || past(nearer) || doubtful {
        return None;
    }
    let date = calendar::next_weekday(now, weekday(name)?)?;
    // "Next Friday" said on a Monday is seldom the Friday of the same week: the later one is taken.
    let this_week = calendar::week_end(now, 0).is_some_and(|sunday| date <= sunday);
    if nearer == Some("next") && this_week { date.nth_weekday(1, date.weekday()).ok() } else { Some(date) }
}

fn calendar_date(caught: &Captures<'_>, now: &Zoned) -> Option<Date> {
    let text = |index: usize| caught.get(index).map(|found| found.as_str());
    let small = |index: usize| text(index).and_then(|digits| digits.parse::<i8>().ok());
    let year = |index: usize| text(index).and_then(|digits| digits.parse::<i16>().ok());
    if let (Some(day), Some(name)) = (small(2), text(3)) {
        return calendar::next_date(now, month(name)?, day);
    }
    if let (Some(name), Some(day)) = (text(4), small(5)) {
        return calendar::next_date(now, month(name)?, day);
    }
    if let Some(year) = year(6) {
        return Date::new(year, small(7)?, small(8)?).ok();
    }
    // Day and month may stand either way round: of two possible dates the later one.
    let (first, second, year) = (small(9)?, small(10)?, year(11)?);
    [Date::new(year, second, first), Date::new(year, first, second)].into_iter().filter_map(Result::ok).max()
}

#[cfg(test)]
mod tests;
