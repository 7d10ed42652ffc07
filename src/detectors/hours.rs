//! Business hours: the time in which a customer may expect an answer.
//!
//! Holds always: pure arithmetic on moments, no clock; without hours time always counts; a search for the next
//! opening ends after [`DAYS_MAX`] days. Made by `config`; called by the detectors that count waiting.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::conversation::moments;

/// How many days ahead a moment is looked for.
pub const DAYS_MAX: u32 = 400;
/// Spans of a week at most.
pub const SPANS_MAX: usize = 32;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_OF_A_DAY: u16 = 24 * 60;

/// When the business side is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// Empty: always.
    spans: Vec<Span>,
    zone: TimeZone,
}

/// The same hours on days in a row: `mon-fri 09:00-17:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Days by their place in the week, Monday 0; `first` ≤ `last`.
    first: u8,
    last: u8,
    /// Minutes of the day; `from` < `to` ≤ 24:00.
    from: u16,
    to: u16,
}

// === impl Span ===

impl Span {
    /// Reads `mon-fri 09:00-17:00` or `sat 10:00-14:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (days, times) = text.split_once(' ')?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (from, to) = times.split_once('-')?;
        let span = Span { first: day(first)?, last: day(last)?, from: minutes(from)?, to: minutes(to)? };
        (span.first <= span.last && span.from < span.to).then_some(span)
    }

    /// The moments of this span on one day; none where it is not its day, or the clock is changed so that the
    /// span vanishes.
    fn on(self, date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let day = u8::try_from(date.weekday().to_monday_zero_offset()).ok()?;
        if !(self.first..=self.last).contains(&day) {
            return None;
        }
        let (from, to) = (moment(date, self.from, zone)?, moment(date, self.to, zone)?);
        (from < to).then_some((from, to))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |day: u8| DAYS.get(usize::from(day)).copied().unwrap_or_default();
        f.write_str(name(self.first))?;
        if self.last > self.first {
            write!(f, "-{}", name(self.last))?;
        }
        let Span { from, to, .. } = self;
        write!(f, " {:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

fn day(name: &str) -> Option<u8> {
    DAYS.iter().position(|known| *known == name).and_then(|at| u8::try_from(at).ok())
}

/// `09:30` as minutes of the day.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MINUTES_OF_A_DAY).then_some(minutes)
}

fn moment(date: Date, minutes: u16, zone: &TimeZone) -> Option<Timestamp> {
    let (date, minutes) =
        if minutes == MINUTES_OF_A_DAY { (date.tomorrow().ok()?, 0) } else { (date, minutes) };
    let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
    Some(date.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()?.timestamp())
}

// === impl Hours ===

impl Default for Hours {
    fn default() -> Self {
        Hours::always()
    }
}

impl Hours {
    /// Time always counts.
    pub fn always() -> Self {
        Hours { spans: Vec::new(), zone: TimeZone::UTC }
    }

    /// Only these spans count; no span is the same as always.
    pub fn new(mut spans: Vec<Span>, zone: TimeZone) -> Self {
        spans.sort_by_key(|span| (span.from, span.to, span.first));
        Hours { spans, zone }
    }

    /// The moment at which `seconds` of open time have gone by since `since`; none where that is too far away.
    pub fn after(&self, since: Timestamp, seconds: u32) -> Option<Timestamp> {
        if self.spans.is_empty() {
            return Some(moments::later(since, seconds));
        }
        let mut left = SignedDuration::from_secs(i64::from(seconds));
        self.walk(since, |from, to| {
            let open = to.duration_since(from);
            if open >= left {
                return from.checked_add(left).ok();
            }
            left -= open;
            None
        })
    }

    /// The open time between two moments, in seconds; 0 where `until` is not later.
    pub fn between(&self, since: Timestamp, until: Timestamp) -> f64 {
        if self.spans.is_empty() {
            return moments::seconds_between(since, until);
        }
        let mut open = 0.0;
        self.walk(since, |from, to| {
            open += moments::seconds_between(from, to.min(until));
            (to >= until).then_some(())
        });
        open
    }

    /// Goes through the open times after `since`, in order and without overlaps, until `visit` has an answer.
    fn walk<R>(
        &self,
        since: Timestamp,
        mut visit: impl FnMut(Timestamp, Timestamp) -> Option<R>,
    ) -> Option<R> {
        let mut date = since.to_zoned(self.zone.clone()).date();
        let mut seen = since;
        for _ in 0..DAYS_MAX {
            for (from, to) in self.spans.iter().filter_map(|span| span.on(date, &self.zone)) {
                let from = from.max(seen);
                if from >= to {
                    continue;
                }
                seen = to;
                if let Some(answer) = visit(from, to) {
                    return Some(answer);
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The spans as they would be written, in the order in which they are looked at.
    pub fn written(&self) -> Vec<String> {
        self.spans.iter().map(Span::to_string).collect()
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The name of the time zone, as it would be written.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn weekdays() -> Hours {
        let spans = ["mon-fri 09:00-17:00", "sat 10:00-12:00"].map(|text| Span::parse(text).expect("a span"));
        Hours::new(spans.to_vec(), TimeZone::UTC)
    }

    #[test]
    fn spans_are_read_as_they_are_written() {
        for text in ["mon-fri 09:00-17:00", "sat 10:00-12:30", "mon-sun 00:00-24:00"] {
            assert_eq!(Span::parse(text).map(|span| span.to_string()).as_deref(), Some(text));
        }
        for text in [
            "",
            "mon",
            "mon 9:00-17:00",
            "mon 17:00-09:00",
            "fri-mon 09:00-17:00",
            "mon 09:00-24:01",
            "mon 09:60-10:00",
            "mon 09:00",
            "monday 09:00-17:00",
            "mon  09:00-17:00",
            "mon +9:00-17:00",
        ] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    #[test]
    fn waiting_goes_on_when_the_doors_open() {
        // The 30th of January 2026 is a Friday.
        #[rustfmt::skip] // a table
        let table = [
            ("2026-01-30T10:00:00Z", 180, "2026-01-30T10:03:00Z"),
            ("2026-01-30T16:59:00Z", 180, "2026-01-31T10:02:00Z"),
            ("2026-01-30T03:00:00Z", 60, "2026-01-30T09:01:00Z"),
            ("2026-01-31T13:00:00Z", 60, "2026-02-02T09:01:00Z"),
            ("2026-01-30T16:00:00Z", 4 * 3_600, "2026-02-02T10:00:00Z"),
        ];
        for (since, seconds, expect) in table {
            let until = at(expect);
            assert_eq!(weekdays().after(at(since), seconds), Some(until), "{since}");
            assert_eq!(weekdays().between(at(since), until), f64::from(seconds), "{since}");
        }
        assert_eq!(weekdays().between(at("2026-01-31T13:00:00Z"), at("2026-02-01T13:00:00Z")), 0.0);
        assert_eq!(weekdays().between(at("2026-01-30T10:00:00Z"), at("2026-01-30T09:30:00Z")), 0.0);
    }

    #[test]
    fn without_hours_time_always_counts_and_no_year_overflows() {
        let always = Hours::always();
        assert_eq!(always.after(at("2026-01-31T13:00:00Z"), 60), Some(at("2026-01-31T13:01:00Z")));
        assert_eq!(always.after(Timestamp::MAX, 60), Some(Timestamp::MAX));
        assert_eq!(weekdays().after(Timestamp::MAX, 60), None);
        assert_eq!(weekdays().between(Timestamp::MIN, Timestamp::MIN), 0.0);
    }

    #[test]
    fn spans_that_overlap_count_once() {
        let spans = ["mon-fri 09:00-17:00", "fri 08:00-10:00"].map(|text| Span::parse(text).expect("a span"));
        let hours = Hours::new(spans.to_vec(), TimeZone::UTC);
        assert_eq!(hours.between(at("2026-01-30T00:00:00Z"), at("2026-01-30T23:00:00Z")), 9.0 * 3_600.0);
    }
}
